"""What a driver is set to, what it carries for a VM that is under way, and how that ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from attorn.model.protocol import Protocol
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.revocation import Policy
from attorn.spec.handover import Message

__all__ = ["Ending", "Journey", "Setting"]


@dataclass
class Setting:
    """What a driver is set to.

    observe: whether to look at everything after each step, by /proc and digests, or only at what replies tell.
    """

    protocol: Protocol
    policy: Policy
    observe: bool = True
    defects: frozenset[Defect] = frozenset()


@dataclass
class Journey:
    """What the driver carries for one VM; all of it is lost with the driver, and none of it is needed to go on."""

    target: str = ""
    configuration: bytes = b""
    sent: set[Message] = field(default_factory=set)
    began: float | None = None
    steps: dict[str, float] = field(default_factory=dict)
    why: str = ""
    lost: str = ""
    turned: bool = False
    """Whether the operator has cancelled while a step was about to be done."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a migration ended.

    vm, at:   the VM, and the partition in which it runs now; "" when it is lost.
    migrated: whether that is where it was to go.
    why:      what went wrong, for a person; "" when nothing did.
    began:    when the order to suspend was given, in seconds of the monotonic clock.
    downtime: seconds from then to the guest's first effect after it; None when it was not seen yet.
    steps:    seconds by step; where several are done by one message, nearly all is that of the first.
    """

    vm: str
    at: str
    migrated: bool
    why: str = ""
    began: float | None = None
    downtime: float | None = None
    steps: dict[str, float] = {}
