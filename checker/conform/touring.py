"""Tours: few, short runs through a known graph that come to every aim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attorn.checker.conform.aims import Aim, Aims
from attorn.checker.conform.departures import Attempt
from attorn.checker.progress.graph import Graph, Mask, Numbers
from attorn.spec.language import Step, Values

__all__ = ["Tour", "tours"]

NEW_RUN = 3  # steps that a run may walk further to its next aim than a new run would


@dataclass(frozen=True)
class Tour:
    """A run, and what it tries."""

    start: Values
    attempts: tuple[Attempt, ...]

    def __len__(self) -> int:
        return len(self.attempts)


def tours(aims: Aims, wanted: Sequence[Aim], longest: int | None = None) -> list[Tour]:
    """Runs that together try all that is wanted; after ``longest`` attempts a new run begins.

    Each goes on to whatever is nearest, as long as a new run would not be there much sooner.
    Cost: one breadth-first search of the graph for each aim.
    """
    return _Touring(aims, wanted).run(longest)


class _Touring:
    def __init__(self, aims: Aims, wanted: Sequence[Aim]) -> None:
        self._aims, self._graph = aims, aims.graph
        self._left = {aim: aims.where(aim) for aim in wanted}
        self._count = np.zeros(len(self._graph), np.int32)
        for mask in self._left.values():
            self._count += mask
        self._done: list[Tour] = []

    def run(self, longest: int | None) -> list[Tour]:
        """All tours."""
        at: int | None = None
        start, attempts = 0, list[Attempt]()
        while self._left:
            fresh = self._nearest(self._graph.initial)
            assert fresh is not None, "aims are in reach of an initial state"
            over = longest is not None and len(attempts) >= longest
            way = self._nearest(np.array([at])) if at is not None and not over else None
            if way is None or (len(way.steps) > len(fresh.steps) + NEW_RUN and attempts):
                self._end(start, attempts)
                start, attempts, way = fresh.start, [], fresh
            for transition in way.steps:
                attempts.append(Attempt(self._step(transition), True))
                self._met(int(self._graph.source[transition]), attempts[-1])
            at = self._tried(way.end, attempts)
        self._end(start, attempts)
        return self._done

    def _tried(self, at: int, attempts: list[Attempt]) -> int:
        """Try all that is wanted in a state; the state after that."""
        here = [aim for aim, mask in self._left.items() if mask[at]]
        for aim in here:
            if aim.clause is not None and aim in self._left:
                attempts.append(Attempt(self._aims.step(aim), False))
                self._met(at, attempts[-1])
        taken = next((aim for aim in here if aim.clause is None and aim in self._left), None)
        if taken is None:
            return at
        attempts.append(Attempt(self._aims.step(taken), True))
        self._met(at, attempts[-1])
        after = self._aims.follow(at, attempts[-1].step)
        assert after is not None
        return after

    def _met(self, at: int, attempt: Attempt) -> None:
        """Strike out what trying a step in a state comes to."""
        for aim in [each for each in self._left if each.means(attempt.step)]:
            if self._left[aim][at] and attempt.wanted is (aim.clause is None):
                self._count -= self._left.pop(aim)

    def _step(self, transition: int) -> Step:
        step: Step = self._graph.steps[self._graph.step[transition]]
        return step

    def _end(self, start: int, attempts: list[Attempt]) -> None:
        if attempts:
            self._done.append(Tour(self._graph.states.values(start), tuple(attempts)))

    def _nearest(self, starts: Numbers) -> _Way | None:
        return _nearest(self._graph, self._aims.usable, starts, self._count > 0)


@dataclass(frozen=True)
class _Way:
    start: int
    steps: tuple[int, ...]
    end: int


def _nearest(graph: Graph, usable: Mask, starts: Numbers, wanted: Mask) -> _Way | None:
    """A shortest way by usable transitions from one of some states to one that is wanted."""
    arrival = np.full(len(graph), -1, np.int64)
    met = np.zeros(len(graph), np.bool_)
    met[starts] = True
    frontier = starts
    while len(frontier):
        found = frontier[wanted[frontier]]
        if len(found):
            end = int(found[0])
            way = tuple(graph.walked_back(arrival, end))
            return _Way(int(graph.source[way[0]]) if way else end, way, end)
        leaving = graph.leaving(frontier)
        transitions = graph.first_to(leaving[usable[leaving]], met)
        frontier = graph.target[transitions]
        arrival[frontier], met[frontier] = transitions, True
    return None
