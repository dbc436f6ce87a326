"""Sets of packed states as sorted arrays: exact, compact, and quick to search for many states at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.layout import Rows
from attorn.checker.explore.phases import Phase, spends

__all__ = ["Run", "Sorted", "Visited", "distinct", "joined"]

NEAR = 2  # runs are merged when one is less than this many times as long as the next
CHUNK = 1 << 15

Depths = NDArray[np.unsignedinteger[Any]]
Places = NDArray[np.intp]


@spends(Phase.DUPLICATES)
def joined(parts: Sequence[Rows]) -> Rows:
    """Several lists of states as one."""
    return [np.concatenate(words) for words in zip(*parts, strict=True)]


@spends(Phase.DUPLICATES)
def distinct(rows: Rows) -> Rows:
    """The states in order, each once; may sort in place."""
    first = rows[0]
    if len(rows) == 1:
        first.sort()
        return [first[_changes(rows)]]
    order = np.argsort(first)
    rows = [word[order] for word in rows]
    same = ~_changes(rows[:1])
    if (same & _changes(rows)).any():
        # Different states with the same sum of words are next to each other, in an order still to be made.
        order = np.lexsort(np.stack(rows[::-1]))
        rows = [word[order] for word in rows]
    kept = _changes(rows)
    return [word[kept] for word in rows]


def _changes(rows: Rows) -> NDArray[np.bool_]:
    """For each state, whether it differs from the one before."""
    changed = np.empty(len(rows[0]), np.bool_, like=rows[0])
    changed[:1] = True
    np.not_equal(rows[0][1:], rows[0][:-1], out=changed[1:])
    for word in rows[1:]:
        changed[1:] |= word[1:] != word[:-1]
    return changed


class Run:
    """A sorted list of distinct states, at least one, each with the depth at which it was met.

    The first numbers are spread evenly, so their highest bits say about where a state is: ``_starts`` has, for each
    value of those bits, the place of the first state that has at least that value.
    """

    def __init__(self, rows: Rows, depths: Depths) -> None:
        self.rows, self.depths = rows, depths
        bits = max(len(rows[0]).bit_length() - 1, 1)
        self._shift = np.uint64(64 - bits)
        starts = np.zeros((1 << bits) + 1, np.int32 if len(rows[0]) < 1 << 31 else np.int64)
        for first, part in chunks(rows):
            above = (part[0] >> self._shift).view(np.int64) + 1
            starts[above] = np.arange(first + 1, first + 1 + len(above))
        np.maximum.accumulate(starts, out=starts)
        self._starts = starts

    def __len__(self) -> int:
        return len(self.rows[0])

    @property
    def bytes(self) -> int:
        """What the run takes."""
        return sum(each.nbytes for each in (*self.rows, self.depths, self._starts))

    def at(self, depth: int) -> Rows:
        """The states first met at a depth, in order."""
        there = self.depths == depth
        return [word[there] for word in self.rows]

    def place(self, wanted: Rows) -> Places:
        """For each of some states, how many states of the run are before it."""
        place = self._starts[(wanted[0] >> self._shift).view(np.int64)].astype(np.intp)
        late = np.flatnonzero(self._before(place, wanted))
        while len(late):
            place[late] += 1
            late = late[self._before(place[late], [word[late] for word in wanted])]
        return place

    def has(self, wanted: Rows) -> NDArray[np.bool_]:
        """For each of some states, whether it is in the run."""
        place = self.place(wanted)
        found = place < len(self)
        for word, other in zip(self.rows, wanted, strict=True):
            found &= word.take(place, mode="clip") == other
        return found

    def _before(self, place: Places, wanted: Rows) -> NDArray[np.bool_]:
        """Whether the states of the run at some places are before others."""
        found = self.rows[0].take(place, mode="clip") < wanted[0]
        for number in range(1, len(self.rows)):
            same = np.ones(len(place), np.bool_)
            for word, other in zip(self.rows[:number], wanted[:number], strict=True):
                same &= word.take(place, mode="clip") == other
            found |= same & (self.rows[number].take(place, mode="clip") < wanted[number])
        return found & (place < len(self))

    def merged(self, other: Run) -> Run:
        """This and another run, which has none of the same states, as one."""
        total = len(self) + len(other)
        mine = np.ones(total, np.bool_)
        rows = [np.empty(total, np.uint64) for _ in self.rows]
        depths = np.empty(total, np.promote_types(self.depths.dtype, other.depths.dtype))
        for first, part in chunks(other.rows):
            place = self.place(part)
            place += np.arange(first, first + len(place))
            mine[place] = False
            depths[place] = other.depths[first : first + len(place)]
            for target, word in zip(rows, part, strict=True):
                target[place] = word
        depths[mine] = self.depths
        for target, word in zip(rows, self.rows, strict=True):
            target[mine] = word
        return Run(rows, depths)


class Sorted(Protocol):
    """A sorted list of distinct states, wherever it is."""

    rows: Rows

    def __len__(self) -> int: ...

    def at(self, depth: int) -> Rows:
        """The states first met at a depth, in order."""

    def has(self, wanted: Rows) -> NDArray[np.bool_]:
        """For each of some states, which are in order, whether it is in the list."""


class Visited:
    """All states met: a few runs, each much longer than the next.

    filed: lists that are elsewhere than in memory.
    """

    def __init__(self, filed: Sequence[Sorted] = ()) -> None:
        self.runs: list[Run] = []
        self.filed = [*filed]

    def __len__(self) -> int:
        return sum(map(len, (*self.runs, *self.filed)))

    @property
    def bytes(self) -> int:
        """What the runs take."""
        return sum(run.bytes for run in self.runs)

    @spends(Phase.DUPLICATES)
    def add(self, rows: Rows, depth: int) -> None:
        """Take states, in order, that were first met at a depth."""
        if len(rows[0]):
            self.runs.append(Run(rows, np.full(len(rows[0]), depth, np.min_scalar_type(depth))))

    @spends(Phase.DUPLICATES)
    def settle(self) -> None:
        """Merge runs, so that there are few to look at."""
        while len(self.runs) > 1 and len(self.runs[-2]) < NEAR * len(self.runs[-1]):
            self.runs[-2:] = [self.runs[-2].merged(self.runs[-1])]

    @spends(Phase.DUPLICATES)
    def new(self, rows: Rows) -> Rows:
        """Those of some states that were not met before."""
        found = []
        for _, part in chunks(rows):
            for run in (*reversed(self.runs), *reversed(self.filed)):
                unmet = ~run.has(part)
                part = [word[unmet] for word in part]
            found.append(part)
        return joined(found) if found else rows

    def level(self, depth: int) -> Rows:
        """The states first met at a depth, in order."""
        parts = [run.at(depth) for run in (*self.runs, *self.filed)]
        filled = [part for part in parts if len(part[0])]
        return filled[0] if len(filled) == 1 else distinct(joined(filled or parts))


def chunks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Parts of a list of states that stay in the cache while they are worked on, each with the place of its first."""
    for first in range(0, len(rows[0]), CHUNK):
        yield first, [word[first : first + CHUNK] for word in rows]
