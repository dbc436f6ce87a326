"""Guest memory as a VMM sees it: pieces of files mapped side by side in one range of addresses."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from attorn.spec.errors import BadInput

__all__ = ["GuestMemory", "MemoryRange", "Region", "Room", "UnfitMemory", "spans_of"]

PAGE = 4096
GIGANTIC_PAGE = 1 << 30
ROOMS = 1 << 45
"""From here on up to twice that lies guest memory in a process; the system puts its own mappings elsewhere."""
PROT_READ_WRITE = 3
MAP_SHARED, MAP_FIXED_NOREPLACE = 0x01, 0x100000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.munmap.restype = ctypes.c_int
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


class UnfitMemory(BadInput):
    """Ranges of guest memory that overlap, reach past their file, or do not lie on page boundaries."""


class MemoryRange(msgspec.Struct, frozen=True):
    """``size`` bytes of an open file from ``offset`` on, at the guest-physical ``address``. All in bytes.

    file: how long the file is, where that has been looked at already.
    """

    descriptor: int
    offset: int
    size: int
    address: int
    file: int | None = None

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


class Room:
    """Addresses of this process for a guest's memory, chosen before there is any; until then an access there faults.

    They lie far from where the system puts mappings, and nothing is mapped there: what is would have to be unmapped
    for the memory, and KVM, once it knows of the addresses, goes through all of them when something there is unmapped.

    spans: guest-physical address and size of each piece, by address.
    """

    _taken: ClassVar[list[range]] = []

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self.spans = tuple(spans)
        if not self.spans:
            raise UnfitMemory("a guest needs at least one segment of memory")
        first, end = self.spans[0][0], sum(self.spans[-1])
        # Aligned as the largest pages need it, and with as much between one room and the next.
        first, end = first // GIGANTIC_PAGE * GIGANTIC_PAGE, (-(-end // GIGANTIC_PAGE) + 1) * GIGANTIC_PAGE
        self._place = _free(end - first, Room._taken)
        Room._taken.append(self._place)
        self.shift = self._place.start - first
        """What to add to a guest-physical address for the one in this process."""
        self.regions = tuple(self._regions())

    def give_up(self) -> None:
        """Let others have the addresses; what was mapped there has been unmapped."""
        Room._taken.remove(self._place)

    def _regions(self) -> list[Region]:
        found: list[Region] = []
        for address, size in self.spans:
            if found and found[-1].address + found[-1].size == address:
                last = found.pop()
                found.append(Region(last.address, last.size + size, last.host))
            else:
                found.append(Region(address, size, self.shift + address))
        return found


class GuestMemory:
    """The memory of one guest, mapped into this process until ``unmap``.

    room: where to map it, if that is kept already, for just these addresses and sizes.
    Cost: one mmap for each range; nothing is read, written or populated.
    """

    def __init__(self, ranges: Sequence[MemoryRange], room: Room | None = None) -> None:
        self.ranges = tuple(sorted(ranges, key=lambda each: each.address))
        wanted = spans_of(self.ranges)
        self._own_room = None if room else Room(wanted)
        found = room or self._own_room
        assert found is not None
        if found.spans != wanted:
            raise UnfitMemory("the memory of the guest is not laid out as the room for it")
        self.regions, self._shift, self._mapped = found.regions, found.shift, 0
        try:
            for piece in self.ranges:
                _map(self._shift + piece.address, piece)
                self._mapped += 1
        except OSError:
            self.unmap()
            raise

    @property
    def size(self) -> int:
        """Bytes of memory that the guest has."""
        return sum(piece.size for piece in self.ranges)

    @property
    def mapped(self) -> bool:
        """Whether this process can still reach the memory."""
        return self._mapped > 0

    def host(self, address: int, size: int) -> int:
        """Where this process sees ``size`` bytes at a guest-physical address.

        Raises UnfitMemory unless all of them lie in the guest's memory.
        """
        for region in self.regions:
            if region.address <= address and address + size <= region.address + region.size:
                if not self._mapped:
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
        mapped, self._mapped = self._mapped, 0
        areas = [(each.host, each.size) for each in self.regions]
        if mapped < len(self.ranges):
            areas = [(self._shift + each.address, each.size) for each in self.ranges[:mapped]]
        for at, size in areas:
            if _libc.munmap(at, size):
                raise OSError(ctypes.get_errno(), "munmap of the guest's memory failed")
        if self._own_room is not None:
            room, self._own_room = self._own_room, None
            room.give_up()


def _free(size: int, taken: Sequence[range]) -> range:
    """The lowest addresses for a room of a size among those that are taken."""
    at = ROOMS
    for each in sorted(taken, key=lambda each: each.start):
        if at + size <= each.start:
            break
        at = max(at, each.stop)
    return range(at, at + size)


def spans_of(ranges: Sequence[MemoryRange]) -> tuple[tuple[int, int], ...]:
    """Guest-physical address and size of each range, by address; raises UnfitMemory for what cannot be mapped so."""
    end = 0
    for piece in sorted(ranges, key=lambda each: each.address):
        if piece.size <= 0 or piece.size % PAGE or piece.offset % PAGE or piece.address % PAGE:
            raise _unfit(piece, f": address, offset and size ({piece.size}) must be multiples of {PAGE}")
        if piece.address < end:
            raise _unfit(piece, f" overlaps the memory before it, which ends at {end:#x}")
        length = os.fstat(piece.descriptor).st_size if piece.file is None else piece.file
        if piece.offset + piece.size > length:
            raise _unfit(piece, f" reaches past the end of its file, which has {length} bytes")
        end = piece.end
    return tuple(sorted((each.address, each.size) for each in ranges))


def _unfit(piece: MemoryRange, why: str) -> UnfitMemory:
    return UnfitMemory(f"memory at guest address {piece.address:#x}{why}")


def _map(at: int, piece: MemoryRange) -> None:
    flags = MAP_SHARED | MAP_FIXED_NOREPLACE
    got = _libc.mmap(at, piece.size, PROT_READ_WRITE, flags, piece.descriptor, piece.offset)
    if got != at:
        code = ctypes.get_errno()
        raise OSError(code, f"mapping {piece.size} bytes of guest memory at {at:#x}: {os.strerror(code)}")
