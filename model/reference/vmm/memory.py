"""Guest memory as a VMM sees it: pieces of files mapped side by side in one range of addresses."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass

from attorn.spec.errors import BadInput

__all__ = ["GuestMemory", "MemoryRange", "Region", "UnfitMemory"]

PAGE = 4096
HUGE_PAGE, GIGANTIC_PAGE = 2 << 20, 1 << 30
PROT_NONE, PROT_READ_WRITE = 0, 3
MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE = 0x01, 0x02, 0x10, 0x20, 0x4000
FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.munmap.restype = ctypes.c_int
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


class UnfitMemory(BadInput):
    """Ranges of guest memory that overlap, reach past their file, or do not lie on page boundaries."""


@dataclass(frozen=True)
class MemoryRange:
    """``size`` bytes of an open file from ``offset`` on, at the guest-physical ``address``. All in bytes."""

    descriptor: int
    offset: int
    size: int
    address: int

    @property
    def end(self) -> int:
        """The first guest-physical address behind it."""
        return self.address + self.size


@dataclass(frozen=True)
class Region:
    """Guest-physical addresses that lie in one piece in this process, at ``host``."""

    address: int
    size: int
    host: int


class GuestMemory:
    """The memory of one guest, mapped into this process until ``unmap``.

    Cost: one mmap for each range; nothing is read, written or populated.
    """

    def __init__(self, ranges: Sequence[MemoryRange]) -> None:
        self.ranges = tuple(sorted(ranges, key=lambda each: each.address))
        _check(self.ranges)
        first, end = self.ranges[0].address, self.ranges[-1].end
        # Room for all is reserved at once, aligned as huge pages need it; what no segment covers stays unmapped.
        alignment = GIGANTIC_PAGE if end - first >= GIGANTIC_PAGE else HUGE_PAGE
        self._reserved = end - first + alignment
        base = _map(None, self._reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        self._base: int | None = base
        self._shift = base + (first - base) % alignment - first
        try:
            for piece in self.ranges:
                _map(
                    self._shift + piece.address,
                    piece.size,
                    PROT_READ_WRITE,
                    MAP_SHARED | MAP_FIXED,
                    piece.descriptor,
                    piece.offset,
                )
        except OSError:
            self.unmap()
            raise
        self.regions = tuple(self._regions())

    @property
    def size(self) -> int:
        """Bytes of memory that the guest has."""
        return sum(piece.size for piece in self.ranges)

    @property
    def mapped(self) -> bool:
        """Whether this process can still reach the memory."""
        return self._base is not None

    def host(self, address: int, size: int) -> int:
        """Where this process sees ``size`` bytes at a guest-physical address.

        Raises UnfitMemory unless all of them lie in the guest's memory.
        """
        for region in self.regions:
            if region.address <= address and address + size <= region.address + region.size:
                if self._base is None:
                    raise UnfitMemory("the memory of the guest is not mapped here any more")
                return region.host + address - region.address
        raise UnfitMemory(f"guest addresses {address:#x}..{address + size:#x} are not all memory of the guest")

    def read(self, address: int, size: int) -> bytes:
        """Give ``size`` bytes from a guest-physical address on."""
        return ctypes.string_at(self.host(address, size), size)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes at a guest-physical address."""
        ctypes.memmove(self.host(address, len(data)), data, len(data))

    def unmap(self) -> None:
        """Give up every mapping. May be called again. Cost: about 29 ms for each GiB of populated 4 KiB pages."""
        if self._base is not None:
            base, self._base = self._base, None
            if _libc.munmap(base, self._reserved):
                raise OSError(ctypes.get_errno(), "munmap of the guest's memory failed")

    def _regions(self) -> list[Region]:
        found: list[Region] = []
        for piece in self.ranges:
            if found and found[-1].address + found[-1].size == piece.address:
                last = found.pop()
                found.append(Region(last.address, last.size + piece.size, last.host))
            else:
                found.append(Region(piece.address, piece.size, self._shift + piece.address))
        return found


def _check(ranges: Sequence[MemoryRange]) -> None:
    if not ranges:
        raise UnfitMemory("a guest needs at least one segment of memory")
    end = 0
    sizes: dict[int, int] = {}
    for piece in ranges:
        where = f"memory at guest address {piece.address:#x}"
        if piece.size <= 0 or piece.size % PAGE or piece.offset % PAGE or piece.address % PAGE:
            raise UnfitMemory(f"{where}: address, offset and size ({piece.size}) must be multiples of {PAGE}")
        if piece.address < end:
            raise UnfitMemory(f"{where} overlaps the memory before it, which ends at {end:#x}")
        if piece.descriptor not in sizes:
            sizes[piece.descriptor] = os.fstat(piece.descriptor).st_size
        if piece.offset + piece.size > sizes[piece.descriptor]:
            raise UnfitMemory(f"{where} reaches past the end of its file, which has {sizes[piece.descriptor]} bytes")
        end = piece.end


def _map(where: int | None, size: int, protection: int, flags: int, descriptor: int, offset: int) -> int:
    got = _libc.mmap(where, size, protection, flags, descriptor, offset)
    if got is None or got == FAILED:
        code = ctypes.get_errno()
        raise OSError(code, f"mapping {size} bytes of guest memory: {os.strerror(code)}")
    return int(got)
