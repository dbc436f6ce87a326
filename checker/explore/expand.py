"""Expansion: all successors of a block of packed states, and what is true of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Node, Value, conjuncts
from attorn.checker.explore.components import within
from attorn.checker.explore.layout import Layout, Rows, Words
from attorn.checker.explore.lowering import Lowered
from attorn.checker.explore.meaning import Effect, Meaning

__all__ = ["Expander", "Expansion"]

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Expansion:
    """What one block of states leads to.

    successors: packed states, unsorted, one for each transition.
    fired:      transitions of each effect, in the order of the expander's effects.
    enabled:    for each effect, the rows that enable it: where its transitions, all after those of the effects before,
                come from.
    seen:       for each question that is true somewhere in the block, the rows where it is.
    """

    successors: Rows
    fired: NDArray[np.int64]
    enabled: list[Places]
    seen: dict[str, Places]


class Expander:
    """Takes all enabled steps from blocks of packed states, and answers questions about them.

    questions: truth values by name; which states of a block they are true of is told.
    """

    def __init__(self, meaning: Meaning, layout: Layout, questions: Mapping[str, Value]) -> None:
        self.layout = layout
        self.effects = [effect for effect in meaning.effects if effect.guard != 0]
        self._moves = [_Move(layout, effect) for effect in self.effects]
        roots: dict[str, Value] = {f"enabled {number}": effect.guard for number, effect in enumerate(self.effects)}
        roots |= {_written(value): value for move in self._moves for value in move.reads}
        roots |= {f"asked {name}": value for name, value in questions.items()}
        self._lowered = Lowered(meaning.circuit, layout.components, roots)
        for move in self._moves:
            move.compile(self._lowered)
        self._questions = tuple(questions)

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        self._questions = tuple(name for name in self._questions if name not in answered)
        self._lowered.drop(f"asked {name}" for name in answered)

    def __call__(self, rows: Rows) -> Expansion:
        """Expand one block."""
        count = len(rows[0])
        codes = self.layout.codes(rows)
        values = self._lowered(count, codes)
        enabled = [_places(values[f"enabled {number}"], count) for number in range(len(self.effects))]
        fired = np.array([len(places) for places in enabled], np.int64)
        ends = np.cumsum(fired)
        successors: Rows = [np.empty(int(ends[-1]) if len(ends) else 0, np.uint64) for _ in rows]
        for move, places, end in zip(self._moves, enabled, ends, strict=True):
            if len(places):
                out = [word[end - len(places) : end] for word in successors]
                for word, target in zip(rows, out, strict=True):
                    np.take(word, places, out=target, mode="clip")
                move.apply(out, places, codes, values)
        seen = {}
        for name in self._questions:
            places = _places(values[f"asked {name}"], count)
            if len(places):
                seen[name] = places
        return Expansion(successors, fired, enabled, seen)


def _places(truth: Any, count: int) -> Places:
    """The rows where a truth value holds."""
    if isinstance(truth, int):
        return np.arange(count if truth else 0)
    return np.flatnonzero(truth)


class _Move:
    """How an effect changes packed states: the sum of what it changes in each component that it writes."""

    def __init__(self, layout: Layout, effect: Effect) -> None:
        self._layout, self._guard = layout, conjuncts(effect.guard)
        self._written: dict[int, dict[int, Value]] = {}
        home = {cell: number for number, each in enumerate(layout.components) for cell in each.cells}
        for cell, value in effect.after.items():
            self._written.setdefault(home[cell], {})[cell] = value
        self._always: list[tuple[int, np.uint64]] = []
        self._changes: list[_Change] = []

    @property
    def reads(self) -> Iterator[Node]:
        """The values written that depend on more than the component that they are written to."""
        for number, cells in self._written.items():
            for value in cells.values():
                if isinstance(value, Node) and not within(value, self._layout.components[number].mask):
                    yield value

    def compile(self, lowered: Lowered) -> None:
        """Make the tables of differences."""
        for number, cells in self._written.items():
            component = self._layout.components[number]
            kept = component.raw.copy()
            computed = []
            for cell, value in cells.items():
                radix = component.radix[cell]
                kept -= component.value(cell) * radix
                if isinstance(value, Node) and not within(value, component.mask):
                    value = lowered.roots[_written(value)]
                    if isinstance(value, Node):
                        computed.append((_written(cells[cell]), radix))
                        continue
                # A number out of range is a fault, which the search reports where it happens.
                number_written = value if isinstance(value, int) else lowered.table(value)
                kept += np.clip(number_written, 0, component.sizes[cell] - 1) * radix
            if computed:
                before = self._layout.part(number, -np.arange(len(component.raw)))
                after = self._layout.part(number, component.code)
                self._changes.append(_Change(number, before, kept, tuple(computed), after))
            else:
                self._look_up(number, component.code[kept], lowered)

    def _look_up(self, number: int, codes: NDArray[np.int64], lowered: Lowered) -> None:
        component = self._layout.components[number]
        enabled = np.ones(len(codes), np.bool_)
        for part in self._guard:
            if within(part, component.mask):
                enabled &= lowered.table(part)
        differences = np.where(enabled, codes - np.arange(len(codes)), 0)
        some = differences[enabled]
        if len(some) and (some == some[0]).all():
            self._always += [(word, table[0]) for word, table in self._layout.part(number, some[:1])]
        else:
            self._changes.append(_Change(number, self._layout.part(number, differences)))

    def apply(self, out: Rows, places: Places, codes: Sequence[Places], values: Mapping[str, Any]) -> None:
        """Turn states, which are at some places of the block, into their successors."""
        for word, amount in self._always:
            out[word] += amount
        for change in self._changes:
            own = codes[change.component][places]
            for word, table in change.tables:
                out[word] += table[own]
            if change.computed:
                raw = change.kept[own]
                for name, radix in change.computed:
                    raw += values[name][places] * np.int64(radix)
                for word, table in change.after:
                    out[word] += table[raw]


@dataclass(frozen=True)
class _Change:
    """What an effect changes in one component.

    tables:   for each number of a packed state that changes, what to add to it, by code.
    kept:     joint value by code, without what ``computed`` writes; ``after`` has what to add then, by joint value.
    computed: columns of numbers written, each with the weight that it has in the joint value.
    """

    component: int
    tables: list[tuple[int, Words]]
    kept: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    computed: tuple[tuple[str, int], ...] = ()
    after: list[tuple[int, Words]] = field(default_factory=list)


def _written(value: Value) -> str:
    return f"written {value.ident}" if isinstance(value, Node) else ""
