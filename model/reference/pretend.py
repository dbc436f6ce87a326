"""An engine without a CPU: a thread that plays a guest with a strict memory, for tests of all that is around it.

It executes where there is neither /dev/kvm nor Unicorn, and starts in microseconds, which makes campaigns of faults
fast. It is a witness too: from its registers alone it knows what every segment must hold, so a lost, stale, doubled or
misplaced write, or a register from another time, makes it stop as FAULTED.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Sequence
from typing import ClassVar

from attorn.model.reference.devices.device import Device
from attorn.model.reference.vmm.cpu_state import (
    ControlRegisters,
    CpuMode,
    CpuRequirements,
    CpuState,
    GeneralRegisters,
    SegmentRegister,
    SegmentRegisters,
)
from attorn.model.reference.vmm.engine import CannotCarry, Stop, Stopped
from attorn.model.reference.vmm.memory import GuestMemory, MemoryRange, UnfitMemory

__all__ = ["FRESH", "REQUIREMENTS", "Pretend"]

REQUIREMENTS = CpuRequirements(mode=CpuMode.LONG)
_FLAT = SegmentRegister(selector=0, attributes=0x93)
FRESH = CpuState(
    general=GeneralRegisters(rip=0),
    segments=SegmentRegisters(
        cs=SegmentRegister(selector=8, attributes=0xA09B),
        ds=_FLAT, es=_FLAT, fs=_FLAT, gs=_FLAT, ss=_FLAT,
        tr=SegmentRegister(selector=0, attributes=0x8B), ldt=SegmentRegister(selector=0, attributes=0x82),
    ),
    control=ControlRegisters(cr0=1),
)  # fmt: skip
"""The state in which the pretended guest begins."""


class Pretend:
    """An engine whose guest counts: step n writes n into one segment, and rax is n.

    Every segment is visited in turn, at its first and at its last word; the first holds the number of its last visit,
    the last one that number mixed with the guest address.
    """

    name: ClassVar[str] = "pretend"

    @staticmethod
    def missing() -> str | None:
        """Never lacks anything."""
        return None

    @staticmethod
    def refusal(requirements: CpuRequirements) -> str | None:
        """Plays its own guest only, which needs no feature of a CPU."""
        return None if requirements == REQUIREMENTS else "only the guest `pretend` can be pretended."

    @classmethod
    def make(cls, requirements: CpuRequirements, devices: Sequence[Device]) -> Pretend:
        """Make one; requirements and devices do not matter."""
        return cls()

    def __init__(self) -> None:
        self._memory: GuestMemory | None = None
        self._state = FRESH
        self._step = 0
        self._thread: threading.Thread | None = None
        self._halt = threading.Event()
        self._stopped: Stopped | None = Stopped(Stop.NEVER_STARTED)
        self.first_effect_ns: int | None = None

    @property
    def memory(self) -> GuestMemory:
        """The guest's memory."""
        if self._memory is None:
            raise UnfitMemory("the VM has no memory attached")
        return self._memory

    @property
    def costly(self) -> tuple[int, ...]:
        """None."""
        return ()

    @property
    def stopped(self) -> Stopped | None:
        """Why it does not count."""
        return self._stopped

    def reserve(self, spans: Sequence[tuple[int, int]]) -> None:
        """Nothing is gained by that here."""

    def attach(self, ranges: Sequence[MemoryRange]) -> GuestMemory:
        """Map the memory."""
        self._memory = GuestMemory(ranges)
        return self._memory

    def restore(self, state: CpuState) -> None:
        """Go on from rax."""
        self._state, self._step = state, state.general.rax

    def start(self) -> None:
        """Count on."""
        self._halt.clear()
        self._stopped = None
        self.first_effect_ns = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def suspend(self) -> Stopped:
        """Stop between two steps."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._stopped is None:
            self._stopped = Stopped(Stop.SUSPENDED)
        return self._stopped

    def wait(self, timeout: float | None = None) -> Stopped | None:
        """Wait until it does not count."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._stopped

    def capture(self) -> CpuState:
        """The registers: rax is the number of steps."""
        if self._stopped is None:
            raise CannotCarry("the vCPU executes; suspend it first")
        general = GeneralRegisters(rip=self._state.general.rip, rax=self._step)
        return CpuState(general=general, segments=self._state.segments, control=self._state.control)

    def detach(self) -> None:
        """Unmap the memory."""
        if self._memory is not None:
            self._memory.unmap()
            self._memory = None

    def close(self) -> None:
        """Stop and unmap."""
        self.suspend()
        self.detach()

    def _run(self) -> None:
        memory = self.memory
        cells = [
            (
                piece.address,
                ctypes.c_uint64.from_address(memory.host(piece.address, 8)),
                ctypes.c_uint64.from_address(memory.host(piece.end - 8, 8)),
            )
            for piece in memory.ranges
        ]
        while not self._halt.wait(0.0005):
            for _ in range(max(16, len(cells))):
                wrong = self._count(cells)
                if wrong:
                    self._stopped = Stopped(Stop.FAULTED, 1, wrong)
                    return
                if self.first_effect_ns is None:
                    self.first_effect_ns = time.monotonic_ns()

    def _count(self, cells: list[tuple[int, ctypes.c_uint64, ctypes.c_uint64]]) -> str:
        step, count = self._step + 1, len(cells)
        address, first, last = cells[step % count]
        before = max(step - count, 0)
        if before and (first.value, last.value) != (before, _mixed(before, address)):
            return (
                f"step {step}: the segment at guest address {address:#x} holds {first.value} and {last.value:#x}; "
                f"this guest left {before} and {_mixed(before, address):#x} there"
            )
        first.value, last.value = step, _mixed(step, address)
        self._step = step
        return ""


def _mixed(step: int, address: int) -> int:
    return (step * 0x9E3779B97F4A7C15 ^ (address + 1)) & (1 << 64) - 1
