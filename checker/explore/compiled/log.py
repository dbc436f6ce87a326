"""The log of a search by machine code: all states in the order of their discovery, level after level."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from attorn.checker.explore.compiled.planes import Planes, Words
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.visited import Visited, distinct, joined

__all__ = ["Log"]

CHUNK = 1 << 14  # states that are brought from one form to the other at once


class Log(Visited):
    """All states met, to be asked for as if they were packed and in sorted runs.

    starts: for each level, the place of its first state.
    """

    def __init__(self, table: Table, planes: Planes, layout: Layout) -> None:
        super().__init__()
        self.table, self._planes, self._layout = table, planes, layout
        self.starts: list[int] = []

    def __len__(self) -> int:
        return len(self.table)

    @property
    def bytes(self) -> int:
        """What the states take, and the table by which they are found."""
        return self.table.bytes

    def level(self, depth: int) -> Rows:
        """The states first met at a depth, in order."""
        return distinct(self.packed(self.table.log[self.starts[depth] : self.end(depth)]))

    def end(self, depth: int) -> int:
        """The place after the last state of a level."""
        return self.starts[depth + 1] if depth + 1 < len(self.starts) else len(self.table)

    def take(self, level: Rows) -> None:
        """Add all states of the next level."""
        self.starts.append(len(self.table))
        for first in range(0, len(level[0]), CHUNK):
            self.table.insert(self.placed([word[first : first + CHUNK] for word in level]))

    def packed(self, states: Words) -> Rows:
        """States in bit planes, as they are packed elsewhere."""
        parts = [self._layout.pack(self._planes.unpack(part)) for part in _chunks(states)]
        return joined(parts) if parts else [np.empty(0, np.uint64) for _ in range(self._layout.words)]

    def placed(self, rows: Rows) -> Words:
        """States that are packed elsewhere, in bit planes."""
        found = np.zeros((len(rows[0]), self._planes.words), np.uint64)
        for codes, table in zip(self._layout.codes(rows), self._tables, strict=True):
            found |= table[codes]
        return found

    @cached_property
    def _tables(self) -> list[Words]:
        """For each component, what its codes are in bit planes."""
        found = []
        for component in self._layout.components:
            states = np.zeros((len(component.raw), self._layout.cells), np.int64)
            for cell, values in component.split(component.raw).items():
                states[:, cell] = values
            found.append(self._planes.pack(states))
        return found


def _chunks(states: Words) -> Iterator[Words]:
    for first in range(0, len(states), CHUNK):
        yield states[first : first + CHUNK]
