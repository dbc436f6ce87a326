"""Lowering: whatever depends on one component alone is looked up by its code; a kernel computes the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Circuit, Gate, Node, Value
from attorn.checker.explore.components import Component, Table, within
from attorn.checker.explore.device import HOST, Put, look_up
from attorn.checker.explore.kernel import Column, Input, Kernel, dtype_of

__all__ = ["Lowered"]


class Lowered:
    """Computes values for blocks of states, given the code of each component.

    A value turns out to be a plain number if no possible code makes a difference.

    put: brings tables to where the codes will be.
    """

    def __init__(
        self, circuit: Circuit, components: Sequence[Component], roots: Sequence[Value], put: Put = HOST.put
    ) -> None:
        self._circuit, self._components, self._put = circuit, components, put
        self._component_of = {cell: number for number, each in enumerate(components) for cell in each.cells}
        self._tables = [Table(each.split(each.raw)) for each in components]
        self._simple: dict[int, Value] = {}
        self._alike: dict[tuple[int | None, bytes], Node] = {}
        self.roots = [self._simplified(root) for root in roots]
        nodes = [root for root in self.roots if isinstance(root, Node)]
        parts = self._parts(nodes)
        self._kernel = Kernel(nodes, self._lanes(parts.leaves), parts.conjunctions)
        self._columns: list[Column] = []
        self._capacity = 0

    def __call__(self, rows: int, codes: Sequence[NDArray[np.int64]]) -> Iterator[Any]:
        """The value of each root in turn: a plain number, or a column, which is valid until the next is asked for."""
        if rows > self._capacity:
            self._columns = [np.empty(rows, table.dtype, like=table) for _, table in self._lookups]
            self._capacity = rows
        columns = [column[:rows] for column in self._columns]
        for (component, table), column in zip(self._lookups, columns, strict=True):
            look_up(table, codes[component], column)
        answers = self._kernel(rows, columns)
        return (next(answers) if isinstance(root, Node) else root for root in self.roots)

    def table(self, node: Node) -> Column:
        """A node that depends on one component alone, for each of its codes."""
        home = self.home(node)
        assert home is not None
        return self._tables[home][node]

    def home(self, value: Value) -> int | None:
        """The only component that a value depends on, if there is just one."""
        if isinstance(value, int):
            return None
        number = self._component_of[(value.cells & -value.cells).bit_length() - 1]
        return number if within(value, self._components[number].mask) else None

    def _simplified(self, value: Value) -> Value:
        """A value without whatever the possible codes decide."""
        if isinstance(value, int):
            return value
        found = self._simple.get(value.ident)
        if found is None:
            if value.gate is Gate.NOT:
                found = self._circuit.negation(self._simplified(value.args[0]))
            elif self.home(value) is not None:
                found = self._first_alike(value)
            elif value.gate is Gate.AND:
                found = self._circuit.conjunction(self._simplified(part) for part in self._gathered(value.inputs))
            else:
                found = self._circuit.replacing({part: self._simplified(part) for part in value.inputs})(value)
            self._simple[value.ident] = found
        return found

    def _first_alike(self, node: Node) -> Value:
        """The number that a node always is, or the first node met that has the same value for every code."""
        table = self.table(node)
        if (table == table[0]).all():
            return int(table[0])
        home = self.home(node)
        first = self._alike.setdefault((home, table.tobytes()), node)
        if first is node and node.is_truth:
            opposite = self._alike.get((home, (~table).tobytes()))
            if opposite is not None:
                return self._circuit.negation(opposite)
        return first

    def _parts(self, roots: Any) -> _Parts:
        """Where to cut circuits so that whatever is below depends on one component."""
        found = _Parts({}, {})
        stack: list[Node] = list(roots)
        seen = set[int]()
        while stack:
            node = stack.pop()
            if node.ident in seen:
                continue
            seen.add(node.ident)
            home = self.home(node)
            if home is not None and node.gate is not Gate.NOT:
                found.leaves[node.ident] = node, home
                continue
            parts = node.inputs
            if node.gate is Gate.AND:
                parts = found.conjunctions[node.ident] = self._gathered(parts)
            stack += parts
        return found

    def _gathered(self, parts: Sequence[Node]) -> tuple[Node, ...]:
        """The parts of a conjunction, those that depend on the same component as one."""
        homes: dict[int, list[Node]] = {}
        others = []
        for part in parts:
            home = self.home(part)
            if home is None:
                others.append(part)
            else:
                homes.setdefault(home, []).append(part)
        joined = [self._circuit.conjunction(group) for group in homes.values()]
        return (*(part for part in joined if isinstance(part, Node)), *others)

    def _lanes(self, leaves: Mapping[int, tuple[Node, int]]) -> dict[int, Input]:
        """Pack the tables of all leaves into columns to look up: truth values eight to a byte."""
        self._lookups: list[tuple[int, Column]] = []
        inputs: dict[int, Input] = {}
        bits: dict[int, list[Node]] = {}
        for node, component in leaves.values():
            if node.is_truth:
                bits.setdefault(component, []).append(node)
            else:
                inputs[node.ident] = Input(len(self._lookups))
                self._lookups.append((component, self._put(self.table(node).astype(dtype_of(node)))))
        for component, nodes in bits.items():
            for first in range(0, len(nodes), 8):
                packed = np.zeros(len(self._components[component].raw), np.uint8)
                for bit, node in enumerate(nodes[first : first + 8]):
                    packed |= self.table(node).astype(np.uint8) << np.uint8(bit)
                    inputs[node.ident] = Input(len(self._lookups), bit)
                self._lookups.append((component, self._put(packed)))
        return inputs


@dataclass(frozen=True)
class _Parts:
    """A cut through circuits.

    leaves:       nodes below the cut, by ident, each with its component.
    conjunctions: what to take for the parts of a conjunction above the cut.
    """

    leaves: dict[int, tuple[Node, int]]
    conjunctions: dict[int, tuple[Node, ...]]
