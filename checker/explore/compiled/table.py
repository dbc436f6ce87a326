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
from collections.abc import Sequence
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
    SlotFunctions,
    slot_functions,
)
from attorn.checker.explore.compiled.threads import Threads
from attorn.checker.explore.phases import Phase, spends
from attorn.spec.errors import TooLarge

__all__ = ["Batch", "Table"]

Rows = NDArray[np.uint64]  # uint64[states, words], each state in one piece

MOST = (1 << 32) - 1  # states that slots can tell apart
SMALLEST = 16  # lines of the shortest new segment; no two grow at once, as they begin at different lengths
FULL = 0.8  # the part of a segment's slots that is used before it grows
GROWTH = 1.5
WORD_BITS = 64
ALL_BITS = (1 << 64) - 1


class Batch:
    """Parts of states on their way into a table: first each is sifted, by any thread, then all are taken.

    parts:  uint64[parts, room, words], in one piece, filled from the first state of each part on.
    owners: how many threads will answer for them.
    recent: for each part, states that were met a moment ago; see slots for this and what follows.
    """

    def __init__(self, parts: NDArray[np.uint64], owners: int, recent: list[Rows], code: SlotFunctions) -> None:
        number, room = parts.shape[:2]
        self.parts, self.owners, self.recent, self._code = parts, owners, recent, code
        self.hashes, self.rows = (np.empty((number, owners, room), np.uint64) for _ in range(2))
        self.tallies = np.zeros((number, APART), np.uint64)
        self.fresh = np.zeros((number, owners, -(-room // WORD_BITS)), np.uint64)

    @property
    def bytes(self) -> int:
        """What it takes, but for the parts."""
        return sum(each.nbytes for each in (self.hashes, self.rows, self.tallies, self.fresh))

    def sift(self, number: int, count: int) -> None:
        """Make the first states of a part ready, as soon as they are there."""
        self.fresh[number].fill(0)
        lists = self.hashes[number], self.rows[number], self.tallies[number]
        self._code.sift(self.parts[number], count, self.parts.shape[1], self.recent[number], *lists, self.owners)


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
        self._working = 0  # bytes of batches
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

    @spends(Phase.DUPLICATES)
    def insert_parts(self, parts: NDArray[np.uint64], counts: Sequence[int], threads: Threads) -> int:
        """The same for the first states of each of several parts, one part after the other, shared by threads."""
        batch = self.batch(parts, len(threads))
        threads.run([partial(batch.sift, number, count) for number, count in enumerate(counts)])
        new = self.take(batch, len(counts), threads)
        self._working -= batch.bytes
        return new

    def batch(self, parts: NDArray[np.uint64], owners: int) -> Batch:
        """What it takes to insert what will lie in parts, once or again and again.

        Several may be under way, but all that is sifted must be taken, in the same order.
        """
        assert parts.flags.c_contiguous and parts.shape[2] == self.words and parts.dtype == np.uint64
        while len(self._recent) < len(parts):
            self._recent.append(np.zeros((RECENT, self.words), np.uint64))
        batch = Batch(parts, min(owners, SEGMENTS), self._recent, self._code)
        self._working += batch.bytes
        return batch

    @spends(Phase.DUPLICATES)
    def take(self, batch: Batch, count: int, threads: Threads) -> int:
        """Insert the parts of a batch that are sifted, the first ones; how many of their states are new.

        The log comes out as if they came one after the other to ``insert``, whatever the number of threads and parts.
        Raises what that raises.
        """
        assert self._whole, "a table in which an error left something half done takes no more states"
        self._whole = False
        before, owners, room = self._length, batch.owners, batch.parts.shape[1]
        if owners > 1 and before + count * room > MOST:
            raise _too_many()
        reached = threads.run([partial(self._claimed, batch, count, owner) for owner in range(owners)])
        new = sum(reached) - owners * before
        if owners > 1:
            if before + new > self._room:
                raise self._full()
            named = before, count, room, batch.hashes, batch.fresh, self._segments
            tasks = [partial(self._code.settle, *named, owner, owners) for owner in range(owners)]
            copied = self._log, before, batch.parts, room, batch.fresh
            threads.run(tasks + [partial(self._code.append, *copied, part, owners) for part in range(count)])
        self._length += new
        self._states.use(WORD * self.words * self._length)
        self._whole = True
        return new

    def find(self, rows: Rows) -> NDArray[np.int64]:
        """For each of some states, its place in the log; -1 where it is not there."""
        assert rows.flags.c_contiguous and rows.shape[1] == self.words and rows.dtype == np.uint64
        found = np.empty(len(rows), np.int64)
        self._code.find(self._log, self._length, rows, len(rows), self._segments, found)
        return found

    def _claimed(self, batch: Batch, count: int, owner: int) -> int:
        """Give each new state that an owner answers for a slot; how long the log is then, with these alone."""
        reached = np.zeros(WANTED + 1, np.uint64)
        reached[STATES] = self._length
        lists = batch.parts, count, batch.parts.shape[1], batch.hashes, batch.rows, batch.tallies, batch.fresh
        given = *lists, self._segments, reached, owner, batch.owners
        while not self._code.claim(self._log, self._room, self._length, *given):
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
        return self._slot_bytes + self._working + sum(each.nbytes for each in self._recent)

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
