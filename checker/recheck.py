"""The one room where runs are confirmed, by the plain interpreter, which shares no code with any search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from attorn.checker.verdicts import GoalVerdict, Move, Path, Verdict
from attorn.spec.errors import TooLarge, Unsound
from attorn.spec.language import Concrete, Goal, Instance, Property, Values
from attorn.spec.language.substitution import initial_formula

__all__ = ["Rechecker"]

LISTED = 10_000
"""Initial states up to which they are listed; where there are more, their description is evaluated instead."""


class Rechecker:
    """Confirms runs of one instance; where a run is not what an engine says it is, Unsound is raised.

    ``what`` says in the message whose run it is.
    """

    def __init__(self, instance: Instance) -> None:
        self.concrete = Concrete(instance)
        self._instance = instance

    def violation(self, verdict: Verdict, stated: Property | None) -> None:
        """The run of a refuted verdict ends in a violation; ``stated`` is None for the absence of deadlock."""
        what = f"{verdict.name} on {self._instance.name}"
        if verdict.path is None:
            raise Unsound(f"{what}: refuted without a run.")
        self.path(verdict.path, what)
        if not self.violates(verdict.path, stated):
            raise Unsound(f"{what}: {self._harmless(verdict.path, stated)}.")

    def witness(self, verdict: GoalVerdict, goal: Goal) -> None:
        """The run of a reached goal passes its stages in order, for some value of its parameters."""
        what = f"{verdict.name} on {self._instance.name}"
        if verdict.path is None:
            raise Unsound(f"{what}: reached without a run.")
        self.path(verdict.path, what)
        if not self.passes(verdict.path, goal):
            raise Unsound(f"{what}: the run does not reach it.")

    def path(self, path: Path, what: str) -> None:
        """The run starts in an initial state, and each of its moves is a step of the machine."""
        self.start(path.start, what)
        self.moves(path.start, path.moves, what)

    def start(self, state: Values, what: str) -> None:
        """The state is an initial one."""
        if not self._is_initial(state):
            raise Unsound(f"{what}: the run does not start in an initial state.")

    def moves(self, state: Values, moves: Sequence[Move], what: str) -> None:
        """Each move is a step of the machine, the first one from a given state."""
        for number, move in enumerate(moves, start=1):
            label = self.concrete.label(move.step)
            if blocked := self.concrete.blocking(state, move.step):
                raise Unsound(f"{what}: step {number}, {label}, is not enabled ({blocked[0].where}).")
            if self.concrete.apply(state, move.step) != move.state:
                raise Unsound(f"{what}: step {number}, {label}, leads to another state than the engine says.")
            state = move.state

    def violates(self, path: Path, stated: Property | None) -> bool:
        """Whether the last state of a run, or the step to it, violates a property; None is the absence of deadlock."""
        last = path.states[-1]
        if stated is None:
            way_on = any(self.concrete.enabled(last, step) for step in self.concrete.steps)
            return not way_on and not self.concrete.value(self._instance.machine.legal_end, (), last)
        if stated.two_state:
            return len(path) > 0 and not self.concrete.holds(stated, *path.states[-2:])
        return not self.concrete.holds(stated, last)

    def passes(self, path: Path, goal: Goal) -> bool:
        """Whether a run passes the stages of a goal in order, for some value of its parameters."""
        choices = self._instance.arguments(goal.parameters)
        return any(self._passes(goal, arguments, path.states) for arguments in choices)

    def _harmless(self, path: Path, stated: Property | None) -> str:
        """What the end of a run is that violates nothing."""
        if stated is not None:
            return f"the last {'step' if stated.two_state else 'state'} of the run does not violate it"
        last = path.states[-1]
        step = next((step for step in self.concrete.steps if self.concrete.enabled(last, step)), None)
        end = "in a legal end state" if step is None else f"where {self.concrete.label(step)} is enabled"
        return f"the run ends {end}"

    def _passes(self, goal: Goal, arguments: tuple[int, ...], states: tuple[Values, ...]) -> bool:
        stage = 0
        for state in states:
            while stage < len(goal.stages) and self.concrete.reaches(goal, stage, arguments, state):
                stage += 1
        return stage == len(goal.stages)

    def _is_initial(self, state: Values) -> bool:
        if self._starts is not None:
            return state in self._starts
        initial = self._instance.machine.initial
        described = initial_formula(initial)
        choices = self._instance.arguments(initial.parameters)
        return any(self.concrete.value(described, arguments, state) for arguments in choices)

    @cached_property
    def _starts(self) -> frozenset[Values] | None:
        """All initial states, if they are not too many to list."""
        try:
            return frozenset(self.concrete.initial_states(LISTED))
        except TooLarge:
            return None
