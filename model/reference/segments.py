"""Memory segments as files without names, or files of a memory filesystem that outlive the firmware."""

from __future__ import annotations

import hashlib
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

from attorn.model.reference.refusals import Refused, Unsupported

__all__ = ["SEGMENT_SIZE", "Identity", "SegmentStore", "identity", "memory_directory"]

SEGMENT_SIZE = 2 << 20
"""Bytes of a segment unless asked otherwise."""


@dataclass(frozen=True)
class Identity:
    """What tells one file from every other on the computer: device, inode, size in bytes."""

    device: int
    inode: int
    size: int


def identity(handle: int) -> Identity:
    """The identity of the file behind a handle."""
    found = os.fstat(handle)
    return Identity(found.st_dev, found.st_ino, found.st_size)


def memory_directory() -> Path | None:
    """A directory of files that are memory, where this computer has one."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and os.access(shared, os.W_OK) else None


class SegmentStore:
    """The firmware's segments, by number.

    In a directory of tmpfs or hugetlbfs they outlive the process; without one they are memfds, and end with the last
    handle or mapping of them.
    """

    def __init__(self, count: int, size: int, directory: Path | None, huge: bool = False) -> None:
        if size % mmap.PAGESIZE or size <= 0:
            raise Refused(f"a segment of {size} bytes is not whole pages of {mmap.PAGESIZE}.")
        self.size = size
        self._handles: list[int] = []
        try:
            for number in range(count):
                self._handles.append(_open(number, size, directory, huge))
        except OSError as error:
            self.close()
            raise Unsupported(
                f"segment {number} of {count} with {size:,} bytes cannot be had: {error.strerror}. "
                "Ask for fewer or smaller segments, or raise the limit of open files (ulimit -n)."
            ) from None
        self.identities = [identity(handle) for handle in self._handles]

    def __len__(self) -> int:
        return len(self._handles)

    def handle(self, number: int) -> int:
        """The firmware's own handle of a segment."""
        return self._handles[number]

    def digest(self, number: int) -> str:
        """A short digest of what the segment holds; reads all of it once."""
        with mmap.mmap(self._handles[number], self.size, prot=mmap.PROT_READ) as view:
            return hashlib.blake2b(view, digest_size=8).hexdigest()

    def scrub(self, number: int) -> None:
        """Make the segment hold zeros, and give its pages back to the system."""
        handle = self._handles[number]
        os.ftruncate(handle, 0)
        os.ftruncate(handle, self.size)

    def close(self) -> None:
        """Close the firmware's handles."""
        while self._handles:
            os.close(self._handles.pop())


def _open(number: int, size: int, directory: Path | None, huge: bool) -> int:
    if directory is None:
        handle = os.memfd_create(f"segment{number}", os.MFD_CLOEXEC | (os.MFD_HUGETLB if huge else 0))
    else:
        handle = os.open(directory / f"segment{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(handle).st_size != size:
        os.ftruncate(handle, size)
    return handle
