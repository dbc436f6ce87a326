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

import threading
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.compiled.reserved import Reserved, installed
from attorn.checker.explore.compiled.slots import (
    ADDRESS,
    APART,
    LIMIT,
    LINE,
    LINES,
    LOG_FULL,
    RECENT,
    SEGMENTS,
    SLOTS,
    STATES,
    USED,
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
WORD_BITS = 64
ALL_BITS = (1 << 64) - 1


@dataclass(frozen=True)
class _Batch:
    """The states of several parts as they are dealt out to owners: see slots."""

    parts: NDArray[np.uint64]
    hashes: NDArray[np.uint64]
    rows: NDArray[np.uint64]
    tallies: NDArray[np.uint64]
    fresh: NDArray[np.uint64]


class Table:
    """Distinct states of some words each.

    words:  64-bit words of a state.
    memory: bytes that the log and the slots may take; as many as the machine has when None.
    hashed: bits of the hash that count; tests make the worst of few.
    """

    def __init__(self, words: int, memory: int | None = None, hashed: int = ALL_BITS) -> None:
        self.words, self._memory = words, memory or installed()
        self._code = slot_functions(words, hashed)
        self._states = Reserved(min(self._memory, WORD * words * MOST))
        rows = min(len(self._states.words) // words, MOST)
        self._log = self._states.words[: rows * words].reshape(rows, words)
        self._slots = [Reserved(2 * self._memory // SEGMENTS) for _ in range(SEGMENTS)]
        self._known = Reserved(SEGMENTS * APART * WORD)
        self._segments = self._known.words[: SEGMENTS * APART].reshape(SEGMENTS, APART)
        for number, slots in enumerate(self._slots):
            self._segments[number, ADDRESS] = slots.address
            self._use(number, int(SMALLEST * GROWTH ** (number / SEGMENTS)))
        self._growing = threading.Lock()
        self._recent: list[Rows] = []
        self._work = np.empty(0, np.uint64)
        self._length = 0
        self._whole = True

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
        assert self._whole, "a table in which an error left something half done takes no more states"
        self._whole = False
        before, owners = self._length, min(len(threads), SEGMENTS)
        if owners > 1 and before + parts.shape[0] * parts.shape[1] > MOST:
            raise _too_many()
        batch = self._dealt(parts, counts, owners, threads)
        reached = threads.run([partial(self._claimed, batch, owner, owners) for owner in range(owners)])
        new = sum(reached) - owners * before
        if owners > 1:
            if before + new > self._room:
                raise self._full()
            room, fresh = parts.shape[1], batch.fresh
            named = before, len(parts), room, batch.hashes, fresh, self._segments
            tasks = [partial(self._code.settle, *named, owner, owners) for owner in range(owners)]
            copied = self._log, before, parts, room, fresh
            threads.run(tasks + [partial(self._code.append, *copied, part, owners) for part in range(len(parts))])
        self._length += new
        self._states.use(WORD * self.words * self._length)
        self._whole = True
        return new

    def _dealt(self, parts: NDArray[np.uint64], counts: list[int], owners: int, threads: Threads) -> _Batch:
        """Deal the states of all parts out to owners."""
        number, room = parts.shape[:2]
        lists, bits = number * owners * room, number * owners * -(-room // WORD_BITS)
        if len(self._work) < 2 * lists + bits + number * APART:
            self._work = np.empty(2 * lists + bits + number * APART, np.uint64)
        while len(self._recent) < number:
            self._recent.append(np.zeros((RECENT, self.words), np.uint64))
        hashes, rows, rest = self._work[:lists], self._work[lists : 2 * lists], self._work[2 * lists :]
        hashes, rows = hashes.reshape(number, owners, room), rows.reshape(number, owners, room)
        fresh, tallies = rest[:bits], rest[bits:][: number * APART].reshape(number, APART)
        fresh.fill(0)
        dealt = zip(parts, counts, self._recent, hashes, rows, tallies, strict=False)
        threads.run([partial(self._code.sift, part, count, room, *rest, owners) for part, count, *rest in dealt])
        return _Batch(parts, hashes, rows, tallies, fresh)

    def find(self, rows: Rows) -> NDArray[np.int64]:
        """For each of some states, its place in the log; -1 where it is not there."""
        assert rows.flags.c_contiguous and rows.shape[1] == self.words and rows.dtype == np.uint64
        found = np.empty(len(rows), np.int64)
        self._code.find(self._log, self._length, rows, len(rows), self._segments, found)
        return found

    def _claimed(self, batch: _Batch, owner: int, owners: int) -> int:
        """Give each new state that an owner answers for a slot; how long the log is then, with these alone."""
        reached = np.zeros(WANTED + 1, np.uint64)
        reached[STATES] = self._length
        dealt = *batch.parts.shape[:2], batch.hashes, batch.rows, batch.tallies, batch.fresh, self._segments
        while not self._code.claim(self._log, self._room, self._length, batch.parts, *dealt, reached, owner, owners):
            if reached[WANTED] == LOG_FULL:
                raise self._full()
            self._grow(int(reached[WANTED]), int(reached[STATES]))
        return int(reached[STATES])

    def _grow(self, number: int, states: int) -> None:
        """Have a segment use more lines, when the log has come to so many states."""
        before, used = int(self._segments[number, LINES]), int(self._segments[number, USED])
        lines = int(before * GROWTH) + 1
        with self._growing:
            if LINE * (lines - before) + WORD * self.words * states > self._memory - self._taken:
                raise self._full()
            self._use(number, lines)
        self._code.spread(self._slots[number].address, before, lines, np.empty(used, np.uint64))

    def _use(self, number: int, lines: int) -> None:
        if lines * SLOTS > len(self._slots[number].words):
            raise self._full()
        self._slots[number].use(lines * LINE)
        self._segments[number, LINES] = lines
        self._segments[number, LIMIT] = int(FULL * lines * SLOTS)

    @property
    def _taken(self) -> int:
        """Bytes of memory that are taken, but for the log."""
        return self._slot_bytes + sum(each.nbytes for each in (*self._recent, self._work))

    @property
    def _slot_bytes(self) -> int:
        return LINE * int(self._segments[:, LINES].sum())

    @property
    def _room(self) -> int:
        """How long the log may become."""
        return max(min(len(self._log), (self._memory - self._taken) // (WORD * self.words)), 0)

    def _full(self) -> MemoryError | TooLarge:
        if self._room == MOST:
            return _too_many()
        return MemoryError(f"{self._length:,} states of {self.words} words leave no room for more.")


def _too_many() -> TooLarge:
    return TooLarge(f"the compiled engine tells at most {MOST:,} states apart. Choose smaller sizes.")
