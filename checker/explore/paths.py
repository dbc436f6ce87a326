"""Paths: shortest runs to states that were found, walked back level by level."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.search import Found
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Concrete, Values

__all__ = ["path_through", "shortest"]


@spends(Phase.RUNS, held=True)
def shortest(
    found: Mapping[str, Found],
    before: Callable[[int, Sequence[Rows]], list[Rows]],
    expander: Expander,
    concrete: Concrete,
) -> dict[str, Path]:
    """A run from an initial state to each state found, with as many steps as its depth.

    before: for each of some states, the first state of a depth that a step leads from.
    Cost: the levels before the deepest state are expanded once more.
    """
    runs: dict[str, list[Rows]] = {}
    for depth in range(max((each.depth for each in found.values()), default=0), -1, -1):
        runs |= {name: [each.state] for name, each in found.items() if each.depth == depth}
        if depth:
            origins = before(depth - 1, [run[-1] for run in runs.values()])
            for run, state in zip(runs.values(), origins, strict=True):
                run.append(state)
    values = expander.layout.values
    return {
        name: path_through([state for row in reversed(run) for state in values(row)], expander, concrete)
        for name, run in runs.items()
    }


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
