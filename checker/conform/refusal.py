"""Why a line is no step of the specification: what was meant, what stands in its way, and what would be allowed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.conform.possible import Meaning, Possible, Tracker
from attorn.checker.conform.words import Happening
from attorn.checker.reads import Falsity, cells_read, falsity
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Clause, Concrete, Step, Values, render, value_name

__all__ = ["Allowed", "Blocked", "Difference", "Explanation", "Suspect", "explain_refusal", "stuck"]

MOST_LOOKED_AT = 20_000
MOST_SHOWN = 3


@dataclass(frozen=True)
class Difference:
    """A cell that the specification gives another value than the log."""

    cell: str
    specified: str
    logged: str


@dataclass(frozen=True)
class Blocked:
    """A clause that keeps a step from happening, and what makes it false."""

    clause: Clause
    text: str
    why: Falsity


@dataclass(frozen=True)
class Suspect:
    """A step that was meant, in a state that it was possible to be in; nothing is in its way where it leads elsewhere.

    state: the cells of the state that the step reads, and those that the line speaks of.
    """

    label: str
    sentence: str
    blocked: tuple[Blocked, ...]
    differences: tuple[Difference, ...]
    state: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Allowed:
    """A step that the specification allows there, and where it leads elsewhere than the log."""

    label: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a line is refused.

    states:    how many were possible before it; ``looked_at`` of them were asked why.
    suspects:  what may have been meant, the nearest to being allowed first.
    only_seen: where the line tells no step: how the nearest of these states differs from what was seen.
    allowed:   steps that are allowed there, the nearest to what the log says first.
    """

    states: int
    looked_at: int
    suspects: tuple[Suspect, ...]
    only_seen: tuple[Difference, ...]
    allowed: tuple[Allowed, ...]


def stuck(tracker: Tracker, before: Possible, meaning: Meaning) -> tuple[Possible, Happening]:
    """Where a line that no state allows gets stuck: the states before the happening that is impossible, and that.

    Of several ways the one that gets farthest counts.
    """
    farthest: tuple[int, Possible, Happening] | None = None
    for ways in meaning:
        after = tracker.after(before, (ways,))
        if after.states:
            before = after
            continue
        for way in ways:
            possible = before
            for place, happening in enumerate(way):
                after = tracker.after(possible, (((happening,),),))
                if not after.states:
                    if farthest is None or place > farthest[0]:
                        farthest = place, possible, happening
                    break
                possible = after
        break
    assert farthest is not None, "a line that is allowed gets stuck nowhere"
    return tracker.closed(farthest[1]), farthest[2]


def explain_refusal(concrete: Concrete, tracker: Tracker, possible: Possible, happening: Happening) -> Explanation:
    """Why none of the possible states allows what happened."""
    states = sorted(possible.states)[: max(1, MOST_LOOKED_AT // len(happening.steps or (None,)))]
    teller = _Teller(concrete, happening, tracker.all_steps)
    if happening.steps is None:
        nearest = min(states, key=lambda state: len(teller.seen_otherwise(state)))
        return Explanation(
            len(possible),
            len(states),
            (),
            teller.differences(nearest, teller.seen(nearest)),
            teller.allowed([nearest], []),
        )
    tried = sorted(teller.tried(states), key=lambda each: each.distance)
    shown = list({(each.step, each.blocked): each for each in reversed(tried[:50])}.values())[::-1][:MOST_SHOWN]
    return Explanation(
        len(possible),
        len(states),
        tuple(map(teller.suspect, shown)),
        (),
        teller.allowed([shown[0].state], [shown[0].step]),
    )


@dataclass(frozen=True)
class _Tried:
    """A step tried in a state: the numbers of the clauses against it, and how many cells differ after it."""

    state: Values
    step: Step
    blocked: tuple[int, ...]
    distance: tuple[int, int]


class _Teller:
    def __init__(self, concrete: Concrete, happening: Happening, steps: Sequence[Step]) -> None:
        self._concrete = concrete
        self._steps = steps
        self._instance = concrete.instance
        self._happening = happening
        self._told = [number for number, cell in enumerate(self._instance.cells) if not cell.field.ghost]

    def tried(self, states: Sequence[Values]) -> Iterator[_Tried]:
        """All steps that may have been meant, in all states."""
        for state, step in itertools.product(states, self._happening.steps or ()):
            blocked = tuple(
                number
                for number, clause in enumerate(step.action.clauses)
                if not self._concrete.value(clause.formula, step.arguments, state)
            )
            otherwise = self.seen_otherwise(self.forced(state, step))
            yield _Tried(state, step, blocked, (len(blocked), len(otherwise)))

    def suspect(self, tried: _Tried) -> Suspect:
        """What is to be said of a step that was tried."""
        step, state = tried.step, tried.state
        given = dict(enumerate(step.arguments))
        names = {each.variable.payload: each.name for each in step.action.parameters}
        clauses = [step.action.clauses[number] for number in tried.blocked]
        blocked = tuple(
            Blocked(clause, render(clause.formula, names), falsity(self._concrete, clause.formula, given, state))
            for clause in clauses
        )
        after = self.forced(state, step)
        read = cells_read(self._concrete, step.action.guard, given, state) | {cell for cell, _ in self._happening.seen}
        readable = self._instance.readable(state)
        shown = tuple((name, readable[name]) for name in (self._instance.cells[cell].name for cell in sorted(read)))
        return Suspect(
            self._concrete.label(step),
            step.action.sentence,
            blocked,
            () if blocked else self.differences(after, self.seen(after)),
            shown,
        )

    def allowed(self, states: Sequence[Values], meant: Sequence[Step]) -> tuple[Allowed, ...]:
        """The steps that the specification allows, nearest to what the log says first."""
        found: dict[str, tuple[int, Allowed]] = {}
        for state in states:
            wanted = self.seen(self.forced(state, meant[0]) if meant else state)
            for step in self._steps:
                if not self._concrete.enabled(state, step):
                    continue
                after = self._concrete.apply(state, step)
                differences = self.differences(after, wanted)
                label = self._concrete.label(step)
                same = bool(meant) and step.action.name == meant[0].action.name
                found.setdefault(label, (len(differences) - same, Allowed(label, differences)))
        ranked = sorted(found.values(), key=lambda each: each[0])
        return tuple(each for _, each in ranked[:MOST_SHOWN])

    def forced(self, state: Values, step: Step) -> Values:
        """Where a step would lead if it were allowed; the state itself where that makes no sense."""
        try:
            return self._concrete.apply(state, step)
        except SpecificationError:
            return state

    def seen(self, state: Values) -> Values:
        """A state with what was seen in place of what it has."""
        changed = list(state)
        for cell, number in self._happening.seen:
            changed[cell] = number
        return tuple(changed)

    def seen_otherwise(self, state: Values) -> list[int]:
        """The cells that were seen with other values than they have in a state."""
        return [cell for cell, number in self._happening.seen if state[cell] != number]

    def differences(self, specified: Values, logged: Values) -> tuple[Difference, ...]:
        """Where two states differ, in cells that are no ghosts unless those were seen."""
        cells = {*self._told, *(cell for cell, _ in self._happening.seen)}
        return tuple(
            Difference(
                self._instance.cells[cell].name,
                value_name(self._instance.cells[cell].field.codomain, specified[cell]),
                value_name(self._instance.cells[cell].field.codomain, logged[cell]),
            )
            for cell in sorted(cells)
            if specified[cell] != logged[cell]
        )
