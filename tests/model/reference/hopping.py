"""A VM that hops from VMM to VMM within one process: for trying the witnesses without firmware or protocol."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.engines import engine_named, missing
from attorn.model.reference.guests.guest import Guest
from attorn.model.reference.vmm.cpu_state import CpuState
from attorn.model.reference.vmm.engine import Stopped
from attorn.model.reference.vmm.memory import GuestMemory, MemoryRange

__all__ = ["ENGINE", "PATIENCE", "Hopper", "Segments", "engine_or_skip"]

MIB = 1 << 20
PATIENCE = 60.0
"""Seconds after which a guest that should have done something has not: far more than it ever takes."""

_LACKING = missing()
ENGINE = [
    pytest.param(name, marks=pytest.mark.skipif(name in _LACKING, reason=_LACKING.get(name, "")))
    for name in ("kvm", "unicorn")
]
"""Every engine, skipped with the reason where this computer lacks something for it."""


def engine_or_skip(*names: str) -> None:
    """Skip the test unless all these engines can be used here."""
    for name in names:
        if name in _LACKING:
            pytest.skip(_LACKING[name])


class Segments:
    """Segments of guest memory, each a file of its own, side by side from guest address 0."""

    def __init__(self, count: int, size: int = 2 * MIB) -> None:
        self.size = size
        self.descriptors = [os.memfd_create(f"segment-{number}", os.MFD_CLOEXEC) for number in range(count)]
        for descriptor in self.descriptors:
            os.ftruncate(descriptor, size)

    def ranges(self, order: Sequence[int] | None = None) -> list[MemoryRange]:
        """Where each segment lies; ``order`` gives another segment for each place."""
        order = range(len(self.descriptors)) if order is None else order
        return [MemoryRange(self.descriptors[n], 0, self.size, at * self.size) for at, n in enumerate(order)]

    def close(self) -> None:
        """Give the memory back."""
        while self.descriptors:
            os.close(self.descriptors.pop())


class Hopper:
    """One VM; ``hop`` takes it to a new VMM, with a chance to spoil what crosses."""

    def __init__(self, guest: Guest, engine: str, segments: int = 2) -> None:
        self.guest = guest
        self.segments = Segments(segments)
        self._make(engine)
        self.engine.attach(self.segments.ranges())
        self.engine.restore(guest.boot(self.engine.memory))

    def _make(self, engine: str) -> None:
        self.devices = self.guest.devices()
        self.engine = engine_named(engine).make(self.guest.requirements, self.devices)

    def start(self) -> None:
        for device in self.devices:
            device.resume()
        self.engine.start()

    def suspend(self) -> Stopped:
        stopped = self.engine.suspend()
        for device in self.devices:
            device.quiesce()
        return stopped

    def capture(self) -> tuple[CpuState, list[DeviceState]]:
        return self.engine.capture(), [device.capture() for device in self.devices]

    def hop(
        self,
        engine: str,
        memory: Callable[[GuestMemory], object] = lambda memory: None,
        cpu: Callable[[CpuState], CpuState] = lambda state: state,
        devices: Callable[[list[DeviceState]], list[DeviceState]] = lambda states: states,
        order: Sequence[int] | None = None,
    ) -> None:
        """Suspend, capture, give up, take over, resume; the arguments spoil what the destination finds."""
        self.suspend()
        cpu_state, device_states = self.capture()
        self.close_here()
        self._make(engine)
        memory(self.engine.attach(self.segments.ranges(order)))
        self.engine.restore(cpu(cpu_state))
        for device, state in zip(self.devices, devices(device_states), strict=True):
            device.restore(state)
        self.start()

    def close_here(self) -> None:
        self.engine.suspend()
        for device in self.devices:
            device.release()
        self.engine.close()

    def close(self) -> None:
        self.close_here()
        self.segments.close()

    def __enter__(self) -> Hopper:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def printed(self, lines: int) -> list[str]:
        """Wait until the guest has ended so many lines more than now; give all its lines. Fails when it ends first."""
        wanted = len(self.lines()) + lines
        self.wait_for(lambda: len(self.lines()) >= wanted)
        return self.lines()

    def lines(self) -> list[str]:
        """The lines that the guest has ended."""
        console = self.guest.console
        text = console.read_text() if isinstance(console, Path) and console.exists() else ""
        return text.split("\n")[:-1]

    def ended(self) -> Stopped:
        """Wait until the guest has ended."""
        stopped = self.engine.wait(PATIENCE)
        assert stopped is not None, f"the guest goes on; it has printed {self.lines()[-3:]}"
        return stopped

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline, pause = time.monotonic() + PATIENCE, threading.Event()
        while not condition():
            assert self.engine.stopped is None, (self.engine.stopped, self.lines()[-3:])
            assert time.monotonic() < deadline, self.lines()[-3:]
            pause.wait(0.001)
