"""Finding a lasso: the shortest stem to a fair component, and a short fair loop in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attorn.checker.progress.graph import Graph, Mask, Numbers
from attorn.spec.errors import Unsound

__all__ = ["Stem", "fair_loop", "shortest_stems"]

SEVERAL = 16  # stems of the same length that are told, so that the one with the shortest loop can be taken


@dataclass(frozen=True)
class Stem:
    """A run from an initial state to one where a fair loop begins.

    start:       the initial state.
    transitions: the way from there.
    premise:     how many of them come before the state in which the premise holds; none after meets the conclusion.
    """

    start: int
    transitions: tuple[int, ...]
    premise: int

    def end(self, graph: Graph) -> int:
        """The state where it ends."""
        return int(graph.target[self.transitions[-1]]) if self.transitions else self.start

    def __len__(self) -> int:
        return len(self.transitions)


def shortest_stems(graph: Graph, occasion: Mask, inside: Mask, component: Numbers) -> list[Stem]:
    """Find the shortest runs that meet an occasion, stay inside from there, and get into a fair component.

    occasion:  bool[states], where the premise holds and the conclusion does not.
    inside:    bool[states], where the conclusion does not hold.
    component: int[states], fair components or -1.

    Returns a few of those of the least length; none if no component can be reached.
    Cost: a breadth-first search as deep as the stem, in which an occasion joins at its depth in the whole graph.
    """
    if component.max(initial=-1) < 0:
        return []
    arrival = np.full(len(graph), -1, np.int64)
    met = np.zeros(len(graph), np.bool_)
    waiting = np.flatnonzero(occasion)
    waiting = waiting[np.argsort(graph.depth[waiting], kind="stable")]
    depths = graph.depth[waiting]
    frontier: Numbers = np.empty(0, np.int64)
    length = 0
    while len(frontier) or len(waiting):
        if not len(frontier):
            length = int(depths[0])
        joining = int(np.searchsorted(depths, length, side="right"))
        fresh = waiting[:joining]
        fresh = fresh[~met[fresh]]
        met[fresh] = True
        waiting, depths = waiting[joining:], depths[joining:]
        frontier = np.concatenate((frontier, fresh))
        ends = frontier[component[frontier] >= 0]
        if len(ends):
            return [_stem(graph, occasion, inside, arrival, int(end)) for end in ends[:SEVERAL]]
        transitions = graph.leaving(frontier)
        transitions = graph.first_to(transitions[inside[graph.target[transitions]]], met)
        frontier, length = graph.target[transitions], length + 1
        arrival[frontier], met[frontier] = transitions, True
    return []


def _stem(graph: Graph, occasion: Mask, inside: Mask, arrival: Numbers, end: int) -> Stem:
    later = graph.walked_back(arrival, end)
    turn = int(graph.source[later[0]]) if later else end
    way = [*graph.shortest(turn), *later]
    states = [turn if not way else int(graph.source[way[0]]), *(int(graph.target[transition]) for transition in way)]
    # The conclusion may have been avoided for longer than the search had to know.
    first = next(place for place in range(len(states), -1, -1) if place == 0 or not inside[states[place - 1]])
    premise = next(place for place in range(first, len(states)) if occasion[states[place]])
    return Stem(states[0], tuple(way), premise)


def fair_loop(graph: Graph, inside: Mask, start: int) -> list[int]:
    """Find a short fair loop through a state of a fair component.

    inside: bool[states], the component.

    It goes to the nearest thing that some promise still needs, and the next, and back; then detours that no promise
    needs are cut out. It is empty where the run may rest.

    Returns the transitions taken.
    """
    loop: list[int] = []
    here = start
    while True:
        pending = _pending(graph, start, loop)
        if not pending and here == start:
            return _without_detours(graph, start, loop)
        loop += _way(graph, inside, here, _Wanted(graph, pending, start))
        here = int(graph.target[loop[-1]])


def _pending(graph: Graph, start: int, walk: Sequence[int]) -> list[int]:
    """The steps whose promise a loop with just the states and transitions of a walk would break."""
    taken = {int(graph.step[transition]) for transition in walk}
    visited = [start, *(int(graph.target[transition]) for transition in walk)]
    enabled = [graph.enabled(state) for state in visited]
    always, ever = set.intersection(*enabled), set.union(*enabled)
    pending = []
    for step in sorted(ever - taken):
        fair = graph.steps[step].action.fair
        if fair == "strong" or (fair == "weak" and step in always):
            pending.append(step)
    return pending


class _Wanted:
    """What a loop looks for: to take a step that is pending, or, where that is weakly fair, a state that does not
    enable it; the state where it began, if nothing is pending."""

    def __init__(self, graph: Graph, pending: Sequence[int], start: int) -> None:
        self._graph, self._start, self._pending = graph, start, bool(pending)
        self._steps = np.zeros(len(graph.steps), np.bool_)
        self._steps[list(pending)] = True
        self._column = np.full(len(graph.steps), -1)
        weak = [step for step in pending if graph.steps[step].action.fair == "weak"]
        self._column[weak] = np.arange(len(weak))
        self._weak = len(weak)

    def __call__(self, transitions: Numbers) -> Mask:
        """bool[transitions]: whether each of some transitions gets there."""
        states = self._graph.target[transitions]
        reached: Mask = states == self._start
        if self._pending:
            reached = self._steps[self._graph.step[transitions]] | self._idle(states)
        return reached

    def _idle(self, states: Numbers) -> Mask:
        """Whether each of some states does not enable one of the weakly fair steps."""
        graph = self._graph
        row = np.repeat(np.arange(len(states)), graph.first[states + 1] - graph.first[states])
        column = self._column[graph.step[graph.leaving(states)]]
        enabled = np.zeros((len(states), self._weak), np.bool_)
        enabled[row[column >= 0], column[column >= 0]] = True
        idle: Mask = np.any(~enabled, axis=1)
        return idle


def _way(graph: Graph, inside: Mask, here: int, wanted: _Wanted) -> list[int]:
    """A shortest way, of at least one transition, to something wanted."""
    arrival = np.full(len(graph), -1, np.int64)
    met = ~inside
    met[here] = True
    frontier = np.array([here])
    while len(frontier):
        transitions = graph.leaving(frontier)
        transitions = transitions[inside[graph.target[transitions]]]
        there = np.flatnonzero(wanted(transitions))
        if len(there):
            last = int(transitions[there[0]])
            return [*graph.walked_back(arrival, int(graph.source[last])), last]
        transitions = graph.first_to(transitions, met)
        frontier = graph.target[transitions]
        arrival[frontier], met[frontier] = transitions, True
    raise Unsound("a component called fair lacks what a promise needs. Please report this with the machine.")


def _without_detours(graph: Graph, start: int, loop: list[int]) -> list[int]:
    """A loop without those parts that lead back to where they begin and that no promise needs, the longest first."""
    states = [start, *(int(graph.target[transition]) for transition in loop)]
    for length in range(len(loop) - 1, 0, -1):
        for first in range(len(loop) - length + 1):
            if states[first] == states[first + length]:
                shorter = loop[:first] + loop[first + length :]
                if not _pending(graph, start, shorter):
                    return _without_detours(graph, start, shorter)
    return loop
