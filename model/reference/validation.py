"""What a configuration must agree with before anything is touched: the firmware's table, and what a CPU can be."""

from __future__ import annotations

from attorn.model.reference.configuration import Configuration
from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.grants import Grant
from attorn.model.reference.refusals import Forged
from attorn.model.reference.vmm.cpu_state import CpuRequirements, CpuState, DescriptorTable, SegmentRegister

__all__ = ["validate"]

LIMIT = 1 << 64
CANONICAL = 1 << 47
PAE, LME, LMA, PG, PE, NX = 1 << 5, 1 << 8, 1 << 10, 1 << 31, 1, 1 << 11
SCE = 1
KNOWN_EFER = SCE | LME | LMA | NX | 1 << 12 | 1 << 14 | 1 << 15
KNOWN_CR0 = PE | 0x3E | 1 << 16 | 1 << 18 | 1 << 29 | 1 << 30 | PG
KNOWN_CR4 = 0x77FFFF & ~(1 << 15) & ~(1 << 19)
KNOWN_FLAGS = 0x3F7FD7
KNOWN_MXCSR = 0xFFFF
KNOWN_PAT = (0, 1, 4, 5, 6, 7)


def validate(
    configuration: Configuration,
    grant: Grant,
    here: str,
    requirements: CpuRequirements,
    devices: tuple[type[DeviceState], ...],
) -> None:
    """Raise Forged unless a configuration says exactly what the firmware's table says, of a CPU that can be.

    here: the partition that is to take the VM.  requirements, devices: those of the guest that the VM is made of.
    """
    _same("VM", configuration.vm, grant.vm)
    _same("source", configuration.source, grant.source)
    _same("target", configuration.target, here)
    if grant.intent:
        _same("destination on record", grant.target, here)
    _same("epoch", configuration.epoch, grant.epoch)
    _validate_segments(configuration, grant)
    _same("requirements", configuration.requirements, requirements)
    validate_cpu(configuration.cpu)
    kinds = [type(each).__name__ for each in configuration.devices]
    _same("devices", ", ".join(kinds) or "none", ", ".join(each.__name__ for each in devices) or "none")


def _validate_segments(configuration: Configuration, grant: Grant) -> None:
    known = {each.segment: each.guest_address for each in grant.segments}
    seen: set[int] = set()
    addresses: dict[int, int] = {}
    for each in configuration.segments:
        where = f"segment {each.segment}"
        if each.segment in seen:
            raise _forged(f"{where} is listed twice.")
        seen.add(each.segment)
        if each.segment not in known:
            raise _forged(f"{where} is not allocated to VM {grant.vm}; the firmware lists {_few(known)}.")
        if each.size != grant.size:
            raise _forged(f"{where} has {each.size} bytes; the firmware's segments have {grant.size}.")
        if each.guest_address in addresses:
            raise _forged(f"{where} and segment {addresses[each.guest_address]} share address {each.guest_address:#x}.")
        addresses[each.guest_address] = each.segment
        if each.guest_address != known[each.segment]:
            raise _forged(
                f"{where} is said to be at guest address {each.guest_address:#x}; "
                f"the firmware has it at {known[each.segment]:#x}."
            )
    missing = sorted(known.keys() - seen)
    if missing:
        raise _forged(f"segment {missing[0]} is allocated to VM {grant.vm}, and not listed.")


def validate_cpu(cpu: CpuState) -> None:
    """Raise Forged for a state that no CPU of this kind can be in, whether or not an engine would accept it."""
    for group in ("general", "control", "debug", "system"):
        values = getattr(cpu, group)
        for name in values.__struct_fields__:
            _require(0 <= getattr(values, name) < LIMIT, f"{name} has more than 64 bits")
    control, flags = cpu.control, cpu.general.rflags
    _require(flags & 2 != 0 and not flags & ~KNOWN_FLAGS, f"rflags {flags:#x} has reserved bits that are not as fixed")
    _require(not flags & 1 << 17, "rflags asks for virtual-8086 mode, which no guest here uses")
    _require(not control.cr0 & ~KNOWN_CR0, f"cr0 {control.cr0:#x} has reserved bits")
    _require(not control.cr0 & PG or bool(control.cr0 & PE), f"cr0 {control.cr0:#x} has paging without protection")
    _require(not control.cr0 & 1 << 29 or bool(control.cr0 & 1 << 30), f"cr0 {control.cr0:#x} has NW without CD")
    _require(not control.cr4 & ~KNOWN_CR4, f"cr4 {control.cr4:#x} has reserved bits")
    _require(control.cr8 < 16, f"cr8 is {control.cr8}; priorities are 0 to 15")
    _require(not control.efer & ~KNOWN_EFER, f"efer {control.efer:#x} has reserved bits")
    _require(control.cr3 < 1 << 52, f"cr3 {control.cr3:#x} lies outside physical memory")
    if control.efer & LMA:
        _require(bool(control.efer & LME), "efer has LMA without LME")
        _require(bool(control.cr0 & PG), "efer has LMA without paging")
        _require(bool(control.cr4 & PAE), "efer has LMA without cr4.PAE")
        _require(_canonical(cpu.general.rip), f"rip {cpu.general.rip:#x} is not canonical")
        for name in ("lstar", "cstar", "kernel_gs_base"):
            value = getattr(cpu.system, name)
            _require(_canonical(value), f"{name} {value:#x} is not canonical")
    else:
        _require(not (control.efer & LME and control.cr0 & PG), "efer has LME and paging without LMA")
    _require(not cpu.floating.mxcsr & ~KNOWN_MXCSR, f"mxcsr {cpu.floating.mxcsr:#x} has reserved bits")
    for byte in cpu.system.page_attributes.to_bytes(8, "little"):
        _require(byte in KNOWN_PAT, f"page attribute {byte:#x} is of no known memory type")
    _require(not cpu.debug.dr6 >> 32 and not cpu.debug.dr7 >> 32, "dr6 or dr7 has more than 32 bits")
    _validate_segment_registers(cpu)


def _validate_segment_registers(cpu: CpuState) -> None:
    code = cpu.segments.cs
    _require(not code.unusable, "cs is unusable")
    for name in cpu.segments.__struct_fields__:
        register: SegmentRegister = getattr(cpu.segments, name)
        _require(register.base < LIMIT, f"the base of {name} has more than 64 bits")
        _require(not register.attributes & ~0xF0FF, f"the attributes {register.attributes:#x} of {name} are reserved")
        if name in ("cs", "ds", "es", "ss") and cpu.control.efer & LMA == 0:
            _require(register.base < 1 << 32, f"the base of {name} has more than 32 bits in 32-bit mode")
    kind = code.attributes & 0x1F
    _require(kind & 0x18 == 0x18, f"cs has attributes {code.attributes:#x}, which are not of code")
    _require(bool(code.attributes & 0x80), "cs is not present")
    long, wide = bool(code.attributes & 1 << 13), bool(code.attributes & 1 << 14)
    _require(not (long and wide), "cs is 64-bit and 32-bit at once")
    for name in ("ds", "es", "fs", "gs", "ss"):
        data: SegmentRegister = getattr(cpu.segments, name)
        if not data.unusable and data.selector & ~3:
            _require(bool(data.attributes & 0x10), f"{name} holds a system descriptor")
    task = cpu.segments.tr
    _require(not task.selector & 4, "tr selects the local table")
    for name, table in (("gdt", cpu.gdt), ("idt", cpu.idt)):
        _validate_table(name, table)


def _validate_table(name: str, table: DescriptorTable) -> None:
    _require(table.base < LIMIT and _canonical(table.base), f"the base of the {name} {table.base:#x} is not canonical")


def _canonical(address: int) -> bool:
    return address < CANONICAL or LIMIT - CANONICAL <= address < LIMIT


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise _forged(f"{otherwise}.")


def _same(what: str, said: object, known: object) -> None:
    if said != known:
        raise _forged(f"its {what} is {said}; expected {known}.")


def _few(segments: dict[int, int]) -> str:
    listed = ", ".join(map(str, list(segments)[:6]))
    return listed + (" and more" if len(segments) > 6 else "")


def _forged(why: str) -> Forged:
    return Forged(f"the configuration is refused: {why}")
