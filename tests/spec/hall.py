"""A small machine for the tests of the language, and what checks that an error names the right line."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import Enum

import pytest

from attorn.spec.errors import AttornError
from attorn.spec.language import (
    ANY,
    NONE,
    Counter,
    Declaration,
    Element,
    Machine,
    Map,
    Option,
    Relation,
    State,
    UpTo,
    Variable,
    initial,
)
from attorn.spec.language.source import Where

__all__ = ["Colour", "Door", "Hall", "Window", "closed", "hall", "mistake"]


class Door(Element):
    """A door."""


class Window(Element):
    """A window."""


class Colour(Enum):
    """What a door may look like."""

    RED = "red"
    GREEN = "green"


class Hall(State):
    """Doors between rooms."""

    open = Relation(Door, says="the door is open")
    near = Relation(Door, Door, says="the doors are next to each other")
    colour = Map(Door, to=Colour)
    twin = Map(Door, to=Door)
    locked = Variable(bool)
    key = Variable(Option(Door))
    tries = Counter(2)
    marks = Map(UpTo(2), to=bool)
    seen = Relation(Door, ghost=True)


@initial
def closed(s: Hall) -> None:
    """All doors are closed."""
    s.open[...] = False
    s.near[...] = False
    s.colour[...] = Colour.RED
    s.twin[...] = ANY
    s.locked = False
    s.key = NONE
    s.tries = 0
    s.marks[...] = False
    s.seen[...] = False


def hall(*declared: Declaration) -> Machine:
    """The machine of the given actions and statements, traced, so that every mistake in them shows."""
    steps = tuple(each for each in declared if each.kind == "action")
    start = [each for each in declared if each.kind == "initial"] or [closed]
    others = tuple(each for each in declared if each.kind not in ("action", "initial"))
    machine = Machine("hall", Hall, start[0], steps, others)
    assert machine.digest
    return machine


def mistake(error: type[AttornError], *advice: str) -> Callable[[Callable[[], object]], Callable[[], None]]:
    """Make a test of a function that an author could have written: it is refused at the line marked ``# wrong``.

    advice: what the message must say besides.
    """

    def decorated(function: Callable[[], object]) -> Callable[[], None]:
        @functools.wraps(function)
        def test() -> None:
            with pytest.raises(error) as caught:
                function()
            message = str(caught.value)
            assert type(caught.value) is error, message
            assert message.startswith(f"{_marked(function)}: "), message
            assert [part for part in advice if part not in message] == [], message

        return test

    return decorated


def _marked(function: Callable[[], object]) -> Where:
    lines, first = inspect.getsourcelines(function)
    (offset,) = [number for number, line in enumerate(lines) if "# wrong" in line]
    return Where(function.__code__.co_filename, first + offset)
