"""Fault schedules: orders that make a run happen again, by who goes on, who is held back, and what fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from attorn.checker.conform.departures import Departure, WronglyRefused
from attorn.checker.conform.observation import Observer
from attorn.checker.conform.session import Binding, Session
from attorn.checker.verdicts import Path
from attorn.spec.errors import BadInput
from attorn.spec.language import Concrete, Instance, Step, Values
from attorn.spec.language.values import NotAValue, Value, value_data, value_number

__all__ = ["FAULT", "Followed", "Order", "Schedule", "follow", "read_schedule", "schedule", "steps_of", "told"]

FAULT = "fault"
"""The party that stands for what fails."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One order.

    do: ``go``: let the party take this step, and no other; ``hold``: stop the party before it takes this step, until it
        is told to go; ``fail``: let this fault happen.
    """

    do: Literal["go", "hold", "fail"]
    party: str = ""
    action: str
    arguments: dict[str, Value] = {}


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Orders that lead a system from an initial state through a run.

    about: the property that the run violates, or the goal that it reaches.
    start: cell → value.
    """

    format: Literal["attorn-schedule"] = "attorn-schedule"
    version: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    machine: str
    digest: str = ""
    sizes: dict[str, int] = {}
    about: str = ""
    start: dict[str, Value] = {}
    orders: tuple[Order, ...]


def schedule(instance: Instance, run: Path, about: str) -> Schedule:
    """The orders that make a run happen again.

    A party that would go on by itself, because one of its steps is fair and enabled, is held while others move.
    """
    return Schedule(
        machine=instance.machine.name,
        digest=instance.machine.digest,
        sizes=instance.described(),
        about=about,
        start=Observer(instance).told(run.start),
        orders=tuple(_orders(Concrete(instance), run)),
    )


def _orders(concrete: Concrete, run: Path) -> Iterator[Order]:
    held: set[str] = set()
    before = run.start
    for move in run.moves:
        moving = move.step.action.party
        for step in concrete.steps:
            party = step.action.party
            fair = step.action.fair != "none" and party not in (moving, FAULT)
            if fair and party not in held and concrete.enabled(before, step):
                held.add(party)
                yield _order("hold", step)
        yield _order("fail" if moving == FAULT else "go", move.step)
        held.discard(moving)
        before = move.state


def _order(do: Literal["go", "hold", "fail"], step: Step) -> Order:
    arguments = {
        each.name: value_data(each.sort, number)
        for each, number in zip(step.action.parameters, step.arguments, strict=True)
    }
    return Order(do=do, party=step.action.party, action=step.action.name, arguments=arguments)


def told(plan: Schedule) -> list[str]:
    """The orders in words, those that move the system numbered."""
    lines, number = [], 0
    for order in plan.orders:
        given = ", ".join("none" if value is None else str(value) for value in order.arguments.values())
        step = f"{order.action}({given})"
        if order.do == "hold":
            lines.append(f"    hold {order.party or 'everyone'} before {step}")
        else:
            number += 1
            lines.append(f"{number:2}  {'fail:' if order.do == 'fail' else f'{order.party} goes on:'} {step}")
    return lines


def read_schedule(text: bytes, name: str) -> Schedule:
    """A schedule from its JSON; raises BadInput, with what is wrong and where."""
    try:
        return msgspec.json.decode(text, type=Schedule)
    except msgspec.DecodeError as error:
        raise BadInput(f"{name} is no schedule: {error}.") from error


def steps_of(plan: Schedule, instance: Instance) -> list[Step]:
    """The steps that a schedule orders, of an instance; raises BadInput where it is not one of its runs."""
    state, steps = start_of(plan, instance), []
    concrete = Concrete(instance)
    for number, order in enumerate((each for each in plan.orders if each.do != "hold"), start=1):
        action = instance.machine.action(order.action)
        try:
            numbers = tuple(value_number(instance, each.sort, order.arguments[each.name]) for each in action.parameters)
        except (KeyError, NotAValue) as error:
            raise BadInput(f"order {number}, {order.action}: {error}.") from None
        step = Step(action, numbers)
        if blocked := concrete.blocking(state, step):
            raise BadInput(f"order {number}: {concrete.label(step)} is not allowed there ({blocked[0].where}).")
        state = concrete.apply(state, step)
        steps.append(step)
    return steps


def start_of(plan: Schedule, instance: Instance) -> Values:
    """The initial state that a schedule begins in; raises BadInput where it has none."""
    if plan.machine != instance.machine.name or (plan.digest and plan.digest != instance.machine.digest):
        raise BadInput(f"the schedule is one of machine {plan.machine} as it was then, not of {instance.machine.name}.")
    cells = Observer(instance).read(plan.start)
    for state in Concrete(instance).initial_states():
        if all(state[cell] == number for cell, number in cells.items()):
            return state
    raise BadInput("the schedule begins in no initial state.")


@dataclass(frozen=True)
class Followed:
    """How far a system followed a schedule.

    done:      orders followed, of ``total``; all where nothing kept it from the end.
    departure: what kept it: WronglyRefused is a system that does not let the run happen.
    """

    done: int
    total: int
    departure: Departure | None = None

    @property
    def to_the_end(self) -> bool:
        """Whether the system went all the way."""
        return self.departure is None

    @property
    def declined(self) -> bool:
        """Whether the system refused to go on."""
        return isinstance(self.departure, WronglyRefused)


def follow(plan: Schedule, binding: Binding) -> Followed:
    """Lead a system through a schedule, as far as it goes.

    Raises BadInput where the schedule is no run of the instance, or needs an action that the adapter does not have.
    """
    steps = steps_of(plan, binding.instance)
    known = {action.name for action in binding.actions}
    for step in steps:
        if step.action.name not in known:
            raise BadInput(
                f"the adapter {binding.adapter.__name__} has no `{step.action.name}`, which the schedule needs."
            )
    done = 0
    try:
        with Session(binding) as run:
            run.begin(start_of(plan, binding.instance))
            for step in steps:
                run.attempt(step)
                done += 1
    except Departure as departure:
        return Followed(done, len(steps), departure)
    return Followed(done, len(steps))


def as_json(plan: Schedule) -> str:
    """A schedule as JSON, one order a line."""
    head: dict[str, Any] = {key: value for key, value in msgspec.to_builtins(plan).items() if key != "orders"}
    head = {"format": plan.format, "version": plan.version, **head}
    encode = msgspec.json.encode
    lines = [f"  {encode(key).decode()}: {encode(value).decode()}," for key, value in head.items()]
    orders = ",\n".join(f"    {encode(order).decode()}" for order in plan.orders)
    return "\n".join(["{", *lines, '  "orders": [', orders, "  ]", "}"]) + "\n"
