"""Expansion: all successors of a block of packed states, and what is true of them."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Value
from attorn.checker.explore.device import HOST, Device, look_up
from attorn.checker.explore.layout import Layout, Rows, Words
from attorn.checker.explore.lowering import Lowered
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.moves import Move
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.symmetry import Symmetry
from attorn.checker.explore.visited import distinct
from attorn.spec.language import Values

__all__ = ["Expander", "Expansion"]

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Expansion:
    """What one block of states leads to.

    successors: packed states, unsorted, one for each transition; valid until the next block is expanded.
    enabled:    for each effect, the rows that enable it: where its transitions, all after those of the effects before,
                come from.
    seen:       for each question that is true somewhere in the block, the rows where it is.
    """

    successors: Rows
    enabled: list[Places]
    seen: dict[str, Places]

    @property
    def fired(self) -> NDArray[np.int64]:
        """Transitions of each effect."""
        return np.array([len(places) for places in self.enabled], np.int64)


class Expander:
    """Takes all enabled steps from blocks of packed states, and answers questions about them.

    symmetry:  by which states stand for others, if any do.
    effects:   the steps that some state might enable.
    questions: truth values by name; which states of a block they are true of is told.
    """

    def __init__(
        self, meaning: Meaning, layout: Layout, questions: Mapping[str, Value], symmetry: Symmetry | None = None
    ) -> None:
        self.layout, self.symmetry, self._device = layout, symmetry, HOST
        self.effects = [effect for effect in meaning.effects if effect.guard != 0]
        self._circuit = meaning.circuit
        self._moves = [Move(layout, effect) for effect in self.effects]
        self._questions = dict(questions)
        self._lower()
        self._buffer = self._no_rows()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Have room of its own in a process that it was sent to; its tables may lie in memory shared with others."""
        self.__dict__ |= state
        self._buffer = self._no_rows()

    def _no_rows(self) -> Rows:
        return [self._device.put(np.empty(0, np.uint64)) for _ in range(self.layout.words)]

    def on(self, device: Device) -> Expander:
        """One that does the same where states are on a device, without symmetry."""
        other = copy.copy(self)
        other.symmetry, other._device = None, device
        other._moves = [Move(self.layout, effect, device.put) for effect in self.effects]
        other._buffer = other._no_rows()
        other._lower()
        return other

    def canonical(self, rows: Rows) -> Rows:
        """For each state, the one that stands for it: itself where there is no symmetry."""
        return rows if self.symmetry is None else self.symmetry.canonical(rows)

    def reduced(self, rows: Rows) -> Rows:
        """The states that stand for some states, in order, each once; may sort in place."""
        rows = distinct(rows)
        return rows if self.symmetry is None else distinct(self.symmetry.canonical(rows))

    def stand_ins(self, states: Sequence[Values]) -> list[Values]:
        """For each state as a tuple of numbers, the one that stands for it."""
        if self.symmetry is None or not states:
            return list(states)
        return self.layout.values(self.symmetry.canonical(self.layout.pack(np.array(states, np.int64))))

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        self._questions = {name: value for name, value in self._questions.items() if name not in answered}
        self._lower()

    @spends(Phase.BUILDING)
    def _lower(self) -> None:
        wanted: list[Value] = []
        for effect, move in zip(self.effects, self._moves, strict=True):
            wanted += (effect.guard, *move.reads)
        wanted += self._questions.values()
        self._lowered = Lowered(self._circuit, self.layout.components, wanted, self._device.put)

    @spends(Phase.GUARDS)
    def __call__(self, rows: Rows) -> Expansion:
        """Expand one block."""
        count, total = len(rows[0]), 0
        codes = self.layout.codes(rows)
        answers = self._lowered(count, codes)
        enabled = []
        for move in self._moves:
            places = _places(next(answers), rows[0])
            enabled.append(places)
            self._reserve(total + len(places))
            out = [word[total : total + len(places)] for word in self._buffer]
            for word, target in zip(rows, out, strict=True):
                look_up(word, places, target)
            move.apply(out, places, codes, answers)
            total += len(places)
        return Expansion([word[:total] for word in self._buffer], enabled, self._seen(answers, rows[0]))

    @spends(Phase.PROPERTIES)
    def _seen(self, answers: Iterator[Any], block: Words) -> dict[str, Places]:
        """For each question that is true somewhere in a block, the rows where it is."""
        seen = {}
        for name in self._questions:
            places = _places(next(answers), block)
            if len(places):
                seen[name] = places
        return seen

    def _reserve(self, count: int) -> None:
        """Have room for so many successors."""
        if count > len(self._buffer[0]):
            larger = [np.empty(2 * count, np.uint64, like=word) for word in self._buffer]
            for old, new in zip(self._buffer, larger, strict=True):
                new[: len(old)] = old
            self._buffer = larger


def _places(truth: Any, block: Words) -> Places:
    """The rows of a block where a truth value holds."""
    if isinstance(truth, int):
        return np.arange(len(block) if truth else 0, like=block)
    return np.flatnonzero(truth)
