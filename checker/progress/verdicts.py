"""What is answered of progress: verdicts, and lassos, which are runs without end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from attorn.checker.verdicts import Evidence, Move, Path
from attorn.spec.language import Step, Values
from attorn.spec.language.declarations import Fairness
from attorn.spec.language.source import Where

__all__ = ["Ending", "Lasso", "PossibilityVerdict", "ProgressVerdict", "Promise"]


class Ending(Enum):
    """How a run that makes no progress goes on for ever."""

    DEADLOCK = "no step is enabled"
    REST = "only steps are enabled that need never happen"
    LIVELOCK = "steps are taken for ever"


@dataclass(frozen=True)
class Promise:
    """How a lasso keeps the promise of one fair step: it takes it in the loop, or lets it be disabled there.

    taken: the move of the loop that takes it, counted from 0; None if it is not taken.
    idle:  the first state of the loop, counted from 0, that does not enable it; None if all do.
    """

    step: Step
    fair: Fairness
    taken: int | None
    idle: int | None


@dataclass(frozen=True)
class Lasso:
    """A run without end: a stem, and a loop that is gone through for ever from the last state of the stem.

    premise:  the state of the stem, counted from 0, in which the premise holds; from there the conclusion never holds.
    loop:     moves that lead back to where they begin; empty if the run rests there.
    promises: for each fair step that is enabled somewhere in the loop, how the loop keeps its promise.
    """

    stem: Path
    premise: int
    loop: tuple[Move, ...]
    ending: Ending
    promises: tuple[Promise, ...] = ()

    @property
    def states(self) -> tuple[Values, ...]:
        """The states that are visited for ever, the one where the stem ends first."""
        return (self.stem.states[-1], *(move.state for move in self.loop[:-1]))


@dataclass(frozen=True)
class ProgressVerdict:
    """What is known of one progress property.

    occasions: how often it has something to say: reachable states, counted for each value of the parameters, in which
               the premise holds and the conclusion does not yet.
    arguments: for a refuted one, the values of its parameters, by name; ``lasso`` is a run that refutes it for them,
               with the shortest stem that any such run has.
    """

    name: str
    sentence: str
    where: Where | None
    evidence: Evidence
    occasions: int
    arguments: tuple[tuple[str, str], ...] = ()
    lasso: Lasso | None = None
    kind: str = "progress"


@dataclass(frozen=True)
class PossibilityVerdict:
    """What is known of something that must always be possible.

    path: for a refuted one, a shortest run after which it is not possible any more, for the values of ``arguments``.
    """

    name: str
    sentence: str
    where: Where | None
    evidence: Evidence
    arguments: tuple[tuple[str, str], ...] = ()
    path: Path | None = None
    kind: str = "always_possible"
