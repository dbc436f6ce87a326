"""A run of a machine as a trace in which all is seen."""

from __future__ import annotations

from collections.abc import Iterator

from attorn.checker.verdicts import Path
from attorn.spec.language import Instance, Values
from attorn.spec.language.values import Value, value_data
from attorn.spec.trace import Event

__all__ = ["events"]


def events(instance: Instance, path: Path, whole: bool = False) -> Iterator[Event]:
    """A run as a trace in which all is seen: first the initial state, then each step with the cells that it changed.

    whole: tell all cells after each step, not only those that it changed.
    """
    yield Event(state=_seen(instance, path.start))
    before = path.start
    for move in path.moves:
        action, numbers = move.step.action, move.step.arguments
        yield Event(
            party=action.party,
            event=action.name,
            arguments={
                each.name: value_data(each.sort, number)
                for each, number in zip(action.parameters, numbers, strict=True)
            },
            state=_seen(instance, move.state, () if whole else before),
        )
        before = move.state


def _seen(instance: Instance, state: Values, before: Values = ()) -> dict[str, Value]:
    """The cells of a state by name; only those that differ from an earlier state, if there is one."""
    return {
        cell.name: value_data(cell.field.codomain, number)
        for position, (cell, number) in enumerate(zip(instance.cells, state, strict=True))
        if not before or before[position] != number
    }
