"""Small machines whose mutants can be judged by hand."""

from __future__ import annotations

from enum import Enum

from attorn.spec.language import (
    Element,
    Expr,
    Machine,
    Relation,
    State,
    Variable,
    action,
    forall,
    initial,
    invariant,
    leads_to,
    progress,
    two_state,
)
from attorn.spec.language.declarations import LeadsTo

__all__ = ["LIGHT", "PARCELS", "PLACES", "SHADOW", "UNWATCHED_LIGHT", "Board", "Place"]


class Colour(Enum):
    """What the light shows."""

    RED = "stop"
    GREEN = "go"
    AMBER = "soon red"


class Crossing(State):
    light = Variable(Colour, says="what the light shows")


@initial
def red(s: Crossing) -> None:
    s.light = Colour.RED


@action(fair="weak")
def go(s: Crossing) -> None:
    """Red turns green."""
    s.require(s.light == Colour.RED)
    s.light = Colour.GREEN


@action
def slow(s: Crossing) -> None:
    """Green turns amber."""
    s.require(s.light == Colour.GREEN)
    s.light = Colour.AMBER


@action
def halt(s: Crossing) -> None:
    """Amber turns red."""
    s.require(s.light == Colour.AMBER)
    s.light = Colour.RED


@two_state
def through_amber(before: Crossing, after: Crossing) -> Expr:
    """Green does not turn red at once."""
    return (before.light == Colour.GREEN) >> (after.light != Colour.RED)


@progress
def turns_green(s: Crossing) -> LeadsTo:
    """Red turns green in the end."""
    return leads_to(s.light == Colour.RED, s.light == Colour.GREEN)


LIGHT = Machine("light", Crossing, red, (go, slow, halt), (through_amber, turns_green))
UNWATCHED_LIGHT = LIGHT.variant("unwatched", remove=("through_amber",))


class Parcel(Element):
    """Something to send."""


class Office(State):
    packed = Relation(Parcel, says="the parcel is packed")
    sealed = Relation(Parcel, says="the parcel is sealed")


@initial
def nothing_packed(s: Office) -> None:
    s.packed[...] = False
    s.sealed[...] = False


@action
def close(s: Office, parcel: Parcel) -> None:
    """Pack and seal at once."""
    s.require(~s.sealed[parcel])
    s.packed[parcel] = True
    s.sealed[parcel] = True


@action
def open_up(s: Office, parcel: Parcel) -> None:
    """Unpack what is sealed; the second clause always holds."""
    s.require(s.sealed[parcel], s.packed[parcel])
    s.packed[parcel] = False
    s.sealed[parcel] = False


@invariant
def packed_is_sealed(s: Office) -> Expr:
    """What is packed is sealed, and the other way round."""
    return forall(Parcel, lambda parcel: s.packed[parcel] == s.sealed[parcel])


PARCELS = Machine("parcels", Office, nothing_packed, (close, open_up), (packed_is_sealed,))


class Place(Element):
    """Where something can be."""


class Board(State):
    taken = Relation(Place, says="something is at the place")


@initial
def all_taken(s: Board) -> None:
    s.taken[...] = True


@action
def swap_out(s: Board, old: Place, new: Place) -> None:
    """Something leaves one place and something comes to another."""
    s.require(old != new)
    s.taken[old] = False
    s.taken[new] = True


PLACES = Machine("places", Board, all_taken, (swap_out,))


class Watched(State):
    on = Variable(bool, says="it is on")
    seen_on = Variable(bool, ghost=True, says="it has been on")


@initial
def off(s: Watched) -> None:
    s.on = False
    s.seen_on = False


@action
def switch(s: Watched) -> None:
    """What is off goes on."""
    s.require(~s.on)
    s.on = True
    s.seen_on = True


@action
def switch_off(s: Watched) -> None:
    """What is on goes off."""
    s.require(s.on)
    s.on = False


@invariant
def on_is_seen(s: Watched) -> Expr:
    """What is on has been on."""
    return s.on >> s.seen_on


SHADOW = Machine("shadow", Watched, off, (switch, switch_off), (on_is_seen,))
