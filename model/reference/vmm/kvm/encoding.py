"""From the neutral state of a vCPU to KVM's structures and back (arch/x86/include/uapi/asm/kvm.h)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from msgspec.structs import replace

from attorn.model.reference.vmm.cpu_state import (
    ControlRegisters,
    DebugRegisters,
    DescriptorTable,
    FloatingPoint,
    GeneralRegisters,
    SegmentRegister,
    SegmentRegisters,
    SystemRegisters,
)
from attorn.model.reference.vmm.fxsave import from_fxsave, to_fxsave
from attorn.model.reference.vmm.x86 import MSRS

__all__ = [
    "SpecialRegisters",
    "components_beyond_sse",
    "debug_from",
    "debug_to",
    "floating_from",
    "floating_to",
    "general_from",
    "general_to",
    "msrs_from",
    "msrs_to",
    "pending_event",
    "special_from",
    "special_to",
]

SpecialRegisters = tuple[SegmentRegisters, DescriptorTable, DescriptorTable, ControlRegisters]

_GENERAL = struct.Struct("<18Q")
_SEGMENT = struct.Struct("<QIH9Bx")
_TABLE = struct.Struct("<QH6x")
_CONTROL = struct.Struct("<7Q")
_DEBUG = struct.Struct("<6Q80x")
_MSR = struct.Struct("<I4xQ")
_SEGMENTS = ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt")
_GENERAL_NAMES = GeneralRegisters.__struct_fields__

# KVM's local APIC is not used, but its base must stay as it is at reset: enabled, of the bootstrap processor.
_APIC_BASE = 0xFEE00900
_XSAVE_SIZE, _XSTATE_BV, _X87_AND_SSE = 4096, 512, 3


def general_to(state: GeneralRegisters) -> bytearray:
    """Fill a struct kvm_regs."""
    return bytearray(_GENERAL.pack(*(getattr(state, name) for name in _GENERAL_NAMES)))


def general_from(regs: bytes | bytearray) -> GeneralRegisters:
    """Read a struct kvm_regs, whose order is that of GeneralRegisters."""
    return GeneralRegisters(**dict(zip(_GENERAL_NAMES, _GENERAL.unpack(regs), strict=True)))


def special_to(parts: SpecialRegisters) -> bytearray:
    """Fill a struct kvm_sregs."""
    segments, gdt, idt, control = parts
    packed = b"".join(_pack_segment(getattr(segments, name)) for name in _SEGMENTS)
    packed += _TABLE.pack(gdt.base, gdt.limit) + _TABLE.pack(idt.base, idt.limit)
    packed += _CONTROL.pack(
        control.cr0, control.cr2, control.cr3, control.cr4, control.cr8, control.efer, _APIC_BASE
    ) + bytes(32)
    return bytearray(packed)


def special_from(sregs: bytes | bytearray) -> SpecialRegisters:
    """Read a struct kvm_sregs."""
    at = len(_SEGMENTS) * _SEGMENT.size
    pieces = [_unpack_segment(sregs[24 * i : 24 * (i + 1)]) for i in range(len(_SEGMENTS))]
    gdt, idt = (DescriptorTable(base=base, limit=limit) for base, limit in _TABLE.iter_unpack(sregs[at : at + 32]))
    cr0, cr2, cr3, cr4, cr8, efer, _ = _CONTROL.unpack_from(sregs, at + 32)
    control = ControlRegisters(cr0=cr0, cr2=cr2, cr3=cr3, cr4=cr4, cr8=cr8, efer=efer)
    return SegmentRegisters(**dict(zip(_SEGMENTS, pieces, strict=True))), gdt, idt, control


def _pack_segment(segment: SegmentRegister) -> bytes:
    a = segment.attributes
    kind, system, level, present = a & 15, a >> 4 & 1, a >> 5 & 3, a >> 7 & 1
    available, long, big, pages = a >> 12 & 1, a >> 13 & 1, a >> 14 & 1, a >> 15 & 1
    return _SEGMENT.pack(
        *(segment.base, segment.limit, segment.selector),
        *(kind, present, level, big, system, long, pages, available, segment.unusable),
    )


def _unpack_segment(packed: bytes | bytearray) -> SegmentRegister:
    base, limit, selector, kind, present, level, big, system, long, pages, available, unusable = _SEGMENT.unpack(packed)
    attributes = kind | system << 4 | level << 5 | present << 7 | available << 12 | long << 13 | big << 14 | pages << 15
    return SegmentRegister(selector=selector, base=base, limit=limit, attributes=attributes, unusable=bool(unusable))


def debug_to(state: DebugRegisters) -> bytearray:
    """Fill a struct kvm_debugregs."""
    return bytearray(_DEBUG.pack(state.dr0, state.dr1, state.dr2, state.dr3, state.dr6, state.dr7))


def debug_from(packed: bytes | bytearray) -> DebugRegisters:
    """Read a struct kvm_debugregs."""
    return DebugRegisters(**dict(zip(DebugRegisters.__struct_fields__, _DEBUG.unpack(packed), strict=True)))


def floating_to(state: FloatingPoint) -> bytearray:
    """Fill a struct kvm_xsave: the FXSAVE area, and a header that says that both its parts are given."""
    area = bytearray(_XSAVE_SIZE)
    area[:512] = to_fxsave(state)
    area[_XSTATE_BV] = _X87_AND_SSE
    return area


def floating_from(area: bytes | bytearray) -> FloatingPoint:
    """Read a struct kvm_xsave.

    A part whose bit is clear in the header is in its initial state, whatever its bytes are; MXCSR belongs to neither.
    """
    given, state, fresh = area[_XSTATE_BV], from_fxsave(bytes(area[:512])), FloatingPoint()
    if not given & 1:
        state = replace(fresh, mxcsr=state.mxcsr, xmm=state.xmm)
    return state if given & 2 else replace(state, xmm=fresh.xmm)


def components_beyond_sse(area: bytes | bytearray) -> int:
    """Say which state components of an XSAVE area other than x87 and SSE are in use, as a mask of their numbers."""
    return int.from_bytes(area[_XSTATE_BV : _XSTATE_BV + 8], "little") & ~_X87_AND_SSE


def msrs_to(state: SystemRegisters) -> bytearray:
    """Fill a struct kvm_msrs with entries."""
    entries = b"".join(_MSR.pack(number, getattr(state, name)) for name, number in MSRS.items())
    return bytearray(struct.pack("<I4x", len(MSRS)) + entries)


def msrs_from(packed: bytes | bytearray) -> SystemRegisters:
    """Read a struct kvm_msrs whose entries are those of ``MSRS``, in order."""
    values: Sequence[tuple[int, int]] = list(_MSR.iter_unpack(packed[8:]))
    return SystemRegisters(**{name: value for name, (_, value) in zip(MSRS, values, strict=True)})


def pending_event(events: bytes | bytearray) -> str | None:
    """Say what a struct kvm_vcpu_events holds that waits to be delivered; None when nothing does.

    The shadow of STI and MOV SS is not asked: it only delays interrupts, and nothing here interrupts a guest.
    """
    exception_injected, vector, _, exception_pending = events[0:4]
    interrupt_injected, interrupt = events[8], events[9]
    nmi_injected, nmi_pending = events[12], events[13]
    if exception_injected or exception_pending:
        return f"exception {vector}"
    if interrupt_injected:
        return f"interrupt {interrupt}"
    if nmi_injected or nmi_pending:
        return "a non-maskable interrupt"
    return None
