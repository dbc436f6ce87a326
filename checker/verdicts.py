"""What every engine answers: evidence, paths, verdicts, and the account of one exploration."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from attorn.spec.language import Clause, Failure, Instance, Step, Values
from attorn.spec.language.source import Where

if TYPE_CHECKING:
    import networkx

__all__ = ["Evidence", "Exploration", "GoalVerdict", "Move", "Path", "SilentClause", "Verdict"]


class Evidence(Enum):
    """How much is known of a statement; not finished is never a pass."""

    PROVED = "proved"
    EXHAUSTED = "exhausted"
    BOUNDED = "bounded"
    OBSERVED = "observed"
    UNDETERMINED = "undetermined"
    REFUTED = "refuted"


@dataclass(frozen=True)
class Move:
    """A step taken, and the state that it led to."""

    step: Step
    state: Values


@dataclass(frozen=True)
class Path:
    """A run: an initial state and the moves from it."""

    start: Values
    moves: tuple[Move, ...] = ()

    @property
    def states(self) -> tuple[Values, ...]:
        """All states on the way, the initial one first."""
        return (self.start, *(move.state for move in self.moves))

    def __len__(self) -> int:
        return len(self.moves)


@dataclass(frozen=True)
class Verdict:
    """What is known of one property; a refuted one carries a shortest run that ends in the violation.

    For a two-state property the last move of the run is the step that violates it; for the absence of deadlock the
    run ends in the state without a way on.
    """

    name: str
    sentence: str
    where: Where | None
    kind: str
    evidence: Evidence
    path: Path | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class GoalVerdict:
    """Whether a goal was reached, by a shortest run; None where the search ended before it could tell."""

    name: str
    sentence: str
    where: Where | None
    reached: bool | None
    path: Path | None = None


@dataclass(frozen=True)
class SilentClause:
    """A clause of a guard that never decides: wherever all others hold, it holds too."""

    action: str
    number: int
    clause: Clause
    text: str


@dataclass(frozen=True)
class Exploration:
    """The account of one search through an instance.

    levels:   number of states first met at each depth; states = their sum.
    finished: whether every reachable state was met; else ``stopped`` says why not.
    interrupted: whether the user ended the search, so that to search on would say more.
    fired:    for each action, how many transitions it made.
    silent:   clauses that never decide; only known of a finished search.
    orbits:   how many states were searched, where each stands for all that differ from it in names only; None where
              every state was searched. Levels and transitions are those of all states in both cases.
    by:       what took the steps, in words, where the engine has a choice.
    """

    instance: Instance
    engine: str
    levels: tuple[int, ...]
    transitions: int
    finished: bool
    stopped: str
    verdicts: tuple[Verdict, ...]
    goals: tuple[GoalVerdict, ...]
    fired: dict[str, int]
    silent: tuple[SilentClause, ...] = ()
    orbits: int | None = None
    interrupted: bool = False
    seconds: float = field(default=0.0, compare=False)
    bytes_per_state: float = field(default=0.0, compare=False)
    by: str = field(default="", compare=False)

    @property
    def states(self) -> int:
        """How many distinct states were met."""
        return sum(self.levels)

    @property
    def depth(self) -> int:
        """The largest number of steps that a state is away from the initial states."""
        return len(self.levels) - 1

    @property
    def dead_actions(self) -> tuple[str, ...]:
        """Actions that never happened."""
        return tuple(name for name, times in self.fired.items() if times == 0)

    def graph(self, limit: int = 50_000) -> networkx.MultiDiGraph[int]:
        """The states and transitions of the instance, searched once more; see checker.explore.graph.

        Raises TooLarge above ``limit`` states.
        """
        from attorn.checker.explore import graph

        return graph(self.instance, limit)

    def verdict(self, name: str) -> Verdict:
        """The verdict of one property."""
        return next(verdict for verdict in self.verdicts if verdict.name == name)
