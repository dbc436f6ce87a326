"""Machines of a few states whose shortest violations are counted by hand."""

from __future__ import annotations

from typing import Any

from attorn.spec.language import (
    ANY,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Relation,
    State,
    Variable,
    action,
    exists,
    forall,
    initial,
    invariant,
)

__all__ = ["Clock", "Hole", "Pigeon", "Place", "Seats", "clock", "pigeons", "walk"]


class Clock(State):
    """A hand that moves on from 0, and may be set back to 0."""

    hand = Counter(300)
    wound = Variable(bool)


@initial
def at_zero(s: Clock) -> None:
    s.hand = 0
    s.wound = True


def clock(step: int, last: int, *statements: Any) -> Instance:
    """The hand moves by ``step`` while it is below ``last``, and then the clock is not wound any more."""

    @action
    def tick(s: Clock) -> None:
        """The hand moves on."""
        s.require(s.wound, s.hand < last)
        s.hand = s.hand + step

    @action
    def stop(s: Clock) -> None:
        """The spring is down."""
        s.require(s.wound, ~(s.hand < last))
        s.wound = False

    return Instance.of(Machine("clock", Clock, at_zero, (tick, stop), statements))


class Place(State):
    """Where somebody walks: 0 and 1 are home; 2, 3 and 4 are a road that nobody gets to."""

    place = Counter(4)


@initial
def at_home(s: Place) -> None:
    s.place = 0


@action
def stroll(s: Place) -> None:
    """From 0 to 1 and back."""
    s.require(s.place < 2)
    s.place = 1 - s.place


@action
def march(s: Place) -> None:
    """Along the road, from 2 to 3 and from 3 to 4."""
    s.require((s.place == 2) | (s.place == 3))
    s.place = s.place + 1


@invariant
def never_at_the_end(s: Place) -> Expr:
    """Nobody is at the end of the road."""
    return s.place != 4


def walk(*statements: Any) -> Instance:
    """A walk for which the end of the road is excluded by runs of three steps, and by no shorter ones."""
    return Instance.of(Machine("walk", Place, at_home, (stroll, march), (never_at_the_end, *statements)))


class Pigeon(Element):
    """One of many."""


class Hole(Element):
    """One of fewer."""


class Seats(State):
    """Which pigeon sits in which hole."""

    sits = Relation(Pigeon, Hole)


@initial
def all_sit(s: Seats) -> None:
    s.sits[...] = ANY
    s.require(forall(Pigeon, lambda pigeon: exists(Hole, lambda hole: s.sits[pigeon, hole])))


@action
def leave(s: Seats, pigeon: Pigeon, hole: Hole) -> None:
    """A pigeon leaves a hole."""
    s.require(s.sits[pigeon, hole])
    s.sits[pigeon, hole] = False


@invariant
def some_share(s: Seats) -> Expr:
    """Two pigeons sit in one hole: true at the start if there are fewer holes, and hard to see for a solver."""
    return exists(Pigeon, Pigeon, Hole, lambda a, b, hole: (a != b) & s.sits[a, hole] & s.sits[b, hole])


def pigeons(count: int) -> Instance:
    """So many pigeons and one hole less."""
    return Instance.of(Machine("pigeons", Seats, all_sit, (leave,), (some_share,)), Pigeon=count, Hole=count - 1)
