"""One VM in the process that executes it: its engine, its devices, and the memory that the firmware handed out."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Sequence

import msgspec

from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.engines import PRETEND, engine_named, guest_named
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.grants import Grant, granted
from attorn.model.reference.link import Link
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import Refused
from attorn.model.reference.vmm.cpu_state import CpuState
from attorn.model.reference.vmm.engine import CannotCarry, Engine, EngineUnavailable
from attorn.model.reference.vmm.memory import MemoryRange, UnfitMemory
from attorn.model.reference.wire import close_all
from attorn.spec.errors import BadInput

__all__ = ["Hosted", "RunState", "Status"]


class RunState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a VMM knows of a VM that stands still, beside its memory."""

    cpu: CpuState
    devices: tuple[DeviceState, ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a VM does in this process.

    stopped, code, why: how its execution ended, as the engine says.  devices: what they tell, by name.
    first_effect: when the guest first had an effect after its start, seconds on the monotonic clock.
    """

    attached: bool
    running: bool
    stopped: str = ""
    code: int = 0
    why: str = ""
    first_effect: float | None = None
    has_disk: bool = False
    locked: bool = False
    told: dict[str, str] = {}


class Hosted:
    """The VM of this process. Each public method is a message that it answers."""

    def __init__(self, firmware: Link, vm: str, points: FaultPoints) -> None:
        self.firmware = firmware
        self.vm = vm
        self.points = points
        self.engine: Engine | None = None
        self.devices: Sequence[Device] = ()
        self._loaded: CpuState | None = None

    def make(self, engine: str, plan: Plan) -> Status:
        """Make the VM without memory and without state.

        Raises Refused when this engine cannot execute such a guest, and says why.
        """
        if plan.guest == PRETEND != engine:
            raise Refused(f"VM {self.vm} cannot be executed by {engine}: its guest is pretended, and so is its engine.")
        kind, guest = engine_named(engine), guest_named(plan.guest, plan.options)
        refusal = kind.missing() or kind.refusal(guest.requirements)
        if refusal:
            raise Refused(f"VM {self.vm} cannot be executed by {engine}: {refusal}")
        self.devices = guest.devices()
        try:
            self.engine = kind.make(guest.requirements, self.devices)
        except EngineUnavailable as error:
            raise Refused(f"VM {self.vm} cannot be executed by {engine}: {error}") from None
        return self.status()

    def costly(self) -> tuple[None, tuple[int, ...]]:
        """Handles whose end takes long; they are of no use to any other process."""
        return None, self._engine.costly

    def prepare(self) -> Status:
        """Pay for a VM that is to come what can be paid before it stands still."""
        grant = granted(self.firmware, self.vm)
        if not grant.segments:
            return self.status()
        try:
            self._rehearse(grant.segments[0].guest_address)
            self._engine.reserve([(each.guest_address, grant.size) for each in grant.segments])
        except (UnfitMemory, OSError) as error:
            raise Refused(f"VM {self.vm}: {error}") from None
        return self.status()

    def _rehearse(self, address: int) -> None:
        """Go through what is to come with a page of no use: what a process does for the first time takes longer."""
        page = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
        try:
            os.ftruncate(page, mmap.PAGESIZE)
            self._engine.attach([MemoryRange(page, 0, mmap.PAGESIZE, address)])
            with contextlib.suppress(CannotCarry):  # a vCPU as it is made need not fit
                self._engine.restore(self._engine.capture())
            self._engine.detach()
        finally:
            os.close(page)

    def attach(self) -> Status:
        """Map all segments of the VM, once; raises Refused when the firmware does not hand them out."""
        if self._mapped():
            return self.status()
        grant, handles = self._handles()
        self.points.reach("vm:attach:handles")
        try:
            ranges = [
                MemoryRange(handle, 0, grant.size, each.guest_address, file=grant.size)
                for handle, each in zip(handles, grant.segments, strict=True)
            ]
            if self.points.has(Defect.SWAPPED_SEGMENTS) and len(ranges) > 1 and grant.intent:
                first, second, *rest = ranges
                ranges = [
                    MemoryRange(second.descriptor, 0, grant.size, first.address),
                    MemoryRange(first.descriptor, 0, grant.size, second.address),
                    *rest,
                ]
            if self.points.has(Defect.COPIED_SEGMENT) and grant.intent:
                ranges[0] = _copied(ranges[0])
            self._engine.attach(ranges)
        except UnfitMemory as error:
            raise Refused(f"VM {self.vm}: {error}") from None
        finally:
            close_all(handles)
        self.points.reach("vm:attach:mapped")
        return self.status()

    def boot(self, plan: Plan) -> None:
        """Put the guest's program into memory, and the vCPU and devices to the start."""
        guest = guest_named(plan.guest, plan.options)
        self._engine.restore(guest.boot(self._engine.memory))

    def start(self) -> Status:
        """Let devices and vCPU go on."""
        for device in self.devices:
            device.resume()
        self._loaded = None
        self._engine.start()
        return self.status()

    def suspend(self) -> Status:
        """Stop the vCPU between two instructions, then bring the devices to rest."""
        self._engine.suspend()
        for device in self.devices:
            device.quiesce()
        return self.status()

    def capture(self) -> RunState:
        """The state of vCPU and devices; raises Refused when some of it cannot be carried."""
        try:
            found = RunState(cpu=self._engine.capture(), devices=tuple(device.capture() for device in self.devices))
        except CannotCarry as error:
            raise Refused(f"VM {self.vm} stays: {error}") from None
        if self.points.has(Defect.LATE_WRITE):
            memory = self._engine.memory
            address = memory.regions[0].address
            memory.write(address, bytes([memory.read(address, 1)[0] ^ 0xFF]))
        return found

    def load(self, cpu: CpuState) -> None:
        """Give the vCPU its state already, if it can be had before there is memory; ``restore`` then need not."""
        with contextlib.suppress(BadInput):
            self._engine.restore(cpu)
            self._loaded = cpu

    def restore(self, state: RunState) -> Status:
        """Give vCPU and devices their state; devices take what they name, such as the lock of a disk."""
        cpu = state.cpu
        if self.points.has(Defect.STALE_REGISTERS):
            general = msgspec.structs.replace(cpu.general, rax=max(cpu.general.rax - 1000, 0))
            cpu = msgspec.structs.replace(cpu, general=general)
        loaded, self._loaded = self._loaded, None
        try:
            if loaded != cpu:
                self._engine.restore(cpu)
        except CannotCarry as error:
            raise Refused(f"VM {self.vm} cannot be created here: {error}") from None
        if len(state.devices) != len(self.devices):
            raise Refused(f"VM {self.vm} has {len(self.devices)} devices; the state of {len(state.devices)} came.")
        for device, each in zip(self.devices, state.devices, strict=True):
            device.restore(each)
        self.points.reach("vm:restore:done")
        return self.status()

    def release(self) -> Status:
        """Have the devices give up what they hold outside memory."""
        for device in self.devices:
            device.release()
        return self.status()

    def detach(self) -> Status:
        """Unmap all segments."""
        if not self.points.has(Defect.STALE_MAPPING):
            self._engine.detach()
        return self.status()

    def close(self) -> None:
        """Give back all."""
        self.release()
        if self.engine is not None:
            self.engine.close()
            self.engine = None

    def status(self) -> Status:
        """How the VM does."""
        if self.engine is None:
            return Status(attached=False, running=False)
        stopped = self.engine.stopped
        first = self.engine.first_effect_ns
        return Status(
            attached=bool(self._mapped()),
            running=stopped is None,
            stopped="" if stopped is None else stopped.stop.name,
            code=0 if stopped is None else stopped.code,
            why="" if stopped is None else stopped.why,
            first_effect=None if first is None else first / 1e9,
            has_disk=any(hasattr(device, "locked") for device in self.devices),
            locked=any(getattr(device, "locked", False) for device in self.devices),
            told=_told(self.devices),
        )

    def reconnect(self) -> None:
        """Say hello to a firmware that was started again."""
        self.firmware.reconnect()

    def arm(self, point: str, visits: int = 1) -> None:
        """Let this process die at a point of its own, for tests."""
        self.points.arm(point, visits)

    @property
    def _engine(self) -> Engine:
        if self.engine is None:
            raise Refused(f"VM {self.vm} is not made here.")
        return self.engine

    def _mapped(self) -> bool:
        if self.engine is None:
            return False
        try:
            return self.engine.memory.mapped
        except UnfitMemory:
            return False

    def _handles(self) -> tuple[Grant, list[int]]:
        """What the firmware has on record of the VM, and a handle of each segment in that order."""
        found: list[int] = []
        try:
            said, some = self.firmware.call_for_handles("handles", vm=self.vm)
            found += some
            grant = msgspec.convert(said, Grant)
            while len(found) < len(grant.segments):
                _, some = self.firmware.call_for_handles("handles", vm=self.vm, first=len(found))
                found += some
                if not some:
                    break
            if len(found) != len(grant.segments):
                raise Refused(f"VM {self.vm}: {len(found)} handles came for {len(grant.segments)} segments.")
            for handle, each in zip(found, grant.segments, strict=True):
                file = os.fstat(handle)
                if (file.st_dev, file.st_ino, file.st_size) != (each.device, each.inode, grant.size):
                    raise Refused(f"VM {self.vm}: the handle of segment {each.segment} is of another file.")
        except BaseException:
            close_all(found)
            raise
        return grant, found


def _copied(piece: MemoryRange) -> MemoryRange:
    copy = os.memfd_create("copy")
    os.write(copy, os.pread(piece.descriptor, piece.size, piece.offset))
    return MemoryRange(copy, 0, piece.size, piece.address)


def _told(devices: Sequence[Device]) -> dict[str, str]:
    return {type(device).__name__: str(device.told) for device in devices if hasattr(device, "told")}
