"""What the firmware tells of a VM: its table's entry, and what can be seen of it from outside."""

from __future__ import annotations

import msgspec

from attorn.model.reference.link import Link
from attorn.model.reference.records import Plan

__all__ = ["Grant", "SegmentGrant", "VmView", "granted"]


class SegmentGrant(msgspec.Struct, frozen=True):
    """A segment of a VM as the firmware knows it: number, guest address, and the identity of its file."""

    segment: int
    guest_address: int
    device: int
    inode: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What the firmware's table says of a VM; what a destination compares a configuration with."""

    vm: str
    plan: Plan
    source: str
    target: str
    epoch: int
    size: int
    intent: bool
    entered: bool
    segments: tuple[SegmentGrant, ...]
    owners: tuple[str, ...]


def granted(firmware: Link, vm: str) -> Grant:
    """What the firmware's table says of a VM now."""
    return msgspec.convert(firmware.call("lookup", vm=vm), Grant)


class VmView(msgspec.Struct, frozen=True, kw_only=True):
    """What the firmware observes of a VM from outside.

    mapped: by partition, the guest address at which a process of it maps each segment, by /proc and the order there.
    described: guest address of each segment in the configuration on record; None when there is none.
    digests: of the contents, by segment, where asked for.
    """

    grant: Grant
    mapped: dict[str, dict[int, int]]
    described: dict[int, int] | None = None
    digests: dict[int, str] = {}
