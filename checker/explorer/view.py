"""What a page shows of one moment of a run: the state, what can happen next, and what holds."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from attorn.checker.explorer.reasons import Reason, Reasons
from attorn.checker.explorer.world import Walk, World
from attorn.checker.report.picture import Pictures, cells_broken
from attorn.checker.report.picture_html import picture_html
from attorn.spec.errors import AttornError
from attorn.spec.language import Clause, Goal, Progress, Step, Values, value_name
from attorn.spec.language.source import Where

__all__ = ["Ahead", "Blocked", "GoalView", "Halt", "PropertyView", "StepView", "View", "Viewer", "Why"]

MOST_KEPT = 20_000


@dataclass(frozen=True)
class StepView:
    """A step of the run: numbers of the cells that it changes, with old and new values, and what it breaks.

    note: the line of a log that tells of the step, where the run is that of a log.
    """

    label: str
    action: str
    changes: tuple[tuple[int, str, str], ...]
    breaks: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Why:
    """A clause that is false, with the line it is written on, and why."""

    text: str
    where: str
    witness: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ahead:
    """A step that can be taken: what it would change and break, and where on the run it leads, or None.

    fault: what is wrong where the step is not well defined.
    """

    label: str
    action: str
    changes: tuple[tuple[int, str, str], ...]
    breaks: tuple[str, ...]
    known: int | None = None
    fault: str = ""


@dataclass(frozen=True)
class Blocked:
    """A step that cannot be taken, and the clauses that block it."""

    label: str
    action: str
    clauses: tuple[Why, ...]


@dataclass(frozen=True)
class PropertyView:
    """Whether a property holds here; ``conjuncts`` by number (from 0), each with the reason where it is false.

    holds: None for a property of steps in a state that no step led to.
    """

    name: str
    holds: bool | None
    false: tuple[tuple[int, Why], ...] = ()


@dataclass(frozen=True)
class GoalView:
    """How far a goal, or which debts of a promise, the run has come.

    stages:  of a goal, the most that the run has passed in order.
    holds:   of what must stay possible, whether it is the case here.
    owed:    of a promise, the arguments for which it is still to be kept, each with the step since when.
    """

    name: str
    stages: int = 0
    holds: bool | None = None
    owed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Halt:
    """Where a run could not be walked on, and why."""

    number: int
    label: str
    says: str
    clauses: tuple[Why, ...]


@dataclass(frozen=True)
class View:
    """One moment of a run.

    steps:    all steps of the run; ``at`` says after how many of them this moment is.
    values:   the name of each cell's value, in the order of the fields.
    picture:  the state as a piece of HTML, where the machine declares a picture; what the last step changed is marked.
    passed:   what there is no way back from since the last step, in words.
    ending:   ``deadlock`` or ``end`` where nothing can happen, else empty.
    """

    start: int
    steps: tuple[StepView, ...]
    at: int
    values: tuple[str, ...]
    picture: str
    passed: str
    ahead: tuple[Ahead, ...]
    blocked: tuple[Blocked, ...]
    properties: tuple[PropertyView, ...]
    goals: tuple[GoalView, ...]
    ending: str
    halt: Halt | None


class Viewer:
    """Gives views of the runs of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._concrete, self._machine = world.concrete, world.instance.machine
        self._reasons = Reasons(world.concrete)
        self._pictures = Pictures(world.concrete)
        self._known_broken: dict[Values, frozenset[str]] = {}

    def view(self, walk: Walk, at: int | None = None, against: Values | None = None, notes: Sequence[str] = ()) -> View:
        """The moment after ``at`` steps of a run, or at its end.

        against: the state with which the picture is compared; the one before the last step if it is None.
        notes:   what is noted of the first steps.

        Cost: one evaluation of every guard, and of every property for each step that is enabled.
        """
        states = walk.path.states
        at = len(walk.path) if at is None else max(0, min(at, len(walk.path)))
        state = states[at]
        broken = [self._broken(each) for each in states]
        steps = tuple(
            StepView(
                self.world.label(move.step),
                move.step.action.name,
                self._changes(before, move.state),
                (*sorted(new - old), *self._broken_by(before, move.state)),
                note,
            )
            for before, move, old, new, note in zip(
                states, walk.path.moves, broken, broken[1:], [*notes, *[""] * len(walk.path)], strict=False
            )
        )
        ahead, blocked = self._ahead(state, states, broken[at])
        before = states[at - 1] if at else None
        picture, passed = self._picture(before, state, against)
        ending = "" if ahead else "end" if self._concrete.value(self._machine.legal_end, (), state) else "deadlock"
        return View(
            start=walk.start,
            steps=steps,
            at=at,
            values=self.values(state),
            picture=picture,
            passed=passed,
            ahead=ahead,
            blocked=blocked,
            properties=tuple(self._properties(before, state)),
            goals=tuple(self._goals(states[: at + 1])),
            ending=ending,
            halt=self._halt(walk),
        )

    def _picture(self, before: Values | None, state: Values, against: Values | None) -> tuple[str, str]:
        """The picture of a state, and what there is no way back from since the step that led to it."""
        if self._pictures.declared is None:
            return "", ""
        broken: set[int] = set()
        for stated in self._machine.properties:
            given = (before or (), state) if stated.two_state else (state, ())
            failure = self._concrete.failure(stated, *given) if before or not stated.two_state else None
            if failure is not None:
                broken |= cells_broken(self._concrete, stated, failure, *given)
        drawing = self._pictures.draw(state, against or before, broken)
        return picture_html(drawing, "The state as a picture"), drawing.passed if against is None else ""

    def values(self, state: Values) -> tuple[str, ...]:
        """The name of each cell's value."""
        return tuple(names[number] for names, number in zip(self._names, state, strict=True))

    @cached_property
    def _names(self) -> list[list[str]]:
        """For each cell, what its values are called."""
        cells = self.world.instance.cells
        return [[value_name(cell.field.codomain, number) for number in range(cell.size)] for cell in cells]

    def _changes(self, before: Values, after: Values) -> tuple[tuple[int, str, str], ...]:
        return tuple(
            (number, self._names[number][old], self._names[number][new])
            for number, (old, new) in enumerate(zip(before, after, strict=True))
            if old != new
        )

    def _broken(self, state: Values) -> frozenset[str]:
        """The properties of states that are false in a state; kept, as runs go on from where they were."""
        found = self._known_broken.get(state)
        if found is None:
            stated = (each for each in self._machine.properties if not each.two_state)
            found = frozenset(each.name for each in stated if not self._concrete.holds(each, state))
            if len(self._known_broken) == MOST_KEPT:
                self._known_broken.clear()
            self._known_broken[state] = found
        return found

    def _broken_by(self, before: Values, after: Values) -> Iterable[str]:
        """The properties of steps that a step violates."""
        for stated in self._machine.properties:
            if stated.two_state and not self._concrete.holds(stated, before, after):
                yield stated.name

    def _ahead(
        self, state: Values, states: Sequence[Values], broken: frozenset[str]
    ) -> tuple[tuple[Ahead, ...], tuple[Blocked, ...]]:
        """The steps that can be taken, and those that cannot."""
        enabled, blocked = [], []
        known = {each: number for number, each in reversed(list(enumerate(states)))}
        for label, step in self.world.steps.items():
            if clauses := self._concrete.blocking(state, step):
                whys = tuple(self._why(clause, step, state) for clause in clauses)
                blocked.append(Blocked(label, step.action.name, whys))
                continue
            try:
                after = self._concrete.apply(state, step)
            except AttornError as error:
                enabled.append(Ahead(label, step.action.name, (), (), fault=str(error)))
                continue
            breaks = (*sorted(self._broken(after) - broken), *self._broken_by(state, after))
            changes = self._changes(state, after)
            enabled.append(Ahead(label, step.action.name, changes, breaks, known.get(after)))
        return tuple(enabled), tuple(blocked)

    def _why(self, clause: Clause, step: Step, state: Values) -> Why:
        names = [value_name(each.sort, n) for each, n in zip(step.action.parameters, step.arguments, strict=True)]
        return _told(clause, self._reasons.why(clause.formula, step.arguments, names, state))

    def _properties(self, before: Values | None, state: Values) -> Iterable[PropertyView]:
        for stated in self._machine.properties:
            if stated.two_state and before is None:
                yield PropertyView(stated.name, None)
                continue
            given = (before, state) if stated.two_state and before is not None else (state, ())
            if self._concrete.holds(stated, *given):
                yield PropertyView(stated.name, True)
                continue
            false = tuple(
                (number, _told(clause, self._reasons.why(clause.formula, (), (), *given)))
                for number, clause in enumerate(stated.conjuncts)
                if not self._concrete.value(clause.formula, (), *given)
            )
            yield PropertyView(stated.name, False, false)

    def _goals(self, states: Sequence[Values]) -> Iterable[GoalView]:
        for goal in self.world.instance.goals:
            choices = self.world.instance.arguments(goal.parameters)
            yield GoalView(goal.name, max(self._passed(goal, arguments, states) for arguments in choices))
        for promise in self._machine.progress:
            owed = (
                (self.world.instance.call("", promise.parameters, arguments)[1:-1], since)
                for arguments in self.world.instance.arguments(promise.parameters)
                if (since := self._owed(promise, arguments, states)) is not None
            )
            yield GoalView(promise.name, owed=tuple(owed))
        for each in self._machine.always_possible:
            here = (
                bool(self._concrete.value(each.formula, arguments, states[-1]))
                for arguments in self.world.instance.arguments(each.parameters)
            )
            yield GoalView(each.name, holds=all(here))

    def _passed(self, goal: Goal, arguments: Sequence[int], states: Sequence[Values]) -> int:
        stage = 0
        for state in states:
            while stage < len(goal.stages) and self._concrete.reaches(goal, stage, arguments, state):
                stage += 1
        return stage

    def _owed(self, promise: Progress, arguments: Sequence[int], states: Sequence[Values]) -> int | None:
        """Since when the premise waits for its conclusion; None if it does not."""
        since = None
        for number, state in enumerate(states):
            if self._concrete.value(promise.conclusion, arguments, state):
                since = None
            elif since is None and self._concrete.value(promise.premise, arguments, state):
                since = number
        return since

    def _halt(self, walk: Walk) -> Halt | None:
        obstacle = walk.obstacle
        if obstacle is None:
            return None
        step = self.world.steps.get(obstacle.label)
        state = walk.path.states[-1]
        whys = tuple(self._why(clause, step, state) for clause in obstacle.clauses) if step else ()
        return Halt(obstacle.number, obstacle.label, obstacle.says, whys)


def _told(clause: Clause, reason: Reason) -> Why:
    return Why(reason.text, _place(clause.where), reason.witness, reason.values)


@functools.cache
def _place(where: Where) -> str:
    """A line as text; to find out how a reader knows its file takes longer than to evaluate a clause."""
    return str(where)
