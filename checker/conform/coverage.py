"""Exact coverage: what share of an instance's states, steps and clauses some runs have visited, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from attorn.checker.conform.possible import Meaning, Possible
from attorn.checker.conform.trace_check import Heard
from attorn.checker.verdicts import Path
from attorn.spec.language import Clause, Concrete, Instance, Step, Values, render

if TYPE_CHECKING:
    import networkx

__all__ = ["MOST_STATES", "Coverage", "CoverageMeter", "Covered", "Missing", "MissingClause"]

MOST_STATES = 50_000


@dataclass(frozen=True)
class Covered:
    """How many of all there are were visited."""

    what: str
    visited: int
    total: int

    @property
    def share(self) -> float:
        """From 0 to 1; of nothing all is visited."""
        return self.visited / self.total if self.total else 1.0


@dataclass(frozen=True)
class Missing:
    """A step with its arguments that was never taken, and the fewest steps to it from a state that was visited.

    way: these steps, itself the last.
    """

    label: str
    way: tuple[str, ...]


@dataclass(frozen=True)
class MissingClause:
    """A clause that decides somewhere, but alone stood in the way of its action in no state that was visited."""

    action: str
    number: int
    text: str
    clause: Clause


@dataclass(frozen=True)
class Coverage:
    """What runs have visited of an instance whose states and steps are all known.

    shares:  of states, transitions, steps with their arguments, actions, and clauses that decide.
    unclear: lines of logs by which more than one state, or more than one step, was possible; they count for nothing.
    states:  for each distance from what was visited, how many states there are that were not; the nearest first.
    missing: steps that were never taken, the nearest first.
    """

    shares: tuple[Covered, ...]
    unclear: int
    states: tuple[tuple[int, int], ...]
    missing: tuple[Missing, ...]
    clauses: tuple[MissingClause, ...]


class CoverageMeter:
    """Gathers what runs and logs visit.

    most: states that the instance may have; where there are more, asking for the coverage raises TooLarge.
    Cost: each state that is visited has every step tried once; the graph of the instance is built once.
    """

    def __init__(self, instance: Instance, most: int = MOST_STATES) -> None:
        self.concrete = Concrete(instance)
        self._instance = instance
        self._most = most
        self._states: set[Values] = set()
        self._taken: set[tuple[Values, str, Values]] = set()
        self._met: dict[tuple[int, int], tuple[Possible, Meaning, bool]] = {}
        self._unclear = 0

    def run(self, path: Path) -> None:
        """Visit all of a run."""
        self._states.add(path.start)
        before = path.start
        for move in path.moves:
            self._take(before, move.step, move.state)
            before = move.state

    def line(self, heard: Heard, after: Possible) -> None:
        """Visit what a line of a log says, if only one step can have led to the only state possible after it."""
        key = id(heard.before), id(heard.meaning)
        if key not in self._met:
            found = set(self._explained(heard, after)) if len(after) == 1 else set()
            self._met[key] = (heard.before, heard.meaning, len(found) == 1)
            for before, step, state in found if len(found) == 1 else ():
                if step is None:
                    self._states.add(state)
                else:
                    self._take(before, step, state)
        self._unclear += not self._met[key][2]

    def _explained(self, heard: Heard, after: Possible) -> Iterator[tuple[Values, Step | None, Values]]:
        """Every way in which one step, or none, leads to the state after a line; nothing if a way has several steps."""
        (state,) = after.states
        for way in (way for ways in heard.meaning for way in ways):
            steps = way[0].steps if way else None
            for before in heard.before.states:
                if steps is None and before == state:
                    yield before, None, state
                for step in steps or ():
                    if self.concrete.enabled(before, step) and self.concrete.apply(before, step) == state:
                        yield before, step, state

    def _take(self, before: Values, step: Step, after: Values) -> None:
        self._states |= {before, after}
        self._taken.add((before, self.concrete.label(step), after))

    def coverage(self) -> Coverage:
        """What was visited of all there is; raises TooLarge."""
        graph, number = self._graph, self._numbers
        visited = {number[state] for state in self._states if state in number}
        taken = {
            (number[before], number[after], label)
            for before, label, after in self._taken
            if before in number and after in number
        }
        labels = {label for _, _, label in graph.edges(keys=True)}
        done = {label for _, _, label in taken}
        deciding, decided = self._deciding, self._decided()
        actions = {label.partition("(")[0] for label in labels}
        shares = (
            Covered("states", len(visited), len(graph)),
            Covered("transitions", len(taken), graph.number_of_edges()),
            Covered("steps with arguments", len(done), len(labels)),
            Covered("actions", len({label.partition("(")[0] for label in done}), len(actions)),
            Covered("clauses that decide", len(decided & deciding.keys()), len(deciding)),
        )
        distances, ways = self._from_visited(visited)
        far: dict[int, int] = {}
        for node, distance in distances.items():
            if node not in visited:
                far[distance] = far.get(distance, 0) + 1
        return Coverage(
            shares,
            self._unclear,
            tuple(sorted(far.items())),
            tuple(self._missing(labels - done, distances, ways)),
            tuple(each for key, each in deciding.items() if key not in decided),
        )

    @cached_property
    def _graph(self) -> networkx.MultiDiGraph[int]:
        from attorn.checker.explore import graph

        return graph(self._instance, self._most)

    @cached_property
    def _numbers(self) -> dict[Values, int]:
        return {about["values"]: node for node, about in self._graph.nodes(data=True)}

    @cached_property
    def _deciding(self) -> dict[tuple[str, int], MissingClause]:
        """The clauses that alone stand in the way of their action in some reachable state."""
        from attorn.checker.explore import Options, explore

        found = explore(self._instance, Options(goals=False))
        silent = {(each.action, each.number) for each in found.silent}
        return {
            (action.name, number): MissingClause(
                action.name,
                number,
                render(clause.formula, {p.variable.payload: p.name for p in action.parameters}),
                clause,
            )
            for action in self._instance.machine.actions
            for number, clause in enumerate(action.clauses)
            if (action.name, number) not in silent
        }

    def _decided(self) -> set[tuple[str, int]]:
        """The clauses that alone stand in the way of their action in some state that was visited."""
        found: set[tuple[str, int]] = set()
        for state in self._states:
            for step in self.concrete.steps:
                false = [
                    number
                    for number, clause in enumerate(step.action.clauses)
                    if not self.concrete.value(clause.formula, step.arguments, state)
                ]
                if len(false) == 1:
                    found.add((step.action.name, false[0]))
        return found

    def _from_visited(self, visited: Iterable[int]) -> tuple[dict[int, int], dict[int, tuple[int, str]]]:
        """How far each state is from those visited, and by which step from which state it is reached first.

        Without any visit the initial states count as visited.
        """
        starts = sorted(visited) or [node for node, about in self._graph.nodes(data=True) if about["depth"] == 0]
        distances, ways = dict.fromkeys(starts, 0), {}
        level = starts
        while level:
            reached = []
            for node in level:
                for _, after, label in self._graph.out_edges(node, keys=True):
                    if after not in distances:
                        distances[after] = distances[node] + 1
                        ways[after] = node, label
                        reached.append(after)
            level = reached
        return distances, ways

    def _missing(
        self, labels: set[str], distances: dict[int, int], ways: dict[int, tuple[int, str]]
    ) -> Iterator[Missing]:
        nearest: dict[str, int] = {}
        for node, _, label in self._graph.edges(keys=True):
            if label in labels and node in distances:
                known = nearest.setdefault(label, node)
                nearest[label] = min(known, node, key=lambda each: (distances[each], each))
        for label, node in sorted(nearest.items(), key=lambda each: (distances[each[1]], each[0])):
            way = [label]
            while node in ways:
                node, step = ways[node]
                way.append(step)
            yield Missing(label, tuple(reversed(way)))
