"""The states of an instance as a graph small enough to be looked at, as typed data."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

__all__ = [
    "MapEdge",
    "MapNode",
    "StateMap",
]


@dataclass(frozen=True)
class MapNode:
    """A node of a map: a state, or a class of states.

    label:  lines that tell it.  depth: the fewest steps in which it is reached.
    """

    label: tuple[str, ...]
    states: int
    depth: int
    initial: bool = False


@dataclass(frozen=True)
class MapEdge:
    """The transitions from a node to another one, by action, each with how many there are."""

    source: int
    target: int
    actions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class StateMap:
    """The states of an instance as a graph small enough to be looked at.

    by:    what makes up a node, in words; nothing where each state has its own.
    nodes: in the order of their depth, then of their labels.
    ends:  properties that are violated, each with the nodes that the run passes, the violation in the last one.
    """

    by: str
    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]
    ends: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def way(self) -> dict[tuple[int, int], int]:
        """The way into the first violation: for each pair of nodes the number of the step from one to the other."""
        found: dict[tuple[int, int], int] = {}
        for _, nodes in self.ends[:1]:
            for step, (one, other) in enumerate(itertools.pairwise(nodes), start=1):
                if one != other:
                    found.setdefault((one, other), step)
        return found
