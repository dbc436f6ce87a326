"""Steps of whole levels: forward to all that they lead to, and back to where a state was first come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.spec.errors import Unsound

__all__ = ["BLOCK", "Reached", "blocks", "combined", "first_of", "origins", "predecessors", "taken", "unheard"]

BLOCK = 1 << 15  # states that are expanded at once: their columns stay in the cache


@dataclass(frozen=True)
class Reached:
    """What was seen of some states, and of all steps from them.

    stand_for: how many states they stand for.
    fired:     transitions of each effect, from all of these.
    seen:      for each question that is true of some of them, the first of which it is: one packed state.
    """

    stand_for: int
    fired: NDArray[np.int64]
    seen: dict[str, Rows]


def unheard(done: int) -> None:
    """Of how many states the steps are taken, told to nobody."""


def taken(
    expander: Expander, rows: Rows, take: Callable[[Rows], None], told: Callable[[int], None] = unheard
) -> Reached:
    """Take all steps from some states, block by block, and hand on what each block leads to, in order, each once.

    told: is called with the number of states that are done, after each block.
    """
    stand_for, fired, symmetry = 0, np.zeros(len(expander.effects), np.int64), expander.symmetry
    seen: dict[str, Rows] = {}
    for first, block in blocks(rows):
        expansion = expander(block)
        if symmetry is None:
            stand_for += len(block[0])
            fired += expansion.fired
        else:
            orbits = symmetry.orbits(block)
            stand_for += int(orbits.sum())
            fired += [int(orbits[places].sum()) for places in expansion.enabled]
        for name, places in expansion.seen.items():
            if name not in seen:
                seen[name] = [word[places[:1]] for word in block]
        take(expander.reduced(expansion.successors))
        told(first + len(block[0]))
    return Reached(stand_for, fired, seen)


def combined(shares: Sequence[Reached]) -> Reached:
    """What was seen of all states of several shares, which are in order."""
    seen: dict[str, Rows] = {}
    for share in shares:
        seen = share.seen | seen
    return Reached(sum(share.stand_for for share in shares), np.sum([share.fired for share in shares], axis=0), seen)


def predecessors(expander: Expander, level: Rows, states: Sequence[Rows]) -> list[Rows]:
    """For each of some states, the first state of a level that a step leads from; raises Unsound if there is none."""
    return first_of([origins(expander, level, states)])


def first_of(parts: Sequence[Sequence[Rows | None]]) -> list[Rows]:
    """For each of some states, the first that was found in the parts of a level; raises Unsound if there is none."""
    found = [next((each for each in origin if each is not None), None) for origin in zip(*parts, strict=True)]
    if None in found:
        raise Unsound("the explorer met a state that no step of the level before leads to; please report this.")
    return [each for each in found if each is not None]


def origins(expander: Expander, level: Rows, states: Sequence[Rows]) -> list[Rows | None]:
    """For each of some states, the first state of a part of a level that a step leads from, if there is one there."""
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
            sources = []
            for transition in np.flatnonzero(same):
                effect = int(np.searchsorted(ends, transition, side="right"))
                sources.append(int(expansion.enabled[effect][transition - ends[effect]]))
            if sources:
                found[number] = first + min(sources)
        if len(found) == len(states):
            break
    return [
        [np.array(word[found[number] : found[number] + 1]) for word in level] if number in found else None
        for number in range(len(states))
    ]


def blocks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Parts of a list of states that are small enough to be expanded at once, each with the place of its first."""
    for first in range(0, len(rows[0]), BLOCK):
        yield first, [word[first : first + BLOCK] for word in rows]
