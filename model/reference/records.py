"""What the firmware writes in its journal: one record for each step that must survive a crash."""

from __future__ import annotations

import msgspec

__all__ = [
    "Allocated",
    "Buried",
    "Entered",
    "Forgotten",
    "Intended",
    "Moved",
    "Plan",
    "Rebalanced",
    "Record",
    "Released",
    "Settled",
    "Snapshot",
    "Started",
    "VmEntry",
    "Withdrawn",
]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a VM is made of, wherever it is executed: the guest's name and its options, such as the path of a disk."""

    guest: str
    options: dict[str, str] = {}


class VmEntry(msgspec.Struct, kw_only=True):
    """The firmware's entry of a VM.

    epoch:         which migration comes next, or is under way; a configuration of another is refused.
    segments:      guest address by number of each segment that is allocated to the VM.
    configuration: what the source wrote down; empty before, and again once the destination is let in.
    intent:        the source has given the VM away and not withdrawn that.
    entered:       the destination has been let in: its VMM may have executed the VM.
    """

    vm: str
    plan: Plan
    source: str
    target: str
    epoch: int = 0
    segments: dict[int, int] = {}
    configuration: bytes = b""
    intent: bool = False
    entered: bool = False


class Snapshot(msgspec.Struct, tag="snapshot", kw_only=True):
    """Everything: the first record of a journal, and what a long one is shortened to."""

    size: int
    partitions: tuple[str, ...]
    owner: list[str]
    vms: dict[str, VmEntry] = {}


class Started(msgspec.Struct, tag="start", frozen=True):
    """A VM exists from now on."""

    vm: str
    partition: str
    plan: Plan


class Allocated(msgspec.Struct, tag="allocate", frozen=True):
    """Free segments are allocated to a VM, each at a guest address."""

    vm: str
    segments: dict[int, int]


class Released(msgspec.Struct, tag="release", frozen=True):
    """A VM has given segments back."""

    vm: str
    segments: tuple[int, ...]


class Rebalanced(msgspec.Struct, tag="rebalance", frozen=True):
    """A free segment belongs to another partition."""

    segment: int
    partition: str


class Intended(msgspec.Struct, tag="describe", frozen=True):
    """The source gives a VM away, by this configuration."""

    vm: str
    target: str
    configuration: bytes


class Moved(msgspec.Struct, tag="move", frozen=True):
    """Segments of a VM belong to another partition: one record, so that they move all or not at all.

    step: reassign, give_back, reclaim or complete.
    """

    vm: str
    partition: str
    segments: tuple[int, ...]
    step: str


class Entered(msgspec.Struct, tag="enter", frozen=True):
    """The destination may execute the VM; what was written down of its state is void."""

    vm: str


class Withdrawn(msgspec.Struct, tag="withdraw", frozen=True):
    """The source executes the VM again."""

    vm: str


class Forgotten(msgspec.Struct, tag="forget", frozen=True):
    """The failed migration is over; the next one has another epoch."""

    vm: str


class Settled(msgspec.Struct, tag="settle", frozen=True):
    """The migration is over; the destination is the source from now on."""

    vm: str


class Buried(msgspec.Struct, tag="bury", frozen=True):
    """The VM exists no more; its segments are free and scrubbed."""

    vm: str


Record = (
    Snapshot
    | Started
    | Allocated
    | Released
    | Rebalanced
    | Intended
    | Moved
    | Entered
    | Withdrawn
    | Forgotten
    | Settled
    | Buried
)
