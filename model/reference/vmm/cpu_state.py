"""The state of a vCPU between two instructions, in the terms of no engine.

Every field is architectural (AMD64 APM vol. 2, Intel SDM vol. 3). An engine that cannot give or take one of them says
so before the VM is suspended (``Engine.refusal``); none is dropped.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = [
    "ControlRegisters",
    "CpuMode",
    "CpuRequirements",
    "CpuState",
    "DebugRegisters",
    "DescriptorTable",
    "FloatingPoint",
    "GeneralRegisters",
    "SegmentRegister",
    "SegmentRegisters",
    "SystemRegisters",
    "difference",
]

Word16 = Annotated[int, Meta(ge=0, lt=1 << 16)]
Word32 = Annotated[int, Meta(ge=0, lt=1 << 32)]
# msgspec cannot check a bound of 2⁶⁴; MessagePack carries no larger number anyway.
Word64 = Annotated[int, Meta(ge=0)]
Bytes10 = Annotated[bytes, Meta(min_length=10, max_length=10)]
Bytes16 = Annotated[bytes, Meta(min_length=16, max_length=16)]


class CpuMode(Enum):
    """In which mode a guest executes."""

    LONG = "64-bit, privilege level 3, with page tables"
    PROTECTED = "32-bit flat, without page tables"


class GeneralRegisters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The integer registers, the instruction pointer and the flags."""

    rax: Word64 = 0
    rbx: Word64 = 0
    rcx: Word64 = 0
    rdx: Word64 = 0
    rsi: Word64 = 0
    rdi: Word64 = 0
    rsp: Word64 = 0
    rbp: Word64 = 0
    r8: Word64 = 0
    r9: Word64 = 0
    r10: Word64 = 0
    r11: Word64 = 0
    r12: Word64 = 0
    r13: Word64 = 0
    r14: Word64 = 0
    r15: Word64 = 0
    rip: Word64
    rflags: Word64 = 2


class SegmentRegister(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A segment register with its hidden part.

    attributes: bits as in the second word of a descriptor, from bit 8 on: 0-3 type, 4 not system, 5-6 privilege level,
                7 present, 12 available, 13 64-bit code, 14 32-bit, 15 limit in pages.
    limit:      in bytes, already scaled.
    """

    selector: Word16
    base: Word64 = 0
    limit: Word32 = 0xFFFFFFFF
    attributes: Word16
    unusable: bool = False


class SegmentRegisters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All segment registers, the task register and the local descriptor table."""

    cs: SegmentRegister
    ds: SegmentRegister
    es: SegmentRegister
    fs: SegmentRegister
    gs: SegmentRegister
    ss: SegmentRegister
    tr: SegmentRegister
    ldt: SegmentRegister


class DescriptorTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a descriptor table lies; ``limit`` is its size in bytes, less one."""

    base: Word64 = 0
    limit: Word16 = 0


class ControlRegisters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Control registers and EFER."""

    cr0: Word64
    cr2: Word64 = 0
    cr3: Word64 = 0
    cr4: Word64 = 0
    cr8: Word64 = 0
    efer: Word64 = 0


class DebugRegisters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Breakpoint addresses, status and control."""

    dr0: Word64 = 0
    dr1: Word64 = 0
    dr2: Word64 = 0
    dr3: Word64 = 0
    dr6: Word64 = 0xFFFF0FF0
    dr7: Word64 = 0x400


class FloatingPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The x87 and SSE registers, with the contents of an FXSAVE area.

    tags: the abridged tag word: bit i is set where physical register i is in use.
    st:   the x87 registers from the top of the stack on.
    """

    control: Word16 = 0x37F
    status: Word16 = 0
    tags: Annotated[int, Meta(ge=0, lt=256)] = 0
    opcode: Word16 = 0
    instruction: Word64 = 0
    operand: Word64 = 0
    mxcsr: Word32 = 0x1F80
    st: tuple[Bytes10, Bytes10, Bytes10, Bytes10, Bytes10, Bytes10, Bytes10, Bytes10] = (bytes(10),) * 8
    xmm: Annotated[tuple[Bytes16, ...], Meta(min_length=16, max_length=16)] = (bytes(16),) * 16


class SystemRegisters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model-specific registers that a guest can have changed, or can be affected by."""

    star: Word64 = 0
    lstar: Word64 = 0
    cstar: Word64 = 0
    syscall_mask: Word64 = 0
    kernel_gs_base: Word64 = 0
    sysenter_cs: Word64 = 0
    sysenter_esp: Word64 = 0
    sysenter_eip: Word64 = 0
    page_attributes: Word64 = 0x0007040600070406


class CpuState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of a vCPU that decides how a guest goes on."""

    general: GeneralRegisters
    segments: SegmentRegisters
    gdt: DescriptorTable = DescriptorTable()
    idt: DescriptorTable = DescriptorTable()
    control: ControlRegisters
    debug: DebugRegisters = DebugRegisters()
    floating: FloatingPoint = FloatingPoint()
    system: SystemRegisters = SystemRegisters()


class CpuRequirements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest needs of any VMM that is to execute it: fixed when the VM is made, known before it is suspended.

    features: names of CPU features that the guest was told it has (``vmm.cpu_model``).
    """

    version: int = 1
    mode: CpuMode
    features: frozenset[str] = frozenset()
    vcpus: Annotated[int, Meta(ge=1)] = 1


def difference(one: msgspec.Struct, other: msgspec.Struct) -> str:
    """Say in which fields two states of the same kind differ, as ``segments.cs.limit 0xfffff, not 0xffffffff``."""
    return ", ".join(_differences(one, other, "")) or "nothing"


def _differences(one: msgspec.Struct, other: msgspec.Struct, path: str) -> list[str]:
    found = []
    for name in one.__struct_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, msgspec.Struct):
            found += _differences(mine, theirs, f"{path}{name}.")
        elif mine != theirs:
            found.append(f"{path}{name} {_shown(mine)}, not {_shown(theirs)}")
    return found


def _shown(value: object) -> str:
    return hex(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
