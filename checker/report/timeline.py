"""A run as one strip: for each cell of its pictures, what it shows from which step to which."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.report.drawing import Cell, Drawing

__all__ = ["Line", "Span", "Timeline", "timeline"]

MOST = 24


@dataclass(frozen=True)
class Span:
    """Moments in which a cell shows the same.

    first, last: after how many steps; ``cell`` is as it was first.
    """

    first: int
    last: int
    cell: Cell

    @property
    def length(self) -> int:
        """How many moments."""
        return self.last - self.first + 1

    @property
    def reading(self) -> str:
        """In words, with the moments."""
        when = f"after step {self.first}" + ("" if self.first == self.last else f" to {self.last}")
        so = (each for each in self.cell.notes if not each.gone)
        told = "; ".join(" ".join((each.says, *(value.name for value in each.values))) for each in so)
        return f"{when}: {told or 'nothing'}"


@dataclass(frozen=True)
class Line:
    """A cell through the run: its row and its column."""

    row: str
    column: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Timeline:
    """The cells through a run: without those that show nothing, and of very many only those that change.

    moments: how many; the first is the first state.
    """

    moments: int
    lines: tuple[Line, ...]
    palette: tuple[str, ...]


def timeline(drawings: Sequence[Drawing]) -> Timeline:
    """The strip of a run, from the picture of each of its states."""
    cells: dict[tuple[str, str], list[Cell]] = {}
    for drawing in drawings:
        for panel in drawing.panels:
            for row in panel.rows:
                for cell in row.cells:
                    cells.setdefault((row.name, cell.column), []).append(cell)
    lines = [Line(row, column, tuple(_spans(shown))) for (row, column), shown in cells.items()]
    told = [each for each in lines if any(span.cell.fill or span.cell.texts for span in each.spans)]
    if len(told) > MOST:
        told = [each for each in told if len(each.spans) > 1]
    return Timeline(len(drawings), tuple(told), drawings[0].palette)


def _spans(shown: Sequence[Cell]) -> Iterator[Span]:
    moment = 0
    for _, alike in itertools.groupby(shown, _shows):
        found = list(alike)
        yield Span(moment, moment + len(found) - 1, found[0])
        moment += len(found)


def _shows(cell: Cell) -> tuple[object, ...]:
    """What is to be seen of a cell, apart from what the last step did to it."""
    written = tuple(each.values for each in cell.texts if not each.gone)
    return cell.present, cell.hatched, cell.broken, cell.fill, written
