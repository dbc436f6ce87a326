"""Finding a lasso: the shortest stem to a fair component, and a short fair loop in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attorn.checker.progress.graph import Graph, Mask, Numbers, Region, Search
from attorn.spec.errors import Unsound

__all__ = ["Course", "find_lasso"]

CANDIDATES = 16  # places at the same distance where the loop may begin, of which the one with the shortest is taken


@dataclass(frozen=True)
class Course:
    """A lasso by numbers of the graph.

    stem:    states, from an initial one to the one where the loop begins.
    premise: the place in the stem of the state in which the premise holds.
    loop:    transitions.
    """

    stem: list[int]
    premise: int
    loop: list[int]


def find_lasso(graph: Graph, occasion: Mask, inside: Mask, component: Numbers) -> Course:
    """Find a lasso with the shortest stem.

    occasion:  bool[states], where the premise holds and the conclusion does not.
    inside:    bool[states], where the run must stay once it met an occasion: where the conclusion does not hold.
    component: int[states], fair components or -1, of which one must be within reach.
    """
    states = len(graph)
    search = _search_by_way_of(graph, occasion, inside)
    ends = search.order[search.order >= states]
    ends = ends[component[ends - states] >= 0]
    shortest = search.path_to(int(ends[0]))
    regions: dict[int, Region] = {}
    found: Course | None = None
    for end in ends[:CANDIDATES]:
        path = search.path_to(int(end))
        if len(path) > len(shortest):
            break
        own = int(component[end - states])
        region = regions.setdefault(own, Region(graph, component == own))
        loop = fair_loop(region, int(end) - states)
        if found is None or len(loop) < len(found.loop):
            stem = [node % states for node in path]
            found = Course(stem, _first_premise(stem, occasion, inside), loop)
    assert found is not None
    return found


def _first_premise(stem: Sequence[int], occasion: Mask, inside: Mask) -> int:
    """The place in a stem of the earliest state that meets the premise, with no conclusion since."""
    first = len(stem) - 1
    for place in range(len(stem) - 1, -1, -1):
        if not inside[stem[place]]:
            break
        if occasion[stem[place]]:
            first = place
    return first


def _search_by_way_of(graph: Graph, occasion: Mask, inside: Mask) -> Search:
    """Search states before an occasion was met, and after; the latter have the number of states added."""
    states = len(graph)
    later_source, later_target = graph.source + states, graph.target + states
    met = np.flatnonzero(occasion[graph.target])
    after = np.flatnonzero(inside[graph.source] & inside[graph.target])
    return Search(
        2 * states,
        np.concatenate((graph.source, graph.source[met], later_source[after])),
        np.concatenate((graph.target, later_target[met], later_target[after])),
        np.concatenate((graph.initial, graph.initial[occasion[graph.initial]] + states)),
    )


def fair_loop(region: Region, start: int) -> list[int]:
    """Find a short fair loop through a state of a fair component.

    It goes to the nearest thing that some promise still needs, and the next, and back; then detours that no promise
    needs are cut out. It is empty where the run may rest.

    Returns the transitions taken, by their numbers in the graph.
    """
    graph = region.graph
    loop: list[int] = []
    here = start
    while True:
        wanted = _pending(graph, start, loop)
        if wanted:
            loop += _way_to_any(region, here, wanted)
        elif here == start:
            return _without_detours(graph, start, loop)
        else:
            loop += _way(region, here, start)
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


def _way_to_any(region: Region, here: int, wanted: Sequence[int]) -> list[int]:
    """A shortest way to take one of some steps, or, where it is weakly fair, to a state that does not enable it."""
    graph = region.graph
    steps = graph.step[region.transition]
    useful = np.zeros(len(region), np.bool_)
    for step in wanted:
        if graph.steps[step].action.fair == "weak":
            idle = np.ones(len(graph), np.bool_)
            idle[graph.source[graph.taking(step)]] = False
            useful |= idle[region.states]
    taking = np.flatnonzero(np.isin(steps, wanted))
    search = region.search(region.local(here))
    leaves = np.zeros(len(region), np.bool_)
    leaves[region.source[taking]] = True
    by_state = _first(search, useful)
    by_step = _first(search, leaves)
    if by_step is not None and (by_state is None or len(by_step) < len(by_state)):
        last = taking[region.source[taking] == by_step[-1]][0]
        return [*region.transitions(by_step), int(region.transition[last])]
    if by_state is None:
        raise Unsound("a component called fair lacks what a promise needs. Please report this with the machine.")
    return region.transitions(by_state)


def _way(region: Region, here: int, there: int) -> list[int]:
    """A shortest way between two states."""
    search = region.search(region.local(here))
    return region.transitions(search.path_to(int(region.local(there)[0])))


def _first(search: Search, wanted: Mask) -> list[int] | None:
    """A shortest path to the nearest node wanted."""
    place = np.flatnonzero(wanted[search.order])
    return search.path_to(int(search.order[place[0]])) if len(place) else None


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
