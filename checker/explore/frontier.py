"""Frontiers: who holds the states of a search, and finds out level by level what they lead to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.checkpoint import Checkpoint
from attorn.checker.explore.disk import FiledRun, Sorter
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.team import together
from attorn.checker.explore.visited import Visited, distinct, joined

__all__ = ["BLOCK", "Frontier", "InMemory", "OnDisk", "Reached", "blocks", "combined", "taken"]

BLOCK = 1 << 15  # states that are expanded at once: their columns stay in the cache
SHARE = 1 << 14  # states that are worth a process of their own
SHARES = 8  # of the memory given: states at work on the disk take one, and sorting them takes a few times as much


@dataclass(frozen=True)
class Reached:
    """What was seen of some states, and of all steps from them.

    stand_for: how many states they stand for.
    fired:     transitions of each effect, from all of these.
    seen:      for each question that is true of some of them, the first of which it is: one packed state.
    """

    stand_for: int
    fired: NDArray[np.int64]
    seen: dict[str, Rows]


class Frontier(Protocol):
    """The states that come next in a search, all those met before, and who takes the steps from them.

    visited: all states met, those that come next among them.
    peak:    bytes of memory that states took at the most.
    moved:   bytes written to and read from the disk, or sent from one machine to another.
    """

    visited: Visited
    peak: int
    moved: int

    @property
    def count(self) -> int:
        """How many states come next."""

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take."""

    def advance(self) -> Reached:
        """Take all steps from the states that come next; what they lead to, and was not met before, comes next then.

        Where there is a checkpoint these states are kept in it. Raises OSError where that fails, MemoryError or
        WorkerLost.
        """


class InMemory:
    """All states in the memory of one machine, as far as several processes pay for a level forked for it.

    levels: the states first met at each depth, in order; the last come next.
    """

    def __init__(self, expander: Expander, levels: Sequence[Rows], workers: int, checkpoint: Checkpoint | None) -> None:
        self._expander, self._workers, self._checkpoint = expander, workers, checkpoint
        self.visited = Visited()
        for depth, rows in enumerate(levels):
            self._level = [np.array(word) for word in rows]
            self.visited.add(self._level, depth)
            self.visited.settle()
        self._depth = len(levels) - 1
        self.peak = self.moved = 0

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._level[0])

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take."""
        return self.visited.bytes

    def advance(self) -> Reached:
        """Take all steps from the states that come next; where there are many, several processes do."""
        workers = min(self._workers, self.count // SHARE)
        if workers < 2:
            self.visited.settle()
            reached, rows = self._share(0, self.count)
        else:
            bounds = [self.count * number // workers for number in range(workers + 1)]
            shares = together(
                [partial(self._share, first, end) for first, end in itertools.pairwise(bounds)], self.visited.settle
            )
            reached = combined([each for each, _ in shares])
            rows = distinct(joined([found for _, found in shares]))
        self.peak = max(self.peak, self.held + 3 * sum(word.nbytes for word in rows))
        if self._checkpoint is not None:
            self._checkpoint.keep([rows])
        self._depth += 1
        self.visited.add(rows, self._depth)
        self._level = rows
        return reached

    def _share(self, first: int, end: int) -> tuple[Reached, Rows]:
        """What the states from one place to another lead to."""
        successors: list[Rows] = []
        reached = taken(self._expander, [word[first:end] for word in self._level], successors.append)
        rows = joined(successors)
        successors.clear()
        rows = distinct(rows)
        return reached, self.visited.new(rows)


class OnDisk:
    """All states in the files of a checkpoint; no more of them in memory than are at work.

    memory: bytes that these may take.
    """

    def __init__(self, expander: Expander, memory: int, checkpoint: Checkpoint) -> None:
        self._expander, self._checkpoint = expander, checkpoint
        levels = checkpoint.levels()
        self.visited = Visited([FiledRun(rows, depth) for depth, rows in enumerate(levels)])
        self._level = levels[-1]
        self._words = len(self._level)
        self._room = max(memory // SHARES, BLOCK * self._words * self._level[0].itemsize)
        self.peak = self.moved = 0

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._level[0])

    @property
    def held(self) -> int:
        """None: states are read as they are needed."""
        return 0

    def advance(self) -> Reached:
        """Take all steps from the states that come next; what they lead to is put in order on the disk."""
        sorter = Sorter(self._checkpoint.scratch, self._words, self._room)
        try:
            reached = taken(self._expander, self._level, sorter.add)
            rows = self._checkpoint.keep(self.visited.new(chunk) for chunk in sorter)
        finally:
            sorter.close()
        compared = (rows, *(run.rows for run in self.visited.filed))
        self.moved += sorter.moved + sum(word.nbytes for each in compared for word in each)
        self.peak = max(self.peak, SHARES * self._room)
        self.visited.filed.append(FiledRun(rows, len(self.visited.filed)))
        self._level = rows
        return reached


def taken(expander: Expander, rows: Rows, take: Callable[[Rows], None]) -> Reached:
    """Take all steps from some states, block by block, and hand on what each block leads to, in order, each once."""
    stand_for, fired, symmetry = 0, np.zeros(len(expander.effects), np.int64), expander.symmetry
    seen: dict[str, Rows] = {}
    for _, block in blocks(rows):
        expansion = expander(block)
        if symmetry is None:
            stand_for += len(block[0])
            fired += expansion.fired
        else:
            orbits = symmetry.orbits(block)
            stand_for += int(orbits.sum())
            fired += [int(orbits[places].sum()) for places in expansion.enabled]
        for name, places in expansion.seen.items():
            if name not in seen:
                seen[name] = [np.array(word[places[:1]]) for word in block]
        take(expander.reduced(expansion.successors))
    return Reached(stand_for, fired, seen)


def combined(shares: Sequence[Reached]) -> Reached:
    """What was seen of all states of several shares, which are in order."""
    seen: dict[str, Rows] = {}
    for share in shares:
        seen = share.seen | seen
    return Reached(sum(share.stand_for for share in shares), np.sum([share.fired for share in shares], axis=0), seen)


def blocks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Parts of a list of states that are small enough to be expanded at once, each with the place of its first."""
    for first in range(0, len(rows[0]), BLOCK):
        yield first, [word[first : first + BLOCK] for word in rows]
