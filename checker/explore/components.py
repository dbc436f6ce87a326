"""Components: groups of cells whose joint values are numbered, so that a state is a few small codes.

Cells that change together take few of the values that they could: instead of its cells, a state is packed as one code
for each group. The values that a group can take are found before the search, by running every step on the group alone;
what a step reads elsewhere may be anything. That is never too few, so the codes are exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Gate, Node, Value, conjuncts
from attorn.checker.explore.meaning import Effect, Meaning

__all__ = ["Component", "alike", "components", "within"]

LIMIT = 1 << 18  # joint values that a group may have, counted without regard to what can happen
ALIKE = 0.2  # groups are joined if at least this part of the steps that write one of them writes both
BRANCHES = 64  # combinations of values read elsewhere that are followed one by one

Joint = NDArray[np.int64]


class Component:
    """A group of cells, and the joint values that they can take.

    cells: the numbers of the cells; ``mask`` has them as bits.
    raw:   int64[codes], the possible joint values in mixed radix, ascending: a code is a place in this list.
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

    def admit(self, raw: Joint) -> bool:
        """Take further joint values; whether any of them is new."""
        seen = self.code >= 0
        seen[raw] = True
        before = len(self.raw)
        self.raw = np.flatnonzero(seen)
        self.code[self.raw] = np.arange(len(self.raw))
        return len(self.raw) > before

    def value(self, cell: int) -> Joint:
        """What a cell holds, for every code."""
        return self.raw // self.radix[cell] % self.sizes[cell]

    def table(self, node: Node, known: dict[int, NDArray[Any]]) -> NDArray[Any]:
        """A node that depends on this group alone, for every code; ``known`` keeps what is computed on the way."""
        found = known.get(node.ident)
        if found is None:
            found = known[node.ident] = self._table(node, known)
        return found

    def _table(self, node: Node, known: dict[int, NDArray[Any]]) -> NDArray[Any]:
        if node.gate is Gate.CELL:
            values = self.value(node.args[0])  # type: ignore[arg-type]
            return values.astype(np.bool_) if node.is_truth else values
        args = [arg if isinstance(arg, int) else self.table(arg, known) for arg in node.args]
        match node.gate:
            case Gate.AND:
                return np.logical_and.reduce(args)
            case Gate.NOT:
                return np.logical_not(args[0])
            case Gate.EQUAL:
                return np.equal(args[0], args[1])
            case Gate.LESS:
                return np.less(args[0], args[1])
            case Gate.SELECT:
                return np.where(args[0], *(np.asarray(arg, np.int64) for arg in args[1:]))
            case _:
                ufunc = np.add if node.gate is Gate.ADD else np.subtract
                return ufunc(args[0], args[1], dtype=np.int64)


def within(value: Value, mask: int) -> bool:
    """Whether a value depends on nothing but some cells."""
    return isinstance(value, int) or value.cells & ~mask == 0


def components(meaning: Meaning, groups: Sequence[Sequence[int]], states: Joint) -> list[Component]:
    """The groups of cells, each with all joint values that it can take from some initial states on.

    groups: every cell is in one.
    states: int[states, cells], the initial states.
    """
    sizes = [cell.size for cell in meaning.instance.cells]
    found = [Component(group, sizes) for group in groups]
    for component in found:
        if len(component.cells) == 1:
            component.admit(np.arange(component.values))
        else:
            component.admit(sum((states[:, cell] * radix for cell, radix in component.radix.items()), np.int64(0)))
            steps = _Steps(component, meaning)
            while steps.spread():
                pass
    return found


def alike(meaning: Meaning) -> list[list[int]]:
    """Group cells that are written by much the same steps: few of their joint values can be expected to occur."""
    sizes = [cell.size for cell in meaning.instance.cells]
    writers: list[set[int]] = [set() for _ in sizes]
    for number, effect in enumerate(meaning.effects):
        for cell in effect.after:
            writers[cell].add(number)
    groups = {cell: _Group([cell], size, frozenset(writers[cell])) for cell, size in enumerate(sizes)}
    likeness = {pair: groups[pair[0]].likeness(groups[pair[1]]) for pair in itertools.combinations(groups, 2)}
    while likeness:
        a, b = max(likeness, key=lambda pair: (likeness[pair], -pair[0], -pair[1]))
        if likeness[a, b] < ALIKE:
            break
        groups[a] = groups[a].joined(groups.pop(b))
        likeness = {pair: part for pair, part in likeness.items() if not {a, b} & set(pair)}
        likeness |= {(min(a, c), max(a, c)): groups[a].likeness(groups[c]) for c in groups if c != a}
    return [sorted(group.cells) for group in groups.values()]


@dataclass(frozen=True)
class _Group:
    """Cells, how many joint values they could have, and the numbers of the steps that write one of them."""

    cells: list[int]
    values: int
    writers: frozenset[int]

    def likeness(self, other: _Group) -> float:
        """The part of their writers that writes both; nothing if they are too large to be joined."""
        if self.values * other.values > LIMIT or not self.writers:
            return 0.0
        return len(self.writers & other.writers) / len(self.writers | other.writers)

    def joined(self, other: _Group) -> _Group:
        """Both groups as one."""
        return _Group(self.cells + other.cells, self.values * other.values, self.writers | other.writers)


@dataclass(frozen=True)
class _Branch:
    """A step as far as a group of cells can tell it, for one choice of what it reads elsewhere.

    guard:   truth values that must hold.
    written: what each cell gets.
    free:    cells that may get any value.
    """

    guard: tuple[Node, ...]
    written: dict[int, Value]
    free: tuple[int, ...]


class _Steps:
    """The steps that write a group of cells, as far as the group can tell them."""

    def __init__(self, component: Component, meaning: Meaning) -> None:
        self._component = component
        self._circuit = meaning.circuit
        self._branches = [
            branch
            for effect in meaning.effects
            if effect.guard != 0 and any(cell in component.radix for cell in effect.after)
            for branch in self._branched(effect)
        ]

    def _branched(self, effect: Effect) -> Iterator[_Branch]:
        mask = self._component.mask
        written = {cell: value for cell, value in effect.after.items() if cell in self._component.radix}
        elsewhere = {node.ident: node for value in written.values() for node in _elsewhere(value, mask)}
        if math.prod(node.high - node.low + 1 for node in elsewhere.values()) > BRANCHES:
            elsewhere = {}
        for numbers in itertools.product(*(range(node.low, node.high + 1) for node in elsewhere.values())):
            known = dict(zip(elsewhere, numbers, strict=True))
            guard = self._circuit.conjunction(self._circuit.replaced(part, known) for part in conjuncts(effect.guard))
            if guard != 0:
                values = {cell: self._circuit.replaced(value, known) for cell, value in written.items()}
                yield _Branch(
                    tuple(part for part in conjuncts(guard) if within(part, mask)),
                    {cell: value for cell, value in values.items() if within(value, mask)},
                    tuple(cell for cell, value in values.items() if not within(value, mask)),
                )

    def spread(self) -> bool:
        """Take every step from every known joint value; whether that gives new ones."""
        component = self._component
        known: dict[int, NDArray[Any]] = {}
        held = {cell: component.value(cell) * component.radix[cell] for cell in component.cells}
        found = []
        for branch in self._branches:
            enabled = np.ones(len(component.raw), np.bool_)
            for part in branch.guard:
                enabled &= component.table(part, known)
            rows = np.flatnonzero(enabled)
            raw = component.raw[rows]
            for cell in (*branch.written, *branch.free):
                raw -= held[cell][rows]
            for cell, value in branch.written.items():
                number = value if isinstance(value, int) else component.table(value, known)[rows]
                # A number out of range is a fault, which the search reports where it can happen.
                raw += np.clip(number, 0, component.sizes[cell] - 1) * component.radix[cell]
            for cell in branch.free:
                raw = np.unique(np.add.outer(raw, np.arange(component.sizes[cell]) * component.radix[cell]))
            found.append(raw)
        return component.admit(np.concatenate(found)) if found else False


def _elsewhere(value: Value, mask: int) -> Iterator[Node]:
    """The largest parts of a value that depend on other cells only."""
    if isinstance(value, Node) and value.cells & ~mask:
        if value.cells & mask == 0:
            yield value
        else:
            for arg in value.args:
                yield from _elsewhere(arg, mask)
