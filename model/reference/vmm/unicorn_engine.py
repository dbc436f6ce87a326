"""A vCPU executed by the Unicorn engine: no hardware virtualization, no privileges.

Unicorn stops exactly only where it counts instructions: ``emu_stop`` from another thread can repeat one. So the guest
executes in slices, and whether it is to stand is asked between them. Hidden parts of segment registers cannot be set;
a state is taken only if the guest's descriptor table says the same.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from attorn.model.reference.devices.device import Device
from attorn.model.reference.vmm import x86
from attorn.model.reference.vmm.bus import PowerOff
from attorn.model.reference.vmm.cpu_model import BASELINE, CPUID, unmet
from attorn.model.reference.vmm.cpu_state import (
    ControlRegisters,
    CpuMode,
    CpuRequirements,
    CpuState,
    DebugRegisters,
    DescriptorTable,
    FloatingPoint,
    GeneralRegisters,
    SegmentRegister,
    SegmentRegisters,
    SystemRegisters,
    difference,
)
from attorn.model.reference.vmm.engine import CannotCarry, EngineUnavailable, Stop, Stopped
from attorn.model.reference.vmm.memory import Region, UnfitMemory
from attorn.model.reference.vmm.vcpu import Vcpu

__all__ = ["UnicornEngine"]

SLICE = 20_000
"""Instructions between two looks at whether to stand: about half a millisecond."""

NEVER = (1 << 64) - 1
EFER = 0xC0000080
_EMPTY = 3
# In the order of loading: SS says the privilege level that the others are checked against.
_SEGMENTS = ("ss", "cs", "ds", "es", "fs", "gs")
_REGISTERS = (
    *GeneralRegisters.__struct_fields__,
    *("cr0", "cr2", "cr3", "cr4", "cr8", *DebugRegisters.__struct_fields__),
    *("gdtr", "idtr", "tr", "cs", "ds", "es", "fs", "gs", "ss", "fs_base", "gs_base"),
    *("fpcw", "fpsw", "fptag", "fop", "fip", "fdp", "mxcsr"),
    *(f"fp{number}" for number in range(8)),
    *(f"xmm{number}" for number in range(16)),
)


def _registers(mode: CpuMode) -> dict[str, str | None]:
    """Say what Unicorn calls each register of a state; None where the mode does not have it."""
    called: dict[str, str | None] = {name: name.upper() for name in _REGISTERS}
    if mode is CpuMode.PROTECTED:
        called |= {name: f"E{name[1:].upper()}" for name in GeneralRegisters.__struct_fields__}
        called |= {f"{kind}{number}": None for kind in ("r", "xmm") for number in range(8, 16)}
        called |= {"cr8": None, "fs_base": None, "gs_base": None}
    return called | {"rflags": "EFLAGS"}


class UnicornEngine(Vcpu):
    """One vCPU of Unicorn on the mapped memory itself; nothing is copied in or out."""

    name: ClassVar[str] = "unicorn"

    @staticmethod
    def missing() -> str | None:
        """Say whether the package is there."""
        if importlib.util.find_spec("unicorn") is None:
            return "the package unicorn is not installed. pip install 'attorn[unicorn]' adds it."
        return None

    @staticmethod
    def refusal(requirements: CpuRequirements) -> str | None:
        """Say why a guest with these requirements cannot be executed by Unicorn."""
        return unmet(requirements, BASELINE, "Unicorn")

    @classmethod
    def make(cls, requirements: CpuRequirements, devices: Sequence[Device]) -> UnicornEngine:
        """Make a vCPU without memory."""
        if why := cls.missing() or cls.refusal(requirements):
            raise EngineUnavailable(why)
        return cls(requirements.mode, devices)

    def __init__(self, mode: CpuMode, devices: Sequence[Device]) -> None:
        super().__init__(devices)
        # The package has types for few of its functions.
        unicorn: Any = importlib.import_module("unicorn")
        names = vars(importlib.import_module("unicorn.x86_const"))
        self._numbers: dict[str, int | None] = {
            name: None if called is None else names[f"UC_X86_REG_{called}"] for name, called in _registers(mode).items()
        }
        self._error, self._everything = unicorn.UcError, unicorn.UC_PROT_ALL
        self._ended: PowerOff | None = None
        self._loaded: SegmentRegisters | None = None
        self._uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64 if mode is CpuMode.LONG else unicorn.UC_MODE_32)
        self._uc.ctl_set_cpu_model(names["UC_CPU_X86_QEMU64"])
        for instruction, answer in (("IN", self._port_in), ("OUT", self._port_out), ("CPUID", self._cpuid)):
            self._uc.hook_add(unicorn.UC_HOOK_INSN, answer, None, 1, 0, names[f"UC_X86_INS_{instruction}"])
        for window in self._bus.windows:
            self._uc.mmio_map(window.start, len(window), self._load, window.start, self._store, window.start)

    def restore(self, state: CpuState) -> None:
        """Give the vCPU its state, and read it back: Unicorn checks nothing by itself."""
        self._must_stand("its state can be replaced")
        self._demand_table(state)
        try:
            self._set(state)
        except self._error as error:
            raise CannotCarry(f"Unicorn refuses the state of the vCPU: {error}") from error
        self._loaded = state.segments
        kept = self.capture()
        if kept != state:
            raise CannotCarry(f"Unicorn cannot hold the state of the vCPU: {difference(kept, state)}")

    def capture(self) -> CpuState:
        """Give the state of the vCPU."""
        self._must_stand("its state can be read")
        gdt = self._read_table("gdtr")
        return CpuState(
            general=GeneralRegisters(**self._read_all(GeneralRegisters)),
            segments=self._read_segments(gdt),
            gdt=gdt,
            idt=self._read_table("idtr"),
            control=ControlRegisters(**self._read_all(ControlRegisters), efer=self._uc.msr_read(EFER)),
            debug=DebugRegisters(**self._read_all(DebugRegisters)),
            floating=self._read_floating(),
            system=SystemRegisters(**{name: self._uc.msr_read(number) for name, number in x86.MSRS.items()}),
        )

    def _execute(self) -> Stopped:
        self._ended = None
        while not self._asked.is_set():
            try:
                self._uc.emu_start(self._read("rip"), NEVER, count=SLICE)
            except self._error as error:
                return Stopped(Stop.FAULTED, why=f"Unicorn stopped the guest at {self._read('rip'):#x}: {error}")
            if self._ended is not None:
                raise self._ended
        return Stopped(Stop.SUSPENDED)

    def _kick(self) -> None:
        """Do nothing: ``_execute`` looks after every slice."""

    def _plug(self, slot: int, region: Region) -> None:
        self._uc.mem_map_ptr(region.address, region.size, self._everything, region.host)

    def _unplug(self, slot: int, region: Region) -> None:
        self._uc.mem_unmap(region.address, region.size)

    def _discard(self) -> None:
        del self._uc

    # What the guest asks while it executes.

    def _port_in(self, uc: Any, port: int, size: int, _: object) -> int:
        self._effect()
        return self._bus.port_in(port, size)

    def _port_out(self, uc: Any, port: int, size: int, value: int, _: object) -> None:
        self._effect()
        try:
            self._bus.port_out(port, size, value)
        except PowerOff as end:
            self._ended = end
            uc.emu_stop()

    def _load(self, uc: Any, offset: int, size: int, start: int) -> int:
        self._effect()
        return self._bus.load(start + offset, size)

    def _store(self, uc: Any, offset: int, size: int, value: int, start: int) -> None:
        self._effect()
        self._bus.store(start + offset, size, value)

    def _cpuid(self, uc: Any, _: object) -> int:
        function = self._read("rax") & 0xFFFFFFFF
        leaf = next((leaf for leaf in CPUID if leaf.function == function), None)
        for register in ("eax", "ebx", "ecx", "edx"):
            self._write(f"r{register[1:]}", getattr(leaf, register, 0))
        return 1

    # The state, part by part.

    def _demand_table(self, state: CpuState) -> None:
        """Refuse a state whose segment registers are not what the guest's descriptor table gives."""
        for name in _SEGMENTS:
            self._demand_descriptor(name, getattr(state.segments, name), state.gdt)
        if not state.segments.ldt.unusable:
            raise CannotCarry(
                "the guest has a local descriptor table, which Unicorn is not given; migrate to a VMM of KVM"
            )

    def _demand_descriptor(self, name: str, register: SegmentRegister, gdt: DescriptorTable) -> None:
        if register.unusable and not register.selector & ~3:
            return
        found = self._descriptor(gdt, register.selector)
        if self._has_base(name):
            found = replace(found, base=register.base)
        if found != register:
            raise CannotCarry(
                f"segment register {name} holds what the guest's descriptor table does not say "
                f"({difference(register, found)}); Unicorn cannot hold that. Migrate to a VMM of KVM."
            )

    def _has_base(self, name: str) -> bool:
        """Whether the base of a segment is a register of its own: that of FS and GS is, in 64-bit mode."""
        return self._numbers.get(f"{name}_base") is not None

    def _descriptor(self, gdt: DescriptorTable, selector: int) -> SegmentRegister:
        """Decode the descriptor that a selector finds."""
        at = selector & ~7
        if selector & 4 or at + 7 > gdt.limit:
            raise CannotCarry(f"selector {selector:#x} is not in the guest's descriptor table")
        try:
            entry = self.memory.read(gdt.base + at, 8)
        except UnfitMemory as error:
            raise CannotCarry(f"the guest's descriptor table lies outside its memory: {error}") from error
        return x86.segment_from_descriptor(selector, entry)

    def _set(self, state: CpuState) -> None:
        control, segments = state.control, state.segments
        self._write("gdtr", (0, state.gdt.base, state.gdt.limit, 0))
        self._write("idtr", (0, state.idt.base, state.idt.limit, 0))
        # In this order: loading a segment register looks at the mode, and the mode at these registers.
        for name in ("cr4", "cr3", "cr0"):
            self._write(name, getattr(control, name))
        self._uc.msr_write(EFER, control.efer)
        for name in _SEGMENTS:
            self._write(name, getattr(segments, name).selector)
        self._write("fs_base", segments.fs.base)
        self._write("gs_base", segments.gs.base)
        task = segments.tr
        self._write("tr", (task.selector, task.base, task.limit, task.attributes << 8))
        self._write("cr2", control.cr2)
        self._write("cr8", control.cr8)
        self._write_all(state.debug)
        for name, number in x86.MSRS.items():
            self._uc.msr_write(number, getattr(state.system, name))
        self._write_floating(state.floating)
        self._write_all(state.general)

    def _read_segments(self, gdt: DescriptorTable) -> SegmentRegisters:
        read: dict[str, SegmentRegister] = {}
        for name in _SEGMENTS:
            selector = self._read(name)
            loaded: SegmentRegister | None = getattr(self._loaded, name, None)
            if loaded is not None and loaded.selector == selector:
                read[name] = loaded
            else:
                read[name] = self._descriptor(gdt, selector)
            if self._has_base(name):
                read[name] = replace(read[name], base=self._read(f"{name}_base"))
            # What was loaded may have been changed in memory since; then nobody could load it again.
            self._demand_descriptor(name, read[name], gdt)
        selector, base, limit, flags = self._read("tr")
        read["tr"] = SegmentRegister(selector=selector, base=base, limit=limit, attributes=flags >> 8 & 0xF0FF)
        read["ldt"] = SegmentRegister(selector=0, limit=0, attributes=0, unusable=True)
        return SegmentRegisters(**read)

    def _read_floating(self) -> FloatingPoint:
        status, full = self._read("fpsw"), self._read("fptag")
        top = status >> 11 & 7
        stack = []
        for number in range(8):
            mantissa, exponent = self._read(f"fp{(top + number) % 8}")
            stack.append(mantissa.to_bytes(8, "little") + exponent.to_bytes(2, "little"))
        return FloatingPoint(
            control=self._read("fpcw"),
            status=status,
            tags=sum(1 << number for number in range(8) if full >> 2 * number & 3 != _EMPTY),
            opcode=self._read("fop"),
            instruction=self._read("fip"),
            operand=self._read("fdp"),
            mxcsr=self._read("mxcsr"),
            st=(stack[0], stack[1], stack[2], stack[3], stack[4], stack[5], stack[6], stack[7]),
            xmm=tuple(self._read(f"xmm{number}").to_bytes(16, "little") for number in range(16)),
        )

    def _write_floating(self, state: FloatingPoint) -> None:
        top = state.status >> 11 & 7
        self._write("fpcw", state.control)
        self._write("fpsw", state.status)
        self._write("fptag", sum(_EMPTY << 2 * number for number in range(8) if not state.tags >> number & 1))
        self._write("fop", state.opcode)
        self._write("fip", state.instruction)
        self._write("fdp", state.operand)
        self._write("mxcsr", state.mxcsr)
        for number, value in enumerate(state.st):
            pair = int.from_bytes(value[:8], "little"), int.from_bytes(value[8:], "little")
            self._write(f"fp{(top + number) % 8}", pair)
        for number, value in enumerate(state.xmm):
            self._write(f"xmm{number}", int.from_bytes(value, "little"))

    def _read_table(self, name: str) -> DescriptorTable:
        _, base, limit, _ = self._read(name)
        return DescriptorTable(base=base, limit=limit)

    def _read_all(self, kind: type[msgspec.Struct]) -> dict[str, int]:
        return {name: self._read(name) for name in kind.__struct_fields__ if name in _REGISTERS}

    def _write_all(self, values: msgspec.Struct) -> None:
        for name in values.__struct_fields__:
            self._write(name, getattr(values, name))

    def _read(self, register: str) -> Any:
        """Read a register; one that this mode does not have is zero."""
        number = self._numbers[register]
        return 0 if number is None else self._uc.reg_read(number)

    def _write(self, register: str, value: Any) -> None:
        number = self._numbers[register]
        if number is not None:
            self._uc.reg_write(number, value)
