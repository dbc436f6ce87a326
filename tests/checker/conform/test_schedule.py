"""Schedules: orders that make a run happen again, on a faulty system, on a sound one, and on real processes."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from attorn.checker.conform.schedule import as_json, follow, read_schedule, schedule, steps_of, told
from attorn.checker.conform.session import Binding
from attorn.checker.explore import Options, explore
from attorn.conform import Adapter, Refused
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance, Machine, State, Variable, action, initial, invariant


class Room(State):
    """A room with one seat, and two who want it."""

    first = Variable(bool, says="whether the first one sits")
    second = Variable(bool, says="whether the second one sits")


@initial
def empty(s: Room) -> None:
    s.first = False
    s.second = False


@action(party="first", fair="weak")
def sit(s: Room) -> None:
    """The first one sits down."""
    s.require(~s.first)
    s.first = True


@action(party="second", fair="weak")
def squeeze(s: Room) -> None:
    """The second one sits down, without looking."""
    s.require(~s.second)
    s.second = True


@action(party="fault")
def fall(s: Room) -> None:
    """The first one falls off the seat."""
    s.require(s.first, s.second)
    s.first = False


@invariant
def one_seat(s: Room) -> object:
    """They do not both sit."""
    return ~(s.first & s.second)


room = Instance.of(Machine("room", Room, empty, (sit, squeeze, fall), (one_seat,)), "room")


class Careless(Adapter):
    def __init__(self) -> None:
        self.seated = {"first": False, "second": False}

    def sit(self) -> None:
        self._seat("first")

    def squeeze(self) -> None:
        self._seat("second")

    def _seat(self, who: str) -> None:
        if self.seated[who]:
            raise Refused
        self.seated[who] = True

    def observe(self) -> dict[str, Any]:
        return dict(self.seated)


class Polite(Careless):
    def _seat(self, who: str) -> None:
        if any(self.seated.values()):
            raise Refused("the seat is taken")
        super()._seat(who)


def both_sit() -> Any:
    path = explore(room, Options(("one_seat",))).verdict("one_seat").path
    assert path is not None
    return schedule(room, path, "one_seat")


def test_whoever_would_go_on_by_itself_is_held() -> None:
    assert told(both_sit()) == [
        "    hold second before squeeze()",
        " 1  first goes on: sit()",
        " 2  second goes on: squeeze()",
    ] or told(both_sit()) == [
        "    hold first before sit()",
        " 1  second goes on: squeeze()",
        " 2  first goes on: sit()",
    ]


def test_a_careless_system_follows_to_the_end_and_a_polite_one_declines() -> None:
    careless, polite = (follow(both_sit(), Binding(room, each)) for each in (Careless, Polite))
    assert careless.to_the_end
    assert careless.done == careless.total == 2
    assert polite.declined
    assert not polite.to_the_end
    assert polite.done == 1


def test_a_schedule_is_read_as_it_was_written() -> None:
    plan = both_sit()
    assert read_schedule(as_json(plan).encode(), "both.json") == plan
    assert [step.action.name for step in steps_of(plan, room)] == [o.action for o in plan.orders if o.do != "hold"]


def test_files_that_are_no_schedules_are_refused() -> None:
    for text in (b"{", b"[]", b'{"format": "other"}', b"\xff", as_json(both_sit()).replace('"go"', '"stop"').encode()):
        with pytest.raises(BadInput, match=r"x\.json is no schedule"):
            read_schedule(text, "x.json")


def test_a_schedule_of_another_machine_or_of_no_run_is_refused() -> None:
    import msgspec

    plan = both_sit()
    with pytest.raises(BadInput, match="one of machine hall"):
        steps_of(msgspec.structs.replace(plan, machine="hall"), room)
    with pytest.raises(BadInput, match=r"order 2: \w+\(\) is not allowed there"):
        first = next(order for order in plan.orders if order.do != "hold")
        steps_of(msgspec.structs.replace(plan, orders=(first, first)), room)


def test_a_step_that_the_adapter_lacks_is_named() -> None:
    class Half(Careless):
        actions: ClassVar[tuple[str, ...]] = ("sit",)

    with pytest.raises(BadInput, match="has no `squeeze`, which the schedule needs"):
        follow(both_sit(), Binding(room, Half))
