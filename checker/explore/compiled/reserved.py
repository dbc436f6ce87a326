"""Memory that is asked for at once and taken as it is written, so that what grows in it never moves."""

from __future__ import annotations

import mmap
import os

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reserved", "installed"]

LARGE = 1 << 21  # bytes in use from which on large pages pay
WORD = 8
PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


class Reserved:
    """So many bytes, all zero; where the system does not lend as many, half of what it does.

    words: uint64, from where a line of the cache begins.

    Raises MemoryError where it lends none.
    """

    def __init__(self, size: int) -> None:
        wanted = size = max(size, mmap.PAGESIZE)
        while (room := _lent(size)) is None:
            size //= 2
            if size < mmap.PAGESIZE:
                raise MemoryError("the system lends no memory for states.")
        if size < wanted:  # Something must be left for all else.
            size = max(size // 2, mmap.PAGESIZE)
            room = _lent(size) or room
        self._room = room
        self.words: NDArray[np.uint64] = np.frombuffer(self._room, np.uint64, size // WORD)
        self._in_large_pages = False

    @property
    def address(self) -> int:
        """Where it begins."""
        return int(self.words.ctypes.data)

    def use(self, size: int) -> None:
        """Say how many bytes are in use by now: where these are many, large pages are taken, if the system has them."""
        if size >= LARGE and not self._in_large_pages:
            self._in_large_pages = True
            if hasattr(mmap, "MADV_HUGEPAGE"):
                self._room.madvise(mmap.MADV_HUGEPAGE)


def _lent(size: int) -> mmap.mmap | None:
    try:
        room = mmap.mmap(-1, size, **PRIVATE)
    except (OSError, ValueError):
        return None
    if hasattr(mmap, "MADV_DONTFORK"):
        # A forked process does not look at it, and is refused where the system would have to lend all of it once more.
        room.madvise(mmap.MADV_DONTFORK)
    return room


def installed() -> int:
    """Bytes of memory that this machine has; a guess of 16 GiB where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 34
