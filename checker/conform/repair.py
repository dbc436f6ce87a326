"""The cheapest change of a log that makes its bad line possible, tried on the lines that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from attorn.checker.conform.possible import Meaning, Possible, Tracker
from attorn.checker.conform.trace_check import Refusal
from attorn.spec.language import Concrete
from attorn.spec.trace import Event

__all__ = ["Repair", "repairs"]

MOST_LOST = 4
MOST_WORK = 1_000_000
MOST_SHOWN = 3


@dataclass(frozen=True)
class Repair:
    """A change of the log under which its bad line is possible, or does not matter.

    kind:    ``lost`` (lines are missing before line ``line``), ``doubled`` (line ``line`` repeats the
             one before), ``needless`` (it is one too many), or ``swapped`` (it and the next are in the wrong order).
    missing: the steps whose lines are lost, for example.
    cost:    lines lost, or one.
    tried:   on how many lines after the bad one it was tried; ``stops`` is the first line that is impossible even so.
    """

    kind: str
    line: int
    cost: int
    missing: tuple[str, ...]
    tried: int
    stops: int | None


def repairs(concrete: Concrete, tracker: Tracker, refusal: Refusal) -> tuple[Repair, ...]:
    """The cheapest changes first; of equally cheap ones those that get farthest. Each has been tried."""
    nearest: dict[tuple[object, ...], Repair] = {}
    for each in _Repairer(concrete, tracker, refusal).all():
        nearest.setdefault((each.missing, each.stops) if each.missing else (each.kind, each.line), each)
    cheapest = sorted(nearest.values(), key=lambda each: (each.stops is not None, each.cost, -(each.stops or 0)))
    return tuple(cheapest[:MOST_SHOWN])


class _Repairer:
    def __init__(self, concrete: Concrete, tracker: Tracker, refusal: Refusal) -> None:
        self._concrete, self._tracker = concrete, tracker
        self._bad, self._earlier = refusal.bad, refusal.earlier
        self._later = [_Said(line.number, line.event, meaning) for line, meaning in refusal.later]
        self._now = _Said(self._bad.line.number, self._bad.line.event, self._bad.meaning)

    def all(self) -> Iterator[Repair]:
        """Every change that makes the bad line possible."""
        here, now, later = self._bad.before, self._now, self._later
        for earlier in self._earlier[-1:]:
            before = _Said(earlier.line.number, earlier.line.event, earlier.meaning)
            if before.event == now.event:
                yield from self._tried("doubled", now.number, here, later, 0)
                continue
            yield from self._tried("swapped", before.number, earlier.before, [now, before, *later], 2)
            yield from self._tried("needless", before.number, earlier.before, [now, *later], 1)
        if later:
            yield from self._tried("swapped", now.number, here, [later[0], now, *later[1:]], 2)
            yield from self._tried("needless", now.number, here, later, 1)
        yield from self._lost()

    def _tried(
        self,
        kind: str,
        line: int,
        possible: Possible,
        lines: Sequence[_Said],
        needed: int,
        missing: tuple[str, ...] = (),
    ) -> Iterator[Repair]:
        """The repair, if at least the first ``needed`` lines are possible under it."""
        stops = None
        for place, said in enumerate(lines):
            possible = self._tracker.after(possible, said.meaning)
            if not possible.states:
                if place < needed:
                    return
                stops = said.number
                break
        yield Repair(kind, line, len(missing) or 1, missing, len(self._later), stops)

    def _lost(self) -> Iterator[Repair]:
        """The fewest steps that may have been taken without leaving their lines, before the bad line or one earlier."""
        lines = [self._now, *self._later]
        found = list(self._lost_before(self._bad.before, lines, 1, MOST_LOST))
        yield from found
        for heard in reversed(self._earlier):
            lines = [_Said(heard.line.number, heard.line.event, heard.meaning), *lines]
            yield from self._lost_before(heard.before, lines, len(lines) - len(self._later), 1)

    def _lost_before(self, here: Possible, lines: Sequence[_Said], needed: int, most: int) -> Iterator[Repair]:
        """At most so many lost lines before the first of some lines; no more of them than are needed."""
        level: dict[Possible, tuple[str, ...]] = {self._tracker.closed(here): ()}
        met, found, begun = set(level), False, self._tracker.work
        for _ in range(most):
            reached: dict[Possible, tuple[str, ...]] = {}
            for possible, missing in level.items():
                for step in self._tracker.all_steps:
                    after = self._tracker.steps(possible, [step])
                    if not after.states or after in met:
                        continue
                    met.add(after)
                    reached[after] = (*missing, self._concrete.label(step))
                    for repair in self._tried("lost", lines[0].number, after, lines, needed, reached[after]):
                        found = True
                        yield repair
                    if self._tracker.work - begun > MOST_WORK:
                        return
            if found:
                return
            level = reached


class _Said(NamedTuple):
    """A line of the log, wherever it stands in a changed one."""

    number: int
    event: Event
    meaning: Meaning
