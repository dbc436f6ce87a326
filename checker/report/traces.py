"""From runs to what a report shows of them: names of cells and values, and what each step changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from attorn.checker.report.picture import Pictures
from attorn.checker.report.run_model import Assignment, Change, Place, Trace, TraceStep
from attorn.checker.report.sequence import taken_up_by
from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Concrete, Expr, Instance, Step, Values, value_name
from attorn.spec.language.sorts import Sort
from attorn.spec.language.traced import fields_read

__all__ = ["Tracer", "ghosts_read"]


class Tracer:
    """Tells the runs of one instance.

    pictures: what draws each state on the way; None for no pictures.
    """

    def __init__(self, concrete: Concrete, pictures: Pictures | None = None) -> None:
        self._concrete, self._pictures = concrete, pictures

    @property
    def _instance(self) -> Instance:
        return self._concrete.instance

    def trace(self, path: Path, broken: Collection[int] = (), loop: Sequence[Move] = ()) -> Trace:
        """The whole first state of a run, and its steps, which count from 1.

        broken: the cells of the last state that a violated clause reads.
        loop:   what comes after it for ever.
        """
        start = tuple(
            Assignment(place, value_name(sort, number))
            for (place, sort), number in zip(self._places, path.start, strict=True)
        )
        at_once = () if path.moves else broken
        drawing = self._pictures.draw(path.start, broken=at_once) if self._pictures else None
        steps = self.steps(path.start, (*path.moves, *loop), broken=broken, last=len(path.moves), again=len(loop))
        return Trace(start, steps[: len(path.moves)], drawing)

    def loop(self, path: Path, loop: Sequence[Move]) -> tuple[TraceStep, ...]:
        """The steps that are repeated for ever after a run, numbered on from those before."""
        return self.steps(path.start, (*path.moves, *loop), again=len(loop))[len(path.moves) :]

    def steps(
        self, before: Values, moves: Sequence[Move], broken: Collection[int] = (), last: int = 0, again: int = 0
    ) -> tuple[TraceStep, ...]:
        """Moves from a state; the last ``again`` are a loop; number ``last`` leads to what is broken."""
        told = []
        parties = taken_up_by(self._concrete, before, moves, again)
        for number, (move, to) in enumerate(zip(moves, parties, strict=True), start=1):
            action = move.step.action
            seen = broken if number == last else ()
            drawing = self._pictures.draw(move.state, before, seen) if self._pictures else None
            told.append(
                TraceStep(
                    number,
                    action.party,
                    self._concrete.label(move.step),
                    self._changes(before, move.state),
                    action.name,
                    to,
                    drawing,
                )
            )
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
