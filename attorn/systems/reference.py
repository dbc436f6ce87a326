"""The reference implementation: its log speaks of the specification's actions by itself; here is its machine."""

from __future__ import annotations

from collections.abc import Mapping

from attorn.model.reference.host import default_protocol
from attorn.model.reference.judge import judged_machine
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance
from attorn.spec.trace import Header

__all__ = ["NAME", "reference_instance"]

NAME = "reference"


def reference_instance(header: Header, sizes: Mapping[str, int]) -> Instance:
    """What a log of the reference implementation is checked against: the protocol whose digest it names.

    Without a digest it is the one for memory that is not shared. Raises BadInput for the digest of another version.
    """
    for shared in (False, True):
        machine = judged_machine(default_protocol(shared))
        if machine.digest.startswith(header.digest):
            return Instance.of(machine, NAME, **sizes)
    raise BadInput(
        "the log is of another version of the reference implementation, or of a protocol that it does not follow by "
        f"itself: no machine of it has the digest {header.digest[:12]}…. Record it again."
    )
