"""Check a run again with the plain interpreter, which shares no code with any search."""

from __future__ import annotations

from attorn.checker.verdicts import GoalVerdict, Path, Verdict
from attorn.spec.errors import Unsound
from attorn.spec.language import Concrete, Goal, Instance, Property, Values

__all__ = ["Rechecker"]


class Rechecker:
    """Confirms runs of one instance; every method raises Unsound where a run is not what an engine says it is."""

    def __init__(self, instance: Instance) -> None:
        self.concrete = Concrete(instance)
        self._instance = instance
        self._initial: frozenset[Values] | None = None

    def path(self, path: Path, what: str) -> None:
        """The run starts in an initial state, and each of its moves is a step of the machine."""
        if self._initial is None:
            self._initial = frozenset(self.concrete.initial_states())
        if path.start not in self._initial:
            raise Unsound(f"{what}: the run does not start in an initial state.")
        state = path.start
        for number, move in enumerate(path.moves, start=1):
            label = self.concrete.label(move.step)
            if blocked := self.concrete.blocking(state, move.step):
                raise Unsound(f"{what}: step {number}, {label}, is not enabled ({blocked[0].where}).")
            if self.concrete.apply(state, move.step) != move.state:
                raise Unsound(f"{what}: step {number}, {label}, leads to another state than the engine says.")
            state = move.state

    def violation(self, verdict: Verdict, stated: Property | None) -> None:
        """The run of a refuted verdict ends in a violation; ``stated`` is None for the absence of deadlock."""
        what = f"{verdict.name} on {self._instance.name}"
        if verdict.path is None:
            raise Unsound(f"{what}: refuted without a run.")
        self.path(verdict.path, what)
        states = verdict.path.states
        if stated is None:
            self._deadlock(states[-1], what)
        elif stated.two_state:
            if len(states) < 2 or self.concrete.holds(stated, states[-2], states[-1]):
                raise Unsound(f"{what}: the last step of the run does not violate it.")
        elif self.concrete.holds(stated, states[-1]):
            raise Unsound(f"{what}: the last state of the run does not violate it.")

    def witness(self, verdict: GoalVerdict, goal: Goal) -> None:
        """The run of a reached goal passes its stages in order, for some value of its parameters."""
        what = f"{verdict.name} on {self._instance.name}"
        if verdict.path is None:
            raise Unsound(f"{what}: reached without a run.")
        self.path(verdict.path, what)
        if not any(
            self._passes(goal, arguments, verdict.path.states)
            for arguments in self._instance.arguments(goal.parameters)
        ):
            raise Unsound(f"{what}: the run does not reach it.")

    def _passes(self, goal: Goal, arguments: tuple[int, ...], states: tuple[Values, ...]) -> bool:
        stage = 0
        for state in states:
            while stage < len(goal.stages) and self.concrete.reaches(goal, stage, arguments, state):
                stage += 1
        return stage == len(goal.stages)

    def _deadlock(self, state: Values, what: str) -> None:
        step = next((step for step, _ in self.concrete.successors(state)), None)
        if step is not None:
            raise Unsound(f"{what}: the run ends where {self.concrete.label(step)} is enabled.")
        if self.concrete.value(self._instance.machine.legal_end, (), state):
            raise Unsound(f"{what}: the run ends in a legal end state.")
