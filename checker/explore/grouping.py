"""Grouping: which cells make a component, and which joint values they can take.

Cells that change together take few of the values that they could, so they are packed as one code. The values that a
group can take are found before the search, by running every step on the group alone; what a step reads elsewhere may be
anything. That is never too few, so the codes are exact.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from attorn.checker.explore.circuit import Node, Value, conjuncts
from attorn.checker.explore.components import Component, Joint, Table, within
from attorn.checker.explore.meaning import Effect, Meaning

__all__ = ["components"]

LIMIT = 1 << 18  # joint values that a group may have, counted without regard to what can happen
CODES = 1 << 12  # joint values that it may have indeed: tables of so many fit the cache
ALIKE = 0.2  # groups are joined if at least this part of the steps that write one of them writes both
BRANCHES = 16  # combinations of values read elsewhere that are followed one by one


def components(meaning: Meaning, states: Joint) -> list[Component]:
    """All cells in groups, each with all joint values that it can take from some initial states on.

    states: int64[states, cells], the initial states.
    """
    return [component for group in _alike(meaning) for component in _closed(group, meaning, states)]


@dataclass(frozen=True)
class _Group:
    """Cells, how many joint values they could have, and the steps that write one of them, as bits of a number.

    parts: the two groups that it was joined from, if it has more than one cell.
    """

    cells: tuple[int, ...]
    values: int
    writers: int
    parts: tuple[_Group, ...] = ()

    def likeness(self, other: _Group) -> float:
        """The part of their writers that writes both; nothing if they are too large to be joined."""
        both = self.writers & other.writers
        if not both or self.values * other.values > LIMIT:
            return 0.0
        return both.bit_count() / (self.writers | other.writers).bit_count()

    def joined(self, other: _Group) -> _Group:
        """Both groups as one."""
        return _Group(self.cells + other.cells, self.values * other.values, self.writers | other.writers, (self, other))


def _alike(meaning: Meaning) -> list[_Group]:
    """Join groups, those first that are written by much the same steps: few of their joint values may be expected."""
    sizes = [cell.size for cell in meaning.instance.cells]
    writers = [0] * len(sizes)
    for number, effect in enumerate(meaning.effects):
        for cell in effect.after:
            writers[cell] |= 1 << number
    groups = {cell: _Group((cell,), size, writers[cell]) for cell, size in enumerate(sizes)}
    pairs = [(-groups[a].likeness(groups[b]), a, b) for a, b in itertools.combinations(groups, 2)]
    pairs = [pair for pair in pairs if -pair[0] >= ALIKE]
    heapq.heapify(pairs)
    names = itertools.count(len(sizes))
    while pairs:
        _, a, b = heapq.heappop(pairs)
        if a in groups and b in groups:
            joined = groups.pop(a).joined(groups.pop(b))
            name = next(names)
            for other, group in groups.items():
                likeness = joined.likeness(group)
                if likeness >= ALIKE:
                    heapq.heappush(pairs, (-likeness, other, name))
            groups[name] = joined
    return sorted(groups.values(), key=lambda group: min(group.cells))


def _closed(group: _Group, meaning: Meaning, states: Joint) -> list[Component]:
    """A group as a component; as several, where its cells take too many joint values together."""
    component = Component(group.cells, [cell.size for cell in meaning.instance.cells])
    if not group.parts:
        component.admit(np.arange(component.values))
        component.number()
        return [component]
    steps = _Steps(component, meaning)
    new = component.admit(component.joint(states))
    total = len(new)
    while len(new):
        new = component.admit(steps.taken(new))
        total += len(new)
        if total > CODES:
            return [each for part in group.parts for each in _closed(part, meaning, states)]
    component.number()
    return [component]


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
        elsewhere = dict.fromkeys(node for value in written.values() for node in _elsewhere(value, mask))
        if math.prod(node.high - node.low + 1 for node in elsewhere) > BRANCHES:
            elsewhere = {}
        for numbers in itertools.product(*(range(node.low, node.high + 1) for node in elsewhere)):
            replaced = self._circuit.replacing(dict(zip(elsewhere, numbers, strict=True)))
            guard = self._circuit.conjunction(replaced(part) for part in conjuncts(effect.guard))
            if guard != 0:
                values = {cell: replaced(value) for cell, value in written.items()}
                yield _Branch(
                    tuple(part for part in conjuncts(guard) if within(part, mask)),
                    {cell: value for cell, value in values.items() if within(value, mask)},
                    tuple(cell for cell, value in values.items() if not within(value, mask)),
                )

    def taken(self, raw: Joint) -> Joint:
        """The joint values that steps lead to from some joint values; a part of them if they are too many."""
        component = self._component
        cells = component.split(raw)
        table = Table(cells)
        found = [raw[:0]]
        for branch in self._branches:
            enabled = np.ones(len(raw), np.bool_)
            for part in branch.guard:
                enabled &= table[part]
            rows = np.flatnonzero(enabled)
            after = raw[rows]
            for cell in (*branch.written, *branch.free):
                after -= cells[cell][rows] * component.radix[cell]
            for cell, value in branch.written.items():
                number = value if isinstance(value, int) else table[value][rows]
                # A number out of range is a fault, which the search reports where it can happen.
                after += np.clip(number, 0, component.sizes[cell] - 1) * component.radix[cell]
            for cell in branch.free:
                after = _distinct(np.add.outer(after, np.arange(component.sizes[cell]) * component.radix[cell]))
                if len(after) > CODES:
                    return after
            found.append(after)
        return np.concatenate(found)


def _distinct(raw: Joint) -> Joint:
    """Joint values in order, each once."""
    ordered = np.sort(raw, axis=None)
    return ordered[np.diff(ordered, prepend=-1) > 0]


def _elsewhere(value: Value, mask: int) -> Iterator[Node]:
    """The largest parts of a value that depend on other cells only."""
    if isinstance(value, Node) and value.cells & ~mask:
        if value.cells & mask == 0:
            yield value
        else:
            for arg in value.args:
                yield from _elsewhere(arg, mask)
