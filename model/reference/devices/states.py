"""The state of each device as it crosses from one VMM to another."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["DeviceState", "DiskRequest", "DiskState", "SerialState", "TimerState"]

Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Byte = Annotated[int, Meta(ge=0, lt=256)]


class SerialState(msgspec.Struct, frozen=True, tag="serial", forbid_unknown_fields=True):
    """A serial console. ``sent`` counts the bytes that the guest has written since the VM was made."""

    sent: Count = 0
    waiting: bytes = b""
    scratch: Byte = 0


class TimerState(msgspec.Struct, frozen=True, tag="timer", forbid_unknown_fields=True):
    """A timer that counts only while the VM executes.

    elapsed:  nanoseconds of the guest's time.
    deadline: when it expires, in the guest's time; None when it is not armed.
    period:   nanoseconds until it expires again; 0 means once.
    expired:  how many times it has expired that the guest has not read yet.
    """

    elapsed: Count = 0
    deadline: Count | None = None
    period: Count = 0
    expired: Count = 0


class DiskRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request that the guest has made and the disk has not completed. Issued twice it has the effect of once."""

    command: Annotated[int, Meta(ge=1, le=3)]
    sector: Count
    count: Annotated[int, Meta(ge=0, le=1 << 16)]
    address: Count


class DiskState(msgspec.Struct, frozen=True, tag="disk", forbid_unknown_fields=True):
    """A disk backed by a file.

    path, device, inode: which file; the destination refuses another one.
    registers: sector, count and address as the guest has written them.
    status:    what the guest reads: 0 idle, 1 busy, 2 done, 3 failed.
    """

    path: str
    device: Count
    inode: Count
    sectors: Count
    sector: Count = 0
    count: Count = 0
    address: Count = 0
    status: Annotated[int, Meta(ge=0, le=3)] = 0
    completed: Count = 0
    in_flight: DiskRequest | None = None


DeviceState = SerialState | TimerState | DiskState
"""The state of any device, told apart by its tag."""
