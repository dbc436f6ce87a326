"""Sets of packed states as sorted arrays: exact, compact, and quick to search for many states at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.layout import Rows

__all__ = ["Run", "Visited", "distinct", "joined"]

NEAR = 2  # runs are merged when one is less than this many times as long as the next
CHUNK = 1 << 16


def joined(parts: Sequence[Rows]) -> Rows:
    """Several lists of states as one."""
    return [np.concatenate(words) for words in zip(*parts, strict=True)]


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
        order = np.lexsort(rows[::-1])
        rows = [word[order] for word in rows]
    kept = _changes(rows)
    return [word[kept] for word in rows]


def _changes(rows: Rows) -> NDArray[np.bool_]:
    """For each state, whether it differs from the one before."""
    changed = np.ones(len(rows[0]), np.bool_)
    np.not_equal(rows[0][1:], rows[0][:-1], out=changed[1:])
    for word in rows[1:]:
        changed[1:] |= word[1:] != word[:-1]
    return changed


class Run:
    """A sorted list of distinct states, at least one.

    The first numbers are spread evenly, so their highest bits say about where a state is: ``_starts`` has, for each
    value of those bits, the place of the first state that has at least that value.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        bits = max(len(rows[0]).bit_length() - 1, 1)
        self._shift = np.uint64(64 - bits)
        starts = np.zeros((1 << bits) + 1, np.int32 if len(rows[0]) < 1 << 31 else np.int64)
        for first in range(0, len(rows[0]), CHUNK):
            above = (rows[0][first : first + CHUNK] >> self._shift).view(np.int64) + 1
            starts[above] = np.arange(first + 1, first + 1 + len(above))
        np.maximum.accumulate(starts, out=starts)
        self._starts = starts

    def __len__(self) -> int:
        return len(self.rows[0])

    def place(self, wanted: Rows) -> NDArray[np.intp]:
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

    def _before(self, place: NDArray[np.intp], wanted: Rows) -> NDArray[np.bool_]:
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
        place = self.place(other.rows)
        place += np.arange(len(other))
        mine = np.ones(total, np.bool_)
        mine[place] = False
        rows = []
        for word, added in zip(self.rows, other.rows, strict=True):
            target = np.empty(total, np.uint64)
            target[place] = added
            target[mine] = word
            rows.append(target)
        return Run(rows)


class Visited:
    """All states met: a few runs, each much longer than the next."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    @property
    def bytes(self) -> int:
        """What the runs take."""
        return sum(run.rows[0].nbytes * len(run.rows) + run._starts.nbytes for run in self.runs)

    def add(self, rows: Rows) -> None:
        """Take states that were not met before, in order."""
        self.runs.append(Run(rows))

    def settle(self) -> None:
        """Merge runs, so that there are few to look at."""
        while len(self.runs) > 1 and len(self.runs[-2]) < NEAR * len(self.runs[-1]):
            last = self.runs.pop()
            self.runs[-1] = self.runs[-1].merged(last)

    def new(self, rows: Rows) -> Rows:
        """Those of some states that were not met before."""
        for run in reversed(self.runs):
            unmet = ~run.has(rows)
            rows = [word[unmet] for word in rows]
        return rows
