"""Moves: what an effect adds to a packed state to make the state after it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Node, Value, conjuncts
from attorn.checker.explore.components import Component, Table, within
from attorn.checker.explore.device import HOST, Put, at_places
from attorn.checker.explore.layout import Layout, Rows, Words
from attorn.checker.explore.meaning import Effect
from attorn.checker.explore.phases import Phase, spends

__all__ = ["Move"]

JOINT = 1 << 14  # combinations of codes for which a change is tabulated
Places = NDArray[np.intp]


class Move:
    """How an effect changes packed states: the sum of what it changes in each component that it writes.

    put: brings tables to where the states will be.
    """

    def __init__(self, layout: Layout, effect: Effect, put: Put = HOST.put) -> None:
        self._layout, self._effect, self._put = layout, effect, put
        self._home = {cell: number for number, each in enumerate(layout.components) for cell in each.cells}
        self._always: list[tuple[int, np.uint64]] = []
        self._changes: list[_Tabulated | _Computed] = []
        written: dict[int, dict[int, Value]] = {}
        for cell, value in effect.after.items():
            written.setdefault(self._home[cell], {})[cell] = value
        for number, values in written.items():
            self._change(number, values)

    @property
    def reads(self) -> Iterator[Node]:
        """The values that ``apply`` is to be given, in that order."""
        for change in self._changes:
            if isinstance(change, _Computed):
                yield from change.reads

    @spends(Phase.SUCCESSORS)
    def apply(self, out: Rows, places: Places, codes: Sequence[Places], answers: Iterator[Any]) -> None:
        """Turn states, which are at some places of a block, into their successors."""
        for word, amount in self._always:
            out[word] += amount
        for change in self._changes:
            change.apply(out, places, codes, answers)

    def _change(self, number: int, written: dict[int, Value]) -> None:
        """Note what changes in one component."""
        components = self._layout.components
        homes = {number, *(home for value in written.values() for home in self._homes(value))}
        inputs = [number, *sorted(homes - {number})]
        if math.prod(len(components[each].raw) for each in inputs) <= JOINT:
            self._tabulate(inputs, written)
        else:
            self._changes.append(_Computed.of(self._layout, number, written, self._put))

    def _homes(self, value: Value) -> set[int]:
        """The components that a value depends on."""
        return (
            set() if isinstance(value, int) else {home for cell, home in self._home.items() if value.cells >> cell & 1}
        )

    def _tabulate(self, inputs: list[int], written: dict[int, Value]) -> None:
        """Tabulate the change of a component, the first of the inputs, by the codes of all inputs."""
        components = [self._layout.components[each] for each in inputs]
        own, mask = components[0], sum(each.mask for each in components)
        table, codes = _product(components)
        held = own.split(own.raw)
        after = own.raw[codes]
        for cell, value in written.items():
            after -= held[cell][codes] * own.radix[cell]
            # A number out of range is a fault, which the search reports where it happens.
            number = value if isinstance(value, int) else table[value]
            after += np.clip(number, 0, own.sizes[cell] - 1) * own.radix[cell]
        enabled = np.ones(len(codes), np.bool_)
        for part in conjuncts(self._effect.guard):
            if within(part, mask):
                enabled &= table[part]
        differences = np.where(enabled, own.code[after] - codes, 0)
        some = differences[enabled]
        if len(some) and (some == some[0]).all():
            self._always += [(word, amounts[0]) for word, amounts in self._layout.part(inputs[0], some[:1])]
        else:
            counts = [len(each.raw) for each in components]
            tables = _tables(self._layout, inputs[0], differences, self._put)
            self._changes.append(_Tabulated(list(zip(inputs, counts, strict=True)), tables))


def _tables(layout: Layout, number: int, codes: NDArray[np.int64], put: Put) -> list[tuple[int, Words]]:
    """What codes of a component, or differences of codes, add to a packed state, where states will be."""
    return [(word, put(table)) for word, table in layout.part(number, codes)]


def _product(components: Sequence[Component]) -> tuple[Table, NDArray[np.int64]]:
    """All combinations of codes, the last fastest: for nodes to be looked up, and the code of the first in each."""
    numbers = np.indices([len(each.raw) for each in components]).reshape(len(components), -1)
    cells = {
        cell: values[codes]
        for each, codes in zip(components, numbers, strict=True)
        for cell, values in each.split(each.raw).items()
    }
    return Table(cells), numbers[0]


@dataclass(frozen=True)
class _Tabulated:
    """A change that is looked up by the codes of some components.

    inputs: these components, each with how many codes it has.
    tables: for each number of a packed state that changes, what to add to it.
    """

    inputs: list[tuple[int, int]]
    tables: list[tuple[int, Words]]

    def apply(self, out: Rows, places: Places, codes: Sequence[Places], answers: Iterator[Any]) -> None:
        first, *others = self.inputs
        place = codes[first[0]][places]
        for component, count in others:
            place *= count
            place += codes[component][places]
        for word, table in self.tables:
            out[word] += table[place]


@dataclass(frozen=True)
class _Computed:
    """A change of one component that depends on too many others to be tabulated.

    kept:   joint value by code, without the cells whose new values are computed.
    reads:  the values computed, with the weights that they have in the joint value.
    before: for each number of a packed state that changes, what to add to it, by code; then ``after``, by joint value.
    """

    component: int
    kept: NDArray[np.int64]
    reads: dict[Node, int]
    before: list[tuple[int, Words]]
    after: list[tuple[int, Words]]

    @staticmethod
    def of(layout: Layout, number: int, written: Mapping[int, Value], put: Put) -> _Computed:
        """The change of a component, by what each of its cells gets."""
        own = layout.components[number]
        table, codes = _product([own])
        kept = own.raw.copy()
        reads: dict[Node, int] = {}
        for cell, value in written.items():
            kept -= own.value(cell) * own.radix[cell]
            if isinstance(value, Node) and not within(value, own.mask):
                reads[value] = reads.get(value, 0) + own.radix[cell]
            else:
                now = value if isinstance(value, int) else table[value]
                kept += np.clip(now, 0, own.sizes[cell] - 1) * own.radix[cell]
        before, after = _tables(layout, number, -codes, put), _tables(layout, number, own.code, put)
        return _Computed(number, put(kept), reads, before, after)

    def apply(self, out: Rows, places: Places, codes: Sequence[Places], answers: Iterator[Any]) -> None:
        own = codes[self.component][places]
        for word, table in self.before:
            out[word] += table[own]
        raw = self.kept[own]
        for radix in self.reads.values():
            value = next(answers)
            raw += (value if isinstance(value, int) else value[places]) * np.int64(radix)
        for word, table in self.after:
            out[word] += at_places(table, raw)
