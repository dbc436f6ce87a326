"""A vCPU executed by KVM."""

from __future__ import annotations

import mmap
import os
import signal
import struct
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

from attorn.model.reference.devices.device import Device
from attorn.model.reference.vmm.cpu_model import CPUID, CpuidLeaf, features_of, unmet
from attorn.model.reference.vmm.cpu_state import CpuRequirements, CpuState, SystemRegisters, difference
from attorn.model.reference.vmm.engine import CannotCarry, EngineUnavailable, Stop, Stopped
from attorn.model.reference.vmm.kvm import encoding
from attorn.model.reference.vmm.kvm.interface import ExitReason, Ioctl, Run, ask, call
from attorn.model.reference.vmm.memory import Region
from attorn.model.reference.vmm.vcpu import Vcpu
from attorn.model.reference.vmm.x86 import MSRS

__all__ = ["KvmEngine"]

DEVICE = "/dev/kvm"
# Blocked in the vCPU's thread and let through by KVM_RUN alone, so that it interrupts a guest and runs no handler.
KICK = signal.SIGRTMIN + 5
_CPUID_HEAD, _CPUID_ENTRY = struct.Struct("<I4x"), struct.Struct("<7I12x")
_REGION = struct.Struct("<IIQQQ")
_IO, _MMIO = struct.Struct("<BBHIQ"), struct.Struct("<Q8sIB")


class KvmEngine(Vcpu):
    """One VM of KVM with one vCPU and one slot for each contiguous region of memory."""

    name: ClassVar[str] = "kvm"

    @staticmethod
    def missing() -> str | None:
        """Say what this computer lacks for KVM."""
        try:
            descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return (
                f"{DEVICE} is missing. It needs a processor with virtualization (AMD-V or VT-x, switched on in the "
                "firmware; in a VM: nested virtualization) and the module: modprobe kvm_amd, or kvm_intel."
            )
        except PermissionError:
            return f"{DEVICE} may not be opened by this user. Join its group: usermod -aG kvm USER, then log in again."
        except OSError as error:
            return f"{DEVICE} cannot be opened: {error.strerror}. Is the module kvm_amd or kvm_intel loaded?"
        try:
            version = call(descriptor, Ioctl.GET_API_VERSION)
        except OSError as error:
            return f"{DEVICE} does not answer as KVM: {error.strerror}"
        finally:
            os.close(descriptor)
        return None if version == 12 else f"{DEVICE} speaks version {version} of its interface; version 12 is needed"

    @staticmethod
    def refusal(requirements: CpuRequirements) -> str | None:
        """Say why a guest with these requirements cannot be executed by KVM here."""
        return KvmEngine.missing() or unmet(requirements, _offered(), "KVM")

    @classmethod
    def make(cls, requirements: CpuRequirements, devices: Sequence[Device]) -> KvmEngine:
        """Make a VM with one vCPU and no memory."""
        if why := cls.refusal(requirements):
            raise EngineUnavailable(why)
        return cls(devices)

    def __init__(self, devices: Sequence[Device]) -> None:
        super().__init__(devices)
        self._descriptors: list[int] = []
        try:
            kvm = self._keep(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC))
            self._vm = self._keep(call(kvm, Ioctl.CREATE_VM))
            self._vcpu = self._keep(call(self._vm, Ioctl.CREATE_VCPU))
            self._run = mmap.mmap(self._vcpu, call(kvm, Ioctl.GET_VCPU_MMAP_SIZE))
        except OSError:
            self._close_descriptors()
            raise
        ask(self._vcpu, Ioctl.SET_CPUID2, _cpuid_of_guests())
        ask(self._vcpu, Ioctl.SET_SIGNAL_MASK, bytearray(struct.pack("<IQ", 8, 0)))

    @property
    def costly(self) -> tuple[int, ...]:
        """The VM and its vCPU: KVM lets only the process that made them ask anything of them."""
        return self._vm, self._vcpu

    def restore(self, state: CpuState) -> None:
        """Give the vCPU its state, and read it back: KVM takes some values without keeping them."""
        self._must_stand("its state can be replaced")
        try:
            ask(self._vcpu, Ioctl.SET_SREGS, encoding.special_to((state.segments, state.gdt, state.idt, state.control)))
            ask(self._vcpu, Ioctl.SET_REGS, encoding.general_to(state.general))
            ask(self._vcpu, Ioctl.SET_XSAVE, encoding.floating_to(state.floating))
            ask(self._vcpu, Ioctl.SET_DEBUGREGS, encoding.debug_to(state.debug))
            self._set_msrs(state)
        except OSError as error:
            raise CannotCarry(f"KVM refuses the state of the vCPU: {error.strerror}") from error
        kept = self.capture()
        if kept != state:
            raise CannotCarry(f"KVM cannot hold the state of the vCPU: it changed {difference(state, kept)}")

    def capture(self) -> CpuState:
        """Give the state of the vCPU."""
        self._must_stand("its state can be read")
        if event := encoding.pending_event(self._get(Ioctl.GET_VCPU_EVENTS, bytearray(64))):
            raise CannotCarry(
                f"the vCPU has {event} pending, which no configuration carries; let it go on and try again"
            )
        xsave = self._get(Ioctl.GET_XSAVE, bytearray(4096))
        if beyond := encoding.components_beyond_sse(xsave):
            raise CannotCarry(
                f"the guest uses processor state beyond SSE (components {beyond:#x}), which is not carried"
            )
        sregs = self._get(Ioctl.GET_SREGS, bytearray(312))
        segments, gdt, idt, control = encoding.special_from(sregs)
        msrs = self._get(Ioctl.GET_MSRS, encoding.msrs_to(SystemRegisters()))
        return CpuState(
            general=encoding.general_from(self._get(Ioctl.GET_REGS, bytearray(144))),
            segments=segments,
            gdt=gdt,
            idt=idt,
            control=control,
            debug=encoding.debug_from(self._get(Ioctl.GET_DEBUGREGS, bytearray(128))),
            floating=encoding.floating_from(xsave),
            system=encoding.msrs_from(msrs),
        )

    def _wait_in_thread(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {KICK})
        try:
            super()._wait_in_thread()  # which begins with the signals blocked that are blocked here
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _execute(self) -> Stopped:
        self._run[Run.IMMEDIATE_EXIT] = self._asked.is_set()
        while True:
            try:
                call(self._vcpu, Ioctl.RUN)
            except InterruptedError:
                # What the guest was doing with a device is complete: KVM finishes that before it looks at signals.
                signal.sigtimedwait({KICK}, 0)
                if self._asked.is_set():
                    return Stopped(Stop.SUSPENDED)
                continue
            (reason,) = struct.unpack_from("<I", self._run, Run.EXIT_REASON)
            if reason == ExitReason.IO:
                self._effect()
                self._port_access()
            elif reason == ExitReason.MMIO:
                self._effect()
                self._register_access()
            elif reason != ExitReason.INTR:
                return Stopped(Stop.FAULTED, why=self._fault(reason))

    def _kick(self) -> None:
        self._run[Run.IMMEDIATE_EXIT] = 1
        if self._thread is not None and self._thread.ident is not None:
            signal.pthread_kill(self._thread.ident, KICK)

    def _port_access(self) -> None:
        out, size, port, count, offset = _IO.unpack_from(self._run, Run.DETAIL)
        for at in range(offset, offset + size * count, size):
            if out:
                self._bus.port_out(port, size, int.from_bytes(self._run[at : at + size], "little"))
            else:
                self._run[at : at + size] = self._bus.port_in(port, size).to_bytes(size, "little")

    def _register_access(self) -> None:
        address, data, size, stores = _MMIO.unpack_from(self._run, Run.DETAIL)
        if stores:
            self._bus.store(address, size, int.from_bytes(data[:size], "little"))
        else:
            at = Run.DETAIL + 8
            self._run[at : at + size] = self._bus.load(address, size).to_bytes(size, "little")

    def _fault(self, reason: int) -> str:
        name = ExitReason(reason).name if reason in set(ExitReason) else str(reason)
        rip = encoding.general_from(self._get(Ioctl.GET_REGS, bytearray(144))).rip
        detail = struct.unpack_from("<Q", self._run, Run.DETAIL)[0]
        meaning = {
            ExitReason.SHUTDOWN: "a fault for which the guest has no handler",
            ExitReason.HLT: "HLT, and nothing could wake it",
        }
        return f"KVM stopped the guest at {rip:#x}: {meaning.get(ExitReason(reason), name + f' {detail:#x}')}"

    def _get(self, request: Ioctl, buffer: bytearray) -> bytearray:
        ask(self._vcpu, request, buffer)
        return buffer

    def _plug(self, slot: int, region: Region) -> None:
        packed = _REGION.pack(slot, 0, region.address, region.size, region.host)
        ask(self._vm, Ioctl.SET_USER_MEMORY_REGION, bytearray(packed))

    def _unplug(self, slot: int, region: Region) -> None:
        ask(self._vm, Ioctl.SET_USER_MEMORY_REGION, bytearray(_REGION.pack(slot, 0, region.address, 0, region.host)))

    def _set_msrs(self, state: CpuState) -> None:
        packed = encoding.msrs_to(state.system)
        # A failure shows only in how many were set.
        done = ask(self._vcpu, Ioctl.SET_MSRS, packed)
        if done != len(MSRS):
            raise CannotCarry(f"KVM refuses the value of {list(MSRS)[done]}")

    def _discard(self) -> None:
        self._run.close()
        self._close_descriptors()

    def _keep(self, descriptor: int) -> int:
        self._descriptors.append(descriptor)
        return descriptor

    def _close_descriptors(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


@cache
def _offered() -> frozenset[str]:
    """Give the names of the features that KVM can give a guest here."""
    most = 256
    descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        buffer = bytearray(_CPUID_HEAD.pack(most)) + bytearray(most * _CPUID_ENTRY.size)
        ask(descriptor, Ioctl.GET_SUPPORTED_CPUID, buffer)
    finally:
        os.close(descriptor)
    (count,) = _CPUID_HEAD.unpack_from(buffer)
    entries = _CPUID_ENTRY.iter_unpack(buffer[8 : 8 + count * _CPUID_ENTRY.size])
    return features_of(
        {
            function: CpuidLeaf(function, eax, ebx, ecx, edx)
            for function, index, _, eax, ebx, ecx, edx in entries
            if index == 0
        }
    )


def _cpuid_of_guests() -> bytearray:
    entries = (_CPUID_ENTRY.pack(leaf.function, 0, 0, leaf.eax, leaf.ebx, leaf.ecx, leaf.edx) for leaf in CPUID)
    return bytearray(_CPUID_HEAD.pack(len(CPUID)) + b"".join(entries))
