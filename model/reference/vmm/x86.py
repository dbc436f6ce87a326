"""Bits and tables of the x86 architecture that both engines and the guests need (AMD64 APM vol. 2)."""

from __future__ import annotations

from attorn.model.reference.vmm.cpu_state import SegmentRegister

__all__ = [
    "MSRS",
    "descriptor",
    "page_tables",
    "segment_from_descriptor",
    "task_state",
]

GIB, HUGE_PAGE, PAGE = 1 << 30, 2 << 20, 4096

MSRS = {
    "star": 0xC0000081,
    "lstar": 0xC0000082,
    "cstar": 0xC0000083,
    "syscall_mask": 0xC0000084,
    "kernel_gs_base": 0xC0000102,
    "sysenter_cs": 0x174,
    "sysenter_esp": 0x175,
    "sysenter_eip": 0x176,
    "page_attributes": 0x277,
}
"""Which model-specific register each field of SystemRegisters is."""

_PRESENT, _WRITABLE, _USER, _LARGE = 1, 2, 4, 128
_CACHE_DISABLED = 16
_PAGES = 1 << 15


def descriptor(segment: SegmentRegister, wide: bool = False) -> bytes:
    """Encode a segment as it stands in a descriptor table; ``wide`` for system segments in 64-bit mode."""
    limit = segment.limit >> 12 if segment.attributes & _PAGES else segment.limit
    base, attributes = segment.base, segment.attributes
    low = limit & 0xFFFF | (base & 0xFFFFFF) << 16 | (attributes & 0xFF) << 40
    low |= (limit >> 16 & 0xF) << 48 | (attributes >> 12 & 0xF) << 52 | (base >> 24 & 0xFF) << 56
    return low.to_bytes(8, "little") + ((base >> 32).to_bytes(8, "little") if wide else b"")


def segment_from_descriptor(selector: int, entry: bytes) -> SegmentRegister:
    """Decode a descriptor (8 bytes, or 16 of a system segment in 64-bit mode) as loading ``selector`` does."""
    low = int.from_bytes(entry[:8], "little")
    attributes = low >> 40 & 0xFF | (low >> 52 & 0xF) << 12
    limit = low & 0xFFFF | (low >> 48 & 0xF) << 16
    if attributes & _PAGES:
        limit = limit << 12 | 0xFFF
    base = low >> 16 & 0xFFFFFF | (low >> 56 & 0xFF) << 24 | int.from_bytes(entry[8:], "little") << 32
    return SegmentRegister(selector=selector, base=base, limit=limit, attributes=attributes)


def page_tables(at: int, memory_end: int, windows: tuple[int, ...]) -> bytes:
    """Build tables, to lie at guest address ``at``, that map every address to itself for privilege level 3.

    memory_end: memory from 0 up to here is mapped, in pages of 2 MiB.
    windows:    one uncached page of 2 MiB is mapped at each of these, for memory-mapped registers.
    """
    gibs = sorted({*range((memory_end + GIB - 1) // GIB), *(window // GIB for window in windows)})
    if gibs[-1] >= 512:
        raise ValueError("page tables reach 512 GiB")
    directory = at + 2 * PAGE
    top = (at + PAGE | _PRESENT | _WRITABLE | _USER).to_bytes(8, "little").ljust(PAGE, b"\0")
    pointers = bytearray(PAGE)
    tables = bytearray()
    for number, gib in enumerate(gibs):
        entry = directory + number * PAGE | _PRESENT | _WRITABLE | _USER
        pointers[8 * gib : 8 * gib + 8] = entry.to_bytes(8, "little")
        for address in range(gib * GIB, (gib + 1) * GIB, HUGE_PAGE):
            flags = _PRESENT | _WRITABLE | _USER | _LARGE
            if address in windows:
                flags |= _CACHE_DISABLED
            elif address >= memory_end:
                flags = 0
            tables += (address | flags if flags else 0).to_bytes(8, "little")
    return top + bytes(pointers) + bytes(tables)


def task_state(size: int = 104) -> bytes:
    """Build a task-state segment whose bitmap lets every privilege level use every I/O port."""
    tss = bytearray(size + 8192 + 1)
    tss[102:104] = size.to_bytes(2, "little")
    tss[-1] = 0xFF
    return bytes(tss)
