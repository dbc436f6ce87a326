"""Goals that need sizes: larger instances are asked for them, smaller ones are not and say why."""

from __future__ import annotations

import pytest

from attorn.checker import oracle
from attorn.checker.explore import explore
from attorn.spec.errors import BadInput, SpecificationError, UnknownName
from attorn.spec.language import Expr, Instance, Machine, action, exists, goal
from tests.spec.hall import Door, Hall, hall


@action
def open_one(s: Hall, door: Door) -> None:
    """A door is opened."""
    s.require(~s.open[door])
    s.open[door] = True


@goal(needs={"Door": 2})
def two_open(s: Hall) -> Expr:
    """Two doors stand open."""
    return exists(Door, Door, lambda a, b: (a != b) & s.open[a] & s.open[b])


@goal
def one_open(s: Hall) -> Expr:
    """A door stands open."""
    return exists(Door, lambda a: s.open[a])


HALL = hall(open_one, two_open, one_open)


@pytest.mark.parametrize(("doors", "asked"), [(1, ["one_open"]), (2, ["two_open", "one_open"])])
def test_a_goal_is_asked_where_there_is_what_it_needs(doors: int, asked: list[str]) -> None:
    instance = Instance.of(HALL, Door=doors)
    assert [each.name for each in instance.goals] == asked
    for found in (explore(instance), oracle.explore(instance)):
        assert [each.name for each in found.goals] == asked
        assert all(each.reached for each in found.goals)


def test_an_instance_that_is_too_small_for_a_goal_says_what_it_needs() -> None:
    small = Instance.of(HALL, "small", Door=1)
    with pytest.raises(BadInput, match="small is too small for the goal `two_open`, which needs at least 2 Door"):
        small.goal("two_open")
    assert Instance.of(HALL, Door=2).goal("two_open").name == "two_open"
    with pytest.raises(UnknownName, match="goal of machine"):
        small.goal("three_open")


def test_what_a_goal_needs_is_part_of_what_a_machine_says() -> None:
    @goal
    def two_open(s: Hall) -> Expr:
        """Two doors stand open."""
        return exists(Door, Door, lambda a, b: (a != b) & s.open[a] & s.open[b])

    assert hall(open_one, two_open, one_open).digest != HALL.digest


def test_a_goal_that_needs_what_the_machine_does_not_have_is_refused() -> None:
    @goal(needs={"Windows": 1})
    def aired(s: Hall) -> Expr:
        """A door stands open."""
        return exists(Door, lambda a: s.open[a])

    machine: Machine = hall(open_one, aired)
    with pytest.raises(SpecificationError, match=r"test_goals.py:\d+: goal `aired` needs `Windows`, which is neither"):
        _ = Instance.of(machine, Door=1).goals
