"""Pictures: how a state is to be drawn, said by formulas over it; what is a lane, and what a cell of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from attorn.spec.errors import SpecificationError
from attorn.spec.language.expressions import Expr, sort_of, variable
from attorn.spec.language.scopes import recording
from attorn.spec.language.sorts import Sort
from attorn.spec.language.state import Field, Recorder, State

__all__ = ["Lane", "Picture", "Shown"]


@dataclass(frozen=True)
class Shown:
    """Something that a picture tells.

    says:  what it means, in words that the value completes: ``owned by``.
    shows: (s, the lane's individual if it has one, the column's if it is of a cell, one of each further sort) to a
           value. A truth value tells for which of the further sorts it holds, or just that it holds.
    each:  further sorts.
    """

    says: str
    shows: Callable[..., Any]
    each: tuple[object, ...] = ()

    @property
    def further(self) -> tuple[Sort, ...]:
        """The further sorts."""
        return tuple(sort_of(each) for each in self.each)

    def traced(self, state: type[State], sorts: tuple[Sort, ...]) -> Expr:
        """The formula, with variables of these sorts and of the further ones; raises SpecificationError."""
        levels = (*sorts, *self.further)
        recorder = Recorder(f"the picture's `{self.says}`", may_write=False, may_require=False)
        with recording({}, len(levels)):
            found = self.shows(state(recorder), *(variable(sort, level) for level, sort in enumerate(levels)))
        if not isinstance(found, Expr):
            raise SpecificationError(f"the picture's `{self.says}` shows no value of the state, but {found!r}.")
        return found


@dataclass(frozen=True)
class Lane:
    """A row of a picture for each individual of a sort, or one row alone; its cells stand below the columns.

    fill:    whose colour and letter a cell has; a cell of nobody stays empty.
    outline: truth value: the cell is there, though it may be nobody's.  hatch: something is wrong with it.
    texts:   what is written in a cell.
    facts:   what is told beside the row; ``shows`` has no column.
    """

    title: str
    each: object | None = None
    fill: Shown | None = None
    outline: Shown | None = None
    hatch: Shown | None = None
    texts: tuple[Shown, ...] = ()
    facts: tuple[Shown, ...] = ()

    @property
    def sorts(self) -> tuple[Sort, ...]:
        """The sort of the lane's individuals; none for a row alone."""
        return () if self.each is None else (sort_of(self.each),)


@dataclass(frozen=True)
class Picture:
    """How states of a machine are drawn. It says nothing of what may happen, and no digest counts it.

    columns:   the sort that has a column for each individual: what is handed about.
    facts:     what is told of the state as a whole.
    no_return: what becomes true where there is no way back.
    classes:   fields of one and the same index, by whose values states are put together in a map of the whole.
    """

    columns: object
    lanes: tuple[Lane, ...]
    facts: tuple[Shown, ...] = ()
    no_return: Shown | None = None
    classes: tuple[Field, ...] = ()

    @property
    def column_sort(self) -> Sort:
        """The sort of the columns."""
        return sort_of(self.columns)
