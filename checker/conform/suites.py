"""Suites: tests from the model, few and short runs that cover it, and how near to the fewest possible they are."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

import numpy as np

from attorn.checker.conform.aims import Aim, Aims, known_graph
from attorn.checker.conform.touring import Tour, tours
from attorn.checker.progress.graph import Mask
from attorn.spec.errors import TooLarge, UnknownName
from attorn.spec.language import Instance

__all__ = ["Cover", "Suite", "suite"]


class Cover(Enum):
    """What a suite is to cover."""

    ACTIONS = "every step, with every choice of arguments"
    CLAUSES = "every step; and every clause of every guard, where it alone forbids a step"
    TRANSITIONS = "every step from every state"


@dataclass(frozen=True)
class Suite:
    """Runs that cover an instance.

    aims:  how many things they cover.
    least: no runs that cover as much have fewer attempts and starts together (``cost``).
    """

    instance: Instance
    cover: Cover
    tours: tuple[Tour, ...]
    aims: int
    least: int

    @property
    def attempts(self) -> int:
        """What all runs try together."""
        return sum(len(tour) for tour in self.tours)

    @property
    def cost(self) -> int:
        """Attempts, and one more for the start of every run."""
        return self.attempts + len(self.tours)


def suite(
    instance: Instance,
    cover: Cover,
    actions: Collection[str] | None = None,
    limit: int = 50_000,
    longest: int | None = None,
) -> Suite:
    """Runs that cover an instance by some of its actions, or by all.

    longest: a run that has tried as much is followed by a new one.

    Raises TooLarge for an instance of more states than the limit, UnknownName for an action that it does not have.
    """
    machine = instance.machine
    for name in actions or ():
        machine.action(name)
    chosen = [action for action in machine.actions if actions is None or action.name in actions]
    if not chosen:
        raise UnknownName(f"no action of machine {machine.name} is left to be tested.")
    graph = known_graph(instance, limit)
    if graph is None:
        raise TooLarge(
            f"{instance.name} has more than {limit:,} states; tests are made from the whole graph. "
            "Choose smaller sizes."
        )
    aims = Aims(graph, chosen)
    if cover is Cover.TRANSITIONS:
        wanted = aims.everywhere()
    else:
        wanted = [aim for aim in aims.all if cover is Cover.CLAUSES or aim.clause is None]
    return Suite(instance, cover, tuple(tours(aims, wanted, longest)), len(wanted), _least(aims, wanted))


def _least(aims: Aims, wanted: Collection[Aim]) -> int:
    """A lower bound on the cost, by linear programming.

    Runs are a flow: one unit enters an initial state for each run, and may end anywhere. Each aim asks for a unit
    through one of its transitions, or as an attempt that leaves the state as it is, which costs one. A flow may have
    parts that no run connects, and fractions, so real runs cost this or more.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    graph = aims.graph
    usable = np.flatnonzero(aims.usable)
    attempted = [(aim, aims.where(aim)) for aim in wanted if aim.clause is not None]
    taken = [aim for aim in wanted if aim.clause is None]
    states, transitions, starts = len(graph), len(usable), len(graph.initial)
    # One variable for each transition, for each start, for each end.
    rows = [graph.target[usable], graph.source[usable], graph.initial, np.arange(states)]
    columns = np.arange(transitions + starts + states)
    signs = np.concatenate([np.ones(transitions), -np.ones(transitions), np.ones(starts), -np.ones(states)])
    column = np.concatenate([columns[:transitions], columns[:transitions], columns[transitions:]])
    balance = coo_array((signs, (np.concatenate(rows), column)), (states, len(columns)))
    asked_row, asked_column = [], []
    for number, aim in enumerate(taken):
        where: Mask = aims.where(aim)
        ours = np.flatnonzero(where[graph.source[usable]] & (graph.step[usable] == aims.number(aim)))
        asked_row.append(np.full(len(ours), number))
        asked_column.append(ours)
    for number, (_, where) in enumerate(attempted, start=len(taken)):
        inside = np.flatnonzero(where[graph.target[usable]])
        begun = transitions + np.flatnonzero(where[graph.initial])
        asked_row.append(np.full(len(inside) + len(begun), number))
        asked_column += [inside, begun]
    row, at = np.concatenate(asked_row), np.concatenate(asked_column)
    asked = coo_array((-np.ones(len(row)), (row, at)), (len(wanted), len(columns)))
    price = np.concatenate([np.ones(transitions + starts), np.zeros(states)])
    found = linprog(price, asked, -np.ones(len(wanted)), balance, np.zeros(states), method="highs")
    if found.status != 0:
        return len(wanted) + 1
    # Attempts that change nothing are made once for each aim at least, save that one may serve several of a step.
    refusals = len({(aim.action, aim.arguments, aim.clause) for aim, _ in attempted})
    bound: int = math.ceil(float(found.fun) - 1e-6)
    return max(bound + refusals, len(taken) + 1)
