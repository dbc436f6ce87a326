"""From the words of a trace to the numbers of an instance: steps that may be meant, cells that were seen."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

from attorn.spec.errors import BadInput
from attorn.spec.language import Action, Concrete, Instance, Step
from attorn.spec.language.sorts import Sort
from attorn.spec.language.values import NotAValue, Value, value_number
from attorn.spec.trace import Event

__all__ = ["MOST_CHOICES", "Happening", "Misfit", "Words", "choices"]


MOST_CHOICES = 100_000


def choices(instance: Instance, action: Action) -> int:
    """How many choices of arguments an action has."""
    return math.prod(instance.size(each.sort) for each in action.parameters)


class Misfit(BadInput):
    """An event that the machine has no words for; ``path`` leads to the part of it that is wrong."""

    def __init__(self, text: str, *path: str) -> None:
        super().__init__(text)
        self.path = path


class Happening(NamedTuple):
    """What an event says, in numbers.

    steps: the steps that it may be, one of which was taken; None where it only tells what was seen.
    seen:  cells with the values that they had afterwards.
    """

    steps: tuple[Step, ...] | None
    seen: tuple[tuple[int, int], ...]

    def fits(self, state: tuple[int, ...]) -> bool:
        """Whether a state is as was seen."""
        for cell, number in self.seen:  # noqa: SIM110 - several times as fast as all() over a generator
            if state[cell] != number:
                return False
        return True


class Words:
    """Understands the events of one instance."""

    def __init__(self, concrete: Concrete) -> None:
        self._instance = concrete.instance
        self._cells = {_plain(cell.name): number for number, cell in enumerate(self._instance.cells)}
        self._actions = {action.name: action for action in self._instance.machine.actions}
        self._steps: dict[tuple[str, tuple[int, ...]], Step] = {}
        self._numbers: dict[tuple[Sort, type, Value], int] = {}

    def happening(self, event: Event) -> Happening:
        """The event in numbers; raises Misfit."""
        steps = self._meant(event) if event.event else None
        if steps is None and event.arguments:
            raise Misfit("expected no arguments where no event is named", "arguments")
        return Happening(steps, tuple(self._seen(name, value) for name, value in event.state.items()))

    def hidden(self, names: Iterable[str]) -> tuple[Step, ...]:
        """All steps of some actions; raises Misfit for a name that is none."""
        chosen = dict.fromkeys(names)
        for name in chosen:
            if name not in self._actions:
                raise Misfit(f"machine {self._instance.machine.name} has no action `{name}`, which is to be hidden")
            if choices(self._instance, self._actions[name]) > MOST_CHOICES:
                raise Misfit(
                    f"{name} has too many choices of arguments to be hidden; at most {MOST_CHOICES:,} are tried"
                )
        actions = [self._actions[name] for name in chosen]
        return tuple(
            self._step(action, arguments)
            for action in actions
            for arguments in self._instance.arguments(action.parameters)
        )

    def _meant(self, event: Event) -> tuple[Step, ...]:
        action = self._actions.get(event.event)
        if action is None:
            raise Misfit(self._unknown("an action", event.event, self._actions), "event")
        if event.party and action.party and event.party != action.party:
            raise Misfit(f'expected the party "{action.party}", which takes the step {action.name}', "party")
        names = [each.name for each in action.parameters]
        for name in event.arguments:
            if name not in names:
                raise Misfit(self._unknown(f"an argument of {action.name}", name, names), "arguments", name)
        given = [
            (self._number(each.sort, event.arguments[each.name], "arguments", each.name),)
            if each.name in event.arguments
            else range(self._instance.size(each.sort))
            for each in action.parameters
        ]
        if math.prod(map(len, given)) > MOST_CHOICES:
            raise Misfit(
                f"expected more arguments of {action.name}: at most {MOST_CHOICES:,} choices are tried", "event"
            )
        return tuple(self._step(action, arguments) for arguments in itertools.product(*given))

    def _step(self, action: Action, arguments: tuple[int, ...]) -> Step:
        """One object for equal steps."""
        key = action.name, arguments
        if key not in self._steps:
            self._steps[key] = Step(action, arguments)
        return self._steps[key]

    def _seen(self, name: str, value: Value) -> tuple[int, int]:
        cell = self._cells.get(_plain(name))
        if cell is None:
            known = [each.name for each in self._instance.cells]
            raise Misfit(self._unknown("a cell of the state", name, known), "state", name)
        return cell, self._number(self._instance.cells[cell].field.codomain, value, "state", name)

    def _number(self, sort: Sort, value: Value, *path: str) -> int:
        key = sort, type(value), value
        if key not in self._numbers:
            try:
                self._numbers[key] = value_number(self._instance, sort, value)
            except NotAValue as error:
                raise Misfit(str(error), *path) from error
        return self._numbers[key]

    def _unknown(self, what: str, name: str, known: Iterable[str]) -> str:
        names = list(known)
        near = difflib.get_close_matches(name, names, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names[:40]) or 'none'}"
        return f"expected {what} of machine {self._instance.machine.name}, got `{name}`; {advice}"


def _plain(name: str) -> str:
    return name.replace(" ", "")
