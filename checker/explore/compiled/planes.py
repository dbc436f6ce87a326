"""Bit planes: where each cell of a state lies in machine words, so that one operation works on many cells.

A cell with few values is a few bits. The cells that differ in one index only, the *lane*, lie side by side: first the
lowest bit of each, then the next of each, and so on. One such row of bits is a plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attorn.spec.language import Field, Instance
from attorn.spec.language.sorts import ElementSort

__all__ = ["WORD", "Planes", "Shape", "Words"]

WORD = 64

Words = NDArray[np.uint64]  # uint64[states, words]


@dataclass(frozen=True)
class Shape:
    """The planes of one field.

    sizes:  how many values each index has.
    values: how many values a cell has.
    lane:   the index along which cells lie side by side; None where each cell lies alone.
    planes: bits that a cell takes.
    word, shift: where the first plane lies; no plane is split, but a field may go on in the next words.
    """

    sizes: tuple[int, ...]
    values: int
    lane: int | None
    planes: int
    word: int = 0
    shift: int = 0

    @property
    def lanes(self) -> int:
        """How many cells a plane has a bit of."""
        return 1 if self.lane is None else self.sizes[self.lane]

    @property
    def rows(self) -> int:
        """How many planes there are, one after the other."""
        return math.prod(self.sizes) // self.lanes * self.planes

    @property
    def words(self) -> int:
        """How many words the planes take, or take part of."""
        return 0 if not self.rows else 1 if self.rows * self.lanes <= WORD else -(-self.rows // (WORD // self.lanes))

    def row(self, others: int, plane: int) -> tuple[int, int]:
        """The word of one plane, and the lowest of its bits there; ``others`` numbers the indices but the lane."""
        number = others * self.planes + plane
        if self.words == 1:
            return self.word, self.shift + number * self.lanes
        each = WORD // self.lanes
        return self.word + number // each, number % each * self.lanes


class Planes:
    """The planes of all fields of an instance.

    shapes: those of each field.
    words:  how many words a state takes; bits of them are in use.
    """

    def __init__(self, instance: Instance) -> None:
        self._cells = instance.cells
        found = {field: _shaped(instance, field) for field in instance.machine.state.fields.values()}
        self.shapes: dict[Field, Shape] = {}
        free: list[int] = []
        for field, shape in sorted(found.items(), key=lambda each: -each[1].rows * each[1].lanes):
            bits = shape.rows * shape.lanes
            word = next((number for number, room in enumerate(free) if bits <= room), len(free))
            if shape.words > 1:
                word = len(free)
                free += [0] * shape.words
                shift = 0
            else:
                if word == len(free):
                    free.append(WORD)
                shift = WORD - free[word]
                free[word] -= bits
            self.shapes[field] = Shape(shape.sizes, shape.values, shape.lane, shape.planes, word, shift)
        self.words = max(len(free), 1)
        self.bits = sum(shape.rows * shape.lanes for shape in found.values())

    @property
    def bytes(self) -> int:
        """What a state takes."""
        return self.words * WORD // 8

    def pack(self, states: NDArray[np.int64]) -> Words:
        """States in planes. states: int64[states, cells]."""
        rows = np.zeros((len(states), self.words), np.uint64)
        for number, places in enumerate(self.places):
            for plane, (word, bit) in enumerate(places):
                rows[:, word] |= ((states[:, number] >> plane & 1) << np.int64(bit)).view(np.uint64)
        return rows

    @cached_property
    def places(self) -> list[list[tuple[int, int]]]:
        """For each cell, where each of its bits is: the word, and which bit of it."""
        found = []
        for cell in self._cells:
            shape = self.shapes[cell.field]
            others, lane = 0, 0
            for position, (size, index) in enumerate(zip(shape.sizes, cell.index, strict=True)):
                if position == shape.lane:
                    lane = index
                else:
                    others = others * size + index
            rows = [shape.row(others, plane) for plane in range(shape.planes)]
            found.append([(word, shift + lane) for word, shift in rows])
        return found


def _shaped(instance: Instance, field: Field) -> Shape:
    """The shape of a field, placed nowhere yet: its lane is the last index that is an individual, or else the last."""
    sizes = tuple(instance.size(sort) for sort in field.domain)
    fitting = [position for position, size in enumerate(sizes) if size <= WORD]
    individuals = [position for position in fitting if isinstance(field.domain[position], ElementSort)]
    lane = next(reversed(individuals or fitting), None)
    values = instance.size(field.codomain)
    return Shape(sizes, values, lane, (values - 1).bit_length())
