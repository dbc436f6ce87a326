"""Leading the reference implementation through a schedule: real processes on real memory, held where it says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_choices

from msgspec.structs import replace

from attorn.checker.conform.observation import Observer
from attorn.checker.conform.schedule import Order, Schedule, start_of, steps_of
from attorn.model.hazards.catalogue import hazard
from attorn.model.migration import CLAIM
from attorn.model.presets import PRESETS
from attorn.model.protocol import Memory, Protocol
from attorn.model.reference.driver import Driver
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.judge import Verdict
from attorn.model.reference.refusals import NotDone, Refused
from attorn.model.reference.step_log import AT_SOURCE, AT_TARGET, BY_FIRMWARE
from attorn.spec.errors import BadInput
from attorn.spec.handover import Message
from attorn.spec.language import Concrete, Instance
from attorn.spec.language.values import Value

__all__ = ["Executed", "Led", "lead"]

WATCHED = 5.0  # seconds for which guests are watched in the end, or until one objects
BY_ITSELF = ("execute", "allocate")
"""A guest executes all the time, and a host gives a VM its memory as it starts it."""
LED = (*BY_ITSELF, "start", "stop", "rebalance", "cancel", "time_out", "crash", "restart", "lose")
"""What is ordered beside the steps that parties take."""


@dataclass(frozen=True)
class Executed:
    """That a VM was executed in a partition; ``objects`` is what its guest found wrong, if it did."""

    vm: str
    partition: str
    objects: str = ""


@dataclass
class Led:
    """How far a host followed a schedule, and where its VMs were executed in the end, as the partitions say.

    memory:   what kept a VMM from touching a segment.
    judged:   whether each step was held against the specification as it happened.
    declined: why it did not follow to the end.
    others:   cells that were seen with other values than the run has, and after which step first.
    departed: where it did something that the specification does not allow.
    """

    memory: Memory
    judged: bool
    done: list[str] = field(default_factory=list)
    declined: str = ""
    others: str = ""
    departed: str = ""
    executed: list[Executed] = field(default_factory=list)

    @property
    def to_the_end(self) -> bool:
        """Whether the run came about: each step was taken, and what can be seen was always as the run has it."""
        return not (self.declined or self.departed or self.others)


def lead(plan: Schedule, instance: Instance) -> Led:
    """Lead a host, step by step, through the orders of a schedule: nobody moves but who is told to.

    Its memory is exclusive or shared as that of the protocol is. On the way to a goal of a named protocol, each step is
    judged by the specification as it happens; where two VMMs execute one VM, its guest does what no specification says.

    Raises BadInput for a protocol or an order that the reference implementation does not have.
    """
    protocol = _protocol(plan.machine)
    judged = plan.machine in PRESETS and any(goal.name == plan.about for goal in instance.goals)
    if protocol.memory is Memory.PRESERVED:
        raise BadInput(
            f"{plan.machine} is about memory that is preserved while nobody runs, which takes a kernel that boots "
            "another; the reference implementation has exclusive and shared memory."
        )
    lacking = {each.action for each in plan.orders} - {*LED, *AT_SOURCE, *AT_TARGET, *BY_FIRMWARE}
    if lacking:
        raise BadInput(
            f"the reference implementation has no step {', '.join(sorted(lacking))}, which {plan.machine} takes."
        )
    plan = _in_order(plan)
    owners = [str(plan.start[f"owner[segment{number}]"]) for number in range(plan.sizes["Segment"])]
    policy = "none" if protocol.memory is Memory.SHARED else None
    with Host(
        plan.sizes["Partition"], segments=len(owners), owner=owners, policy=policy, protocol=protocol, judge=judged
    ) as host:
        return _Leading(plan, instance, host, judged).led()


def _protocol(machine: str) -> Protocol:
    """The protocol that a machine is of, as far as it is a choice of the reference implementation."""
    if machine in PRESETS:
        return PRESETS[machine].protocol
    if re.fullmatch(r"H\d+", machine):
        known = hazard(machine)
        return with_choices(known.instead or known.base, parts=frozenset())
    if machine == CLAIM.name:
        return PRESETS["firmware"].protocol
    raise BadInput(
        f"the reference implementation follows the claim, named protocols and hazards, and {machine} is none."
    )


def _in_order(plan: Schedule) -> Schedule:
    """The same run with segments and addresses named in the order of allocation, in which a host hands them out.

    No machine can tell them apart by their names, so it is a run as well.
    """
    names: dict[str, str] = {}
    for sort, size in (("segment", plan.sizes["Segment"]), ("address", plan.sizes["Address"])):
        used = [str(order.arguments[sort]) for order in plan.orders if order.action == "allocate"]
        all_of = [f"{sort}{number}" for number in range(size)]
        names |= dict(zip(dict.fromkeys([*used, *all_of]), all_of, strict=True))

    def renamed(text: str) -> str:
        return re.sub(r"\w+", lambda found: names.get(found[0], found[0]), text)

    start = {renamed(cell): renamed(value) if isinstance(value, str) else value for cell, value in plan.start.items()}
    orders = [
        replace(order, arguments={name: names.get(str(value), value) for name, value in order.arguments.items()})
        for order in plan.orders
    ]
    return replace(plan, start=start, orders=tuple(orders))


def _states(plan: Schedule, instance: Instance) -> list[Mapping[str, Value]]:
    """What can be seen in the states of the run: the first, and the one after each step.

    Words are left out, as the run's and those of a guest are not the same; and VMs without memory, as a host executes
    none.
    """
    concrete, observer, state = Concrete(instance), Observer(instance), start_of(plan, instance)
    found: list[Mapping[str, Value]] = [{}]
    for step in steps_of(plan, instance):
        state = concrete.apply(state, step)
        told = {} if step.action.name == "start" else observer.told(state)
        found.append({cell: value for cell, value in told.items() if not cell.startswith("content[")})
    return found


class _Leading:
    def __init__(self, plan: Schedule, instance: Instance, host: Host, judged: bool) -> None:
        assert isinstance(host.driver, Driver)
        self._states = _states(plan, instance)
        self._plan, self._host, self._driver = plan, host, host.driver
        self._led = Led(host.protocol.memory, judged)
        self._vms: dict[str, Vm] = {}
        self._claim = plan.machine == CLAIM.name
        self._moved: set[tuple[str, object]] = set()

    def led(self) -> Led:
        """Give all orders, and watch what comes of it."""
        for orders in self._together():
            try:
                self._give(orders[0])
            except Verdict as error:
                self._led.departed = str(error)
                break
            except NotDone as error:
                self._led.declined = f"{orders[0].action}: {error}"
                break
            self._led.done += [each.action for each in orders]
            self._led.others = self._led.others or self._compared(orders[-1].action)
        until = time.monotonic() + WATCHED
        while True:
            self._led.executed = [each for name in self._vms for each in self._executions(name)]
            if time.monotonic() > until or len(self._led.executed) < 2 or any(e.objects for e in self._led.executed):
                return self._led
            time.sleep(0.02)

    def _together(self) -> Iterator[list[Order]]:
        """The orders that move the system; those that give one step for each segment, together.

        Nobody goes on here without an order, so there is nobody to hold.
        """
        waiting: list[Order] = []
        for order in self._plan.orders:
            if order.do == "hold":
                continue
            alike = "segment" in order.arguments and waiting and _of_vm(order) == _of_vm(waiting[-1])
            if waiting and not alike:
                yield waiting
                waiting = []
            waiting.append(order)
        if waiting:
            yield waiting

    def _compared(self, action: str) -> str:
        """What is seen otherwise than the run has it after the steps so far.

        The claim says nothing of some of the steps that are taken on the way, so of its runs only the end is compared.
        """
        state = self._states[len(self._led.done)]
        if not state or (self._claim and len(self._led.done) < len(self._states) - 1):
            return ""
        seen = {cell: value for vm in self._vms for cell, value in self._driver.parties.seen(vm).items()}
        seen |= {f"runs[{each.partition}, {each.vm}]": True for vm in self._vms for each in self._executions(vm)}
        differing = [
            f"{cell} is {seen[cell]}, not {state[cell]}" for cell in seen if state.get(cell, seen[cell]) != seen[cell]
        ]
        return f"after {action}, {'; '.join(differing)}" if differing else ""

    def _executions(self, vm: str) -> list[Executed]:
        """Where a VM is executed, or was until its guest objected."""
        found = []
        for partition in self._host.names:
            if partition in self._driver.parties.down:
                continue
            report = self._host.report(vm, partition)
            if report.status.running or report.status.why:
                found.append(Executed(vm, partition, report.status.why))
        return found

    def _give(self, order: Order) -> None:
        """Give one order, of which others are alike for other segments."""
        arguments = {name: str(value) for name, value in order.arguments.items()}
        vm = arguments.get("vm", "")
        match order.action:
            case "start":
                self._start(vm, arguments["partition"])
            case action if action in BY_ITSELF:
                pass
            case "stop":
                self._driver.stop(vm)
            case "rebalance":
                self._driver.rebalance(int(arguments["segment"].removeprefix("segment")), arguments["partition"])
            case "suspend":
                self._moved = {each for each in self._moved if each[1] != vm}
                self._driver.suspend(vm, arguments["partition"])
            case "cancel" | "time_out" as how:
                self._driver.give_up(vm, how)
            case "crash":
                self._host.crash(arguments["partition"])
            case "restart":
                self._host.restart(arguments["partition"])
            case "lose":
                self._driver.lose(vm, Message[arguments["message"]])
            case step:
                if _of_vm(order) in self._moved:
                    raise Refused(f"it takes this step for all segments of VM {vm} at once, and has taken it.")
                if "segment" in arguments:
                    self._moved.add(_of_vm(order))
                self._driver.order(vm, step)
                if self._claim:
                    self._go_on(vm, step)

    def _go_on(self, vm: str, step: str) -> None:
        """Take the steps of which the claim says nothing: it has no messages."""
        if step == "transfer":
            self._driver.order(vm, "receive")
        elif step == "resume":
            self._driver.drive(vm)

    def _start(self, vm: str, partition: str) -> None:
        segments = sum(1 for each in self._plan.orders if each.action == "allocate" and each.arguments.get("vm") == vm)
        self._vms[vm] = self._host.create(partition=partition, segments=max(segments, 1))
        if self._vms[vm].name != vm:
            raise BadInput(f"the schedule speaks of {vm} where the host has {self._vms[vm].name}.")


def _of_vm(order: Order) -> tuple[str, object]:
    return order.action, order.arguments.get("vm")
