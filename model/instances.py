"""Named machines and named sizes of them: what can be asked for by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from attorn.model.migration import CLAIM
from attorn.model.presets import PRESETS
from attorn.model.protocol import Part
from attorn.model.theorem import fence
from attorn.model.variants import build
from attorn.spec.errors import UnknownName
from attorn.spec.language import Instance, Machine

__all__ = ["INSTANCES", "MACHINES", "NamedInstance", "instance"]


@dataclass(frozen=True)
class NamedInstance:
    """A machine with sizes that are worth a name.

    default: whether ``attorn check`` without arguments explores it.
    """

    name: str
    machine: Machine
    sizes: Mapping[str, int]
    says: str
    default: bool = False

    def build(self, **changed: int) -> Instance:
        """The instance, with some of its sizes changed."""
        return Instance.of(self.machine, self.name, **{**self.sizes, **changed})


def _claim(name: str, says: str, sizes: tuple[int, int, int, int, int], default: bool = False) -> NamedInstance:
    names = ("VM", "Segment", "Partition", "Word", "Address")
    return NamedInstance(name, CLAIM, dict(zip(names, sizes, strict=True)), says, default)


def _preset(name: str, preset: str, says: str, sizes: tuple[int, ...], default: bool = False) -> NamedInstance:
    names = ("VM", "Segment", "Partition", "Word", "Address", "crashes", "losses", "timeouts", "cancels")
    return NamedInstance(name, PRESETS[preset].machine, dict(zip(names, sizes, strict=True)), says, default)


ONE_FAULT_OF_EACH = (1, 1, 1, 1)
BUDGETS = ("crashes", "losses", "timeouts", "cancels", "duplicates")

MACHINES: dict[str, Machine] = {
    machine.name: machine for machine in (CLAIM, *(preset.machine for preset in PRESETS.values()), fence())
}

INSTANCES: dict[str, NamedInstance] = {
    each.name: each
    for each in (
        _claim("claim-tiny", "One VM with one segment: the shortest whole migration.", (1, 1, 2, 2, 1), default=True),
        _claim("claim-small", "One VM with two segments, which can be half owned.", (1, 2, 2, 2, 2), default=True),
        _claim("claim", "Two VMs with two segments, which can cross.", (2, 2, 2, 2, 2), default=True),
        _claim("claim-partitions", "One VM that can choose between two destinations.", (1, 2, 3, 2, 2), default=True),
        _claim("claim-words", "Two VMs, and two values that a guest can tell apart.", (2, 2, 2, 3, 2)),
        _claim("claim-wide", "Two VMs between three partitions.", (2, 2, 3, 2, 2)),
        _claim("claim-segments", "Two VMs with three segments, 1.5 million states.", (2, 3, 2, 2, 2)),
        _claim("claim-vms", "Three VMs with two segments, 7.6 million states.", (3, 2, 2, 2, 2)),
        _preset(
            "firmware",
            "firmware",
            "A VM with two segments, handed over by journaling firmware; one fault of each kind.",
            (1, 2, 2, 2, 2, *ONE_FAULT_OF_EACH),
            default=True,
        ),
        _preset(
            "firmware-two",
            "firmware",
            "Two VMs, handed over by journaling firmware; a VMM may crash.",
            (2, 2, 2, 2, 2, 1, 0, 0, 0),
        ),
        NamedInstance(
            "firmware-twice",
            build(
                replace(PRESETS["firmware"].protocol, parts=frozenset({Part.DUPLICATION})),
                "firmware-twice",
                "Firmware that keeps a journal, and a channel in which a message may come twice, as late as it likes.",
            ),
            {"VM": 1, "Segment": 2, "Partition": 2, "Word": 1, "Address": 2} | dict.fromkeys(BUDGETS, 1),
            "A VM with two segments, handed over by journaling firmware; one fault of each kind, one message twice.",
        ),
        _preset(
            "memfd",
            "memfd",
            "A VM with one segment in shared memory; one fault of each kind.",
            (1, 1, 2, 2, 1, *ONE_FAULT_OF_EACH),
        ),
        _preset(
            "live-update",
            "live-update",
            "A VM with two segments, preserved while nobody runs; one fault of each kind.",
            (1, 2, 2, 2, 2, *ONE_FAULT_OF_EACH),
            default=True,
        ),
    )
}


def instance(name: str, **changed: int) -> Instance:
    """The instance of that name, with some of its sizes changed; raises UnknownName."""
    if name not in INSTANCES:
        near = difflib.get_close_matches(name, INSTANCES, n=1)
        advice = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(INSTANCES)}."
        raise UnknownName(f"no instance is called `{name}`. {advice}")
    return INSTANCES[name].build(**changed)
