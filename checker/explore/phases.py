"""Where the time of a search goes: functions say which phase they are, and a clock adds up while one runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["Clock", "Phase", "clocked", "running", "spends"]

P = ParamSpec("P")
T = TypeVar("T")


class Phase(StrEnum):
    """What a search does, in the order in which it is told."""

    BUILDING = "building"
    GUARDS = "guards"
    SUCCESSORS = "successors"
    PROPERTIES = "properties"
    SYMMETRY = "symmetry"
    DUPLICATES = "duplicates"
    DISK = "disk"
    WAITING = "waiting"
    RUNS = "runs"
    PROGRESS = "progress"
    OTHER = "other"

    @property
    def says(self) -> str:
        """What counts as this."""
        return SAYS[self]


SAYS = {
    Phase.BUILDING: "the instance as circuits, and the program that computes them",
    Phase.GUARDS: "which steps are enabled",
    Phase.SUCCESSORS: "the states that these lead to; in machine code, guards and properties with them",
    Phase.PROPERTIES: "what is asked of every state, beyond what guards share with it",
    Phase.SYMMETRY: "which states stand for others",
    Phase.DUPLICATES: "sorting states, and looking up whether they were met",
    Phase.DISK: "writing and reading what lies on the disk",
    Phase.WAITING: "for the processes that share a level",
    Phase.RUNS: "shortest runs to what was found, and to goals of several stages",
    Phase.PROGRESS: "the graph of all states, and what comes about in it",
    Phase.OTHER: "the rest",
}


class Clock:
    """Adds up the seconds of each phase, of all processes that share the work; one phase runs at a time in each."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(Phase, 0.0)
        self._phase, self._since, self._held = Phase.OTHER, time.perf_counter(), 0

    def enter(self, phase: Phase, held: bool = False) -> Phase:
        """Count the time from now on for a phase, and if it is held, for no other before it is left; the one before."""
        before = self._phase
        if not self._held:
            now = time.perf_counter()
            self.seconds[before] += now - self._since
            self._phase, self._since = phase, now
        self._held += held
        return before

    def leave(self, before: Phase, held: bool = False) -> None:
        """Count the time from now on for the phase before."""
        self._held -= held
        self.enter(before)

    def restart(self) -> None:
        """Forget what was added up, in a process that was forked."""
        self.__init__()  # type: ignore[misc]

    def add(self, seconds: Mapping[Phase, float]) -> None:
        """Count what another process added up."""
        for phase, more in seconds.items():
            self.seconds[phase] += more


_running: Clock | None = None


def running() -> Clock | None:
    """The clock that runs, if one does."""
    return _running


@contextmanager
def clocked(wanted: bool = True) -> Iterator[Clock]:
    """A clock that runs meanwhile, if it is wanted; searches are not clocked otherwise, which costs them nothing."""
    global _running
    outer, clock = _running, Clock()
    _running = clock if wanted else outer
    try:
        yield clock
    finally:
        clock.enter(Phase.OTHER)
        _running = outer


def spends(phase: Phase, held: bool = False) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Marks functions whose time counts for a phase.

    held: whether that is so of all that they call, too; else these may say otherwise.
    """

    def marked(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def counted(*args: P.args, **kwargs: P.kwargs) -> T:
            clock = _running
            if clock is None:
                return function(*args, **kwargs)
            before = clock.enter(phase, held)
            try:
                return function(*args, **kwargs)
            finally:
                clock.leave(before, held)

        return counted

    return marked
