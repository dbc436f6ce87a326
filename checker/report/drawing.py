"""The picture of a state as typed data: lanes with cells, what a step changed in them, and what is broken there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["Cell", "Drawing", "Panel", "Row", "Told", "Value"]


class Value(msgspec.Struct, frozen=True, array_like=True):
    """A value in a picture: its sort, its number in it, its name, and the letters that stand for it in a cell."""

    sort: str
    number: int
    name: str
    short: str


class Told(msgspec.Struct, frozen=True, array_like=True):
    """Something told: what it means, the values for which it is so, and those before the step.

    gone:    whether it is no longer so since the step.
    changed: whether the step made any of it so, or no longer so; ``was`` means nothing where it did not.
    broken:  whether a broken clause reads what it is told from.
    """

    says: str
    values: tuple[Value, ...]
    was: tuple[Value, ...] = ()
    gone: bool = False
    changed: bool = False
    broken: bool = False

    @property
    def text(self) -> str:
        """In words: ``owned by partition0``; only what it means where that is all."""
        words = [f"no longer {self.says}" if self.gone else self.says, _named(self.was if self.gone else self.values)]
        return " ".join(word for word in words if word)

    @property
    def reading(self) -> str:
        """In words, with what was before: for whoever cannot see that it is marked."""
        was = f", before {_named(self.was)}" if self.changed and not self.gone and self.was else ""
        new = ", new" if self.changed and not self.gone and not self.was else ""
        return f"{self.text}{was}{new}{', broken' if self.broken else ''}"


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """A cell of a row.

    present: whether it is there; an absent cell is drawn as an empty place.
    hatched: whether something is wrong with it, by ``notes``.
    fill:    whose colour it has; more than one where several claim it.
    texts:   what is written in it.
    notes:   all that is told of it, in the order of the declaration.
    """

    column: str
    present: bool
    hatched: bool
    fill: tuple[Value, ...]
    texts: tuple[Told, ...]
    notes: tuple[Told, ...]

    @property
    def changed(self) -> bool:
        """Whether the step changed anything that is told of it."""
        return any(each.changed for each in self.notes)

    @property
    def broken(self) -> bool:
        """Whether a broken clause reads what is told of it."""
        return any(each.broken for each in self.notes)

    @property
    def reading(self) -> str:
        """The cell in words."""
        return "; ".join(each.reading for each in self.notes) or "nothing"


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A lane, or one individual's lane: what it is, whom it is of, what is told of it, and its cells."""

    title: str
    of: Value | None
    facts: tuple[Told, ...]
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """What the row is called: ``VMM of partition0``, ``vm0``, ``firmware``."""
        if self.of is None:
            return self.title
        return self.of.name if self.title.lower() == self.of.sort.lower() else f"{self.title} {self.of.name}"


class Panel(msgspec.Struct, frozen=True, array_like=True):
    """Rows that have their columns in common."""

    columns: tuple[Value, ...]
    rows: tuple[Row, ...]


class Drawing(msgspec.Struct, frozen=True, array_like=True):
    """A state as a picture.

    palette: the sorts whose values have colours of their own.
    facts:   what is told of the state as a whole.
    passed:  in words, what there is no way back from since this step; nothing for most steps.
    """

    panels: tuple[Panel, ...]
    palette: tuple[str, ...]
    facts: tuple[Told, ...] = ()
    passed: str = ""


def _named(values: Sequence[Value]) -> str:
    return ", ".join(each.name for each in values)
