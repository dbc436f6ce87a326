"""Building the graph of an instance with the explorer's machinery: blocks of packed states, and arrays throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import DTypeLike

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.lowering import Lowered
from attorn.checker.explore.options import Options
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.checker.explore.steps import blocks
from attorn.checker.explore.visited import Visited, distinct, joined
from attorn.checker.progress.graph import Graph, Mask, Numbers
from attorn.spec.language import Expr, Instance, Values

__all__ = ["Limits", "build"]


@dataclass(frozen=True)
class Limits:
    """How large a graph may become; if it is not finished by then, it ends.

    max_states:      it ends before the level that would bring more.
    max_transitions: it ends after the level that brings more.
    """

    max_states: int = 10_000_000
    max_transitions: int = 100_000_000


def build(instance: Instance, limits: Limits) -> Graph:
    """Build the graph of an instance: search it, then expand its levels once more to find where each step leads.

    If a limit ends it, one further state, the last, stands for all that are not in it.

    Raises TooLarge for an instance that cannot be packed; BadInput, DoubleWrite or OutOfRange where the machine is not
    well defined.
    Cost: twice that of exploring; 12 bytes a transition and those of a packed state for each state.
    """
    prepared = Prepared.of(instance)
    search = Search(prepared, {}, Options(max_states=limits.max_states))
    search.run()
    levels = [search.visited.level(depth) for depth in range(len(search.levels))]
    arrows = _Arrows(search, [[word[:0] for word in prepared.initial], *levels])
    stopped = search.stopped
    for depth, level in enumerate(levels):
        if arrows.count > limits.max_transitions:
            stopped = f"transition budget of {limits.max_transitions:,} reached at depth {depth}"
            break
        arrows.add(level)
    known = arrows.sources
    first = np.zeros(known + 1 + bool(stopped), np.int64)
    np.cumsum(np.bincount(arrows.source, minlength=known + bool(stopped)), out=first[1:])
    return Graph(
        instance=instance,
        steps=tuple(effect.step for effect in search.expander.effects),
        states=_PackedStates(prepared, [word[:known] for word in arrows.rows], len(first) - 1),
        initial=np.arange(search.levels[0] if search.levels else 1),
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

    def __init__(self, search: Search, levels: Sequence[Rows]) -> None:
        self._expand: Expander = search.expander
        self._complete = not search.stopped
        self.rows = joined(levels)
        count = len(self.rows[0])
        visited = Visited()
        visited.add(distinct([word.copy() for word in self.rows]), 0)
        self._runs = visited.runs
        self._number = np.full(count + 1, count, np.int32)
        for run in self._runs:
            self._number[run.place(self.rows)] = np.arange(count)
        # numpy sorts short numbers, which steps are sorted by, several times as fast.
        self._step = np.dtype(np.int16 if len(self._expand.effects) < 1 << 15 else np.int32)
        self._parts: list[tuple[Numbers, Numbers, Numbers]] = []
        self.sources = 0
        self.count = 0

    def add(self, level: Rows) -> None:
        """Expand the next level."""
        for first, block in blocks(level):
            expansion = self._expand(block)
            source = np.concatenate([np.empty(0, np.int32), *expansion.enabled], dtype=np.int32, casting="unsafe")
            step = np.repeat(np.arange(len(expansion.fired), dtype=self._step), expansion.fired)
            (run,) = self._runs
            place = run.place(expansion.successors)
            if not self._complete:
                place[~run.has(expansion.successors)] = len(run)
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

    def __init__(self, prepared: Prepared, rows: Rows, count: int) -> None:
        self._meaning, self._layout, self._rows, self._count = prepared.meaning, prepared.layout, rows, count

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
