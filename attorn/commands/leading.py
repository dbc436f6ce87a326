"""Leading the reference implementation through a schedule: real processes on real memory, held where it says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from attorn.checker.conform.schedule import Order, Schedule
from attorn.model.hazards.catalogue import hazard
from attorn.model.migration import CLAIM
from attorn.model.presets import PRESETS
from attorn.model.protocol import Memory, Protocol
from attorn.model.reference.driver import Driver
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.judge import Verdict
from attorn.model.reference.refusals import NotDone, Refused
from attorn.spec.errors import BadInput
from attorn.spec.handover import Message

__all__ = ["Executed", "Led", "lead"]

WATCHED = 5.0  # seconds for which guests are watched in the end, or until one objects
BY_ITSELF = ("execute", "allocate")
"""A guest executes all the time, and a host gives a VM its memory as it starts it."""


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
    departed: where it did something that the specification does not allow.
    """

    memory: Memory
    judged: bool
    done: list[str] = field(default_factory=list)
    declined: str = ""
    departed: str = ""
    executed: list[Executed] = field(default_factory=list)


def lead(plan: Schedule) -> Led:
    """Lead a host, step by step, through the orders of a schedule: nobody moves but who is told to.

    Its memory is exclusive or shared as that of the protocol is. For a run of one of the named protocols, each step is
    judged by the specification as it happens.

    Raises BadInput for a protocol or an order that the reference implementation does not have.
    """
    protocol, judged = _protocol(plan.machine)
    if protocol.memory is Memory.PRESERVED:
        raise BadInput(
            f"{plan.machine} is about memory that is preserved while nobody runs, which takes a kernel that boots "
            "another; the reference implementation has exclusive and shared memory."
        )
    owners = [str(value) for cell, value in plan.start.items() if cell.startswith("owner[")]
    policy = "none" if protocol.memory is Memory.SHARED else None
    with Host(
        plan.sizes["Partition"], segments=len(owners), owner=owners, policy=policy, protocol=protocol, judge=judged
    ) as host:
        return _Leading(plan, host, judged).led()


def _protocol(machine: str) -> tuple[Protocol, bool]:
    """The protocol that a machine is of, and whether it is that of the machine to the letter."""
    if machine in PRESETS:
        return PRESETS[machine].protocol, True
    if re.fullmatch(r"H\d+", machine):
        known = hazard(machine)
        return replace(known.instead or known.base, parts=frozenset()), False
    if machine == CLAIM.name:
        return PRESETS["firmware"].protocol, False
    raise BadInput(
        f"the reference implementation follows the claim, named protocols and hazards, and {machine} is none."
    )


class _Leading:
    def __init__(self, plan: Schedule, host: Host, judged: bool) -> None:
        assert isinstance(host.driver, Driver)
        self._plan, self._host, self._driver = plan, host, host.driver
        self._led = Led(host.protocol.memory, judged)
        self._vms: dict[str, Vm] = {}
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

    def _start(self, vm: str, partition: str) -> None:
        segments = sum(1 for each in self._plan.orders if each.action == "allocate" and each.arguments.get("vm") == vm)
        self._vms[vm] = self._host.create(partition=partition, segments=max(segments, 1))
        if self._vms[vm].name != vm:
            raise BadInput(f"the schedule speaks of {vm} where the host has {self._vms[vm].name}.")


def _of_vm(order: Order) -> tuple[str, object]:
    return order.action, order.arguments.get("vm")
