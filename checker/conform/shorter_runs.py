"""Shorter runs: a run of the specification without whatever its end does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Concrete, Step, Values

__all__ = ["shorter"]

TRIES = 2_000  # shorter runs that are tried; not a time, so that the same run becomes the same one
FEW = 24  # steps of which any two are tried without


def shorter(concrete: Concrete, path: Path, ends: Callable[[Path], bool]) -> Path:
    """A run from the same state that ends as another one does, and from which no stretch of steps can be left out.

    ends: whether a run ends so.
    Shorter runs that take other steps are not looked for; a search finds those. Ends early after many tries.
    """
    best = _without_loops(path)
    tries, again = TRIES, True
    while again:
        again = False
        for steps in _candidates([move.step for move in best.moves]):
            tries -= 1
            if not tries:
                return best
            found = taken(concrete, best.start, steps)
            if found is not None and ends(found):
                best, again = _without_loops(found), True
                break
    return best


def taken(concrete: Concrete, start: Values, steps: Sequence[Step]) -> Path | None:
    """The run by some steps; None where one of them is not enabled."""
    state, moves = start, []
    for step in steps:
        if not concrete.enabled(state, step):
            return None
        state = concrete.apply(state, step)
        moves.append(Move(step, state))
    return Path(start, tuple(moves))


def _without_loops(path: Path) -> Path:
    """A run that comes to no state twice, save that its last step is kept."""
    moves: list[Move] = []
    place = {path.start: 0}
    for move in path.moves[:-1]:
        moves.append(move)
        if move.state in place:
            del moves[place[move.state] :]
            place = {state: at for state, at in place.items() if at <= len(moves)}
        place[move.state] = len(moves)
    return Path(path.start, (*moves, *path.moves[-1:]))


def _candidates(steps: list[Step]) -> Iterator[list[Step]]:
    """Steps without those of one individual; without a stretch, long ones first; without any two of few."""
    for part in dict.fromkeys(part for step in steps for part in _individuals(step)):
        yield [step for step in steps[:-1] if part not in _individuals(step)] + steps[-1:]
    for size in range(len(steps) - 1, 0, -1):
        if size < 8 or size & size - 1 == 0:
            for first in range(len(steps) - size):
                yield steps[:first] + steps[first + size :]
    for first in range(len(steps) - 1 if len(steps) <= FEW else 0):
        for second in range(first + 1, len(steps) - 1):
            yield steps[:first] + steps[first + 1 : second] + steps[second + 1 :]


def _individuals(step: Step) -> list[tuple[str, int]]:
    return [(each.sort.name, number) for each, number in zip(step.action.parameters, step.arguments, strict=True)]
