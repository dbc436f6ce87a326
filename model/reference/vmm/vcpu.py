"""What both engines have in common: one vCPU, executed in a thread of its own until it is told to stand."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from attorn.model.reference.devices.device import Device
from attorn.model.reference.vmm.bus import Bus, PowerOff
from attorn.model.reference.vmm.engine import Stop, Stopped
from attorn.model.reference.vmm.memory import GuestMemory, MemoryRange, Region, Room, UnfitMemory, spans_of

__all__ = ["Vcpu"]


class Vcpu(ABC):
    """A vCPU with its thread, its memory and its bus. What is left to an engine is below the line."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self._bus = Bus(devices)
        self._room: Room | None = None
        self._memory: GuestMemory | None = None
        self._asked = threading.Event()
        self._standing = threading.Event()
        self._standing.set()
        # Held while the vCPU's thread is kicked and while it comes to its end: a thread that is gone cannot be kicked.
        self._ending = threading.Lock()
        self._stopped = Stopped(Stop.NEVER_STARTED)
        self._thread: threading.Thread | None = None
        self._go = threading.Event()
        self._begun = threading.Event()
        self._first_effect_ns: int | None = None
        self._closed = False

    @property
    def memory(self) -> GuestMemory:
        """The guest's memory as this process sees it."""
        if self._memory is None:
            raise UnfitMemory("the VM has no memory attached")
        return self._memory

    @property
    def costly(self) -> tuple[int, ...]:
        """None, unless an engine has such."""
        return ()

    @property
    def stopped(self) -> Stopped | None:
        """Why the vCPU does not execute; None while it does."""
        return self._stopped if self._standing.is_set() else None

    @property
    def first_effect_ns(self) -> int | None:
        """When the guest first reached a device after the last ``start``, on CLOCK_MONOTONIC."""
        return self._first_effect_ns

    def reserve(self, spans: Sequence[tuple[int, int]]) -> None:
        """Keep room for the guest's memory, and tell the guest where that will be."""
        self._give_room_up()
        room = Room(spans)
        try:
            for window in self._bus.windows:
                for region in room.regions:
                    if region.address < window.stop and window.start < region.address + region.size:
                        raise UnfitMemory(f"guest memory covers {window.start:#x}, where a device answers")
            for slot, region in enumerate(room.regions):
                self._plug(slot, region)
        except BaseException:
            room.give_up()
            raise
        self._room = room
        self._wait_in_thread()

    def attach(self, ranges: Sequence[MemoryRange]) -> GuestMemory:
        """Map the guest's memory and put it where the guest sees it."""
        if self._memory is not None:
            raise UnfitMemory("the VM has its memory attached already")
        if self._room is None or self._room.spans != tuple(sorted((each.address, each.size) for each in ranges)):
            self.reserve(spans_of(ranges))
        self._memory = GuestMemory(ranges, self._room)
        for device in self._bus.devices:
            device.attach(self._memory)
        return self._memory

    def detach(self) -> None:
        """Take the memory from the guest and unmap it here."""
        self._must_stand("its memory can be taken away")
        self._give_room_up()

    def _give_room_up(self) -> None:
        memory, self._memory = self._memory, None
        room, self._room = self._room, None
        if room is not None:
            for slot, region in enumerate(room.regions):
                self._unplug(slot, region)
            if memory is not None:
                memory.unmap()
            room.give_up()

    def start(self) -> None:
        """Let the vCPU execute in a thread of its own."""
        self._must_stand("it can be started")
        _ = self.memory
        self._asked.clear()
        self._first_effect_ns = None
        self._wait_in_thread()
        self._standing.clear()
        self._begun.clear()
        self._go.set()
        self._begun.wait()

    def suspend(self) -> Stopped:
        """Stop the vCPU between two instructions, and return when it stands."""
        self._asked.set()
        while True:
            with self._ending:
                if not self._standing.is_set():
                    self._kick()
            # A kick is lost when it comes just before the vCPU listens; it is then given again.
            if self._standing.wait(0.002):
                break
        return self._stopped

    def wait(self, timeout: float | None = None) -> Stopped | None:
        """Wait until the vCPU does not execute."""
        return self._stopped if self._standing.wait(timeout) else None

    def close(self) -> None:
        """Give back all that the engine holds."""
        if not self._closed:
            self._closed = True
            self.suspend()
            self._end_thread()
            try:
                self.detach()
            finally:
                self._discard()

    def _wait_in_thread(self) -> None:
        """Have the thread that will execute the vCPU, which then only has to be let go."""
        if self._go.is_set():
            self._end_thread()  # it has executed the vCPU, and is about to end
        if self._thread is None:
            self._thread = threading.Thread(target=self._thread_body, name="vcpu", daemon=True)
            self._thread.start()

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._go.set()
            self._thread.join()
            self._thread = None
            self._go.clear()

    def _thread_body(self) -> None:
        self._go.wait()
        if self._standing.is_set():
            return  # it was let go to end, not to execute
        self._begun.set()
        try:
            self._stopped = self._execute()
        except PowerOff as end:
            self._stopped = Stopped(Stop.POWERED_OFF, end.code, "the guest powered off")
        except Exception as error:
            self._stopped = Stopped(Stop.FAULTED, why=f"{type(error).__name__}: {error}")
        finally:
            with self._ending:
                self._standing.set()

    def _effect(self) -> None:
        if self._first_effect_ns is None:
            self._first_effect_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)

    def _must_stand(self, purpose: str) -> None:
        if not self._standing.is_set():
            raise RuntimeError(f"the vCPU executes; suspend it before {purpose}")

    # What an engine adds.

    @abstractmethod
    def _plug(self, slot: int, region: Region) -> None:
        """Show the guest a region of memory."""

    @abstractmethod
    def _unplug(self, slot: int, region: Region) -> None:
        """Take a region from the guest."""

    @abstractmethod
    def _execute(self) -> Stopped:
        """Execute until ``_asked`` is set, then come to stand between two instructions. In the vCPU's thread."""

    @abstractmethod
    def _kick(self) -> None:
        """Make ``_execute`` look at ``_asked``. From any other thread."""

    @abstractmethod
    def _discard(self) -> None:
        """Give back all that is not memory."""
