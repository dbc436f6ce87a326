"""Breadth-first search: level by level, until no state is new or a budget ends it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from attorn.checker.explore.checkpoint import Checkpoint, Saved
from attorn.checker.explore.circuit import Value
from attorn.checker.explore.disk import FiledRun, Sorter
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.options import Options, Progress
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.symmetry import Symmetry
from attorn.checker.explore.team import WorkerLost, available, together
from attorn.checker.explore.visited import Visited, distinct, joined
from attorn.spec.errors import TooLarge, Unsound

__all__ = ["BLOCK", "Found", "Search", "blocks"]

BLOCK = 1 << 15  # states that are expanded at once: their columns stay in the cache
SHARE = 1 << 14  # states that are worth a process of their own
REBUILD = 1 << 12  # states in a level from which on it pays to drop questions that are answered
SHARES = 8  # of the memory given: states at work on the disk take one, and sorting them takes a few times as much
FAULT = "fault"


@dataclass(frozen=True)
class Found:
    """The first state, in the order of search, of which a question is true: one packed state and its depth."""

    depth: int
    state: Rows


@dataclass
class _Reached:
    """What one level leads to.

    rows:      distinct successors that were not met before, in order.
    stand_for: how many states the level stands for.
    fired:     transitions of each effect, from all of these.
    seen:      for each question that is true in the level, the first place where it is.
    """

    rows: Rows
    stand_for: int
    fired: np.ndarray[tuple[int], np.dtype[np.int64]]
    seen: dict[str, int] = field(default_factory=dict)


class Search:
    """A search through all reachable states.

    levels:    for each depth, how many states were first met there; each has been expanded.
    stand_for: for each depth, how many states these stand for: as many, where there is no symmetry.
    visited:   these states, and those of the next level.
    found:     for each question that turned out true somewhere, where first.
    fired:     transitions of each effect, from all states that the levels stand for.
    stopped:   why the search ended early; empty if it finished.
    moved:     bytes written to and read from the disk, once states lie there.
    """

    def __init__(
        self,
        prepared: Prepared,
        questions: dict[str, Value],
        options: Options,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._options, self._progress, self._began = options, progress, time.perf_counter()
        self._concrete = prepared.concrete
        self.layout = prepared.layout
        self.levels: list[int] = []
        self.stand_for: list[int] = []
        self.visited = Visited()
        self.found: dict[str, Found] = {}
        self.stopped = ""
        self.peak = 0
        self.moved = 0
        meaning = prepared.meaning
        faults = meaning.circuit.disjunction(effect.fault for effect in meaning.effects)
        symmetry = Symmetry(meaning.instance, self.layout) if options.symmetry else None
        self.expander = Expander(meaning, self.layout, {FAULT: faults, **questions}, symmetry)
        self.fired = np.zeros(len(self.expander.effects), np.int64)
        self._workers = (options.threads or 1) if available() else 1
        self._rebuilt = 0
        self._next = self.expander.reduced(prepared.initial)
        self._refuse(prepared)
        self.visited.add(self._next, 0)
        self._checkpoint = None if options.checkpoint is None else Checkpoint(prepared, options)
        if self._checkpoint is not None:
            try:
                self._take_up(self._checkpoint.load())
            except OSError as error:
                self.stopped = self._lost_files(error)

    def _take_up(self, saved: Saved | None) -> None:
        """Go on where a search was left; begin a checkpoint where there is none."""
        if saved is None:
            self._leave(self._next)
            return
        self._next = [np.array(word) for word in saved.levels[-1]]
        if self._options.memory is not None and 3 * sum(_bytes(rows) for rows in saved.levels) > self._options.memory:
            self._move_to_disk()
        else:
            for depth, rows in enumerate(saved.levels[1:], start=1):
                self.visited.add([np.array(word) for word in rows], depth)
                self.visited.settle()
        self.levels = [len(rows[0]) for rows in saved.levels[:-1]]
        self.stand_for, self.fired = saved.stand_for, np.array(saved.fired, np.int64)
        self.found = {
            name: Found(depth, [np.array([word], np.uint64) for word in state])
            for name, (depth, state) in saved.found.items()
        }

    def _leave(self, rows: Rows | None = None) -> None:
        """Leave what it takes to go on from here, with the states that come next unless they are left already."""
        if self._checkpoint is None:
            return
        if rows is not None:
            self._checkpoint.keep([rows])
        found = {name: (each.depth, [int(word[0]) for word in each.state]) for name, each in self.found.items()}
        self._checkpoint.save(Saved([], self.stand_for, self.fired.tolist(), found))

    def _move_to_disk(self) -> None:
        """Have no states in memory from here on but those at work."""
        assert self._checkpoint is not None
        levels = self._checkpoint.levels()
        self.visited = Visited([FiledRun(rows, depth) for depth, rows in enumerate(levels)])
        self._next = levels[-1]

    def _lost_files(self, error: OSError) -> str:
        """Why the search ends where the files of its checkpoint can be written or read no more."""
        return f"the checkpoint failed at depth {len(self.levels)}: {error.strerror}"

    def _refuse(self, prepared: Prepared) -> None:
        count = len(self._next[0])
        if self._options.memory is not None and self._needed() > self._options.memory:
            instance = prepared.meaning.instance
            raise TooLarge(
                f"{instance.machine.name} with {instance.shape()}: its {count:,} initial states take "
                f"{self.layout.bits} bits each, and to search from them takes {self._needed():,} bytes or more; the "
                f"memory budget is {self._options.memory:,}. Raise it or choose smaller sizes."
            )

    @property
    def states(self) -> int:
        """States in the levels that were expanded."""
        return sum(self.levels)

    def run(self) -> None:
        """Search until nothing is new, a budget is reached, or the user interrupts.

        Raises what the plain meaning says of a step that writes a cell twice or a number out of its range.
        """
        try:
            while len(self._next[0]) and not self.stopped and not self._exhausted():
                level, depth = self._next, len(self.levels)
                self._report(depth, len(level[0]))
                filed = bool(self.visited.filed)
                reached = self._sorted_on_disk(level) if filed else self._expanded(level)
                for name, place in reached.seen.items():
                    self.found.setdefault(name, Found(depth, [word[place : place + 1].copy() for word in level]))
                if FAULT in self.found:
                    self._raise_fault()
                if filed:
                    self.visited.filed.append(FiledRun(reached.rows, depth + 1))
                else:
                    self.visited.add(reached.rows, depth + 1)
                self.levels.append(len(level[0]))
                self.stand_for.append(reached.stand_for)
                self.fired += reached.fired
                self._next = reached.rows
                self._leave(None if filed else reached.rows)
                self._drop_answered()
        except KeyboardInterrupt:
            self.stopped = f"interrupted at depth {len(self.levels)}"
        except (MemoryError, WorkerLost):
            self.stopped = f"memory exhausted at depth {len(self.levels)}"
        except OSError as error:
            self.stopped = self._lost_files(error)

    def _raise_fault(self) -> None:
        """Let the plain meaning say what is wrong with a step that is not well defined."""
        for state in self.layout.values(self.found[FAULT].state):
            for _ in self._concrete.successors(state):
                pass
        raise Unsound("the explorer found a step ill defined that is not; please report this.")

    def _exhausted(self) -> bool:
        """Whether a budget forbids to take the next level."""
        depth, states, more = len(self.levels), self.states, len(self._next[0])
        if self._options.max_states is not None and states + more > self._options.max_states:
            self.stopped = f"state budget of {self._options.max_states:,} reached at depth {depth}"
        elif self._options.memory is None or self.visited.filed or self._needed() <= self._options.memory:
            return False
        elif self._checkpoint is not None:
            self._move_to_disk()
        else:
            self.stopped = f"memory budget of {self._options.memory:,} bytes reached at depth {depth}"
        return bool(self.stopped)

    def _needed(self) -> int:
        """Bytes that the next level will take, if it has as many successors a state as the level before."""
        successors = len(self._next[0]) * self.layout.bytes
        return int(self.held + self.visited.bytes + 3 * successors)

    @property
    def held(self) -> int:
        """Bytes that all states met take."""
        return self.visited.bytes

    def _expanded(self, level: Rows) -> _Reached:
        """What a level leads to; where it is large, several processes find out."""
        count = len(level[0])
        workers = min(self._workers, count // SHARE)
        if workers < 2:
            self.visited.settle()
            reached = self._share(level, 0, count)
        else:
            bounds = [count * number // workers for number in range(workers + 1)]
            shares = together(
                [partial(self._share, level, first, end) for first, end in itertools.pairwise(bounds)],
                self.visited.settle,
            )
            reached = _joined(shares)
        self.peak = max(self.peak, self.held + 3 * len(reached.rows[0]) * self.layout.bytes)
        return reached

    def _sorted_on_disk(self, level: Rows) -> _Reached:
        """What a level leads to, put in order and kept on the disk."""
        assert self._checkpoint is not None and self._options.memory is not None
        room = max(self._options.memory // SHARES, BLOCK * self.layout.bytes)
        sorter = Sorter(self._checkpoint.scratch, self.layout.words, room)
        try:
            stand_for, fired, seen = self._taken(level, 0, len(level[0]), sorter.add)
            rows = self._checkpoint.keep(self.visited.new(chunk) for chunk in sorter)
        finally:
            sorter.close()
        self.moved += sorter.moved + _bytes(rows) + sum(_bytes(run.rows) for run in self.visited.filed)
        self.peak = max(self.peak, SHARES * room)
        return _Reached(rows, stand_for, fired, seen)

    def _share(self, level: Rows, first: int, end: int) -> _Reached:
        """What the states of a level from one place to another lead to."""
        successors: list[Rows] = []
        stand_for, fired, seen = self._taken(level, first, end, successors.append)
        rows = joined(successors)
        successors.clear()
        rows = distinct(rows)
        return _Reached(self.visited.new(rows), stand_for, fired, seen)

    def _taken(
        self, level: Rows, first: int, end: int, take: Callable[[Rows], None]
    ) -> tuple[int, np.ndarray[tuple[int], np.dtype[np.int64]], dict[str, int]]:
        """Take all steps from some states of a level, block by block; how many there were, and what was seen."""
        stand_for, fired, symmetry = 0, np.zeros_like(self.fired), self.expander.symmetry
        seen: dict[str, int] = {}
        for place, block in blocks([word[first:end] for word in level]):
            expansion = self.expander(block)
            if symmetry is None:
                stand_for += len(block[0])
                fired += expansion.fired
            else:
                orbits = symmetry.orbits(block)
                stand_for += int(orbits.sum())
                fired += [int(orbits[places].sum()) for places in expansion.enabled]
            for name, places in expansion.seen.items():
                seen.setdefault(name, first + place + int(places[0]))
            take(self.expander.reduced(expansion.successors))
        return stand_for, fired, seen

    def _drop_answered(self) -> None:
        """Ask no longer what is answered: it costs time in every block."""
        if len(self._next[0]) >= REBUILD and len(self.visited) >= 4 * self._rebuilt:
            self._rebuilt = len(self.visited)
            self.expander.drop(self.found)

    def _report(self, depth: int, frontier: int) -> None:
        if self._progress is not None:
            self._progress(Progress(depth, len(self.visited), frontier, time.perf_counter() - self._began))


def _joined(shares: Sequence[_Reached]) -> _Reached:
    """What several parts of a level lead to, the parts in order."""
    seen: dict[str, int] = {}
    for share in shares:
        seen = share.seen | seen
    fired = np.sum([share.fired for share in shares], axis=0)
    stand_for = sum(share.stand_for for share in shares)
    return _Reached(distinct(joined([share.rows for share in shares])), stand_for, fired, seen)


def _bytes(rows: Rows) -> int:
    return sum(word.nbytes for word in rows)


def blocks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Parts of a list of states that are small enough to be expanded at once, each with the place of its first."""
    for first in range(0, len(rows[0]), BLOCK):
        yield first, [word[first : first + BLOCK] for word in rows]
