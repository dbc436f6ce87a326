"""States on disk: sorted lists that are looked up in place, and lists that are too long to be sorted in memory.

A list is a file of little-endian 64-bit numbers for each word of its states. Files are mapped, so what is read of them
stays in memory only while there is room for it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.device import at_places
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.visited import distinct, joined

__all__ = ["FiledRun", "Files", "Sorter", "mapped", "settle", "written"]

WORD = np.dtype("<u8")
FEWEST = 1 << 12  # states of each sorted part that are merged at once


@dataclass(frozen=True)
class Files:
    """A list of states on disk: how many there are, and for each word the name of its file and the digest of it."""

    count: int
    names: tuple[str, ...]
    digests: tuple[str, ...]


@spends(Phase.DISK)
def written(folder: Path, name: str, words: int, chunks: Iterable[Rows]) -> Files:
    """Write a list of states, given in parts; it is on the disk when this returns. Raises OSError."""
    names = [f"{name}-{word}.u64" for word in range(words)]
    digests, count = [hashlib.sha256() for _ in names], 0
    with ExitStack() as stack:
        files = [stack.enter_context(open(folder / each, "wb")) for each in names]
        for rows in chunks:
            count += len(rows[0])
            for file, digest, word in zip(files, digests, rows, strict=True):
                content = np.ascontiguousarray(word, WORD).tobytes()
                digest.update(content)
                file.write(content)
        for file in files:
            settle(file)
    return Files(count, tuple(names), tuple(digest.hexdigest() for digest in digests))


def mapped(folder: Path, files: Files) -> Rows:
    """The list as arrays that are read as they are used; raises OSError or ValueError where files are too short."""
    if not files.count:
        return [np.empty(0, np.uint64) for _ in files.names]
    return [np.memmap(folder / name, WORD, "r", shape=(files.count,)) for name in files.names]


def settle(file: Any) -> None:
    """Have a file on the disk before anything says that it is there."""
    file.flush()
    os.fsync(file.fileno())


class FiledRun:
    """A sorted list of distinct states, all first met at one depth, that is looked up where it lies: on the disk, say.

    It takes no memory of its own.
    """

    bytes = 0

    def __init__(self, rows: Rows, depth: int) -> None:
        self.rows, self._depth = rows, depth

    def __len__(self) -> int:
        return len(self.rows[0])

    def at(self, depth: int) -> Rows:
        """The states first met at a depth, in order."""
        return self.rows if depth == self._depth else [word[:0] for word in self.rows]

    def has(self, wanted: Rows) -> NDArray[np.bool_]:
        """For each of some states, which are in order, whether it is in the list."""
        found = np.zeros(len(wanted[0]), np.bool_, like=wanted[0])
        place = np.searchsorted(self.rows[0], wanted[0])
        left = np.arange(len(wanted[0]), like=wanted[0])
        while len(left):
            at = place[left]
            alike = (at < len(self)) & (at_places(self.rows[0], at) == wanted[0][left])
            left, at, same = left[alike], at[alike], alike[alike]
            for word, other in zip(self.rows[1:], wanted[1:], strict=True):
                same &= at_places(word, at) == other[left]
            found[left[same]] = True
            left = left[~same]
            place[left] += 1
        return found


class Sorter:
    """Puts any number of states in order, each once, in a bounded part of memory.

    folder: for the sorted parts that do not fit; it is made, and removed by ``close``.
    room:   bytes of states that are held before they are written; sorting takes about three times as many.
    moved:  bytes written to and read from the disk.
    """

    def __init__(self, folder: Path, words: int, room: int) -> None:
        self._folder, self._words, self._room = folder, words, room
        self._held: list[Rows] = []
        self._bytes = 0
        self._parts: list[Rows] = []
        self.moved = 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    @spends(Phase.DISK)
    def add(self, rows: Rows) -> None:
        """Take some states."""
        self._held.append([word.copy() for word in rows])
        self._bytes += sum(word.nbytes for word in rows)
        if self._bytes > self._room:
            part = self._sorted()
            files = written(self._folder, f"part-{len(self._parts):05}", self._words, [part])
            self._parts.append(mapped(self._folder, files))
            self.moved += 2 * sum(word.nbytes for word in part)

    def __iter__(self) -> Iterator[Rows]:
        """All states in order, each once, in chunks."""
        parts = [*self._parts, *([self._sorted()] if self._held else [])]
        if len(parts) < 2:
            yield from parts
            return
        share = max(self._room // (len(parts) * self._words * WORD.itemsize), FEWEST)
        at = [0] * len(parts)
        while live := [number for number, part in enumerate(parts) if at[number] < len(part[0])]:
            size = share
            while not any(ends := self._ends(parts, at, live, size)):
                size *= 2  # So many states have the same first word that no chunk ends before they do.
            taken = [
                [word[at[number] : at[number] + end] for word in parts[number]]
                for number, end in zip(live, ends, strict=True)
            ]
            for number, end in zip(live, ends, strict=True):
                at[number] += end
            yield distinct(joined(taken))

    def _ends(self, parts: list[Rows], at: list[int], live: list[int], size: int) -> list[int]:
        """How many of the next states of each part come before any that is not looked at yet."""
        looked = [parts[number][0][at[number] : at[number] + size] for number in live]
        bounds = [
            words[-1]
            for number, words in zip(live, looked, strict=True)
            if at[number] + len(words) < len(parts[number][0])
        ]
        if not bounds:
            return [len(words) for words in looked]
        bound = min(bounds)
        return [int(np.searchsorted(words, bound)) for words in looked]

    def _sorted(self) -> Rows:
        rows = distinct(joined(self._held))
        self._held.clear()
        self._bytes = 0
        return rows

    def close(self) -> None:
        """Remove what is on the disk."""
        self._parts.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
