"""Playing: a log as a run that explains it, the steps that it does not tell filled in."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from attorn.checker.conform.mapping import AS_IT_STANDS, LogMapping
from attorn.checker.conform.possible import Meaning
from attorn.checker.conform.trace_check import Ending, TraceChecker, TraceSource, TraceVerdict
from attorn.checker.conform.trace_reader import Line
from attorn.checker.conform.words import Happening
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import TooLarge
from attorn.spec.language import Concrete, Instance, Machine, Step, Values

__all__ = ["Played", "fitted", "play", "walkable"]

MOST_LINES = 5_000
MOST_STEPS = 20_000
Level = dict[Values, tuple[Values, tuple[Step, ...]] | None]


@dataclass(frozen=True)
class Played:
    """A run that a log is a log of, as far as the log is a behaviour of the machine.

    notes: for each step of the run, the line that tells of it, and when that was; nothing where none does.
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
    if not walkable(instance):
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


def walkable(instance: Instance) -> bool:
    """Whether the steps of an instance are few enough to be tried in every state."""
    return (
        sum(math.prod(instance.size(each.sort) for each in a.parameters) for a in instance.machine.actions)
        <= MOST_STEPS
    )


def fitted(machine: Machine, sizes: Mapping[str, int], source: TraceSource) -> Instance:
    """An instance that is no larger than what a log names, for logs of systems that are too large to be walked through.

    sizes: those of the system; each is cut down to the elements named, each budget to the number of lines.
    """
    named: set[str] = set()
    lines = 0
    for line in itertools.islice(source, MOST_LINES):
        lines += 1
        said = [*line.event.state, *line.event.state.values(), *line.event.arguments.values()]
        named.update(name for each in said if isinstance(each, str) for name in re.findall(r"\w+", each))
    wanted = {budget.name: min(sizes.get(budget.name, lines), lines) for budget in machine.budgets}
    for sort in machine.sorts:
        numbers = [int(found[1]) for name in named if (found := re.fullmatch(rf"{sort.name.lower()}(\d+)", name))]
        wanted[sort.name] = max(1, len(sort.constants), *(number + 1 for number in numbers))
    return Instance.of(machine, **wanted)


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
    since = next((line.time for line, _ in lines if line.time is not None), None)
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
        levels.append((_note(line, since), {state: _joined(chosen, state) for state in chosen[-1]}))
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


def _note(line: Line, since: float | None) -> str:
    """What is said of a step: the line that tells of it, when that was, and what its writer noted."""
    when = "" if line.time is None or since is None else f"+{line.time - since:.3f} s"
    return " · ".join(part for part in (f"line {line.number}", when, line.event.note) if part)
