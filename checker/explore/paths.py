"""Paths: shortest runs to states that were found, walked back level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.frontier import blocks
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.search import Found
from attorn.checker.explore.visited import Visited
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Concrete, Values

__all__ = ["path_through", "predecessors", "shortest"]


@spends(Phase.RUNS, held=True)
def shortest(found: Mapping[str, Found], visited: Visited, expander: Expander, concrete: Concrete) -> dict[str, Path]:
    """A run from an initial state to each state found, with as many steps as its depth.

    visited: all states of the levels before.
    Cost: the levels before the deepest state are expanded once more.
    """
    runs: dict[str, list[Rows]] = {}
    for depth in range(max((each.depth for each in found.values()), default=0), -1, -1):
        runs |= {name: [each.state] for name, each in found.items() if each.depth == depth}
        if depth:
            before = predecessors(expander, visited.level(depth - 1), [run[-1] for run in runs.values()])
            for run, state in zip(runs.values(), before, strict=True):
                run.append(state)
    values = expander.layout.values
    return {
        name: path_through([state for row in reversed(run) for state in values(row)], expander, concrete)
        for name, run in runs.items()
    }


def predecessors(expander: Expander, level: Rows, states: Sequence[Rows]) -> list[Rows]:
    """For each of some states, the first state of a level that a step leads from; raises Unsound if there is none."""
    found: dict[int, int] = {}
    for first, block in blocks(level):
        expansion = expander(block)
        successors = expander.canonical(expansion.successors)
        ends = np.cumsum(expansion.fired)
        for number, state in enumerate(states):
            if number in found:
                continue
            same = np.ones(len(successors[0]), np.bool_)
            for word, wanted in zip(successors, state, strict=True):
                same &= word == wanted
            origins = []
            for transition in np.flatnonzero(same):
                effect = int(np.searchsorted(ends, transition, side="right"))
                origins.append(int(expansion.enabled[effect][transition - ends[effect]]))
            if origins:
                found[number] = first + min(origins)
        if len(found) == len(states):
            return [[word[found[n] : found[n] + 1] for word in level] for n in range(len(states))]
    raise Unsound("the explorer met a state that no step of the level before leads to; please report this.")


def path_through(states: Sequence[Values], expander: Expander, concrete: Concrete) -> Path:
    """A run through some states, which may stand for others, by the first step that leads from each to the next.

    Raises Unsound where the plain meaning of the machine has no such step.
    """
    moves: list[Move] = []
    for wanted in states[1:]:
        after = list(concrete.successors(moves[-1].state if moves else states[0]))
        stand_ins = expander.stand_ins([state for _, state in after])
        if wanted not in stand_ins:
            raise Unsound("the explorer's run takes a step that the machine does not have; please report this.")
        moves.append(Move(*after[stand_ins.index(wanted)]))
    return Path(states[0], tuple(moves))
