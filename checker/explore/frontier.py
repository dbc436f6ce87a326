"""Frontiers: who holds the states of a search, and finds out level by level what they lead to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from attorn.checker.explore.checkpoint import Checkpoint
from attorn.checker.explore.disk import FiledRun, Sorter
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.steps import BLOCK, Reached, combined, predecessors, taken, unheard
from attorn.checker.explore.team import together
from attorn.checker.explore.visited import Visited, distinct, joined

__all__ = ["Frontier", "InMemory", "OnDisk"]

SHARE = 1 << 14  # states that are worth a process of their own
SHARES = 8  # of the memory given: states at work on the disk take one, and sorting them takes a few times as much


class Frontier(Protocol):
    """The states that come next in a search, all those met before, and who takes the steps from them.

    peak:  bytes of memory that states took at the most.
    moved: bytes written to and read from the disk, or sent from one machine to another.
    """

    peak: int
    moved: int

    @property
    def visited(self) -> Visited:
        """All states met, those that come next among them."""

    @property
    def count(self) -> int:
        """How many states come next."""

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take."""

    def advance(self, told: Callable[[int], None] = unheard) -> Reached:
        """Take all steps from the states that come next; what they lead to, and was not met before, comes next then.

        told: is called now and then with the number of states that are done, where that is known.

        Where there is a checkpoint these states are kept in it. Raises OSError where that fails, MemoryError or
        WorkerLost.
        """

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from; raises Unsound, or as above."""


class InMemory:
    """All states in the memory of one machine, as far as several processes pay for a level forked for it.

    levels: the states first met at each depth, in order; the last come next.
    """

    def __init__(self, expander: Expander, levels: Sequence[Rows], workers: int, checkpoint: Checkpoint | None) -> None:
        self._expander, self._workers, self._checkpoint = expander, workers, checkpoint
        self._visited = Visited()
        for depth, rows in enumerate(levels):
            self._level = [np.array(word) for word in rows]
            self._visited.add(self._level, depth)
            self._visited.settle()
        self._depth = len(levels) - 1
        self.peak = self.moved = 0

    @property
    def visited(self) -> Visited:
        """All states met, those that come next among them."""
        return self._visited

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._level[0])

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take."""
        return self._visited.bytes

    def advance(self, told: Callable[[int], None] = unheard) -> Reached:
        """Take all steps from the states that come next; where there are many, several processes do."""
        workers = min(self._workers, self.count // SHARE)
        if workers < 2:
            self._visited.settle()
            reached, rows = self._share(0, self.count, told)
        else:
            bounds = [self.count * number // workers for number in range(workers + 1)]
            shares = together(
                [partial(self._share, first, end) for first, end in itertools.pairwise(bounds)], self._visited.settle
            )
            reached = combined([each for each, _ in shares])
            rows = distinct(joined([found for _, found in shares]))
        self.peak = max(self.peak, self.held + 3 * sum(word.nbytes for word in rows))
        if self._checkpoint is not None:
            self._checkpoint.keep([rows])
        self._depth += 1
        self._visited.add(rows, self._depth)
        self._level = rows
        return reached

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        self._expander.drop(answered)

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from."""
        return predecessors(expander, self._visited.level(depth), states)

    def _share(self, first: int, end: int, told: Callable[[int], None] = unheard) -> tuple[Reached, Rows]:
        """What the states from one place to another lead to."""
        successors: list[Rows] = []
        reached = taken(self._expander, [word[first:end] for word in self._level], successors.append, told)
        rows = joined(successors)
        successors.clear()
        rows = distinct(rows)
        return reached, self._visited.new(rows)


class OnDisk:
    """All states in the files of a checkpoint; no more of them in memory than are at work.

    memory: bytes that these may take.
    """

    def __init__(self, expander: Expander, memory: int, checkpoint: Checkpoint) -> None:
        self._expander, self._checkpoint = expander, checkpoint
        levels = checkpoint.levels()
        self._visited = Visited([FiledRun(rows, depth) for depth, rows in enumerate(levels)])
        self._level = levels[-1]
        self._words = len(self._level)
        self._room = max(memory // SHARES, BLOCK * self._words * self._level[0].itemsize)
        self.peak = self.moved = 0

    @property
    def visited(self) -> Visited:
        """All states met, those that come next among them."""
        return self._visited

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._level[0])

    @property
    def held(self) -> int:
        """None: states are read as they are needed."""
        return 0

    def advance(self, told: Callable[[int], None] = unheard) -> Reached:
        """Take all steps from the states that come next; what they lead to is put in order on the disk."""
        sorter = Sorter(self._checkpoint.scratch, self._words, self._room)
        try:
            reached = taken(self._expander, self._level, sorter.add, told)
            rows = self._checkpoint.keep(self._visited.new(chunk) for chunk in sorter)
        finally:
            sorter.close()
        compared = (rows, *(run.rows for run in self._visited.filed))
        self.moved += sorter.moved + sum(word.nbytes for each in compared for word in each)
        self.peak = max(self.peak, SHARES * self._room)
        self._visited.filed.append(FiledRun(rows, len(self._visited.filed)))
        self._level = rows
        return reached

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        self._expander.drop(answered)

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from."""
        return predecessors(expander, self._visited.level(depth), states)
