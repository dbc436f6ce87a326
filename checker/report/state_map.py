"""Maps: the states of an instance as a graph small enough to be looked at, each state by itself or in classes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from attorn.checker.report.map_model import MapEdge, MapNode, StateMap
from attorn.spec.language import Field, Instance, Op, Values, value_name
from attorn.spec.language.expressions import equal, node, read

if TYPE_CHECKING:
    from attorn.checker.progress import Graph
    from attorn.checker.verdicts import Exploration

__all__ = ["bisimulation", "mapped"]

FEW = 40  # nodes that are drawn each by itself
MOST = 90  # nodes that can be looked at on one page
LARGEST = 1_000_000  # transitions of a graph that is built for a map alone, and of one whose bisimulation is computed
SPLITS = 100_000

Classes = NDArray[np.int64]


def mapped(exploration: Exploration, graph: Graph | None) -> StateMap | None:
    """The map of an instance: its states if they are few; else by what its picture declares; else by bisimulation.

    graph: its graph, if it was built already.

    None where the search did not finish, or where any map would be too large to be looked at.
    """
    if not exploration.finished or exploration.orbits is not None:
        return None
    if graph is None:
        if exploration.transitions > LARGEST:
            return None
        from attorn.checker.progress import Limits, build

        graph = build(exploration.instance, Limits())
    if not graph.finished:
        return None
    instance, picture = exploration.instance, exploration.instance.machine.picture
    if len(graph) <= FEW:
        number = {graph.states.values(each): each for each in range(len(graph))}
        labels = _labels(instance, list(number))
        found = _drawn(graph, np.arange(len(graph)), labels, "")
        return _marked(found, exploration, lambda state: labels[number[state]])
    if picture is not None and picture.classes:
        fields = picture.classes
        classes, labels = _declared(instance, graph, fields)
        names = " and ".join(field.name for field in fields)
        found = _drawn(graph, classes, labels, f"by {names} of each {fields[0].domain[0].name}")
        return _marked(found, exploration, lambda state: _label(instance, fields, state))
    if len(graph) > SPLITS:
        return None
    classes = bisimulation(graph)
    labels = [(f"class {number}",) for number in range(int(classes.max()) + 1)]
    return _drawn(graph, classes, labels, "by bisimulation: states of a class can do the same, for ever")


def bisimulation(graph: Graph) -> Classes:
    """int[states], numbered by first states: two states are of one class if they can do the same, for ever.

    Steps are told apart by the names of their actions, without arguments. Exact: by splitting until nothing splits.
    Cost: one pass over all transitions for each split.
    """
    _, action = _actions(graph)
    classes = np.zeros(len(graph), np.int64)
    count = 1
    while True:
        moves = action[graph.step] * count + classes[graph.target]
        radix = int(moves.max(initial=0)) + 1
        seen, _ = _counted(graph.source.astype(np.int64) * radix + moves)
        first = np.searchsorted(seen, np.arange(len(graph) + 1) * radix)
        follows = (seen % radix).tobytes()
        known: dict[tuple[int, bytes], int] = {}
        found = np.empty(len(graph), np.int64)
        for state, (begin, end) in enumerate(itertools.pairwise((first * seen.itemsize).tolist())):
            found[state] = known.setdefault((int(classes[state]), follows[begin:end]), len(known))
        if len(known) == count:
            return classes
        classes, count = found, len(known)


def _counted(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each number once, ascending, and how often; numpy's unique takes many times as long."""
    ordered = np.sort(numbers)
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(ordered)), np.bool_), ordered[1:] != ordered[:-1]]))
    return ordered[first], np.diff(np.append(first, len(ordered)))


def _actions(graph: Graph) -> tuple[list[str], NDArray[np.int64]]:
    """The names of all actions, and for each step the place of its own."""
    names = [action.name for action in graph.instance.machine.actions]
    return names, np.array([names.index(step.action.name) for step in graph.steps], np.int64)


def _declared(instance: Instance, graph: Graph, fields: Sequence[Field]) -> tuple[Classes, list[tuple[str, ...]]]:
    """States that have the same values for as many individuals, whichever these are."""
    (sort,) = {field.domain[0] for field in fields}
    codes = np.zeros((len(graph), instance.size(sort)), np.int64)
    for field in fields:
        size = instance.size(field.codomain)
        for individual in range(instance.size(sort)):
            cell = read(field, (node(Op.CONSTANT, sort, (), individual),))
            value = np.zeros(len(graph), np.int64)
            for number in range(1, size):
                value[graph.states.holds(equal(cell, node(Op.CONSTANT, field.codomain, (), number)), ())] = number
            codes[:, individual] = codes[:, individual] * size + value
    codes.sort(axis=1)
    radix = int(codes.max(initial=0)) + 1
    joint = codes @ (radix ** np.arange(codes.shape[1], dtype=np.int64))
    found, _ = _counted(joint)
    classes = np.searchsorted(found, joint)
    firsts = np.empty(len(found), np.int64)
    firsts[classes[::-1]] = np.arange(len(joint))[::-1]
    return classes, [tuple(_told(instance, fields, code) for code in row[::-1]) for row in codes[firsts].tolist()]


def _label(instance: Instance, fields: Sequence[Field], state: Values) -> tuple[str, ...]:
    """What a class is called that has this state."""
    (sort,) = {field.domain[0] for field in fields}
    codes = []
    for individual in range(instance.size(sort)):
        code = 0
        for field in fields:
            code = code * instance.size(field.codomain) + state[instance.position(field, (individual,))]
        codes.append(code)
    return tuple(_told(instance, fields, code) for code in sorted(codes, reverse=True))


def _marked(
    found: StateMap | None, exploration: Exploration, label: Callable[[Values], tuple[str, ...]]
) -> StateMap | None:
    """The map with the ways of all counterexamples."""
    if found is None:
        return None
    number = {each.label: place for place, each in enumerate(found.nodes)}
    ends = (
        (each.name, tuple(number[label(state)] for state in each.path.states))
        for each in exploration.verdicts
        if each.path is not None
    )
    return replace(found, ends=tuple(ends))


def _told(instance: Instance, fields: Sequence[Field], code: int) -> str:
    parts = []
    for field in reversed(fields):
        code, value = divmod(code, instance.size(field.codomain))
        parts.append(value_name(field.codomain, value))
    return " / ".join(reversed(parts))


def _labels(instance: Instance, states: Sequence[Values]) -> list[tuple[str, ...]]:
    """What tells each state apart from the others: the cells that are not the same in all of them."""
    differing = [number for number, column in enumerate(zip(*states, strict=True)) if len(set(column)) > 1]
    cells = instance.cells
    return [
        tuple(f"{cells[n].name} = {value_name(cells[n].field.codomain, state[n])}" for n in differing if state[n])
        or ("all as at first",)
        for state in states
    ]


def _drawn(graph: Graph, classes: Classes, labels: Sequence[tuple[str, ...]], by: str) -> StateMap | None:
    if len(labels) > MOST:
        return None
    names, action = _actions(graph)
    count = len(labels)
    depth = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(depth, classes, graph.depth)
    order = sorted(range(count), key=lambda each: (int(depth[each]), labels[each]))
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    sizes, initial = np.bincount(classes, minlength=count), set(classes[graph.initial].tolist())
    node_of = place[classes]
    kinds, times = _counted((node_of[graph.source] * count + node_of[graph.target]) * len(names) + action[graph.step])
    edges: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for kind, many in zip(kinds.tolist(), times.tolist(), strict=True):
        edges.setdefault(divmod(kind // len(names), count), []).append((names[kind % len(names)], many))
    return StateMap(
        by,
        tuple(MapNode(labels[each], int(sizes[each]), int(depth[each]), each in initial) for each in order),
        tuple(MapEdge(source, target, tuple(actions)) for (source, target), actions in edges.items()),
    )
