"""The compiled engine: a frontier whose states lie in bit planes, and from which machine code takes the steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.compiled.kernel import Kernel
from attorn.checker.explore.compiled.planes import WORD, Planes, Words
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.compiled.threads import Threads
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.questions import Question
from attorn.checker.explore.steps import Reached
from attorn.checker.explore.visited import Visited, distinct, joined
from attorn.spec.errors import Unsound

__all__ = ["Compiled", "Log"]

ROOM = 1 << 16  # successors that a thread makes in one round: they stay in the cache
ALONE = 1 << 13  # states in a level that are left to one thread
CHUNK = 1 << 14  # states that are brought from one form to the other at once


@dataclass(frozen=True)
class _Round:
    """What one thread made of consecutive states.

    stopped: the first state from which no step was taken.
    """

    count: int
    stopped: int
    fired: NDArray[np.int64]
    marks: Words


class Log(Visited):
    """All states met, in the order of their discovery, as if they were in sorted runs.

    starts: for each level, the place of its first state.
    """

    def __init__(self, table: Table, planes: Planes, layout: Layout) -> None:
        super().__init__()
        self.table, self._planes, self._layout = table, planes, layout
        self.starts: list[int] = []

    def __len__(self) -> int:
        return len(self.table)

    @property
    def bytes(self) -> int:
        """What the states take, and the table by which they are found."""
        return self.table.bytes

    def level(self, depth: int) -> Rows:
        """The states first met at a depth, in order."""
        return distinct(self.packed(self.table.log[self.starts[depth] : self.end(depth)]))

    def end(self, depth: int) -> int:
        """The place after the last state of a level."""
        return self.starts[depth + 1] if depth + 1 < len(self.starts) else len(self.table)

    def take(self, level: Rows) -> None:
        """Add all states of the next level."""
        self.starts.append(len(self.table))
        for first in range(0, len(level[0]), CHUNK):
            self.table.insert(self.placed([word[first : first + CHUNK] for word in level]))

    def packed(self, states: Words) -> Rows:
        """States as they are packed elsewhere."""
        parts = [self._layout.pack(self._planes.unpack(part)) for part in _chunks(states)]
        return joined(parts) if parts else [np.empty(0, np.uint64) for _ in range(self._layout.words)]

    def placed(self, rows: Rows) -> Words:
        """States that are packed elsewhere, in bit planes."""
        return self._planes.pack(self._layout.unpack(rows))


class Compiled:
    """All states in the memory of one machine, and the steps from them taken by threads that run at once.

    levels:    the states first met at each depth so far; the last come next.
    questions: what is asked of them from now on.
    threads:   how many; one for each processor when None.
    memory:    bytes that states may take, if there is a limit.

    Raises CannotCompile where there is no way.
    """

    @spends(Phase.BUILDING)
    def __init__(
        self,
        prepared: Prepared,
        questions: Mapping[str, Question],
        levels: Sequence[Rows],
        threads: int | None,
        memory: int | None,
    ) -> None:
        instance, layout = prepared.meaning.instance, prepared.layout
        planes = Planes(instance)
        self._kernel = Kernel(instance, planes, questions)
        self._effects = [number for number, effect in enumerate(prepared.meaning.effects) if effect.guard != 0]
        self._threads, self._one = Threads(threads or _processors()), Threads(1)
        self._room = ROOM + self._kernel.effects
        self._out = np.empty((len(self._threads), self._room, planes.words), np.uint64)
        if memory is not None and memory < 2 * self._out.nbytes:
            raise CannotCompile(f"it takes {2 * self._out.nbytes:,} bytes or more, and may take {memory:,}.")
        table = Table(planes.words, None if memory is None else memory - self._out.nbytes)
        self._log = Log(table, planes, layout)
        self.visited: Visited = self._log
        self.peak = self.moved = 0
        for level in levels:
            self._log.take(level)
        self._ratio = 1.0
        self._answered = [0] * (self._kernel.marks - 1)

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._log) - self._log.starts[-1]

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take."""
        return self.visited.bytes + self._out.nbytes

    @property
    def needed(self) -> int:
        """Bytes of memory that are needed where the next level has as many new states as this one."""
        return self.held + 2 * self.visited.bytes * self.count // max(len(self._log), 1)

    def advance(self) -> Reached:
        """Take all steps from the states that come next."""
        log, count = self._log, self.count
        first, end = log.starts[-1], len(log)
        fired = np.zeros(self._kernel.effects, np.int64)
        seen: dict[str, Rows] = {}
        for at, rounds in self._rounds(first, end):
            log.table.insert_parts(self._out[: len(rounds)], [each.count for each in rounds], self._team(end - first))
            for each in rounds:
                fired += each.fired
                self._see(seen, log.table.log[at : each.stopped], each.marks)
                at = each.stopped
        self.drop(seen)
        log.starts.append(end)
        self.peak = max(self.peak, self.held)
        return Reached(count, fired[self._effects], seen)

    def _team(self, states: int) -> Threads:
        return self._one if states < ALONE else self._threads

    def _rounds(self, first: int, end: int) -> Iterator[tuple[int, list[_Round]]]:
        """Take steps from some states, round by round: what each thread made, and the first state of the round."""
        states, team = self._log.table.log[:end], self._team(end - first)
        while first < end:
            each = max(min(int(ROOM / self._ratio * 0.9), -(-(end - first) // len(team))), 1)
            bounds = [min(first + number * each, end) for number in range(len(team) + 1)]
            tasks = [
                partial(self._round, states, bounds[number], bounds[number + 1], self._out[number])
                for number in range(len(team))
            ]
            rounds = _made(team, tasks)
            whole = [done.stopped == bound for done, bound in zip(rounds, bounds[1:], strict=True)]
            kept = rounds[: whole.index(False) + 1] if False in whole else rounds
            yield first, kept
            made, taken = sum(done.count for done in kept), kept[-1].stopped - first
            self._ratio = max(made / taken, 1.0)
            first = kept[-1].stopped

    def _round(self, states: Words, first: int, end: int, out: Words) -> _Round:
        fired = np.zeros(self._kernel.effects, np.int64)
        marks = np.empty((end - first, self._kernel.marks), np.uint64)
        count, stopped = self._kernel(states, first, end, out, fired, marks)
        return _Round(count, stopped, fired, marks[: stopped - first])

    def _see(self, seen: dict[str, Rows], states: Words, marks: Words) -> None:
        """Note of each question the first state of which it is true, in the order in which states are packed."""
        for word in range(self._kernel.marks - 1):
            bits = int(np.bitwise_or.reduce(marks[:, word])) & ~self._answered[word]
            while bits:
                bit = (bits & -bits).bit_length() - 1
                bits &= bits - 1
                name = self._kernel.questions[WORD * word + bit]
                found = self._log.packed(states[marks[:, word] & np.uint64(1 << bit) != 0])
                if name in seen:
                    found = joined([found, seen[name]])
                seen[name] = _least(found)

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        for number, name in enumerate(self._kernel.questions):
            if name in answered:
                self._answered[number // WORD] |= 1 << number % WORD

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a level that a step leads from.

        Raises Unsound if there is none.
        """
        log = self._log
        wanted = [log.placed(state)[0] for state in states]
        found: dict[int, Rows] = {}
        for at, rounds in self._rounds(log.starts[depth], log.end(depth)):
            for out, each in zip(self._out, rounds, strict=False):
                for number, state in enumerate(wanted):
                    places = np.flatnonzero((out[: each.count] == state).all(axis=1))
                    if len(places):
                        origins = np.unique(np.searchsorted(each.marks[:, -1], places.astype(np.uint64), "right"))
                        rows = log.packed(log.table.log[at + origins])
                        found[number] = _least(joined([rows, found[number]]) if number in found else rows)
                at = each.stopped
        if len(found) < len(states):
            raise Unsound("the explorer met a state that no step of the level before leads to; please report this.")
        return [found[number] for number in range(len(states))]


@spends(Phase.SUCCESSORS)
def _made(team: Threads, tasks: Sequence[Callable[[], _Round]]) -> list[_Round]:
    """What the threads of a team make at once."""
    return team.run(tasks)


def _least(rows: Rows) -> Rows:
    """The first of some states, at least one."""
    for number in range(len(rows)):
        least = rows[number] == rows[number].min()
        rows = [each[least] for each in rows]
    return [np.array(word[:1]) for word in rows]


def _chunks(states: Words) -> Iterator[Words]:
    for first in range(0, len(states), CHUNK):
        yield states[first : first + CHUNK]


def _processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
