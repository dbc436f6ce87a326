"""The reachable states themselves: as blocks of numbers, or as a graph to look at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.options import DEFAULT, Options
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.checker.explore.steps import blocks
from attorn.checker.explore.visited import Visited, distinct, joined
from attorn.spec.errors import TooLarge
from attorn.spec.language import Instance
from attorn.spec.language.text import value_name

if TYPE_CHECKING:
    import networkx

__all__ = ["graph", "reachable_blocks"]


def reachable_blocks(instance: Instance, options: Options = DEFAULT) -> Iterator[NDArray[np.int64]]:
    """All reachable states, level by level, as blocks of ``int64[states, cells]``.

    Raises TooLarge where a budget of the options ends the search.
    """
    search = _searched(instance, options)
    for depth in range(len(search.levels)):
        for _, block in blocks(search.visited.level(depth)):
            yield search.layout.unpack(block)


def graph(instance: Instance, limit: int = 50_000) -> networkx.MultiDiGraph[int]:
    """All reachable states and transitions of a small instance.

    Nodes are numbered from 0, level by level. A node has ``values`` (tuple of numbers), ``state`` (readable values by
    cell) and ``depth``; an edge has ``action``, ``arguments`` (readable) and ``label``, by which it is keyed.

    Raises TooLarge above ``limit`` states.
    """
    import networkx

    search = _searched(instance, Options(max_states=limit, threads=1))
    found: networkx.MultiDiGraph[int] = networkx.MultiDiGraph(name=f"{instance.machine.name} {instance.shape()}")
    number = itertools.count()
    levels = [search.visited.level(depth) for depth in range(len(search.levels))]
    for depth, level in enumerate(levels):
        for values in search.layout.values(level):
            found.add_node(next(number), values=values, state=instance.readable(values), depth=depth)
    rows = joined(levels)
    all_states = Visited()
    all_states.add(distinct(joined(levels)), 0)
    (run,) = all_states.runs
    name_at = np.empty(len(run), np.int64)
    name_at[run.place(rows)] = np.arange(len(run))
    steps = [effect.step for effect in search.expander.effects]
    labels = [instance.call(step.action.name, step.action.parameters, step.arguments) for step in steps]
    for first, block in blocks(rows):
        expansion = search.expander(block)
        targets = iter(name_at[run.place(expansion.successors)].tolist())
        for step, label, sources in zip(steps, labels, expansion.enabled, strict=True):
            arguments = tuple(
                value_name(each.sort, value) for each, value in zip(step.action.parameters, step.arguments, strict=True)
            )
            about: dict[str, Any] = {"action": step.action.name, "arguments": arguments, "label": label}
            for source in sources.tolist():
                found.add_edge(first + source, next(targets), key=label, **about)
    return found


def _searched(instance: Instance, options: Options) -> Search:
    search = Search(Prepared.of(instance), {}, options)
    search.run()
    if search.stopped:
        raise TooLarge(
            f"{instance.machine.name} with {instance.shape()} has more states than asked for ({search.stopped}). "
            "Raise the limit or choose a smaller instance."
        )
    return search
