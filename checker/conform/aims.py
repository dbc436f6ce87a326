"""Aims: where a random run should go, so that every clause of every guard comes to decide, and every step is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attorn.checker.progress.building import Limits, build
from attorn.checker.progress.graph import Graph, Mask, Numbers
from attorn.spec.language import Action, Expr, Instance, Op, Step, Values, all_of

__all__ = ["Aim", "Aims", "distances", "known_graph"]

FAR = np.iinfo(np.int32).max
MOST_STATES = 50_000


@dataclass(frozen=True)
class Aim:
    """A step to be tried: where it is allowed, or where a single clause forbids it.

    clause:     the number of the clause that forbids it; None where the step is to be taken.
    individual: where the clause is about all of something, the only one for which it does not hold.
    state:      the number of the only state in which it is to be tried.
    """

    action: str
    arguments: tuple[int, ...]
    clause: int | None = None
    individual: tuple[int, ...] = ()
    state: int | None = None

    def means(self, step: Step) -> bool:
        """Whether a step is the one to be tried."""
        return (self.action, self.arguments) == (step.action.name, step.arguments)


def known_graph(instance: Instance, limit: int = MOST_STATES) -> Graph | None:
    """The graph of an instance; None where it has more states than the limit."""
    graph = build(instance, Limits(max_states=limit))
    return graph if graph.finished else None


def distances(graph: Graph, usable: Mask, wanted: Mask) -> NDArray[np.int32]:
    """For each state, the fewest steps to one of the wanted states by usable transitions; FAR where there is no way."""
    source, target = graph.source[usable], graph.target[usable]
    order = np.argsort(target, kind="stable")
    source = source[order]
    first = np.zeros(len(graph) + 1, np.int64)
    np.cumsum(np.bincount(target, minlength=len(graph)), out=first[1:])
    found = np.full(len(graph), FAR, np.int32)
    frontier = np.flatnonzero(wanted)
    found[frontier] = 0
    steps = 0
    while len(frontier):
        steps += 1
        counts = first[frontier + 1] - first[frontier]
        ends = np.cumsum(counts)
        before = source[np.repeat(first[frontier] - ends + counts, counts) + np.arange(ends[-1])]
        frontier = np.unique(before[found[before] == FAR])
        found[frontier] = steps
    return found


class Aims:
    """All that can be aimed at in the graph of an instance, by the steps of some actions.

    usable: bool[transitions], those by these steps.
    """

    def __init__(self, graph: Graph, actions: Sequence[Action], hidden: Sequence[str] = ()) -> None:
        self.graph = graph
        names = {action.name for action in actions} - set(hidden)
        self._number = {_key(step): number for number, step in enumerate(graph.steps)}
        ours = np.array([step.action.name in names for step in graph.steps], np.bool_)
        self.usable: Mask = ours[graph.step]
        self._by_name = {action.name: action for action in actions if action.name in names}
        self._distances: dict[Aim, NDArray[np.int32]] = {}
        self._reachable = graph.reachable(graph.initial, np.ones(len(graph), np.bool_)) if ours.all() else self._reach()

    @cached_property
    def all(self) -> tuple[Aim, ...]:
        """All aims that some run can come to, those that are far from the start last."""
        found = [(self._start_distance(mask), aim) for aim, mask in self._masks.items()]
        found.sort(key=lambda each: each[0])
        return tuple(aim for _, aim in found)

    def where(self, aim: Aim) -> Mask:
        """bool[states]: where an aim is met, once its step is tried."""
        return self._masks[aim]

    def everywhere(self) -> list[Aim]:
        """One aim for every usable transition that can be reached: a step, to be taken in one state."""
        found = []
        for transition in np.flatnonzero(self.usable & self._reachable[self.graph.source]).tolist():
            state = int(self.graph.source[transition])
            step = self.graph.steps[self.graph.step[transition]]
            aim = Aim(*_key(step), state=state)
            self._masks[aim] = np.arange(len(self.graph)) == state
            found.append(aim)
        return found

    def number(self, aim: Aim) -> int:
        """The number of an aim's step in the graph."""
        return self._number[aim.action, aim.arguments]

    def step(self, aim: Aim) -> Step:
        """The step that an aim is about."""
        return Step(self._by_name[aim.action], aim.arguments)

    @cached_property
    def starts(self) -> dict[Values, int]:
        """The numbers of the initial states."""
        return {self.graph.states.values(number): number for number in self.graph.initial.tolist()}

    def follow(self, at: int, step: Step) -> int | None:
        """The state that a step leads to."""
        number = self._number.get(_key(step))
        first, end = self.graph.first[at], self.graph.first[at + 1]
        if number is None:
            return None
        places = np.flatnonzero(self.graph.step[first:end] == number)
        return int(self.graph.target[first + places[0]]) if len(places) else None

    def distance(self, aim: Aim) -> NDArray[np.int32]:
        """For each state, how many steps the aim is away."""
        if aim not in self._distances:
            self._distances[aim] = distances(self.graph, self.usable, self._masks[aim])
        return self._distances[aim]

    def closer(self, at: int, aim: Aim) -> list[Step]:
        """The steps that bring a run closer to an aim; the aim's own step where it is there."""
        distance = self.distance(aim)
        if distance[at] == 0:
            return [self.step(aim)] if aim.clause is None else []
        transitions = range(int(self.graph.first[at]), int(self.graph.first[at + 1]))
        return [
            self.graph.steps[self.graph.step[each]]
            for each in transitions
            if self.usable[each] and distance[self.graph.target[each]] < distance[at]
        ]

    @cached_property
    def _masks(self) -> dict[Aim, Mask]:
        """Where each aim is: the states from which a step can be taken, or where a clause alone forbids it."""
        found: dict[Aim, Mask] = {}
        for number, step in enumerate(self.graph.steps):
            mask = np.zeros(len(self.graph), np.bool_)
            mask[self.graph.source[self.usable & (self.graph.step == number)]] = True
            found[Aim(*_key(step))] = mask & self._reachable
        for action in self._by_name.values():
            for arguments in self.graph.instance.arguments(action.parameters):
                for number in range(len(action.clauses)):
                    others = [clause.formula for place, clause in enumerate(action.clauses) if place != number]
                    alone = self._holds(all_of(*others, ~action.clauses[number].formula), arguments) & self._reachable
                    found[Aim(action.name, arguments, number)] = alone
                    for individual, mask in self._individuals(action.clauses[number].formula, arguments):
                        found[Aim(action.name, arguments, number, individual)] = alone & mask
        return {aim: mask for aim, mask in found.items() if mask.any()}

    def _individuals(self, formula: Expr, arguments: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Mask]]:
        """For each of what a formula is about all of, where that one alone does not satisfy it, and others do."""
        if formula.op is not Op.FORALL:
            return
        variables, _ = formula.payload
        if [bound.payload for bound in variables] != list(range(len(arguments), len(arguments) + len(variables))):
            return  # a formula from elsewhere, whose variables do not follow on the action's
        indices = list(self.graph.instance.indices(tuple(bound.sort for bound in variables)))
        body = formula.args[0]
        fails = [~self._holds(body, (*arguments, *index)) for index in indices]
        # One that the formula is not about satisfies it, but not in earnest.
        earnest = all_of(*body.args) if body.op is Op.IMPLIES else body
        others = np.any([self._holds(earnest, (*arguments, *index)) for index in indices], axis=0)
        for index, mask in zip(indices, fails, strict=True):
            yield index, mask & (np.sum(fails, axis=0) == 1) & others

    def _holds(self, formula: Expr, arguments: tuple[int, ...]) -> Mask:
        return self.graph.states.holds(formula, arguments)

    def _reach(self) -> Mask:
        met = np.zeros(len(self.graph), np.bool_)
        frontier: Numbers = self.graph.initial
        met[frontier] = True
        source, target = self.graph.source[self.usable], self.graph.target[self.usable]
        while True:
            more = np.unique(target[met[source] & ~met[target]])
            if not len(more):
                return met
            met[more] = True

    def _start_distance(self, mask: Mask) -> int:
        return int(self.graph.depth[mask].min())


def _key(step: Step) -> tuple[str, tuple[int, ...]]:
    return step.action.name, step.arguments
