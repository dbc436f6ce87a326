"""Building the graph of an instance with the explorer's machinery: blocks of packed states, and arrays throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np
from numpy.typing import DTypeLike

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.grouping import components
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.lowering import Lowered
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.options import Options
from attorn.checker.explore.search import FAULT, Search, blocks
from attorn.checker.explore.visited import Run, distinct, joined
from attorn.checker.progress.graph import Graph, Mask, Numbers
from attorn.spec.errors import Unsound
from attorn.spec.language import Concrete, Expr, Instance, Values

__all__ = ["Limits", "build"]


@dataclass(frozen=True)
class Limits:
    """How large a graph may become: it ends, unfinished, before the level that would bring more."""

    max_states: int = 10_000_000
    max_transitions: int = 100_000_000


def build(instance: Instance, limits: Limits) -> Graph:
    """Build the graph of an instance: search it, then expand its levels once more to find where each step leads.

    If a limit ends it, one further state, the last, stands for all that are not in it.

    Raises BadInput, DoubleWrite or OutOfRange where the machine is not well defined.
    Cost: twice that of exploring; 12 bytes a transition and those of a packed state for each state.
    """
    meaning, concrete = Meaning(instance), Concrete(instance)
    values = np.array(concrete.initial_states(), np.int64)
    layout = Layout(components(meaning, values), len(instance.cells))
    initial = layout.pack(values)
    search = Search(meaning, layout, initial, {}, Options(max_states=limits.max_states), None)
    search.run()
    if FAULT in search.found:
        _raise_fault(concrete, layout.values(search.found[FAULT].state))
    arrows = _Arrows(search, [word[:0] for word in initial])
    stopped = search.stopped
    for level in search.levels:
        arrows.add(level)
        if arrows.count > limits.max_transitions:
            stopped = f"transition budget of {limits.max_transitions:,} reached"
            break
    known = arrows.sources
    first = np.zeros(known + 1 + bool(stopped), np.int64)
    np.cumsum(np.bincount(arrows.source, minlength=known + bool(stopped)), out=first[1:])
    return Graph(
        instance=instance,
        steps=tuple(effect.step for effect in search.expander.effects),
        states=_PackedStates(meaning, layout, [word[:known] for word in arrows.rows], len(first) - 1),
        initial=np.arange(len(search.levels[0][0]) if search.levels else 1),
        first=first,
        target=np.minimum(arrows.target, known),
        step=arrows.step,
        expanded=known,
        stopped=stopped,
    )


class _Arrows:
    """All transitions, gathered level by level; states are numbered as the levels have them.

    rows:    the states of all levels.
    sources: how many states were expanded.
    """

    def __init__(self, search: Search, nothing: Rows) -> None:
        self._expand: Expander = search.expander
        self._complete = not search.stopped
        self.rows = joined([nothing, *search.levels])
        self._run = Run(distinct([word.copy() for word in self.rows]))
        self._number = np.full(len(self._run) + 1, len(self._run), np.int32)
        self._number[self._run.place(self.rows)] = np.arange(len(self._run))
        # numpy sorts short numbers, which steps are sorted by, several times as fast.
        self._step = np.dtype(np.int16 if len(self._expand.effects) < 1 << 15 else np.int32)
        self._parts: list[tuple[Numbers, Numbers, Numbers]] = []
        self.sources = 0
        self.count = 0

    def add(self, level: Rows) -> None:
        """Expand the next level."""
        for first, block in blocks(level):
            expansion = self._expand(block)
            source = np.concatenate(expansion.enabled).astype(np.int32)
            step = np.repeat(np.arange(len(expansion.fired), dtype=self._step), expansion.fired)
            place = self._run.place(expansion.successors)
            if not self._complete:
                place[~self._run.has(expansion.successors)] = len(self._run)
            order = np.argsort(source, kind="stable")
            target = self._number[place[order]]
            self._parts.append((source[order] + np.int32(self.sources + first), target, step[order]))
            self.count += len(source)
        self.sources += len(level[0])

    @cached_property
    def source(self) -> Numbers:
        """int[transitions], ascending."""
        return self._column(0, np.int32)

    @cached_property
    def target(self) -> Numbers:
        """int[transitions]; the number of states for one that is not among them."""
        return self._column(1, np.int32)

    @cached_property
    def step(self) -> Numbers:
        """int[transitions], places among the effects of the search."""
        return self._column(2, self._step)

    def _column(self, number: int, dtype: DTypeLike) -> Numbers:
        return np.concatenate([np.empty(0, dtype), *(part[number] for part in self._parts)])


class _PackedStates:
    """Packed states, judged in blocks; a last one may stand for those that are not known, of which nothing is true."""

    def __init__(self, meaning: Meaning, layout: Layout, rows: Rows, count: int) -> None:
        self._meaning, self._layout, self._rows, self._count = meaning, layout, rows, count

    def __len__(self) -> int:
        return self._count

    def values(self, number: int) -> Values:
        return self._layout.values([word[number : number + 1] for word in self._rows])[0]

    def holds(self, formula: Expr, arguments: Sequence[int]) -> Mask:
        meaning, layout = self._meaning, self._layout
        lowered = Lowered(meaning.circuit, layout.components, [meaning.truth(formula, arguments)])
        found = np.zeros(self._count, np.bool_)
        for first, block in blocks(self._rows):
            rows = len(block[0])
            found[first : first + rows] = next(lowered(rows, layout.codes(block)))
        return found


def _raise_fault(concrete: Concrete, states: Sequence[Values]) -> NoReturn:
    """Let the plain meaning say what is wrong with a step from one of some states."""
    for state in states:
        for _ in concrete.successors(state):
            pass
    raise Unsound("the progress engine found a step ill defined that is not. Please report this with the machine.")
