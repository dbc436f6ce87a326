"""Playing: a log as a run that explains it, the steps that it does not tell filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.conform.mapping import AS_IT_STANDS, LogMapping
from attorn.checker.conform.possible import Meaning
from attorn.checker.conform.trace_check import Ending, TraceChecker, TraceSource, TraceVerdict
from attorn.checker.conform.trace_reader import Line
from attorn.checker.conform.words import Happening
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import TooLarge
from attorn.spec.language import Concrete, Instance, Step, Values

__all__ = ["Played", "play"]

MOST_LINES = 5_000
MOST_STEPS = 20_000
Level = dict[Values, tuple[Values, tuple[Step, ...]] | None]


@dataclass(frozen=True)
class Played:
    """A run that a log is a log of, as far as the log is a behaviour of the machine.

    notes: for each step of the run, the line that tells of it; nothing where none does.
    says:  what was found, in words.
    """

    path: Path
    notes: tuple[str, ...]
    accepted: bool
    says: str


def play(instance: Instance, source: TraceSource, mapping: LogMapping = AS_IT_STANDS) -> Played:
    """The run of a log; of several that explain it, one.

    Raises BadInput for what is no trace of this machine, TooLarge for a machine or a log that is too large to be shown.
    Cost: the states that are possible after each line are kept.
    """
    steps = 1
    for action in instance.machine.actions:
        steps += sum(1 for _ in zip(range(MOST_STEPS), instance.arguments(action.parameters), strict=False))
    if steps > MOST_STEPS:
        raise TooLarge(
            f"{instance.name} with {instance.shape()} has more than {MOST_STEPS:,} steps, too many to be shown. "
            "Check the log with attorn trace, or record one of a smaller system."
        )
    kept = _Kept(source)
    checker = TraceChecker(instance, mapping)
    verdict = checker.check(kept)
    lines = kept.lines[: len(kept.lines) if verdict.refusal is None else verdict.lines - 1]
    hidden = checker.words.hidden(tuple(dict.fromkeys((*source.header.hidden, *mapping.hidden))))
    path, notes = _run(checker.concrete, hidden, [(line, checker.meaning(kept, line)) for line in lines])
    return Played(path, notes, verdict.ending is Ending.ACCEPTED, _said(source.name, verdict))


class _Kept:
    """A source whose lines are kept as they are read."""

    def __init__(self, source: TraceSource) -> None:
        self.name, self.header, self.error, self.hurry = source.name, source.header, source.error, source.hurry
        self.lines: list[Line] = []
        self._source = source

    def __iter__(self) -> Iterator[Line]:
        for line in self._source:
            if len(self.lines) == MOST_LINES:
                raise TooLarge(f"{self.name} has more than {MOST_LINES:,} lines, too many to be shown as a run.")
            self.lines.append(line)
            yield line


def _said(name: str, verdict: TraceVerdict) -> str:
    match verdict.ending:
        case Ending.ACCEPTED:
            return f"{name} is a behaviour of the machine: all {verdict.lines:,} lines are explained by this run."
        case Ending.REFUSED:
            assert verdict.refusal is not None
            number = verdict.refusal.bad.line.number
            return f"{name} is no behaviour of the machine: no state allows line {number}; attorn trace says why."
        case _:
            return f"{name} is undetermined: too many states are possible to say more."


def _run(
    concrete: Concrete, hidden: Sequence[Step], lines: Sequence[tuple[Line, Meaning]]
) -> tuple[Path, tuple[str, ...]]:
    """A run through the states that are possible after each line, walked back from one of the last."""
    levels: list[tuple[str, Level]] = [("", dict.fromkeys(concrete.initial_states()))]
    for line, meaning in lines:
        chosen: list[Level] = [dict.fromkeys(levels[-1][1])]
        for ways in meaning:
            ends: Level = {}
            for way in ways:
                inner: list[Level] = [dict.fromkeys(chosen[-1])]
                for happening in way:
                    inner.append(_after(concrete, inner[-1], hidden, happening))
                for state in inner[-1]:
                    ends.setdefault(state, _joined(inner, state))
            chosen.append(ends)
        levels.append((_note(line), {state: _joined(chosen, state) for state in chosen[-1]}))
    return _walked_back(concrete, levels)


def _after(concrete: Concrete, level: Iterable[Values], hidden: Sequence[Step], happening: Happening) -> Level:
    """The states after one happening, each with the state before and the steps that led from it, hidden ones too."""
    ways: dict[Values, tuple[Values, tuple[Step, ...]]] = {state: (state, ()) for state in level}
    queue = list(ways) if hidden else []
    for state in queue:
        origin, taken = ways[state]
        for step in hidden:
            if concrete.enabled(state, step) and (after := concrete.apply(state, step)) not in ways:
                ways[after] = origin, (*taken, step)
                queue.append(after)
    reached: Level = {}
    for state, (origin, taken) in ways.items():
        if happening.steps is None:
            if happening.fits(state):
                reached.setdefault(state, (origin, taken))
            continue
        for step in happening.steps:
            if concrete.enabled(state, step) and happening.fits(after := concrete.apply(state, step)):
                reached.setdefault(after, (origin, (*taken, step)))
    return reached


def _joined(inner: Sequence[Level], state: Values) -> tuple[Values, tuple[Step, ...]]:
    """Where the way of a line to a state began, and all its steps."""
    steps: tuple[Step, ...] = ()
    for level in reversed(inner[1:]):
        before = level[state]
        assert before is not None
        state, steps = before[0], (*before[1], *steps)
    return state, steps


def _walked_back(concrete: Concrete, levels: Sequence[tuple[str, Level]]) -> tuple[Path, tuple[str, ...]]:
    state = min(levels[-1][1])
    parts: list[tuple[str, tuple[Step, ...]]] = []
    for note, level in reversed(levels[1:]):
        before = level[state]
        assert before is not None
        state, steps = before
        parts.append((note, steps))
    start, moves, notes = state, list[Move](), list[str]()
    for note, steps in reversed(parts):
        for number, step in enumerate(steps, start=1):
            state = concrete.apply(state, step)
            moves.append(Move(step, state))
            notes.append(note if number == len(steps) else "")
    return Path(start, tuple(moves)), tuple(notes)


def _note(line: Line) -> str:
    return f"line {line.number}" + ("" if line.time is None else f", {line.time:g} s")
