"""The log of a search by machine code: all states in the order of their discovery, level after level."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.compiled.planes import WORD, Planes, Words
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.visited import Visited, distinct, joined

__all__ = ["Log"]

CHUNK = 1 << 14  # states that are brought from one form to the other at once
BYTE = 8


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
        parts = [self._packed(part) for part in _chunks(states)]
        return joined(parts) if parts else [np.empty(0, np.uint64) for _ in range(self._layout.words)]

    def _packed(self, states: Words) -> Rows:
        """The same of a few: each byte of a state adds its part to the joint values of components."""
        columns = np.ascontiguousarray(states.astype("<u8", copy=False).view(np.uint8).T)
        rows = [np.zeros(len(states), np.uint64) for _ in range(self._layout.words)]
        for number, (component, tables) in enumerate(zip(self._layout.components, self._by_byte, strict=True)):
            joint = np.zeros(len(states), np.int64)
            for byte, table in tables:
                joint += table[columns[byte]]
            for word, part in self._layout.part(number, component.code[joint]):
                rows[word] += part
        return rows

    def placed(self, rows: Rows) -> Words:
        """States that are packed elsewhere, in bit planes."""
        found = np.zeros((self._planes.words, len(rows[0])), np.uint64)
        for codes, tables in zip(self._layout.codes(rows), self._by_code, strict=True):
            for word, table in tables:
                found[word] |= table[codes]
        return np.ascontiguousarray(found.T)

    @cached_property
    def _by_byte(self) -> list[list[tuple[int, NDArray[np.int64]]]]:
        """For each component, what each value of a byte of a state in planes adds to its joint value."""
        found = []
        for component in self._layout.components:
            tables: dict[int, NDArray[np.int64]] = {}
            for cell, radix in component.radix.items():
                for plane, (word, bit) in enumerate(self._planes.places[cell]):
                    table = tables.setdefault((word * WORD + bit) // BYTE, np.zeros(1 << BYTE, np.int64))
                    table += (np.arange(1 << BYTE) >> bit % BYTE & 1) * (radix << plane)
            found.append([*tables.items()])
        return found

    @cached_property
    def _by_code(self) -> list[list[tuple[int, NDArray[np.uint64]]]]:
        """For each component, what its codes are in bit planes, for each word that has some of it."""
        found = []
        for component in self._layout.components:
            states = np.zeros((len(component.raw), self._layout.cells), np.int64)
            for cell, values in component.split(component.raw).items():
                states[:, cell] = values
            words = np.ascontiguousarray(self._planes.pack(states).T)
            found.append([(number, word) for number, word in enumerate(words) if word.any()])
        return found


def _chunks(states: Words) -> Iterator[Words]:
    for first in range(0, len(states), CHUNK):
        yield states[first : first + CHUNK]
