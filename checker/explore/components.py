"""Components: groups of cells whose joint values are numbered, so that a state is a few small codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Gate, Node, Value

__all__ = ["Component", "Joint", "Table", "within"]

Joint = NDArray[np.int64]


class Component:
    """A group of cells, and the joint values that they can take.

    cells: the numbers of the cells; ``mask`` has them as bits.
    radix: the weight of each cell in a joint value; ``sizes`` has how many values it has.
    raw:   int64[codes], the possible joint values, ascending: a code is a place in this list.
    code:  int64[joint values], the code of each, or -1.
    """

    def __init__(self, cells: Sequence[int], sizes: Sequence[int]) -> None:
        self.cells = tuple(sorted(cells))
        self.mask = sum(1 << cell for cell in cells)
        self.sizes = {cell: sizes[cell] for cell in self.cells}
        self.radix: dict[int, int] = {}
        self.values = 1
        for cell in self.cells:
            self.radix[cell] = self.values
            self.values *= sizes[cell]
        self.raw: Joint = np.empty(0, np.int64)
        self.code: Joint = np.full(self.values, -1, np.int64)

    @property
    def bits(self) -> int:
        """Bits that a code takes."""
        return max(len(self.raw) - 1, 0).bit_length()

    def admit(self, raw: Joint) -> Joint:
        """Take further joint values; those of them that are new."""
        unmet = np.sort(raw[self.code[raw] < 0])
        self.code[unmet] = 0
        return unmet[np.diff(unmet, prepend=-1) > 0]

    def number(self) -> None:
        """Give codes to all joint values taken."""
        self.raw = np.flatnonzero(self.code >= 0)
        self.code[self.raw] = np.arange(len(self.raw))

    def joint(self, states: Joint) -> Joint:
        """The joint value in each of some states. states: int64[states, cells]."""
        found = np.zeros(len(states), np.int64)
        for cell, radix in self.radix.items():
            found += states[:, cell] * radix
        return found

    def value(self, cell: int) -> Joint:
        """What a cell holds, for every code."""
        return self.split(self.raw)[cell]

    def split(self, raw: Joint) -> dict[int, Joint]:
        """What each cell holds in some joint values."""
        return {cell: raw // self.radix[cell] % self.sizes[cell] for cell in self.cells}


class Table:
    """The values of nodes for a list of cases, given those of the cells that they depend on.

    cells: int64[cases] for each cell.
    """

    def __init__(self, cells: Mapping[int, Joint]) -> None:
        self._cells = cells
        self._known: dict[int, NDArray[Any]] = {}

    def __getitem__(self, node: Node) -> NDArray[Any]:
        """bool or int64[cases]."""
        found = self._known.get(node.ident)
        if found is None:
            found = self._known[node.ident] = self._computed(node)
        return found

    def _computed(self, node: Node) -> NDArray[Any]:
        if node.gate is Gate.CELL:
            values = self._cells[node.args[0]]  # type: ignore[index]
            return values.astype(np.bool_) if node.is_truth else values
        args = [np.asarray(arg) if isinstance(arg, int) else self[arg] for arg in node.args]
        found: NDArray[Any]
        match node.gate:
            case Gate.AND:
                found = np.logical_and.reduce(args)
            case Gate.NOT:
                found = np.logical_not(args[0])
            case Gate.EQUAL:
                found = np.equal(args[0], args[1])
            case Gate.LESS:
                found = np.less(args[0], args[1])
            case Gate.SELECT:
                found = np.where(args[0], args[1].astype(np.int64), args[2].astype(np.int64))
            case _:
                found = (np.add if node.gate is Gate.ADD else np.subtract)(args[0], args[1], dtype=np.int64)
        return found


def within(value: Value, mask: int) -> bool:
    """Whether a value depends on nothing but some cells."""
    return isinstance(value, int) or value.cells & ~mask == 0
