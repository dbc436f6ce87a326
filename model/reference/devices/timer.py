"""A timer that counts the guest's own time: it stands while the VM is suspended, and never goes back."""

from __future__ import annotations

import time

from msgspec.structs import replace

from attorn.model.reference.devices.addresses import TIMER_PORT
from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.states import TimerState

__all__ = ["Timer"]

PERIOD, EXPIRED, WAIT, ELAPSED = 0, 4, 8, 12
NANOSECONDS = 1000
# A guest that waits gives its processor back for so long at most; a suspension may come that much later.
LONGEST_WAIT = 0.001


class Timer(Device):
    """Registers of 32 bits, in microseconds.

    PERIOD (written): expire again and again after so long; 0 disarms.
    EXPIRED (read):   how many times it has expired since the last reading.
    WAIT (read):      the same, after waiting for the next time for a moment if there was none.
    ELAPSED (read):   the guest's time since the VM was made.
    """

    kind = TimerState
    ports = range(TIMER_PORT, TIMER_PORT + 16)

    def __init__(self) -> None:
        self._state = TimerState()
        self._since: int | None = None

    def read(self, address: int, size: int) -> int:
        """Read a register; reading EXPIRED or WAIT empties it."""
        register = address - TIMER_PORT
        if register == ELAPSED:
            return self._now() // NANOSECONDS & 0xFFFFFFFF
        if register not in (EXPIRED, WAIT):
            return 0
        self._advance()
        if register == WAIT and not self._state.expired and self._state.deadline is not None:
            time.sleep(min(LONGEST_WAIT, max(0, self._state.deadline - self._now()) / 1e9))
            self._advance()
        expired = self._state.expired
        self._change(expired=0)
        return expired & 0xFFFFFFFF

    def write(self, address: int, size: int, value: int) -> None:
        """Arm or disarm."""
        if address - TIMER_PORT == PERIOD:
            period = value * NANOSECONDS
            self._change(period=period, deadline=self._now() + period if period else None, expired=0)

    def quiesce(self) -> None:
        """Let the guest's time stand."""
        self._advance()
        self._change(elapsed=self._now())
        self._since = None

    def capture(self) -> TimerState:
        """Give the guest's time and what is armed."""
        return self._state

    def _take(self, state: TimerState) -> None:
        """Take the guest's time over; it stands until ``resume``."""
        self._state, self._since = state, None

    def resume(self) -> None:
        """Let the guest's time go on."""
        self._since = time.monotonic_ns()

    def _now(self) -> int:
        return self._state.elapsed + (time.monotonic_ns() - self._since if self._since is not None else 0)

    def _advance(self) -> None:
        """Count the expirations that are due."""
        deadline, period = self._state.deadline, self._state.period
        if deadline is not None and (late := self._now() - deadline) >= 0:
            times = late // period + 1
            self._change(expired=self._state.expired + times, deadline=deadline + times * period)

    def _change(self, **changes: int | None) -> None:
        self._state = replace(self._state, **changes)
