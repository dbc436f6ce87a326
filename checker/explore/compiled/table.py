"""The set of all states met: a log of them in order of discovery, and slots that say where in it a state is.

The log is the frontier, the levels and what counterexamples are read from, all at once. A slot is one 64-bit word: 32
bits of a state's hash, its fingerprint, and 32 bits of its place in the log. Fingerprints only say where to look: a
state counts as met where it equals one in the log, word by word.

Slots lie in lines of eight, which fill a line of the processor's cache and are compared at once; lines lie in segments.
Of a hash, the highest bits choose the segment; the fingerprint, as a fraction, says at which of its lines a search
begins. So a segment grows by one pass from end to end, without a look at the log, while the others stay as they are;
and threads that answer for different segments never meet.
"""

from __future__ import annotations

import os
from functools import partial

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.compiled.slots import (
    ADDRESS,
    LIMIT,
    LINE,
    LINES,
    LOG_FULL,
    SEGMENTS,
    STATES,
    WANTED,
    WORD,
    slot_functions,
)
from attorn.checker.explore.compiled.threads import Threads
from attorn.spec.errors import TooLarge

__all__ = ["Table"]

Rows = NDArray[np.uint64]  # uint64[states, words], each state in one piece

MOST = (1 << 32) - 1  # states that slots can tell apart
SMALLEST = 16  # lines of the shortest new segment; no two grow at once, as they begin at different lengths
FULL = 0.8  # the part of a segment's slots that is used before it grows
GROWTH = 1.5
ALL_BITS = (1 << 64) - 1


class Table:
    """Distinct states of some words each.

    words:  64-bit words of a state.
    memory: bytes that the log and the slots may take; as many as the machine has when None.
    hashed: bits of the hash that count; tests make the worst of few.
    """

    def __init__(self, words: int, memory: int | None = None, hashed: int = ALL_BITS) -> None:
        self.words, self._memory = words, memory or _installed()
        self._code = slot_functions(words, hashed)
        self._log = _reserved(max(min(self._memory // (WORD * words), MOST), 1), words)
        self._segments = np.zeros((SEGMENTS, LIMIT + 1), np.uint64)
        self._slots = [self._lines(number, int(SMALLEST * GROWTH ** (number / SEGMENTS))) for number in range(SEGMENTS)]
        self._marks = np.empty(0, np.uint64)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def log(self) -> Rows:
        """The states in order of discovery: uint64[states, words]. A view: it stays where it is."""
        return self._log[: self._length]

    @property
    def bytes(self) -> int:
        """What the states and the slots take."""
        return WORD * self.words * self._length + self._slot_bytes

    def insert(self, rows: Rows) -> int:
        """Put states that were not met before at the end of the log, in their order; how many these are.

        Raises MemoryError or TooLarge where they do not fit; the states before them can still be read and found.
        """
        return self.insert_parts(rows[None], [len(rows)], Threads(1))

    def insert_parts(self, parts: NDArray[np.uint64], counts: list[int], threads: Threads) -> int:
        """The same for the first states of several parts, one part after the other, shared by threads.

        parts:  uint64[parts, room, words], in one piece.  counts: how many states of each part there are.

        The log comes out the same for any number of threads, and however the states are divided into parts.
        """
        assert parts.flags.c_contiguous and parts.shape[2] == self.words and parts.dtype == np.uint64
        before, owners = self._length, min(len(threads), SEGMENTS)
        counted = np.array(counts, np.uint64)
        if owners == 1:
            self._length = self._claimed(parts, counted, np.empty(0, np.uint64), 0, 1)
            return self._length - before
        rooms = parts.shape[0] * parts.shape[1]
        if before + rooms > MOST:
            raise _too_many()
        if rooms > len(self._marks):
            self._marks = np.empty(rooms, np.uint64)
        marks = self._marks
        threads.run([partial(self._claimed, parts, counted, marks, owner, owners) for owner in range(owners)])
        room = parts.shape[1]
        new = sum(int(np.count_nonzero(marks[room * part :][:count])) for part, count in enumerate(counts))
        if before + new > self._room:
            raise self._full()
        arguments = self._log, before, parts, len(parts), room, counted, marks, self._segments
        threads.run([partial(self._code.settle, *arguments, owner, owners) for owner in range(owners)])
        self._length += new
        return new

    def find(self, rows: Rows) -> NDArray[np.int64]:
        """For each of some states, its place in the log; -1 where it is not there."""
        assert rows.flags.c_contiguous and rows.shape[1] == self.words and rows.dtype == np.uint64
        found = np.empty(len(rows), np.int64)
        self._code.find(self._log, self._length, rows, len(rows), self._segments, found)
        return found

    def _claimed(
        self, parts: NDArray[np.uint64], counts: NDArray[np.uint64], marks: NDArray[np.uint64], owner: int, owners: int
    ) -> int:
        """Give each new state that an owner answers for a slot; how long the log is then, if one owner does all."""
        reached = np.zeros(WANTED + 1, np.uint64)
        reached[STATES] = self._length
        batch = parts, len(parts), parts.shape[1], counts, marks
        while not self._code.claim(self._log, self._room, self._length, *batch, self._segments, reached, owner, owners):
            if reached[WANTED] == LOG_FULL:
                raise self._full()
            self._grow(int(reached[WANTED]), int(reached[STATES]))
        return int(reached[STATES])

    def _grow(self, number: int, states: int) -> None:
        """Give a segment more lines, when the log has come to so many states."""
        old, count = self._slots[number], int(self._segments[number, LINES])
        lines = int(count * GROWTH) + 1
        if LINE * lines + WORD * self.words * states + self._slot_bytes > self._memory:
            raise self._full()
        new = self._lines(number, lines)
        self._code.move(old, count, new, lines)
        self._slots[number] = new

    def _lines(self, number: int, lines: int) -> NDArray[np.uint64]:
        """Empty lines for a segment, which begin where a line of the cache does."""
        room = np.zeros(lines * LINE // WORD + LINE // WORD - 1, np.uint64)
        slots = room[-room.ctypes.data % LINE // WORD :][: lines * LINE // WORD]
        self._segments[number, ADDRESS] = slots.ctypes.data
        self._segments[number, LINES] = lines
        self._segments[number, LIMIT] = int(FULL * len(slots))
        return slots

    @property
    def _slot_bytes(self) -> int:
        return sum(slots.nbytes for slots in self._slots)

    @property
    def _room(self) -> int:
        """How long the log may become."""
        return max(min(len(self._log), (self._memory - self._slot_bytes) // (WORD * self.words)), 0)

    def _full(self) -> MemoryError | TooLarge:
        if self._room == MOST:
            return _too_many()
        return MemoryError(f"{self._length:,} states of {self.words} words leave no room for more.")


def _too_many() -> TooLarge:
    return TooLarge(f"the compiled engine tells at most {MOST:,} states apart. Choose smaller sizes.")


def _installed() -> int:
    """Bytes of memory that this machine has, where it tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 34


def _reserved(rows: int, words: int) -> Rows:
    """Room for states; what is never written takes no memory, where the system lends it so."""
    while True:
        try:
            return np.empty((rows, words), np.uint64)
        except MemoryError:
            rows //= 2
            if not rows:
                raise
