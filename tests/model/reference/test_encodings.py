"""Layouts that hardware and KVM define, against bytes written out by hand from their documentation."""

import struct

import pytest
from msgspec.structs import replace

from attorn.model.reference.devices.addresses import DISK_WINDOW
from attorn.model.reference.guests.board import Parameters as Board
from attorn.model.reference.guests.board import power_on
from attorn.model.reference.vmm import x86
from attorn.model.reference.vmm.cpu_state import (
    CpuMode,
    DebugRegisters,
    FloatingPoint,
    GeneralRegisters,
    SegmentRegister,
    SystemRegisters,
    difference,
)
from attorn.model.reference.vmm.fxsave import from_fxsave, to_fxsave
from attorn.model.reference.vmm.kvm import encoding
from attorn.model.reference.vmm.kvm.interface import Ioctl

STATE, _ = power_on(CpuMode.LONG, b"\xeb\xfe", Board(0x100000, 4 << 20))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        # As strace and the kernel's headers give them.
        ("CREATE_VM", 0xAE01),
        ("RUN", 0xAE80),
        ("SET_USER_MEMORY_REGION", 0x4020AE46),
        ("GET_REGS", 0x8090AE81),
        ("SET_SREGS", 0x4138AE84),
        ("GET_SUPPORTED_CPUID", 0xC008AE05),
        ("GET_XSAVE", 0x9000AEA4),
    ],
)
def test_ioctls_have_the_numbers_of_the_kernel(name, number):
    assert Ioctl[name] == number


def test_fxsave_lies_as_the_manual_says():
    """AMD64 APM vol. 2, figure 11-8: FCW 0, FSW 2, FTW 4, FOP 6, RIP 8, RDP 16, MXCSR 24, ST0 32, XMM0 160."""
    state = FloatingPoint(
        control=0x1111,
        status=0x2222,
        tags=0x33,
        opcode=0x444,
        instruction=0x5555,
        operand=0x6666,
        mxcsr=0x1F80,
        st=tuple(bytes([0x70 + n]) * 10 for n in range(8)),  # type: ignore[arg-type]
        xmm=tuple(bytes([0xA0 + n]) * 16 for n in range(16)),
    )
    area = to_fxsave(state)
    assert area[:28] == bytes.fromhex("1111 2222 33 00 4404 5555000000000000 6666000000000000 801f0000")
    assert area[32:48] == b"\x70" * 10 + bytes(6)
    assert area[144:154] == b"\x77" * 10
    assert area[160:176] == b"\xa0" * 16
    assert area[400:416] == b"\xaf" * 16
    assert len(area) == 512
    assert from_fxsave(area) == state


def test_a_part_that_xsave_leaves_out_is_in_its_initial_state():
    """The header's first word says what is given: 1 x87, 2 SSE. Stale bytes of a part not given do not count."""
    busy = FloatingPoint(control=0x27F, mxcsr=0x3F80, xmm=(b"\x01" * 16,) * 16)
    area = encoding.floating_to(busy)
    assert encoding.floating_from(area) == busy
    area[512] = 1
    assert encoding.floating_from(area) == replace(busy, xmm=FloatingPoint().xmm)
    area[512] = 2
    assert encoding.floating_from(area) == replace(busy, control=0x37F)
    assert encoding.components_beyond_sse(area) == 0
    area[512] = 7
    assert encoding.components_beyond_sse(area) == 4


def test_general_registers_lie_as_in_kvm_regs():
    """struct kvm_regs: rax rbx rcx rdx rsi rdi rsp rbp r8 ... r15 rip rflags."""
    first = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp")
    names = (*first, *(f"r{number}" for number in range(8, 16)), "rip", "rflags")
    state = GeneralRegisters(**{name: 100 + at for at, name in enumerate(names)})
    assert encoding.general_to(state) == struct.pack("<18Q", *range(100, 118))
    assert encoding.general_from(encoding.general_to(state)) == state


def test_special_registers_lie_as_in_kvm_sregs():
    """Eight segments of 24 bytes (cs ds es fs gs ss tr ldt), two tables of 16, then cr0 cr2 cr3 cr4 cr8 efer."""
    parts = (STATE.segments, STATE.gdt, STATE.idt, STATE.control)
    packed = encoding.special_to(parts)
    assert len(packed) == 312
    # cs: base, limit, selector, type 11, present, level 3, not 32-bit, not system, 64-bit, in pages.
    assert packed[:24] == struct.pack("<QIH9Bx", 0, 0xFFFFFFFF, 0x33, 11, 1, 3, 0, 1, 1, 1, 0, 0)
    assert struct.unpack_from("<Q", packed, 3 * 24) == (STATE.segments.fs.base,)
    assert struct.unpack_from("<QH", packed, 192) == (STATE.gdt.base, STATE.gdt.limit)
    control = STATE.control
    assert struct.unpack_from("<6Q", packed, 224) == (control.cr0, 0, control.cr3, control.cr4, 0, control.efer)
    assert encoding.special_from(packed) == parts


def test_debug_and_system_registers_come_back():
    debug = DebugRegisters(dr0=1, dr1=2, dr2=3, dr3=4, dr6=5, dr7=6)
    assert encoding.debug_from(encoding.debug_to(debug)) == debug
    system = SystemRegisters(**{name: at + 1 for at, name in enumerate(SystemRegisters.__struct_fields__)})
    packed = encoding.msrs_to(system)
    assert struct.unpack_from("<IIIIQ", packed) == (9, 0, 0xC0000081, 0, 1)
    assert encoding.msrs_from(packed) == system


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [(0, 1, "exception"), (3, 1, "exception"), (8, 1, "interrupt"), (12, 1, "non-maskable"), (13, 1, "non-maskable")],
)
def test_an_event_that_waits_is_told(at, value, says):
    events = bytearray(64)
    assert encoding.pending_event(events) is None
    events[at] = value
    assert says in str(encoding.pending_event(events))


@pytest.mark.parametrize(
    ("segment", "bits"),
    [
        # Linux's flat user code and data: arch/x86/kernel/cpu/common.c, GDT_ENTRY_INIT(0xa0fb / 0xc0f3, 0, 0xfffff).
        (SegmentRegister(selector=0x33, attributes=0xA0FB), 0x00AFFB000000FFFF),
        (SegmentRegister(selector=0x2B, attributes=0xC0F3), 0x00CFF3000000FFFF),
        (SegmentRegister(selector=8, base=0x12345678, limit=0xABCDE, attributes=0x0093), 0x120A93345678BCDE),
    ],
)
def test_descriptors_are_encoded_as_the_processor_reads_them(segment, bits):
    assert x86.descriptor(segment) == bits.to_bytes(8, "little")
    assert x86.segment_from_descriptor(segment.selector, bits.to_bytes(8, "little")) == segment


def walk(tables, at, address):
    """Translate an address as the processor does, for pages of 2 MiB; None where nothing is mapped."""
    table = at
    for shift in (39, 30, 21):
        entry = int.from_bytes(tables[table - at + 8 * (address >> shift & 511) :][:8], "little")
        if not entry & 1:
            return None
        assert entry & 6 == 6, "writable, for privilege level 3"
        table = entry & 0xFFFFFFFFFF000
    return table | address & 0x1FFFFF


@pytest.mark.parametrize("gib", [1, 3, 8])
def test_page_tables_map_memory_to_itself_and_nothing_else(gib):
    end = (gib << 30) - (2 << 20)
    tables = x86.page_tables(0x1000, end, (DISK_WINDOW,))
    assert [walk(tables, 0x1000, a) for a in (0, 0x12345, end - 1)] == [0, 0x12345, end - 1]
    assert walk(tables, 0x1000, end) is None
    assert walk(tables, 0x1000, DISK_WINDOW + 24) == DISK_WINDOW + 24
    assert walk(tables, 0x1000, DISK_WINDOW + (2 << 20)) is None


def test_a_difference_is_told_by_name():
    other = replace(STATE, general=replace(STATE.general, rax=5))
    assert difference(STATE, other) == "general.rax 0x0, not 0x5"
    assert difference(STATE, STATE) == "nothing"
