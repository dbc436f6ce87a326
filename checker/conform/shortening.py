"""Shortening: a failing program as short as it can be, every candidate tried on a fresh system."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.conform.aims import Aims
from attorn.checker.conform.departures import AdapterHung, Attempt, Departure, Program
from attorn.checker.conform.session import Binding, Session
from attorn.spec.language import Step, Values
from attorn.spec.language.sorts import Sort

__all__ = ["replayed", "shortened"]

PATIENCE = 20.0  # seconds


def shortened(binding: Binding, found: Departure, aims: Aims | None = None) -> Departure:
    """The same kind of departure, by a program of which no attempt can be left out.

    aims: what is known of the graph of the specification, if it is.

    Ends early after some seconds, and at once for a system that hangs, where every try may take the whole time-out.
    Returns the departure found where it does not come again: the system is not the same each time.
    """
    if found.program is None or isinstance(found, AdapterHung):
        return found
    best = found
    until = time.monotonic() + PATIENCE
    again = True
    while again and time.monotonic() < until:
        again = False
        assert best.program is not None
        for candidate in _candidates(binding, best.program, aims):
            if time.monotonic() > until:
                break
            if not _sensible(binding, candidate):
                continue
            departure = replayed(binding, candidate.start, candidate.steps)
            if departure is not None and type(departure) is type(found) and _smaller(departure, best):
                best, again = departure, True
                break
    return best


def replayed(binding: Binding, start: Values | None, steps: Sequence[Step]) -> Departure | None:
    """How a fresh system departs when these steps are tried on it, if it does."""
    try:
        with Session(binding) as run:
            run.begin(start)
            for step in steps:
                run.attempt(step)
    except Departure as departure:
        return departure
    return None


@dataclass(frozen=True)
class _Candidate:
    """A program to try: steps, each with whether the specification is to allow it."""

    start: Values | None
    attempts: tuple[Attempt, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is tried."""
        return tuple(attempt.step for attempt in self.attempts)


def _candidates(binding: Binding, program: Program, aims: Aims | None) -> Iterator[_Candidate]:
    """Shorter programs: without refusals; with a shorter way to where it came; without one
    individual; without parts; from another start."""
    start, attempts = program.start, program.attempts
    yield _Candidate(start, (*(each for each in attempts[:-1] if each.wanted is not False), attempts[-1]))
    if aims is not None and start is not None:
        yield from _by_shorter_ways(aims, start, attempts)
    for sort, number in dict.fromkeys(argument for attempt in attempts for argument in _arguments(attempt)):
        kept = tuple(each for each in attempts[:-1] if (sort, number) not in _arguments(each))
        yield _Candidate(start, (*kept, attempts[-1]))
    parts = [
        attempts[:first] + attempts[first + size :]
        for size in range(len(attempts) - 1, 0, -1)
        for first in range(len(attempts) - size)
    ]
    for part in parts:
        yield _Candidate(start, part)
    for part in parts:
        for place in range(len(part) - 1):
            yield _Candidate(start, part[:place] + part[place + 1 :])
    if start is not None and start != binding.initial_states[0]:
        yield _Candidate(binding.initial_states[0], attempts)


def _arguments(attempt: Attempt) -> list[tuple[Sort, int]]:
    step = attempt.step
    return [(each.sort, number) for each, number in zip(step.action.parameters, step.arguments, strict=True)]


def _by_shorter_ways(aims: Aims, start: Values, attempts: tuple[Attempt, ...]) -> Iterator[_Candidate]:
    """Programs that come by a shortest run of the specification to where the program was, and go on as it did."""
    graph = aims.graph
    at = aims.starts[start]
    found = []
    for done, attempt in enumerate(attempts):
        way = graph.shortest(at)
        if len(way) < done:
            origin = int(graph.source[way[0]]) if way else at
            steps = tuple(Attempt(graph.steps[graph.step[each]], True) for each in way)
            found.append(_Candidate(graph.states.values(origin), steps + attempts[done:]))
        after = aims.follow(at, attempt.step) if attempt.wanted else at
        if after is None:
            break
        at = after
    yield from sorted(found, key=lambda each: len(each.attempts))


def _sensible(binding: Binding, candidate: _Candidate) -> bool:
    """Whether the specification allows and forbids the same as before; where its state is not known it may."""
    if candidate.start is None or binding.hidden:
        return True
    state = candidate.start
    for attempt in candidate.attempts:
        if binding.concrete.enabled(state, attempt.step) is not attempt.wanted:
            return False
        if attempt.wanted:
            state = binding.concrete.apply(state, attempt.step)
    return True


def _smaller(one: Departure, other: Departure) -> bool:
    assert one.program is not None and other.program is not None
    if len(one.program) != len(other.program):
        return len(one.program) < len(other.program)
    return (one.program.start or ()) < (other.program.start or ())
