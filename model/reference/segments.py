"""Memory segments as files without names, or files of a memory filesystem that outlive the firmware."""

from __future__ import annotations

import hashlib
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

from attorn.model.reference.refusals import Refused, Unsupported

__all__ = ["SEGMENT_SIZE", "Identity", "SegmentStore", "directory_of", "identity", "refuse_sizes"]

SHARED = Path("/dev/shm")

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


def refuse_sizes(count: int, size: int) -> None:
    """Raise Refused where so many segments of so many bytes cannot be."""
    if count < 1:
        raise Refused(f"at least one segment is needed, not {count}.")
    if size % mmap.PAGESIZE or size <= 0:
        raise Refused(f"a segment of {size} bytes is not whole pages of {mmap.PAGESIZE}.")


def directory_of(memory: str | Path) -> Path | None:
    """The directory for segments that are to be files; None where they are memfds.

    memory: ``memfd``; ``directory``, for one of this computer's own; or a directory.
    Raises Refused where that is none of these, Unsupported where this computer has no directory of memory.
    """
    if memory == "memfd":
        return None
    if isinstance(memory, str) and memory != "directory":
        raise Refused(f'memory is "memfd", "directory", or the path of a directory, and not {memory!r}.')
    found = memory if isinstance(memory, Path) else SHARED
    if found.is_dir() and os.access(found, os.W_OK):
        return found
    if found != SHARED:
        raise Refused(f"there is no directory {found} in which segments could be made.")
    raise Unsupported(
        f"there is no memory filesystem at {SHARED}. Mount one (mount -t tmpfs tmpfs {SHARED}), name another "
        'directory, or use memory="memfd".'
    )


class SegmentStore:
    """The firmware's segments, by number.

    In a directory of tmpfs or hugetlbfs they outlive the process; without one they are memfds, and end with the last
    handle or mapping of them.
    """

    def __init__(self, count: int, size: int, directory: Path | None) -> None:
        refuse_sizes(count, size)
        self.size = size
        self._handles: list[int] = []
        try:
            for number in range(count):
                self._handles.append(_open(number, size, directory))
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


def _open(number: int, size: int, directory: Path | None) -> int:
    if directory is None:
        handle = os.memfd_create(f"segment{number}", os.MFD_CLOEXEC)
    else:
        handle = os.open(directory / f"segment{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(handle).st_size != size:
        os.ftruncate(handle, size)
    return handle
