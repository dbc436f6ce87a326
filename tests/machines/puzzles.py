"""Puzzles as machines: two jugs, and a farmer who crosses a river."""

from __future__ import annotations

from attorn.spec.language import (
    Counter,
    Element,
    Expr,
    Machine,
    Relation,
    State,
    Variable,
    action,
    all_of,
    constant,
    forall,
    goal,
    initial,
    invariant,
    ite,
    one_of,
)

__all__ = ["crossing", "drink", "jugs", "row_blindly"]


# Two jugs of 3 and 5 litres, and a need for 4.


class Jugs(State):
    """Litres in each jug."""

    small = Counter(3)
    large = Counter(5)


@initial
def empty(s: Jugs) -> None:
    s.small = 0
    s.large = 0


@action
def fill_small(s: Jugs) -> None:
    """Fill the small jug."""
    s.small = 3


@action
def fill_large(s: Jugs) -> None:
    """Fill the large jug."""
    s.large = 5


@action
def empty_small(s: Jugs) -> None:
    """Empty the small jug."""
    s.small = 0


@action
def empty_large(s: Jugs) -> None:
    """Empty the large jug."""
    s.large = 0


@action
def pour_into_large(s: Jugs) -> None:
    """Pour until the small jug is empty or the large one full."""
    fits = s.small + s.large <= 5
    s.large = ite(fits, s.small + s.large, 5)
    s.small = ite(fits, 0, s.small + s.large - 5)


@action
def pour_into_small(s: Jugs) -> None:
    """Pour until the large jug is empty or the small one full."""
    fits = s.small + s.large <= 3
    s.small = ite(fits, s.small + s.large, 3)
    s.large = ite(fits, 0, s.small + s.large - 3)


@action
def drink(s: Jugs) -> None:
    """Drink a litre of the small jug."""
    s.require(s.small > 0)
    s.small -= 1


@invariant
def never_four(s: Jugs) -> Expr:
    """The large jug never holds four litres."""
    return s.large != 4


@invariant
def one_jug_is_level(s: Jugs) -> Expr:
    """One of the jugs is empty or full."""
    return one_of(s.small, 0, 3) | one_of(s.large, 0, 5)


@goal
def four(s: Jugs) -> Expr:
    """The large jug holds four litres."""
    return s.large == 4


jugs = Machine(
    "jugs",
    Jugs,
    empty,
    (fill_small, fill_large, empty_small, empty_large, pour_into_large, pour_into_small),
    (never_four, one_jug_is_level, four),
)


# Wolf, goat and cabbage: a farmer crosses a river with at most one of them.


class Cargo(Element):
    """What has to be brought across."""


WOLF, GOAT, CABBAGE = (constant(Cargo, name) for name in ("wolf", "goat", "cabbage"))


class River(State):
    """Which bank each is on; False is where they start."""

    farmer = Variable(bool)
    over = Relation(Cargo)


@initial
def this_side(s: River) -> None:
    s.farmer = False
    s.over[...] = False


def eats(s: River, one: Expr, other: Expr) -> Expr:
    """Both are on one bank, and the farmer is not."""
    return (s.over[one] == s.over[other]) & (s.over[one] != s.farmer)


def safe_without(s: River, one: Expr, other: Expr, cargo: Expr | None = None) -> Expr:
    """The two are not both left behind when the farmer goes, with some cargo or none."""
    left = [s.over[each] == s.farmer for each in (one, other)]
    if cargo is not None:
        left += [cargo != one, cargo != other]
    return ~all_of(*left)


@action
def row(s: River) -> None:
    """The farmer crosses alone."""
    s.require(safe_without(s, WOLF, GOAT), safe_without(s, GOAT, CABBAGE))
    s.farmer = ~s.farmer


@action
def ferry(s: River, cargo: Cargo) -> None:
    """The farmer crosses with something."""
    s.require(s.over[cargo] == s.farmer, safe_without(s, WOLF, GOAT, cargo), safe_without(s, GOAT, CABBAGE, cargo))
    s.farmer = ~s.farmer
    s.over[cargo] = ~s.farmer


@action
def row_blindly(s: River) -> None:
    """The farmer crosses alone and does not look."""
    s.farmer = ~s.farmer


@goal
def all_over(s: River) -> Expr:
    """All have crossed, and nothing was eaten."""
    return s.farmer & forall(Cargo, lambda cargo: s.over[cargo])


@invariant
def nothing_is_eaten(s: River) -> Expr:
    """The farmer keeps an eye on all."""
    return ~eats(s, WOLF, GOAT) & ~eats(s, GOAT, CABBAGE)


crossing = Machine("crossing", River, this_side, (row, ferry), (all_over, nothing_is_eaten))
