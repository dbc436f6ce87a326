"""Simulation: what random runs of an instance show of its properties, and how much of it they came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attorn.checker.conform.shorter_runs import shorter
from attorn.checker.conform.walking import SIDE_BY_SIDE, Walked, Walker
from attorn.checker.explore.circuit import Value
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.visited import Visited, distinct
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence, GoalVerdict, Move, Path, SilentClause, Verdict
from attorn.spec.errors import BadInput, UnknownName, Unsound
from attorn.spec.language import Goal, Instance, Property, render

__all__ = ["Simulation", "simulate"]

NO_DEADLOCK = "no_deadlock"
FAULT = "fault"
Draw = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Simulation:
    """What random runs showed; nothing that they did not show is excluded.

    runs:     how many were walked; ``steps`` they took together, in the ``states`` distinct states that they came to.
    fresh:    how many of the states of the last tenth of all runs were in none of the runs before them, of how many.
    verdicts: observed, or refuted by a run that was shortened and checked again.
    fired:    for each action, how often it was taken; ``taken`` of the ``known`` steps were.
    silent:   clauses that were never seen to decide.
    stopped:  why not all runs that were asked for were walked.
    """

    instance: Instance
    seed: int
    depth: int
    runs: int
    steps: int
    states: int
    fresh: tuple[int, int]
    verdicts: tuple[Verdict, ...]
    goals: tuple[GoalVerdict, ...]
    fired: dict[str, int]
    taken: int
    known: int
    silent: tuple[SilentClause, ...]
    stopped: str = ""
    seconds: float = 0.0

    @property
    def refuted(self) -> bool:
        """Whether a run violates a property."""
        return any(verdict.evidence is Evidence.REFUTED for verdict in self.verdicts)


def simulate(
    instance: Instance,
    seed: int = 0,
    runs: int = 10_000,
    depth: int = 100,
    properties: tuple[str, ...] | None = None,
    progress: Draw | None = None,
) -> Simulation:
    """Walk runs of an instance at random, and look for violations in every state that they come to.

    depth:    steps that a run takes, unless it ends before.
    progress: called with the runs done, all runs, and the distinct states met.

    The same for the same seed. Raises UnknownName for a property that the machine lacks, TooLarge for an instance whose
    states cannot be packed, DoubleWrite or OutOfRange for a step that is not well defined, Unsound where the plain
    meaning of the machine contradicts a run.
    """
    for name, number in (("runs", runs), ("depth", depth)):
        if number < 1:
            raise BadInput(f"{name} must be at least 1, got {number}.")
    return _Simulating(instance, seed, properties).walked(runs, depth, progress)


class _Simulating:
    def __init__(self, instance: Instance, seed: int, properties: tuple[str, ...] | None) -> None:
        self._began = time.perf_counter()
        self._instance, self._machine, self._seed = instance, instance.machine, seed
        known = [*(stated.name for stated in self._machine.properties), NO_DEADLOCK]
        for name in properties or ():
            if name not in known:
                raise UnknownName(f"machine {self._machine.name} has no property `{name}`. It has: {', '.join(known)}.")
        self._names = [name for name in known if properties is None or name in properties]
        self._prepared = Prepared.of(instance)
        self._questions = dict(self._asked())
        self._walker = Walker(self._prepared, self._questions, seed)
        self._rechecker = Rechecker(instance)
        self._paths: dict[str, Path] = {}
        self._answered: set[str] = set()
        self._visited = Visited()
        self._stages = [
            _Stages(goal, arguments)
            for goal in self._instance.goals
            for arguments in instance.arguments(goal.parameters)
        ]

    def walked(self, runs: int, depth: int, progress: Draw | None) -> Simulation:
        """Walk all runs."""
        fired = np.zeros(len(self._walker.steps), np.int64)
        done, stopped, fresh, late = 0, "", 0, 0
        try:
            for first in range(0, runs, SIDE_BY_SIDE):
                if progress is not None:
                    progress(done, runs, len(self._visited))
                numbers = np.arange(first, min(first + SIDE_BY_SIDE, runs))
                before, counted = len(self._visited), fired.sum()
                fired += self._block(numbers, depth)
                done += len(numbers)
                if done > runs - max(runs // 10, SIDE_BY_SIDE):
                    fresh += len(self._visited) - before
                    late += int(fired.sum() - counted) + len(numbers)
        except KeyboardInterrupt:
            stopped = f"interrupted after {done:,} runs"
        names = [step.action.name for step in self._walker.steps]
        by_action = dict.fromkeys((action.name for action in self._machine.actions), 0)
        for name, times in zip(names, fired.tolist(), strict=True):
            by_action[name] += times
        return Simulation(
            instance=self._instance,
            seed=self._seed,
            depth=depth,
            runs=done,
            steps=int(fired.sum()),
            states=len(self._visited),
            fresh=(fresh, late),
            verdicts=tuple(self._verdict(name) for name in self._names),
            goals=tuple(self._goal(goal) for goal in self._instance.goals),
            fired=by_action,
            taken=int((fired > 0).sum()),
            known=len(self._walker.steps),
            silent=tuple(self._silent()),
            stopped=stopped,
            seconds=time.perf_counter() - self._began,
        )

    def _asked(self) -> Iterator[tuple[str, Value]]:
        """What to ask of every state, by names that are kept apart."""
        meaning, circuit = self._prepared.meaning, self._prepared.meaning.circuit
        for stated in self._machine.properties:
            if stated.name in self._names:
                yield stated.name, meaning.broken(stated)
        if NO_DEADLOCK in self._names:
            yield NO_DEADLOCK, meaning.stuck
        yield FAULT, circuit.disjunction(effect.fault for effect in meaning.effects)
        for goal in self._instance.goals:
            for arguments in self._instance.arguments(goal.parameters):
                for stage in range(len(goal.stages)):
                    yield _stage(goal.name, arguments, stage), meaning.reached(goal, stage, arguments)
        for action in self._machine.actions:
            effects = [effect for effect in meaning.effects if effect.step.action is action]
            for number in range(len(action.clauses)):
                yield _clause(action.name, number), circuit.disjunction(meaning.decides(e, number) for e in effects)

    def _block(self, runs: NDArray[np.int64], depth: int) -> NDArray[np.int64]:
        """Walk some runs side by side; how often each step was taken."""
        open_questions = {name: value for name, value in self._questions.items() if name not in self._answered}
        if len(open_questions) < len(self._questions):
            self._questions = open_questions
            self._walker.ask(open_questions)
        self._starts = self._walker.start(runs)
        taken = np.empty((depth, len(runs)), np.int16)
        fired = np.zeros(len(self._walker.steps), np.int64)
        for stages in self._stages:
            stages.begin(len(runs))
        for at in self._walker.walk(runs, depth, taken):
            fired += at.fired
            new = self._visited.new(distinct([word.copy() for word in at.rows]))
            if len(new[0]):
                self._visited.add(new, 0)
            self._judge(at, taken)
        return fired

    def _judge(self, at: Walked, taken: NDArray[np.int16]) -> None:
        """Note what is seen for the first time, with the run that shows it."""
        if FAULT in at.seen:
            self._raise_fault(at)
        for name, places in at.seen.items():
            if name.startswith("clause "):
                self._answered.add(name)
            elif name in self._names and name not in self._paths:
                self._paths[name] = self._path(at, taken, int(places[0]))
                self._answered.add(name)
        for stages in self._stages:
            reached = stages.passes(at)
            if reached is not None and stages.goal.name not in self._paths:
                self._paths[stages.goal.name] = self._path(at, taken, reached)
                self._answered.update(name for each in self._stages if each.goal is stages.goal for name in each.names)

    def _path(self, at: Walked, taken: NDArray[np.int16], run: int) -> Path:
        """The run so far, taken again by the plain meaning."""
        concrete, layout = self._prepared.concrete, self._prepared.layout
        state = layout.values([word[run : run + 1] for word in self._starts])[0]
        start, moves = state, []
        for number in taken[: at.depth, run].tolist():
            if number < 0:
                break
            step = self._walker.steps[number]
            if not concrete.enabled(state, step):
                raise Unsound(f"a random run takes {concrete.label(step)} where it is not enabled; please report this.")
            state = concrete.apply(state, step)
            moves.append(Move(step, state))
        if state != layout.values([word[run : run + 1] for word in at.rows])[0]:
            raise Unsound("a random run comes to another state than the plain meaning says; please report this.")
        return Path(start, tuple(moves))

    def _raise_fault(self, at: Walked) -> None:
        """Let the plain meaning say what is wrong with a step that is not well defined."""
        run = int(at.seen[FAULT][0])
        for state in self._prepared.layout.values([word[run : run + 1] for word in at.rows]):
            for _ in self._prepared.concrete.successors(state):
                pass
        raise Unsound("the simulation found a step ill defined that is not; please report this.")

    def _verdict(self, name: str) -> Verdict:
        stated = None if name == NO_DEADLOCK else self._machine.property(name)
        if stated is None:
            sentence, where, kind = "Every state has a way on, or is a legal end.", None, "deadlock"
        else:
            sentence, where, kind = stated.sentence, stated.where, "two_state" if stated.two_state else "invariant"
        if name not in self._paths:
            return Verdict(name, sentence, where, kind, Evidence.OBSERVED)
        concrete, path, failure = self._prepared.concrete, self._paths[name], None
        if stated is not None and stated.two_state:
            path = self._with_bad_step(path, stated)
        path = shorter(concrete, path, lambda run: self._rechecker.violates(run, stated))
        if stated is not None:
            failure = concrete.failure(stated, *path.states[-2 if stated.two_state else -1 :])
        verdict = Verdict(name, sentence, where, kind, Evidence.REFUTED, path, failure)
        self._rechecker.violation(verdict, stated)
        return verdict

    def _with_bad_step(self, path: Path, stated: Property) -> Path:
        """A run, and the first step from its end that violates a two-state property."""
        before = path.states[-1]
        for step, after in self._prepared.concrete.successors(before):
            if not self._prepared.concrete.holds(stated, before, after):
                return Path(path.start, (*path.moves, Move(step, after)))
        raise Unsound(f"the simulation found {stated.name} violated where it holds; please report this.")

    def _goal(self, goal: Goal) -> GoalVerdict:
        if goal.name not in self._paths:
            return GoalVerdict(goal.name, goal.sentence, goal.where, None)
        found = self._paths[goal.name]
        path = shorter(self._prepared.concrete, found, lambda run: self._rechecker.passes(run, goal))
        verdict = GoalVerdict(goal.name, goal.sentence, goal.where, True, path)
        self._rechecker.witness(verdict, goal)
        return verdict

    def _silent(self) -> Iterator[SilentClause]:
        for action in self._machine.actions:
            names = {each.variable.payload: each.name for each in action.parameters}
            for number, clause in enumerate(action.clauses):
                if _clause(action.name, number) not in self._answered:
                    yield SilentClause(action.name, number, clause, render(clause.formula, names))


class _Stages:
    """How many stages of a goal each of some runs has passed, for one choice of arguments."""

    def __init__(self, goal: Goal, arguments: tuple[int, ...]) -> None:
        self.goal = goal
        self.names = [_stage(goal.name, arguments, stage) for stage in range(len(goal.stages))]

    def begin(self, runs: int) -> None:
        """Runs that have passed none."""
        self._passed = np.zeros(runs, np.int8)

    def passes(self, at: Walked) -> int | None:
        """Go on by a state of each run; the first run that has passed all stages, if one has."""
        for stage, name in enumerate(self.names):
            places = at.seen.get(name)
            if places is not None:
                self._passed[places[self._passed[places] == stage]] += 1
        done = np.flatnonzero(self._passed == len(self.names))
        return int(done[0]) if len(done) else None


def _stage(goal: str, arguments: tuple[int, ...], stage: int) -> str:
    return f"goal {goal} {arguments} {stage}"


def _clause(action: str, number: int) -> str:
    return f"clause {action} {number}"
