"""The compiled engine: a frontier whose states lie in bit planes, and from which machine code takes the steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from attorn.checker.explore.checkpoint import Checkpoint
from attorn.checker.explore.compiled.canonical import Canonical
from attorn.checker.explore.compiled.kernel import Kernel
from attorn.checker.explore.compiled.log import Log
from attorn.checker.explore.compiled.planes import WORD, Planes, Words
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.compiled.rounds import Round, Rounds
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.questions import Question
from attorn.checker.explore.steps import Reached, unheard
from attorn.checker.explore.symmetry import Symmetry
from attorn.checker.explore.visited import Visited, joined
from attorn.spec.errors import Unsound

__all__ = ["Compiled"]


class Compiled:
    """All states in the memory of one machine, and the steps from them taken by threads that run at once.

    levels:    the states first met at each depth so far; the last come next.
    symmetry:  by which states stand for others, if any do.
    questions: what is asked of them from now on.
    threads:   how many; one for each processor when None.
    memory:    bytes that states may take, if there is a limit.
    checkpoint: where the states that come next are kept, if anywhere; those of ``levels`` are.

    Raises CannotCompile where there is no way.
    """

    @spends(Phase.BUILDING)
    def __init__(
        self,
        prepared: Prepared,
        symmetry: Symmetry | None,
        questions: Mapping[str, Question],
        levels: Sequence[Rows],
        threads: int | None,
        memory: int | None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        instance = prepared.meaning.instance
        planes = Planes(instance)
        canonical = None if symmetry is None else Canonical(planes, symmetry)
        self._kernel = Kernel(instance, planes, questions, weighted=canonical is not None)
        self._effects = [number for number, effect in enumerate(prepared.meaning.effects) if effect.guard != 0]
        self._rounds = Rounds(self._kernel, planes.words, threads or _processors(), canonical)
        if memory is not None and memory < 2 * self._rounds.bytes:
            raise CannotCompile(f"it takes {2 * self._rounds.bytes:,} bytes or more, and may take {memory:,}.")
        table = Table(planes.words, None if memory is None else memory - self._rounds.bytes)
        self._layout = prepared.layout
        self._log = Log(table, planes, self._layout)
        self._checkpoint, self._memory = checkpoint, memory
        self._answered = [0] * (self._kernel.marks - 1)
        self.peak = self.moved = 0
        for level in levels:
            self._log.take(level)

    @property
    def visited(self) -> Visited:
        """All states met, those that come next among them."""
        return self._log

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._log) - self._log.starts[-1]

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take."""
        return self._log.bytes + self._rounds.bytes

    @property
    def needed(self) -> int:
        """Bytes of memory that are needed where the next level has as many new states as this one."""
        return self.held + 2 * self._log.bytes * self.count // max(len(self._log), 1) + self._bytes_to_keep

    def advance(self, told: Callable[[int], None] = unheard) -> Reached:
        """Take all steps from the states that come next."""
        log = self._log
        states = log.table.log
        fired, stand_for = np.zeros(self._kernel.effects, np.int64), 0
        seen: dict[str, Rows] = {}

        def use(made: Round) -> None:
            nonlocal stand_for
            assert made.batch is not None
            log.table.take(made.batch, len(made.shares), self._rounds.users)
            for share in made.shares:
                np.add(fired, share.fired, out=fired)
                stand_for += share.stand_for
                self._see(seen, states[slice(*share.states)], share.marks)
            told(made.end - log.starts[-1])

        self._rounds(states, log.starts[-1], use, log.table)
        log.starts.append(len(states))
        self.drop(seen)
        self.peak = max(self.peak, log.bytes)
        if self._checkpoint is not None:
            self._keep(self._checkpoint)
        return Reached(stand_for, fired[self._effects], seen)

    def _keep(self, checkpoint: Checkpoint) -> None:
        """Keep the states that come next; raises MemoryError where there is no room to pack them."""
        needed = self.held + self._bytes_to_keep
        if self._memory is not None and needed > self._memory:
            raise MemoryError(f"to pack {self.count:,} states takes {needed:,} bytes in all.")
        self.peak = max(self.peak, self._log.bytes + self._bytes_to_keep)
        checkpoint.keep([self._log.level(len(self._log.starts) - 1)])

    @property
    def _bytes_to_keep(self) -> int:
        """Bytes of memory that it takes to pack the states that come next, and to put them in order."""
        return 0 if self._checkpoint is None else 3 * self.count * self._layout.bytes

    def _see(self, seen: dict[str, Rows], states: Words, marks: Words) -> None:
        """Note of each question the first state of which it is true, in the order in which states are packed."""
        for word in range(self._kernel.marks - 1):
            bits = int(np.bitwise_or.reduce(marks[word])) & ~self._answered[word]
            while bits:
                bit = (bits & -bits).bit_length() - 1
                bits &= bits - 1
                name = self._kernel.questions[WORD * word + bit]
                found = self._log.packed(states[marks[word] & np.uint64(1 << bit) != 0])
                seen[name] = _least(joined([found, seen[name]]) if name in seen else found)

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        for number, name in enumerate(self._kernel.questions):
            if name in answered:
                self._answered[number // WORD] |= 1 << number % WORD

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from; raises Unsound if none is."""
        log = self._log
        wanted = [log.placed(state)[0] for state in states]
        found: dict[int, Rows] = {}

        def use(made: Round) -> None:
            for share in made.shares:
                for number, state in enumerate(wanted):
                    places = np.flatnonzero((share.successors == state).all(axis=1))
                    if len(places):
                        origins = np.unique(np.searchsorted(share.marks[-1], places.astype(np.uint64), "right"))
                        rows = log.packed(log.table.log[share.states[0] + origins])
                        found[number] = _least(joined([rows, found[number]]) if number in found else rows)

        self._rounds(log.table.log[: log.end(depth)], log.starts[depth], use)
        if len(found) < len(states):
            raise Unsound("the explorer met a state that no step of the level before leads to; please report this.")
        return [found[number] for number in range(len(states))]


def _least(rows: Rows) -> Rows:
    """The first of some states, at least one."""
    for number in range(len(rows)):
        least = rows[number] == rows[number].min()
        rows = [each[least] for each in rows]
    return [np.array(word[:1]) for word in rows]


def _processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
