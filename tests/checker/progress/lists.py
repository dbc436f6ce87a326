"""Fair runs by the letter of their definition: every set of transitions that a run can take for ever is listed.

Shares nothing with the engine: no components are refined; a set of transitions can be what a run takes again and again
if and only if it is a union of simple cycles that hang together.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterator

import networkx

from tests.checker.progress.tables import Table

__all__ = ["edges", "is_fair", "reachable", "rests_fairly", "shortest_loop", "shortest_stem"]

Edge = tuple[int, int, int]  # place, step, place


def edges(table: Table) -> list[Edge]:
    """All transitions."""
    return [(a, number, b) for number, (_, step) in enumerate(table.steps) for a, b in step.items()]


def reachable(table: Table) -> set[int]:
    """All places that can be reached."""
    graph = networkx.DiGraph([(a, b) for a, _, b in edges(table)])
    graph.add_nodes_from(table.starts)
    return set(table.starts).union(*(networkx.descendants(graph, start) for start in table.starts))


def is_fair(table: Table, taken: Collection[Edge]) -> bool:
    """Whether a run that takes just these transitions again and again keeps all promises."""
    visited = {edge[0] for edge in taken}
    for number, (fair, step) in enumerate(table.steps):
        happens = any(edge[1] == number for edge in taken)
        if fair == "weak" and all(place in step for place in visited) and not happens:
            return False
        if fair == "strong" and any(place in step for place in visited) and not happens:
            return False
    return True


def rests_fairly(table: Table, place: int) -> bool:
    """Whether a run may take no step any more."""
    return not any(fair != "none" and place in step for fair, step in table.steps)


def shortest_stem(table: Table) -> int | None:
    """The least number of steps of a run to where it can stay for ever, fairly, and never meet the conclusion.

    None if there is no such run after the premise.
    """
    inside = [edge for edge in edges(table) if edge[0] not in table.conclusion and edge[2] not in table.conclusion]
    ends = {edge[0] for taken in _closed_sets(inside) if is_fair(table, taken) for edge in taken}
    ends |= {place for place in range(8) if place not in table.conclusion and rests_fairly(table, place)}
    occasion = table.premise - table.conclusion
    queue = deque(((start, met), 0) for start in table.starts for met in {False, start in occasion})
    seen = {node for node, _ in queue}
    while queue:
        (place, met), length = queue.popleft()
        if met and place in ends:
            return length
        for a, _, b in edges(table):
            if a == place and not (met and b in table.conclusion):
                for node in {(b, met), (b, met or b in occasion)}:
                    if node not in seen:
                        seen.add(node)
                        queue.append((node, length + 1))
    return None


def shortest_loop(table: Table, place: int) -> int | None:
    """The least number of steps of a fair loop from a place to itself that avoids the conclusion."""
    inside = [edge for edge in edges(table) if edge[0] not in table.conclusion and edge[2] not in table.conclusion]
    nothing: frozenset[Edge] = frozenset()
    queue = deque([(place, nothing, 0)])
    seen = {(place, nothing)}
    while queue:
        here, taken, length = queue.popleft()
        if here == place and taken and is_fair(table, taken):
            return length
        for edge in inside:
            node = (edge[2], taken | {edge})
            if edge[0] == here and node not in seen:
                seen.add(node)
                queue.append((*node, length + 1))
    return None


def _closed_sets(inside: Collection[Edge]) -> set[frozenset[Edge]]:
    """All sets of transitions that some run within the ones given takes again and again, and no others."""
    cycles = list(_simple_cycles(inside))
    found = set(cycles)
    waiting = list(cycles)
    while waiting:
        one = waiting.pop()
        places = {edge[0] for edge in one}
        for cycle in cycles:
            if places & {edge[0] for edge in cycle} and one | cycle not in found:
                found.add(one | cycle)
                waiting.append(one | cycle)
    return found


def _simple_cycles(inside: Collection[Edge]) -> Iterator[frozenset[Edge]]:
    by_places: dict[tuple[int, int], list[Edge]] = {}
    for edge in inside:
        by_places.setdefault((edge[0], edge[2]), []).append(edge)
    for cycle in networkx.simple_cycles(networkx.DiGraph(by_places.keys())):
        ways = [by_places[pair] for pair in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
        for chosen in itertools.product(*ways):
            yield frozenset(chosen)
