"""A run as typed data: the first state, the steps, and what is wrong with it, if anything is."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.checker.report.drawing import Drawing

__all__ = [
    "Assignment",
    "Broken",
    "Change",
    "Counterexample",
    "FieldFacts",
    "Loop",
    "Missed",
    "Place",
    "Promise",
    "Trace",
    "TraceStep",
]


@dataclass(frozen=True)
class Place:
    """A cell by the names of its field and its index."""

    field: str
    index: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}[{', '.join(self.index)}]" if self.index else self.field


@dataclass(frozen=True)
class FieldFacts:
    """A field of an instance.

    index:  for each position, its sort and the names of that sort's values.
    values: the sort of what a cell holds.
    """

    name: str
    says: str
    index: tuple[tuple[str, tuple[str, ...]], ...]
    values: str
    ghost: bool


@dataclass(frozen=True)
class Assignment:
    """What a cell holds."""

    place: Place
    value: str


@dataclass(frozen=True)
class Change:
    """What a step made of one cell."""

    place: Place
    old: str
    new: str


@dataclass(frozen=True)
class TraceStep:
    """One step of a run: who did what, and what it changed. Steps count from 1.

    name:    the action without its arguments.
    to:      the party that takes it up, whose later step depends on it; the same party if nobody else does.
    drawing: the state after it, if pictures were wanted.
    """

    number: int
    party: str
    action: str
    changes: tuple[Change, ...]
    name: str = ""
    to: str = ""
    drawing: Drawing | None = None


@dataclass(frozen=True)
class Trace:
    """A run: the whole first state, and the steps from it.

    drawing: the first state, if pictures were wanted.
    """

    start: tuple[Assignment, ...]
    steps: tuple[TraceStep, ...]
    drawing: Drawing | None = None


@dataclass(frozen=True)
class Broken:
    """The conjunct of a property that is false, counted from 1 of ``of``.

    witness: values of its outer quantifiers against which it is false.
    values:  what the cells that it reads hold then.
    """

    conjunct: int
    of: int
    text: str
    where: str
    witness: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Missed:
    """What never comes about, for some values of the parameters of a property.

    premise: what holds after so many steps, and demands it; nothing where it must be possible in any case.
    wanted:  what does not hold then, nor ever after.
    """

    arguments: tuple[tuple[str, str], ...]
    premise: str
    after: int
    wanted: str


@dataclass(frozen=True)
class Promise:
    """How a run without end keeps the promise of a fair step: it takes it for ever, or lets it be disabled for ever.

    taken: number of the step in the loop that takes it.  idle: number of the step after which it is not enabled.
    """

    step: str
    fair: str
    taken: int | None
    idle: int | None


@dataclass(frozen=True)
class Loop:
    """How a run goes on for ever after its last step.

    ending: ``livelock``, ``rest`` (only steps are enabled that need never happen) or ``deadlock``.
    steps:  lead back to the state in which they begin, numbered on from those before; none if the run rests there.
    """

    ending: str
    steps: tuple[TraceStep, ...]
    promises: tuple[Promise, ...]


@dataclass(frozen=True)
class Counterexample:
    """A shortest run into a violation, checked again by the plain interpreter.

    broken:       what is false at its end; None for a deadlock, and where something is missed.
    alternatives: steps that could have been taken at the last good state instead of the last step.
    ghosts:       ghost fields that the violated formula reads: without them the violation cannot be seen.
    missed:       what never comes about, if that is the violation.
    loop:         what happens for ever after the run, which is then the shortest way into such a loop.
    test:         the command that makes a test of it for a system of the user's; nothing where there is none.
    """

    trace: Trace
    broken: Broken | None
    alternatives: tuple[str, ...]
    ghosts: tuple[str, ...]
    replay: str
    missed: Missed | None = None
    loop: Loop | None = None
    test: str = ""
