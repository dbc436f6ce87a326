"""From runs to what a report shows of them: names of cells and values, and what each step changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from attorn.checker.report.model import Assignment, Change, Place, Trace, TraceStep
from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Concrete, Expr, Instance, Step, Values, value_name
from attorn.spec.language.sorts import Sort
from attorn.spec.language.traced import fields_read

__all__ = ["Tracer", "ghosts_read"]


class Tracer:
    """Tells the runs of one instance."""

    def __init__(self, concrete: Concrete) -> None:
        self._concrete = concrete

    @property
    def _instance(self) -> Instance:
        return self._concrete.instance

    def trace(self, path: Path) -> Trace:
        """The whole first state of a run, and its steps, which count from 1."""
        start = tuple(
            Assignment(place, value_name(sort, number))
            for (place, sort), number in zip(self._places, path.start, strict=True)
        )
        return Trace(start, self.steps(path.start, path.moves))

    def steps(self, before: Values, moves: Sequence[Move], first: int = 1) -> tuple[TraceStep, ...]:
        """Moves from a state; ``first`` is the number of the first one."""
        told = []
        for number, move in enumerate(moves, start=first):
            label = self._concrete.label(move.step)
            told.append(TraceStep(number, move.step.action.party, label, self._changes(before, move.state)))
            before = move.state
        return tuple(told)

    def alternatives(self, path: Path) -> tuple[str, ...]:
        """The steps that could have been taken at the last state but one, instead of the last step."""
        if not path.moves:
            return ()
        taken, good = path.moves[-1].step, path.states[-2]
        return tuple(
            self._concrete.label(step) for step, _ in self._concrete.successors(good) if not _same(step, taken)
        )

    def _changes(self, before: Values, after: Values) -> tuple[Change, ...]:
        return tuple(
            Change(place, value_name(sort, old), value_name(sort, new))
            for (place, sort), old, new in zip(self._places, before, after, strict=True)
            if old != new
        )

    @cached_property
    def _places(self) -> list[tuple[Place, Sort]]:
        return [
            (
                Place(
                    cell.field.name,
                    tuple(value_name(sort, part) for sort, part in zip(cell.field.domain, cell.index, strict=True)),
                ),
                cell.field.codomain,
            )
            for cell in self._instance.cells
        ]


def ghosts_read(*formulas: Expr) -> tuple[str, ...]:
    """The names of the ghost fields that some formulas read."""
    return tuple(sorted({field.name for formula in formulas for field in fields_read(formula) if field.ghost}))


def _same(step: Step, other: Step) -> bool:
    return step.action.name == other.action.name and step.arguments == other.arguments
