"""Breadth-first search: level by level, until no state is new or a budget ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from attorn.checker.explore.checkpoint import Checkpoint, Saved
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.device import device_of
from attorn.checker.explore.ending import rest
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.frontier import Frontier, InMemory, OnDisk
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.on_device import OnDevice
from attorn.checker.explore.options import Options, Progress
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.questions import IllDefined, Question
from attorn.checker.explore.steps import Reached, unheard
from attorn.checker.explore.symmetry import Symmetry
from attorn.checker.explore.team import WorkerLost, available
from attorn.checker.explore.visited import Visited
from attorn.spec.errors import BadInput, TooLarge, Unsound

if TYPE_CHECKING:
    from attorn.checker.explore.compiled.engine import Compiled

__all__ = ["Found", "Search"]

REBUILD = 1 << 12  # states in a level from which on it pays to drop questions that are answered
COMPILE = 1 << 16  # states in a level from which on it pays to compile; by symmetry there is more to do for each
COMPILE_BY_SYMMETRY = 1 << 13
FAULT = "fault"


@dataclass(frozen=True)
class Found:
    """The first state, in the order of search, of which a question is true: one packed state and its depth."""

    depth: int
    state: Rows


class Search:
    """A search through all reachable states.

    levels:    for each depth, how many states were first met there; each has been expanded.
    stand_for: for each depth, how many states these stand for: as many, where there is no symmetry.
    found:     for each question that turned out true somewhere, where first.
    fired:     transitions of each effect, from all states that the levels stand for.
    stopped:   why the search ended early; empty if it finished.
    interrupted: whether the user ended it.
    peak:      bytes of memory that states took at the most.
    compiled:  who takes the steps, once that is machine code.
    by:        what took the steps, in words; where machine code would have paid and could not be had, why.
    """

    def __init__(
        self,
        prepared: Prepared,
        questions: dict[str, Question],
        options: Options,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._options, self._progress, self._began = options, progress, time.perf_counter()
        self._prepared, self._concrete = prepared, prepared.concrete
        self._questions = {FAULT: IllDefined(), **questions}
        self.layout = prepared.layout
        self.levels: list[int] = []
        self.stand_for: list[int] = []
        self.found: dict[str, Found] = {}
        self.stopped, self.interrupted = "", False
        self.peak = 0
        meaning = prepared.meaning
        symmetry = Symmetry(meaning.instance, self.layout) if options.symmetry else None
        asked = {name: meaning.answer(question) for name, question in self._questions.items()}
        self.expander = Expander(meaning, self.layout, asked, symmetry)
        self.fired = np.zeros(len(self.expander.effects), np.int64)
        self._rebuilt = 0
        self._checkpoint = None if options.checkpoint is None else Checkpoint(prepared, options)
        first = self.expander.reduced(prepared.initial)
        self._refuse(prepared, len(first[0]))
        self._frontier: Frontier = self._in_memory([first])
        self.compiled: Compiled | None = None
        self.by = "arrays"
        self._compilable = True
        if self._checkpoint is not None:
            try:
                self._take_up(self._checkpoint, first)
            except OSError as error:
                self.stopped = self._lost_files(error)

    def _in_memory(self, levels: Sequence[Rows]) -> Frontier:
        """The frontier of a search whose states fit the memory of this machine or of the device."""
        if self._options.device != "cpu":
            return OnDevice(self.expander, device_of(self._options.device), levels, self._checkpoint)
        workers = (self._options.threads or 1) if available() else 1
        return InMemory(self.expander, levels, workers, self._checkpoint)

    def _take_up(self, checkpoint: Checkpoint, first: Rows) -> None:
        """Go on where a search was left; begin a checkpoint where there is none."""
        saved = checkpoint.load()
        if saved is None:
            checkpoint.keep([first])
            self._leave()
        memory = self._options.memory
        if self._options.cluster is not None:
            self._frontier = self._spread(checkpoint)
        elif memory is not None and 3 * sum(checkpoint.counts) * self.layout.bytes > memory:
            self._frontier = OnDisk(self.expander, memory, checkpoint)
        else:
            self._frontier = self._in_memory(checkpoint.levels())
        if saved is None:
            return
        self.levels = checkpoint.counts[:-1]
        self.stand_for, self.fired = saved.stand_for, np.array(saved.fired, np.int64)
        self.found = {
            name: Found(depth, [np.array([word], np.uint64) for word in state])
            for name, (depth, state) in saved.found.items()
        }

    def _spread(self, checkpoint: Checkpoint) -> Frontier:
        """The frontier of a search on a cluster; Ray is imported only then."""
        from attorn.checker.explore.cluster import OnCluster

        return OnCluster(self.expander, checkpoint, self._options.workers)

    def _leave(self) -> None:
        """Leave what it takes to go on from here, now that the states that come next are kept."""
        if self._checkpoint is None:
            return
        found = {name: (each.depth, [int(word[0]) for word in each.state]) for name, each in self.found.items()}
        self._checkpoint.save(Saved(self.stand_for, self.fired.tolist(), found))

    def _lost_files(self, error: OSError) -> str:
        """Why the search ends where the files of its checkpoint can be written or read no more."""
        return f"the checkpoint failed at depth {len(self.levels)}: {error.strerror}"

    def _refuse(self, prepared: Prepared, count: int) -> None:
        needed = 3 * count * self.layout.bytes
        if self._options.memory is not None and needed > self._options.memory:
            instance = prepared.meaning.instance
            raise TooLarge(
                f"{instance.machine.name} with {instance.shape()}: its {count:,} initial states take "
                f"{self.layout.bits} bits each, and to search from them takes {needed:,} bytes or more; the "
                f"memory budget is {self._options.memory:,}. Raise it or choose smaller sizes."
            )

    @property
    def states(self) -> int:
        """States in the levels that were expanded."""
        return sum(self.levels)

    @property
    def visited(self) -> Visited:
        """These states, and those of the next level."""
        return self._frontier.visited

    @property
    def held(self) -> int:
        """Bytes that all states met take."""
        return self._frontier.held

    @property
    def moved(self) -> int:
        """Bytes written to and read from the disk, once states lie there."""
        return self._frontier.moved

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from; raises Unsound if none is."""
        return self._frontier.before(expander, depth, states)

    def run(self) -> None:
        """Search until nothing is new, a budget is reached, or the user interrupts.

        Raises what the plain meaning says of a step that writes a cell twice or a number out of its range.
        """
        try:
            while self._frontier.count and not self.stopped and not self._exhausted():
                self._compile_where_it_pays()
                depth, count = len(self.levels), self._frontier.count
                reached = self._advance(self._reports(depth, count))
                for name, state in reached.seen.items():
                    self.found.setdefault(name, Found(depth, state))
                if FAULT in self.found:
                    self._raise_fault()
                self.peak = max(self.peak, self._frontier.peak)
                self.levels.append(count)
                self.stand_for.append(reached.stand_for)
                self.fired += reached.fired
                self._leave()
                self._drop_answered()
        except KeyboardInterrupt:
            self.stopped, self.interrupted = f"interrupted at depth {len(self.levels)}", True
        except MemoryError:
            self.stopped = f"memory exhausted at depth {len(self.levels)}"
        except WorkerLost as lost:
            self.stopped = f"{lost} at depth {len(self.levels)}"
        except OSError as error:
            self.stopped = self._lost_files(error)

    def _advance(self, told: Callable[[int], None]) -> Reached:
        """Take a level; where its states outgrow the memory given, take it again on the disk, if there is a folder."""
        try:
            return self._frontier.advance(told)
        except MemoryError:
            if self.compiled is None or not self._spill():
                raise
            return self._frontier.advance(told)

    def _spill(self) -> bool:
        """Have the states on the disk from here on, if there is a folder for them; whether there is."""
        memory, checkpoint = self._options.memory, self._checkpoint
        if memory is None or checkpoint is None or self._options.cluster is not None:
            return False
        self.compiled, self._frontier = None, OnDisk(self.expander, memory, checkpoint)
        return True

    def _compile_where_it_pays(self) -> None:
        """Have the steps taken by machine code from here on, if that is wanted and there is a way."""
        options, wanted = self._options, self._options.engine
        elsewhere = isinstance(self._frontier, OnDisk) or options.cluster is not None or options.device != "cpu"
        if wanted == "arrays" or elsewhere or not self._compilable:
            return
        pays = COMPILE_BY_SYMMETRY if options.symmetry else COMPILE
        if wanted == "auto" and (options.memory is not None or self._frontier.count < pays):
            return  # Of memory, arrays take less.
        self._compilable = False
        try:
            self.compiled = self._compiled()
        except CannotCompile as error:
            if wanted == "compiled":
                raise BadInput(
                    f"the compiled engine cannot be had: {error} Choose the engine auto or arrays."
                ) from error
            self.by = f"arrays: {error}"
            return
        self._frontier = self.compiled
        self.by = f"machine code from depth {len(self.levels)}" if self.levels else "machine code"

    def _compiled(self) -> Compiled:
        """A frontier that goes on from here by machine code; raises CannotCompile where there is no way."""
        try:
            from attorn.checker.explore.compiled.engine import Compiled
        except ImportError as error:
            raise CannotCompile(f"llvmlite, which makes machine code, cannot be imported ({error}).") from error
        levels = [self.visited.level(depth) for depth in range(len(self.levels) + 1)]
        asked = {name: question for name, question in self._questions.items() if name not in self.found}
        options, symmetry = self._options, self.expander.symmetry
        return Compiled(self._prepared, symmetry, asked, levels, options.threads, options.memory, self._checkpoint)

    def _raise_fault(self) -> None:
        """Let the plain meaning say what is wrong with a step that is not well defined."""
        for state in self.layout.values(self.found[FAULT].state):
            for _ in self._concrete.successors(state):
                pass
        raise Unsound("the explorer found a step ill defined that is not; please report this.")

    def _exhausted(self) -> bool:
        """Whether a budget forbids to take the next level."""
        depth, states, more, memory = len(self.levels), self.states, self._frontier.count, self._options.memory
        if self._options.max_states is not None and states + more > self._options.max_states:
            self.stopped = f"state budget of {self._options.max_states:,} reached at depth {depth}"
        elif memory is None or isinstance(self._frontier, OnDisk) or self._needed() <= memory:
            return False
        elif not self._spill():
            self.stopped = f"memory budget of {memory:,} bytes reached at depth {depth}"
        return bool(self.stopped)

    def _needed(self) -> int:
        """Bytes that the next level will take, if it has as many successors a state as the level before."""
        if self.compiled is not None:
            return self.compiled.needed
        successors = self._frontier.count * self.layout.bytes
        return int(2 * self.held + 3 * successors)

    def _drop_answered(self) -> None:
        """Ask no longer what is answered: it costs time in every block."""
        met = self.states + self._frontier.count
        if self._frontier.count >= REBUILD and met >= 4 * self._rebuilt:
            self._rebuilt = met
            self._frontier.drop(self.found)

    def _reports(self, depth: int, frontier: int) -> Callable[[int], None]:
        """Say that a level begins; gives what says how many of its states are done."""
        told = self._progress
        if told is None:
            return unheard
        begun = Progress(
            depth, self.states + frontier, frontier, time.perf_counter() - self._began, rest([*self.levels, frontier])
        )
        told(begun)

        def within(done: int) -> None:
            if done < frontier:
                told(replace(begun, seconds=time.perf_counter() - self._began, done=done))

        return within
