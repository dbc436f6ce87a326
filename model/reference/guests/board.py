"""What lies where in a guest's memory when it is powered on, and the state of its vCPU then."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from msgspec.structs import replace

from attorn.model.reference.devices.addresses import DISK_WINDOW
from attorn.model.reference.vmm import x86
from attorn.model.reference.vmm.cpu_state import (
    ControlRegisters,
    CpuMode,
    CpuState,
    DescriptorTable,
    GeneralRegisters,
    SegmentRegister,
    SegmentRegisters,
)
from attorn.spec.errors import BadInput

__all__ = [
    "CODE",
    "FREE",
    "PARAMETERS",
    "Parameters",
    "power_on",
]

# Guest-physical addresses. All but FREE lies in the first MiB.
GDT, PAGE_TABLES, TASK_STATE, PARAMETERS, CODE, STACK = 0x500, 0x1000, 0x50000, 0x60000, 0x70000, 0xA0000
FREE = 0x100000
"""From here on memory is the program's."""
_PARAMETERS = struct.Struct("<6Q")
_MIB = 1 << 20

_NULL = SegmentRegister(selector=0, limit=0, attributes=0, unusable=True)
# As Linux has it in its 64-bit programs: a host that executes guests as such shows them its own selectors.
_LONG = SegmentRegisters(
    cs=SegmentRegister(selector=0x33, attributes=0xA0FB),
    ds=_NULL,
    es=_NULL,
    fs=replace(_NULL, base=PARAMETERS + 0x100),
    gs=replace(_NULL, base=PARAMETERS + 0x200),
    ss=SegmentRegister(selector=0x2B, attributes=0xC0F3),
    tr=SegmentRegister(selector=0x40, base=TASK_STATE, limit=104 + 8192, attributes=0x008B),
    ldt=_NULL,
)
_FLAT_DATA = SegmentRegister(selector=0x10, attributes=0xC093)
_FLAT = SegmentRegisters(
    cs=SegmentRegister(selector=0x08, attributes=0xC09B),
    ds=_FLAT_DATA,
    es=_FLAT_DATA,
    fs=_FLAT_DATA,
    gs=_FLAT_DATA,
    ss=_FLAT_DATA,
    tr=SegmentRegister(selector=0x40, base=TASK_STATE, limit=104 + 8192, attributes=0x008B),
    ldt=_NULL,
)


@dataclass(frozen=True)
class Parameters:
    """What a program is told at ``PARAMETERS``, six numbers of 64 bits in this order.

    first, end: the memory that it may use, in guest addresses.
    stride:     bytes from one cell to the next, for the memory witness.
    pace:       microseconds of guest time between two steps of work; 0 is as fast as can be.
    terms:      how much work is one unit, as the program understands it.
    """

    first: int
    end: int
    stride: int = 4096 + 64
    pace: int = 0
    terms: int = 0

    def packed(self) -> bytes:
        """Lay the parameters out as the programs read them."""
        return _PARAMETERS.pack(self.first, self.end, self.stride, self.pace, self.terms, 0)


def power_on(mode: CpuMode, code: bytes, parameters: Parameters) -> tuple[CpuState, dict[int, bytes]]:
    """Give the state of the vCPU at its first instruction, and what must lie in memory then, by guest address.

    The program starts at ``CODE`` with the address of its parameters in RDI and a stack below ``STACK``.
    """
    if parameters.end > DISK_WINDOW or parameters.end < 2 * _MIB:
        raise BadInput(f"a guest has from 2 MiB to 64 GiB of memory, and not {parameters.end / _MIB:g} MiB")
    if len(code) > STACK - CODE - 0x10000:
        raise BadInput(f"a program has at most {STACK - CODE - 0x10000} bytes, and not {len(code)}")
    return (_long_mode if mode is CpuMode.LONG else _protected_mode)(code, parameters)


def _long_mode(code: bytes, parameters: Parameters) -> tuple[CpuState, dict[int, bytes]]:
    gdt = _descriptor_table(_LONG, wide=True)
    state = CpuState(
        general=GeneralRegisters(rip=CODE, rdi=PARAMETERS, rsp=STACK - 64, rflags=0x202),
        segments=_LONG,
        gdt=DescriptorTable(base=GDT, limit=len(gdt) - 1),
        # PE MP ET NE WP AM PG; TSD PAE OSFXSR OSXMMEXCPT; SCE LME LMA NXE.
        control=ControlRegisters(cr0=0x80050033, cr3=PAGE_TABLES, cr4=0x624, efer=0xD01),
    )
    return state, {
        GDT: gdt,
        PAGE_TABLES: x86.page_tables(PAGE_TABLES, parameters.end, (DISK_WINDOW,)),
        TASK_STATE: x86.task_state(),
        **_program(code, parameters),
    }


def _protected_mode(code: bytes, parameters: Parameters) -> tuple[CpuState, dict[int, bytes]]:
    gdt = _descriptor_table(_FLAT, wide=False)
    state = CpuState(
        general=GeneralRegisters(rip=CODE, rdi=PARAMETERS, rsp=STACK - 64),
        segments=_FLAT,
        gdt=DescriptorTable(base=GDT, limit=len(gdt) - 1),
        control=ControlRegisters(cr0=0x31),
    )
    return state, {GDT: gdt, TASK_STATE: x86.task_state(), **_program(code, parameters)}


def _program(code: bytes, parameters: Parameters) -> dict[int, bytes]:
    # What FS and GS point at tells a program whether their bases are right.
    magic = (0x5EA15EA1_0F50F50F).to_bytes(8, "little"), (0x5EA15EA1_06506506).to_bytes(8, "little")
    return {CODE: code, PARAMETERS: parameters.packed(), PARAMETERS + 0x100: magic[0], PARAMETERS + 0x200: magic[1]}


def _descriptor_table(segments: SegmentRegisters, wide: bool) -> bytes:
    """Lay out a GDT in which every selector in use finds exactly the segment that the state says."""
    table = bytearray(0x50)
    for segment in (segments.cs, segments.ss):
        at = segment.selector & ~7
        table[at : at + 8] = x86.descriptor(segment)
    at = segments.tr.selector
    entry = x86.descriptor(segments.tr, wide)
    table[at : at + len(entry)] = entry
    return bytes(table)
