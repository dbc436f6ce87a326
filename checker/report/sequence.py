"""A run as a sequence chart in the language of Mermaid: a lane for each party, an arrow for each step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from attorn.checker.reads import cells_read
from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Concrete, Values

__all__ = ["NOBODY", "sequence_chart", "taken_up_by"]

NOBODY = "machine"
"""The lane of actions that name no party."""


def sequence_chart(concrete: Concrete, path: Path, end: str = "", loop: Sequence[Move] | None = None) -> str:
    """A run as Mermaid text.

    Each step is an arrow that starts in the lane of the party that takes it. It ends in the lane of the party that
    first takes it up: whose later step has a guard that reads what the step has changed. Where only the party itself
    does, or nobody, the arrow returns to it.

    end:  what is said below the last step.
    loop: moves that are repeated for ever after the path; empty if the run rests there.
    """
    again = tuple(loop or ())
    moves = (*path.moves, *again)
    parties = tuple(dict.fromkeys(_party(move) for move in moves))
    aliases = {party: f"p{number}" for number, party in enumerate(parties)}
    arrows = [
        f"{aliases[_party(move)]}->>{aliases[to]}: {concrete.label(move.step)}"
        for move, to in zip(moves, taken_up_by(concrete, path.start, moves, len(again)), strict=True)
    ]
    lines = ["sequenceDiagram", "    autonumber"]
    lines += [f"    participant {alias} as {party}" for party, alias in aliases.items()]
    lines += [f"    {arrow}" for arrow in arrows[: len(path)]]
    if again:
        lines += ["    loop for ever", *(f"        {arrow}" for arrow in arrows[len(path) :]), "    end"]
    elif loop is not None and parties:
        lines.append(f"    Note over {_span(aliases)}: nothing more happens")
    if end and parties:
        lines.append(f"    Note over {_span(aliases)}: {_plain(end)}")
    return "\n".join(lines) + "\n"


def taken_up_by(concrete: Concrete, start: Values, moves: Sequence[Move], again: int = 0) -> Iterator[str]:
    """For each move the party that takes it up; the last ``again`` moves are a loop, gone through twice to see it."""
    unrolled = (*moves, *moves[len(moves) - again :])
    states = (start, *(move.state for move in unrolled))
    changed = [
        {cell for cell, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
        for before, after in itertools.pairwise(states)
    ]
    read = [
        cells_read(concrete, move.step.action.guard, dict(enumerate(move.step.arguments)), before)
        for move, before in zip(unrolled, states, strict=False)
    ]
    for number, move in enumerate(moves):
        left, found = set(changed[number]), _party(move)
        for later in range(number + 1, len(unrolled)):
            if left & read[later] and _party(unrolled[later]) != _party(move):
                found = _party(unrolled[later])
                break
            left -= changed[later]
        yield found


def _party(move: Move) -> str:
    return move.step.action.party or NOBODY


def _span(aliases: dict[str, str]) -> str:
    ends = list(aliases.values())
    return ends[0] if len(ends) == 1 else f"{ends[0]},{ends[-1]}"


def _plain(text: str) -> str:
    """Text without the signs that end a Mermaid statement."""
    return " ".join(text.replace(";", ",").replace("#", "").split())
