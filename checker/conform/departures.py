"""Departures: the ways in which a system, or the adapter that drives it, does not do what the specification says.

Departure
├── WronglyRefused     the system declines an action that the specification allows
├── WronglyAccepted    the system takes an action that the specification forbids
├── WrongState         after an action the system shows another state than the specification has
├── RefusedButChanged  the system declines an action and yet shows another state than before
├── AdapterRaised      a call of the adapter raised something other than Refused
├── AdapterHung        a call of the adapter had not ended in time
└── AdapterLied        what the adapter shows cannot be: no value of the field, or two values with nothing in between
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from attorn.spec.language import Step, Values

__all__ = [
    "AdapterHung",
    "AdapterLied",
    "AdapterRaised",
    "Attempt",
    "Departure",
    "Program",
    "RefusedButChanged",
    "WrongState",
    "WronglyAccepted",
    "WronglyRefused",
]


@dataclass(frozen=True)
class Attempt:
    """An action tried, and whether the specification has the system take it; None where it may do either."""

    step: Step
    wanted: bool | None


@dataclass(frozen=True)
class Program:
    """A run of a system: what it was begun with, and what was tried.

    start: the initial state given to the system; None where the system begins as it does.
    """

    start: Values | None
    attempts: tuple[Attempt, ...] = ()

    def __len__(self) -> int:
        return len(self.attempts)


class Departure(AssertionError):
    """The system does not do what the specification says.

    headline: what went wrong, in a sentence.  details: further lines.
    program:  the run that shows it; its last attempt is the one that went wrong.
    listing:  the program as a test that can be run, once it is known how to write it.
    """

    kind: ClassVar[str] = "departure"

    def __init__(self, headline: str, details: Sequence[str] = (), program: Program | None = None) -> None:
        super().__init__(headline)
        self.headline, self.details, self.program = headline, tuple(details), program
        self.listing = ""

    def __str__(self) -> str:
        lines = [f"{self.kind}: {self.headline}", *(f"  {line}" for line in self.details)]
        if self.listing:
            lines += ["", *self.listing.splitlines()]
        return "\n".join(lines)


class WronglyRefused(Departure):
    """The system declines an action that the specification allows."""

    kind = "wrongly refused"


class WronglyAccepted(Departure):
    """The system takes an action that the specification forbids."""

    kind = "wrongly accepted"


class WrongState(Departure):
    """After an action the system shows another state than the specification has."""

    kind = "wrong state"


class RefusedButChanged(Departure):
    """The system declines an action and yet shows another state than before."""

    kind = "refused, but changed"


class AdapterRaised(Departure):
    """A call of the adapter raised something other than Refused."""

    kind = "the adapter raised"


class AdapterHung(Departure):
    """A call of the adapter had not ended in time."""

    kind = "the adapter hangs"


class AdapterLied(Departure):
    """What the adapter shows cannot be."""

    kind = "the adapter lies"
