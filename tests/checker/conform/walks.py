"""Random runs of an instance, and logs of them."""

from __future__ import annotations

import random

from attorn.checker.conform.run_traces import events
from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Concrete
from attorn.spec.trace import header, trace_lines

__all__ = ["log_of", "random_run"]


def random_run(instance, seed: int, length: int) -> Path:
    """A run by choices of a random generator; it ends early where nothing is possible any more."""
    concrete, chosen = Concrete(instance), random.Random(seed)
    start = state = chosen.choice(concrete.initial_states())
    moves: list[Move] = []
    while len(moves) < length and (options := list(concrete.successors(state))):
        step, state = chosen.choice(options)
        moves.append(Move(step, state))
    return Path(start, tuple(moves))


def log_of(instance, path: Path, hidden=(), keep=lambda event: event) -> bytes:
    """The log of a run; ``keep`` gives the event to write, or None to leave it out."""
    told = [keep(event) for event in events(instance, path)]
    return b"".join(trace_lines(header(instance, hidden), [event for event in told if event is not None]))
