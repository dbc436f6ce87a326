"""A world to walk in: one instance, its steps by name, and runs through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import BadInput
from attorn.spec.language import Clause, Concrete, Instance, Step, Values

__all__ = ["MOST_STEPS", "Obstacle", "Walk", "World", "plain"]

MOST_STEPS = 5_000


@dataclass(frozen=True)
class Obstacle:
    """Why a run could not be walked to its end.

    number: of the step, from 1.  label: the step as it was asked for.
    says:   what is wrong with it.  clauses: those of its guard that are false there.
    """

    number: int
    label: str
    says: str
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True)
class Walk:
    """A run as far as it can be walked, and what stops it, if anything does.

    start: the number of the initial state.
    """

    start: int
    path: Path
    obstacle: Obstacle | None = None


class World:
    """One instance, one state at a time, by the plain interpreter."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.concrete = Concrete(instance)

    @cached_property
    def starts(self) -> list[Values]:
        """All initial states."""
        return self.concrete.initial_states()

    @cached_property
    def steps(self) -> dict[str, Step]:
        """All steps by their labels, in the order of the machine."""
        return {plain(self.concrete.label(step)): step for step in self.concrete.steps}

    @cached_property
    def labels(self) -> dict[tuple[str, tuple[int, ...]], str]:
        """The label of each action with its arguments."""
        return {(step.action.name, step.arguments): label for label, step in self.steps.items()}

    def label(self, step: Step) -> str:
        """How addresses name a step: ``reassign(vm0,segment1)``."""
        return self.labels[step.action.name, step.arguments]

    def start_of(self, state: Values) -> int:
        """The number of an initial state."""
        return self.starts.index(state)

    def walk(self, start: int, labels: Sequence[str]) -> Walk:
        """Take steps by their labels from an initial state, as far as they are enabled.

        Raises BadInput for an initial state that there is not, or more steps than are kept.
        """
        if not 0 <= start < len(self.starts):
            raise BadInput(
                f"{self.instance.name} has {len(self.starts):,} initial states, 0 to {len(self.starts) - 1}."
            )
        if len(labels) > MOST_STEPS:
            raise BadInput(f"a run of {len(labels):,} steps is too long to be shown; at most {MOST_STEPS:,} are.")
        state, moves = self.starts[start], list[Move]()
        obstacle = None
        for number, label in enumerate(labels, start=1):
            step = self.steps.get(plain(label))
            if step is None:
                obstacle = Obstacle(number, plain(label), "this machine has no such step")
                break
            if blocking := self.concrete.blocking(state, step):
                obstacle = Obstacle(number, plain(label), "it is not enabled there", tuple(blocking))
                break
            state = self.concrete.apply(state, step)
            moves.append(Move(step, state))
        return Walk(start, Path(self.starts[start], tuple(moves)), obstacle)

    def labels_of(self, path: Path) -> list[str]:
        """The labels of a run's steps."""
        return [self.label(move.step) for move in path.moves]


def plain(label: str) -> str:
    """A label without blanks, as addresses have it."""
    return "".join(label.split())
