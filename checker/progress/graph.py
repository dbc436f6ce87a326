"""The graph of an instance: every state met and every step between them, as arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
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


__all__ = ["Graph", "Mask", "Numbers", "Region", "Search"]

Mask = NDArray[np.bool_]
Numbers = NDArray[np.integer]
NOWHERE = -9999  # what scipy writes for a node that has no predecessor


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
    def _by_step(self) -> tuple[Numbers, Numbers]:
        order = np.argsort(self.step, kind="stable")
        return order, np.searchsorted(self.step[order], np.arange(len(self.steps) + 1))

    def leaving(self, states: Numbers) -> Numbers:
        """The transitions that leave some states, those of each state together."""
        first = self.first[states]
        count = self.first[states + 1] - first
        end = np.cumsum(count)
        transitions: Numbers = np.repeat(first - end + count, count) + np.arange(end[-1] if len(end) else 0)
        return transitions

    def taking(self, step: int) -> Numbers:
        """The transitions that take a step; one from each state that enables it."""
        order, first = self._by_step
        return order[first[step] : first[step + 1]]

    def enabled(self, state: int) -> set[int]:
        """The steps that a state enables."""
        return set(self.step[self.first[state] : self.first[state + 1]].tolist())

    def reachable(self, starts: Numbers, inside: Mask) -> Mask:
        """bool[states]: what can be reached from some states through states inside, the starts themselves included."""
        met = np.zeros(len(self), np.bool_)
        met[starts] = True
        place = np.empty(len(self), np.int64)
        while len(starts):
            after = self.target[self.leaving(starts)]
            after = after[inside[after] & ~met[after]]
            met[after] = True
            # Of equal states, the one that wrote its place last stays.
            place[after] = np.arange(len(after))
            starts = after[place[after] == np.arange(len(after))]
        return met

    def between(self, before: int, after: int) -> int:
        """A transition from one state to another."""
        first, end = self.first[before], self.first[before + 1]
        return int(first + np.flatnonzero(self.target[first:end] == after)[0])

    def move(self, transition: int) -> Move:
        """A transition as reports show it."""
        return Move(self.steps[self.step[transition]], self.states.values(int(self.target[transition])))

    def path(self, visited: Sequence[int]) -> Path:
        """The run through the given states, each a step after the one before."""
        moves = (self.move(self.between(a, b)) for a, b in itertools.pairwise(visited))
        return Path(self.states.values(visited[0]), tuple(moves))


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

    def local(self, state: int) -> Numbers:
        """The local number of a state, as an array of one."""
        return np.searchsorted(self.states, [state]).astype(np.int32)

    def transitions(self, path: Sequence[int]) -> list[int]:
        """The transitions of the graph along a path of local numbers."""
        visited = [int(self.states[number]) for number in path]
        return [self.graph.between(a, b) for a, b in itertools.pairwise(visited)]

    def components(self) -> tuple[int, Numbers]:
        """How many strongly connected components there are, and the one that each state is in."""
        from scipy.sparse.csgraph import connected_components

        if not len(self):
            return 0, np.empty(0, np.int32)
        matrix = _matrix(len(self), self.source, self.target).copy()  # it shares the region's arrays
        matrix.sum_duplicates()  # scipy 1.17 never returns from some graphs that name an edge twice
        count, label = connected_components(matrix, connection="strong")
        return int(count), label

    def search(self, starts: Numbers, backwards: bool = False) -> Search:
        """Visit what can be reached from some states inside, breadth first."""
        source, target = (self.target, self.source) if backwards else (self.source, self.target)
        return Search(len(self), source, target, starts)


class Search:
    """A breadth-first search.

    order:  int[met], the nodes met, those of the fewest steps first.
    before: int[nodes], the node by which each was met; negative for starts and for nodes never met.
    """

    def __init__(self, nodes: int, source: Numbers, target: Numbers, starts: Numbers) -> None:
        from scipy.sparse.csgraph import breadth_first_order

        matrix = _matrix(
            nodes + 1,
            np.concatenate((source, np.full(len(starts), nodes, np.int32))),
            np.concatenate((target, starts.astype(np.int32))),
        )
        order, before = breadth_first_order(matrix, nodes)
        before[before == nodes] = NOWHERE
        self.order = order[1:]
        self.before = before[:-1]

    def path_to(self, node: int) -> list[int]:
        """The nodes on a shortest way from a start to a node that was met."""
        path = [node]
        while self.before[path[-1]] >= 0:
            path.append(int(self.before[path[-1]]))
        return path[::-1]


def _matrix(nodes: int, source: Numbers, target: Numbers):  # type: ignore[no-untyped-def]
    from scipy.sparse import csr_matrix

    order = np.argsort(source, kind="stable") if np.any(source[1:] < source[:-1]) else slice(None)
    first = np.zeros(nodes + 1, np.int32)
    np.cumsum(np.bincount(source, minlength=nodes), out=first[1:])
    return csr_matrix((np.ones(len(target)), target[order].astype(np.int32, copy=False), first), (nodes, nodes))
