"""Expectations of a change: found, missed, void, spoilt; for every kind of property."""

from __future__ import annotations

import pytest

from attorn.checker.expected import Standing, decide, judge
from attorn.checker.verdicts import Evidence
from attorn.spec.errors import UnknownName
from attorn.spec.language import (
    Counter,
    Expr,
    Instance,
    Machine,
    State,
    action,
    always_possible,
    initial,
    invariant,
    leads_to,
    progress,
)
from attorn.spec.language.declarations import LeadsTo


class Clock(State):
    """A clock with four hours."""

    hour = Counter(3)


@initial
def midnight(s: Clock) -> None:
    s.hour = 0


@action(party="clock", fair="weak")
def tick(s: Clock) -> None:
    """An hour passes."""
    s.require(s.hour < 3)
    s.hour = s.hour + 1


@action(party="clock", fair="weak")
def turn(s: Clock) -> None:
    """The day is over."""
    s.require(s.hour == 3)
    s.hour = 0


@action(party="child")
def spring(s: Clock) -> None:
    """Somebody turns the hand two hours on."""
    s.require(s.hour < 2)
    s.hour = s.hour + 2


@invariant
def before_three(s: Clock) -> Expr:
    """It is never three."""
    return s.hour < 3


@invariant
def real_hour(s: Clock) -> Expr:
    """It is one of the four hours."""
    return s.hour <= 3


@progress
def noon_comes(s: Clock) -> LeadsTo:
    """After midnight three o'clock comes."""
    return leads_to(s.hour == 0, s.hour == 3)


@always_possible
def midnight_again(s: Clock) -> Expr:
    """It can always become midnight again."""
    return s.hour == 0


CLOCK = Machine("clock", Clock, midnight, (tick, turn), (before_three, real_hour, noon_comes, midnight_again))


def clock(**changes: object) -> Instance:
    return Instance.of(CLOCK.variant("changed", **changes))  # type: ignore[arg-type]


def no_third_hour(s: Clock) -> None:
    s.require(s.hour < 2)


STANDS_STILL = {"strengthen": {"tick": no_third_hour}}


def test_a_change_that_breaks_a_progress_property_is_found_with_stem_and_rest() -> None:
    # Two ticks, then nothing.
    finding = judge(Instance.of(CLOCK), clock(**STANDS_STILL), "noon_comes")
    assert finding.standing is Standing.FOUND
    assert finding.steps == (2, 0)
    assert finding.loop == ()


def test_a_change_that_puts_something_out_of_reach_is_found() -> None:
    # One tick is enough: two ticks later the clock stands still, and before that it still cannot become midnight.
    finding = judge(Instance.of(CLOCK), clock(**STANDS_STILL), "midnight_again")
    assert finding.standing is Standing.FOUND
    assert finding.steps == (1, None)


def test_a_change_that_breaks_an_invariant_is_found_with_its_run() -> None:
    without = clock(**STANDS_STILL)
    finding = judge(without, clock(**STANDS_STILL, add=(spring,)), "before_three")
    assert finding.standing is Standing.FOUND
    assert finding.run is not None and [move.step.action.name for move in finding.run.moves] == ["tick", "spring"]
    assert finding.loop is None


def test_a_harmless_change_is_missed() -> None:
    assert judge(Instance.of(CLOCK), clock(add=(spring,)), "real_hour").standing is Standing.MISSED


def test_no_change_is_void() -> None:
    assert judge(Instance.of(CLOCK), clock(), "real_hour").standing is Standing.VOID


def test_what_fails_without_the_change_too_is_spoilt() -> None:
    assert judge(Instance.of(CLOCK), clock(add=(spring,)), "before_three").standing is Standing.SPOILT


@pytest.mark.parametrize("name", ["real_hour", "no_deadlock", "noon_comes", "midnight_again"])
def test_every_kind_of_property_can_be_decided(name: str) -> None:
    assert decide(Instance.of(CLOCK), name).evidence is Evidence.EXHAUSTED


def test_a_property_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownName, match="has no property `teatime`"):
        decide(Instance.of(CLOCK), "teatime")
