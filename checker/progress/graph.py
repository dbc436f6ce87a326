"""The graph of an instance: every state met and every step between them, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Expr, Instance, Step, Values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class States(Protocol):
        """The states of a graph, by their numbers."""

        def __len__(self) -> int: ...

        def values(self, number: int) -> Values:
            """One state, as numbers of values, cell by cell."""

        def holds(self, formula: Expr, arguments: Sequence[int]) -> Mask:
            """bool[states]: where a formula is true, for values of its free variables."""


__all__ = ["Graph", "Mask", "Numbers", "Region"]

Mask = NDArray[np.bool_]
Numbers = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Graph:
    """States, numbered from 0 by how far they are from the initial ones, and transitions, sorted by their source.

    initial:  int[k], numbers of the initial states.
    first:    int[states + 1], number of each state's first transition.
    target:   int[transitions], the state that a transition leads to.
    step:     int[transitions], the step that it takes, as a place in ``steps``; a step leads from a state to one state.
    expanded: all transitions of the states below this number are known, and none of the others.
    stopped:  why not all are; empty if they are.
    """

    instance: Instance
    steps: tuple[Step, ...]
    states: States
    initial: Numbers
    first: Numbers
    target: Numbers
    step: Numbers
    expanded: int
    stopped: str = ""

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def finished(self) -> bool:
        """Whether every reachable state and transition is in it."""
        return self.expanded == len(self)

    @cached_property
    def source(self) -> Numbers:
        """int[transitions], the state that a transition leaves."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.first))

    @cached_property
    def repeated(self) -> Mask:
        """bool[transitions], whether one before leads from the same state to the same state, by another step."""
        pair = self.source.astype(np.int64) * len(self) + self.target
        order = np.argsort(pair, kind="stable")
        repeated = np.empty(len(pair), np.bool_)
        repeated[order] = ~_changes(pair[order])
        return repeated

    @cached_property
    def backwards(self) -> Graph:
        """The same states, with every transition turned round."""
        order = np.argsort(self.target, kind="stable")
        first = np.zeros(len(self) + 1, self.first.dtype)
        np.cumsum(np.bincount(self.target, minlength=len(self)), out=first[1:])
        return replace(self, first=first, target=self.source[order], step=self.step[order])

    def leaving(self, states: Numbers) -> Numbers:
        """The transitions that leave some states, those of each state together."""
        first = self.first[states]
        count = self.first[states + 1] - first
        end = np.cumsum(count)
        transitions: Numbers = np.repeat(first - end + count, count) + np.arange(end[-1] if len(end) else 0)
        return transitions

    def enabled(self, state: int) -> set[int]:
        """The steps that a state enables."""
        return set(self.step[self.first[state] : self.first[state + 1]].tolist())

    def reachable(self, starts: Numbers, inside: Mask) -> Mask:
        """bool[states]: what can be reached from some states through states inside, the starts themselves included."""
        met = np.zeros(len(self), np.bool_)
        met[starts] = True
        while len(starts):
            after = self.target[self.leaving(starts)]
            starts = _distinct(after[inside[after] & ~met[after]])
            met[starts] = True
        return met

    def shortest(self, state: int) -> list[int]:
        """The transitions of a shortest run from an initial state to another."""
        return self.walked_back(self._arrival[0], state)

    @property
    def depth(self) -> Numbers:
        """int[states], the least number of steps from an initial state."""
        return self._arrival[1]

    @cached_property
    def _arrival(self) -> tuple[Numbers, Numbers]:
        arrival = np.full(len(self), -1, np.int64)
        depth = np.zeros(len(self), np.int32)
        met = np.zeros(len(self), np.bool_)
        met[self.initial] = True
        frontier, steps = self.initial, 0
        while len(frontier):
            transitions = self.first_to(self.leaving(frontier), met)
            frontier, steps = self.target[transitions], steps + 1
            arrival[frontier], depth[frontier], met[frontier] = transitions, steps, True
        return arrival, depth

    def first_to(self, transitions: Numbers, met: Mask) -> Numbers:
        """Of some transitions, one to each state that was not met."""
        transitions = transitions[~met[self.target[transitions]]]
        transitions = transitions[np.argsort(self.target[transitions], kind="stable")]
        chosen: Numbers = transitions[_changes(self.target[transitions])]
        return chosen

    def walked_back(self, arrival: Numbers, state: int) -> list[int]:
        """The transitions on the way to a state; ``arrival`` has the one by which each was met, or -1 for a start."""
        way: list[int] = []
        while arrival[state] >= 0:
            way.append(int(arrival[state]))
            state = int(self.source[way[-1]])
        return way[::-1]

    def path(self, start: int, transitions: Sequence[int]) -> Path:
        """The run from a state by transitions, each from where the one before leads to."""
        return Path(self.states.values(start), tuple(self.move(transition) for transition in transitions))

    def move(self, transition: int) -> Move:
        """A transition as reports show it."""
        return Move(self.steps[self.step[transition]], self.states.values(int(self.target[transition])))


class Region:
    """The part of a graph that lies within some states, with a numbering of its own.

    states:  int[k], their numbers in the graph, ascending; a place in it is a local number.
    leaving: int[j], all transitions of these states, by their numbers in the graph, ascending.
    origin:  int[j], the local number of the state that each leaves.
    inner:   bool[j], whether it stays inside; ``transition``, ``source`` and ``target`` have those that do.
    """

    def __init__(self, graph: Graph, inside: Mask) -> None:
        self.graph = graph
        self.states = np.flatnonzero(inside)
        self.leaving = graph.leaving(self.states)
        count = graph.first[self.states + 1] - graph.first[self.states]
        self.origin = np.repeat(np.arange(len(self.states), dtype=np.int32), count)
        reached = graph.target[self.leaving]
        self.inner = inside[reached]
        local = np.cumsum(inside, dtype=np.int32) - 1
        self.transition = self.leaving[self.inner]
        self.source = self.origin[self.inner]
        self.target = local[reached[self.inner]]

    def __len__(self) -> int:
        return len(self.states)

    def mask(self, chosen: Mask) -> Mask:
        """bool[states of the graph], from a choice among the states inside."""
        mask = np.zeros(len(self.graph), np.bool_)
        mask[self.states[chosen]] = True
        return mask

    def components(self) -> tuple[int, Numbers]:
        """How many strongly connected components there are, and the one that each state is in."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        once = ~self.graph.repeated[self.transition]  # scipy 1.17 never returns from some graphs with an edge twice
        first = np.zeros(len(self) + 1, np.int32)
        np.cumsum(np.bincount(self.source[once], minlength=len(self)), out=first[1:])
        matrix = csr_matrix((np.ones(int(first[-1])), self.target[once], first), (len(self), len(self)))
        count, label = connected_components(matrix, connection="strong")
        return int(count), label


def _distinct(numbers: Numbers) -> Numbers:
    """Each number once, in order; numpy's unique takes many times as long."""
    numbers = np.sort(numbers)
    return numbers[_changes(numbers)]


def _changes(numbers: Numbers) -> Mask:
    """Whether each number differs from the one before."""
    changed = np.ones(len(numbers), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=changed[1:])
    return changed
