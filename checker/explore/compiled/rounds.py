"""Rounds: the states of a level are expanded by and by; while one part is used, the next is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.compiled.canonical import Canonical
from attorn.checker.explore.compiled.kernel import Kernel
from attorn.checker.explore.compiled.planes import Words
from attorn.checker.explore.compiled.table import Batch, Table
from attorn.checker.explore.compiled.threads import Threads
from attorn.checker.explore.phases import Phase, spends

__all__ = ["Round", "Rounds", "Share"]

ROOM = 1 << 17  # successors that a thread makes in one round: they stay in the cache
ALONE = 1 << 13  # states that are left to one thread
FILLED = 0.9  # the part of the room that is expected to be used


@dataclass(frozen=True)
class Share:
    """What one thread made of consecutive states.

    states:     the numbers of the first, and of the first from which no step was taken.
    stand_for:  how many states these stand for.
    successors: uint64[count, words], of one state after the other; valid until the next round but one.
    fired:      int64[effects], the transitions of each, from all states that these stand for.
    marks:      the answers to questions about each state, and the number of successors up to it.
    """

    states: tuple[int, int]
    stand_for: int
    successors: Words
    fired: NDArray[np.int64]
    marks: Words


@dataclass(frozen=True)
class Round:
    """What all threads made of consecutive states, one share after the other.

    batch: the successors, sifted for a table, if they were made for one.
    """

    shares: list[Share]
    batch: Batch | None

    @property
    def end(self) -> int:
        """The number of the first state from which no step was taken."""
        return self.shares[-1].states[1]


class Rounds:
    """Half of the threads make what the others use; a single one does both in turn.

    Where states stand for others, making is nearly all of the work: then all do both in turn.

    canonical: what replaces successors by the states that stand for them, if any do.
    users: the threads that are left for those who use what is made.
    bytes: that are taken by what is made.
    """

    def __init__(self, kernel: Kernel, words: int, threads: int, canonical: Canonical | None = None) -> None:
        self._kernel, self._canonical = kernel, canonical
        in_turn = threads == 1 or canonical is not None
        self._makers = Threads(threads if in_turn else threads // 2)
        self.users = Threads(threads if in_turn else threads - len(self._makers))
        self._pair, self._one = Threads(1 if in_turn else 2), Threads(1)
        self._parts = np.empty((2, len(self._makers), ROOM + kernel.effects, words), np.uint64)
        self._batches: list[Batch] = []
        self._growth = 1.0

    @property
    def bytes(self) -> int:
        """What successors take."""
        return self._parts.nbytes

    def __call__(self, states: Words, first: int, use: Callable[[Round], None], table: Table | None = None) -> None:
        """Take all steps from some states, those from a number on, and have what each round made used, in order.

        table: the one that ``use`` will put all successors into, if it does.
        """
        if table is not None and not self._batches:
            self._batches = [table.batch(parts, len(self.users)) for parts in self._parts]
        sifts = table is not None
        alone = len(states) - first < ALONE
        makers, pair = (self._one, self._one) if alone else (self._makers, self._pair)
        made = self._made_first(makers, states, first, sifts)
        number = 1
        while made is not None:
            following = partial(self._made, makers, states, made.end, number % 2, sifts)
            if len(pair) == 1:
                use(made)
                made = self._made_alone(following)
            else:
                _, made = pair.run([partial(_used, use, made), following])
            number += 1

    @spends(Phase.SUCCESSORS)
    def _made_first(self, makers: Threads, states: Words, first: int, sifts: bool) -> Round | None:
        return self._made(makers, states, first, 0, sifts)

    @spends(Phase.SUCCESSORS)
    def _made_alone(self, following: Callable[[], Round | None]) -> Round | None:
        return following()

    def _made(self, makers: Threads, states: Words, first: int, buffer: int, sifts: bool) -> Round | None:
        """One round, if there are states left."""
        end = len(states)
        if first == end:
            return None
        each = max(min(int(ROOM / self._growth * FILLED), -(-(end - first) // len(makers))), 1)
        bounds = [min(first + number * each, end) for number in range(len(makers) + 1)]
        tasks = [
            partial(self._share, states, bounds[number], bounds[number + 1], self._parts[buffer, number])
            for number in range(len(makers))
        ]
        shares = makers.run(tasks)
        whole = [share.states[1] == bound for share, bound in zip(shares, bounds[1:], strict=True)]
        if False in whole:  # What follows a share that had no room for all is made again.
            shares = shares[: whole.index(False) + 1]
        counts = [len(share.successors) for share in shares]
        batch = self._batches[buffer] if sifts else None
        if batch is not None:
            makers.run([partial(batch.sift, number, count) for number, count in enumerate(counts)])
        found = Round(shares, batch)
        self._growth = max(sum(counts) / (found.end - first), 1.0)
        return found

    def _share(self, states: Words, first: int, end: int, out: Words) -> Share:
        fired = np.zeros(self._kernel.effects, np.int64)
        marks = np.empty((self._kernel.marks, end - first), np.uint64)
        weights = None if self._canonical is None else self._canonical.orbits(states[first:end])
        count, stopped = self._kernel(states, first, end, out, fired, marks, weights)
        stand_for = done = stopped - first
        if self._canonical is not None and weights is not None:
            self._canonical.canonical(out[:count])
            stand_for = int(weights[:done].sum())
        return Share((first, stopped), stand_for, out[:count], fired, marks[:, :done])


def _used(use: Callable[[Round], None], made: Round) -> Round | None:
    use(made)
    return None
