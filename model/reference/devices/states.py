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
    """What the guest has asked of its disk: to read (1) or write (2) ``count`` sectors from or to guest memory.

    Issued twice it has the effect of once, as long as the guest does not execute in between.
    """

    command: Annotated[int, Meta(ge=1, le=2)]
    sector: Count
    count: Count
    address: Count


class DiskState(msgspec.Struct, frozen=True, kw_only=True, tag="disk", forbid_unknown_fields=True):
    """A disk backed by a file.

    path:                   where the file is.
    device, inode, sectors: which file it is; the destination refuses another one.
    sector, count, address: registers as the guest has written them.
    status:                 what the guest reads: 0 idle, 1 busy, 2 done, 3 failed.
    completed:              how many requests have been completed, well or not, since the VM was made.
    in_flight:              a request that is not completed; it is issued again where the VM goes on.
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
