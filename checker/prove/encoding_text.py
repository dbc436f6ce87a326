"""The encoding certificate, last part: the SMT-LIB text says of single steps what the plain interpreter does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from attorn.checker.prove.obligations import Conjunct, inductive_set, relation, two_state_conjuncts
from attorn.checker.prove.pinned import Pins
from attorn.checker.prove.smtlib import Script, script
from attorn.checker.prove.solving import ask
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Action, Concrete, Expr, Field, Instance, Machine, Op, Step, Values, after_step, primed
from attorn.spec.language.expressions import equal, node, read
from attorn.spec.language.quantifiers import quantified
from attorn.spec.language.substitution import initial_formula

__all__ = ["Judged", "Met", "TextDifferences", "cells_after", "judged_conjuncts", "text_differences"]

MOST_STARTS = 200  # in one text, to say that there are no others
T = TypeVar("T")


@dataclass(frozen=True)
class Met:
    """A step from a state, and the state after it; a step that is not enabled leads nowhere: to the state itself."""

    before: Values
    step: Step
    after: Values


@dataclass(frozen=True)
class Judged:
    """A conjunct, and the formula over the state before that obligations use for its value after an action."""

    conjunct: Conjunct
    two_state: bool
    rewritten: Expr

    def holds(self, concrete: Concrete, before: Values, after: Values) -> bool:
        """What the plain interpreter says of the conjunct itself."""
        states = (before, after) if self.two_state else (after,)
        return bool(concrete.value(self.conjunct.clause.formula, (), *states))


@dataclass(frozen=True)
class TextDifferences:
    """How many texts were asked, what they said wrongly, and why there are none if so."""

    asked: int
    untold: str
    differences: tuple[str, ...]


def judged_conjuncts(machine: Machine, action: Action) -> list[Judged]:
    """All conjuncts, rewritten for an action as obligations do it."""
    return [
        *(
            Judged(each, False, after_step(primed(each.clause.formula), action.writes))
            for each in inductive_set(machine)
        ),
        *(Judged(each, True, after_step(each.clause.formula, action.writes)) for each in two_state_conjuncts(machine)),
    ]


def cells_after(instance: Instance, action: Action) -> list[Expr]:
    """For each cell its value after an action, rewritten over the state before as obligations do it."""
    found = []
    for cell in instance.cells:
        index = zip(cell.field.domain, cell.index, strict=True)
        constants = tuple(node(Op.CONSTANT, sort, (), number) for sort, number in index)
        found.append(after_step(read(cell.field, constants, after=True), action.writes))
    return found


def text_differences(
    concrete: Concrete,
    starts: Sequence[Values],
    steps: Mapping[str, Sequence[Met]],
    refused: Mapping[str, Sequence[Met]],
    most: int,
    timeout: float,
) -> TextDifferences:
    """Ask the solver about at most so many steps, as many that are not enabled, and as many initial states.

    Steps are spread evenly over the actions.
    """
    asked = 0
    differences = []
    try:
        for question in _questions(concrete, starts, steps, refused, most):
            asked += 1
            answer = ask(question.script.text(question.expected), timeout=timeout, expected=question.expected)
            if answer.result != question.expected:
                reason = f" ({answer.reason})" if answer.reason else ""
                differences.append(f"{question.says}: the text is {answer.result}{reason}")
    except SpecificationError as error:
        return TextDifferences(asked, str(error), tuple(differences))
    return TextDifferences(asked, "", tuple(differences))


def _questions(
    concrete: Concrete,
    starts: Sequence[Values],
    steps: Mapping[str, Sequence[Met]],
    refused: Mapping[str, Sequence[Met]],
    most: int,
) -> Iterator[_Question]:
    actions = concrete.instance.machine.actions
    yield from _about_starts(concrete, starts, most)
    for action in actions:
        each = -(-most // len(actions))
        texts = _Texts(concrete, action)
        yield from texts.questions(_spread(steps[action.name], each), _spread(refused[action.name], each))


def _spread(items: Sequence[T], most: int) -> Sequence[T]:
    """At most so many, evenly spaced."""
    return items[:: -(-len(items) // most)] if items and most else ()


def _about_starts(concrete: Concrete, starts: Sequence[Values], most: int) -> Iterator[_Question]:
    """The description of the initial states holds for each of them, and for no other state."""
    if not most:
        return
    initial, pins = concrete.instance.machine.initial, Pins(concrete.instance)
    fields = concrete.instance.machine.state.fields.values()
    asked = script([initial_formula(initial)], [_mentioned(field) for field in fields], initial.parameters)
    for state in _spread(starts, most):
        yield _Question("initial state", pins.script(asked, pins.state(state, asked)), "sat")
    if len(starts) <= MOST_STARTS:
        others = [pins.other(state, asked) for state in starts]
        yield _Question("no other initial state", pins.script(asked, others), "unsat")


def _mentioned(field: Field) -> Expr:
    """What is true of any field, so that a text speaks of those too that may have any value."""

    def some_value(*index: Expr) -> Expr:
        return quantified(Op.EXISTS, (field.codomain,), lambda value: equal(read(field, index), value), ("value",))

    names = tuple(f"x{number}" for number in range(len(field.domain)))
    return quantified(Op.FORALL, field.domain, some_value, names) if names else some_value()


@dataclass(frozen=True)
class _Question:
    says: str
    script: Script
    expected: str


class _Texts:
    """The texts about one action; what they have in common is written once."""

    def __init__(self, concrete: Concrete, action: Action) -> None:
        self._concrete, self._action = concrete, action
        self._pins = Pins(concrete.instance)
        self._judged = judged_conjuncts(concrete.instance.machine, action)

    @cached_property
    def _relation(self) -> Script:
        return script([], [relation(self._concrete.instance.machine, self._action)])

    def questions(self, steps: Sequence[Met], refused: Sequence[Met]) -> Iterator[_Question]:
        """What to ask about steps, and about steps that are not enabled, each with the answer to expect."""
        for number, met in enumerate(steps):
            yield self._about("the relation holds for the step", met, self._relation, self._after(met), "sat")
            yield self._about(
                "the relation holds for no other state", met, self._relation, self._elsewhere(met), "unsat"
            )
            if self._judged:
                yield from self._about_conjunct(met, self._judged[number % len(self._judged)])
        for met in refused:
            yield self._with_arguments("the guard is false", met, (), "unsat")

    def _about_conjunct(self, met: Met, judged: Judged) -> Iterator[_Question]:
        """Guard and rewritten conjunct, as in obligations: one of the conjunct and its negation is possible."""
        holds = judged.holds(self._concrete, met.before, met.after)
        for formula, expected in ((judged.rewritten, holds), (~judged.rewritten, not holds)):
            says = f"{judged.conjunct.name} is {holds} after the step"
            yield self._with_arguments(says, met, (formula,), "sat" if expected else "unsat")

    def _with_arguments(self, says: str, met: Met, formulas: Sequence[Expr], expected: str) -> _Question:
        guard = [clause.formula for clause in self._action.clauses]
        asked = script(guard, formulas, self._action.parameters)
        arguments = self._pins.arguments(self._action.parameters, met.step.arguments, asked)
        return self._about(says, met, asked, tuple(arguments), expected)

    def _about(self, says: str, met: Met, asked: Script, facts: Sequence[str], expected: str) -> _Question:
        before = self._pins.state(met.before, asked)
        label = self._concrete.label(met.step)
        return _Question(f"{label}: {says}", self._pins.script(asked, (*before, *facts)), expected)

    def _after(self, met: Met) -> tuple[str, ...]:
        return tuple(self._pins.state(met.after, self._relation, after=True))

    def _elsewhere(self, met: Met) -> tuple[str, ...]:
        """The state after is none of those to which the action leads, whatever its arguments."""
        reached = {
            self._concrete.apply(met.before, step)
            for step in self._concrete.steps
            if step.action is met.step.action and self._concrete.enabled(met.before, step)
        }
        return tuple(self._pins.other(after, self._relation, after=True) for after in sorted(reached))
