"""Leading the reference implementation through a schedule: real processes on real memory, held where it says."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from attorn.checker.conform.schedule import Order, Schedule
from attorn.model.reference.driver import Driver
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.refusals import Refused
from attorn.spec.errors import BadInput

__all__ = ["Executed", "Led", "lead"]

WATCHED = 5.0  # seconds for which guests are watched in the end, or until one objects


@dataclass(frozen=True)
class Executed:
    """That a VM was executed in a partition; ``objects`` is what its guest found wrong, if it did."""

    vm: str
    partition: str
    objects: str = ""


@dataclass
class Led:
    """How far a host followed a schedule, and where its VMs were executed in the end, as the partitions say.

    declined: why it did not follow to the end.
    """

    done: list[str] = field(default_factory=list)
    declined: str = ""
    executed: list[Executed] = field(default_factory=list)


def lead(plan: Schedule, host: Host) -> Led:
    """Lead a host, step by step, through the orders of a schedule: nobody moves but who is told to.

    Raises BadInput for an order that it cannot be given.
    """
    return _Leading(plan, host).led()


class _Leading:
    def __init__(self, plan: Schedule, host: Host) -> None:
        if not isinstance(host.driver, Driver):
            raise BadInput("the host's driver is a process of its own, which cannot be led step by step.")
        self._plan, self._host, self._driver = plan, host, host.driver
        self._led = Led()
        self._vms: dict[str, Vm] = {}
        self._logged: list[str] = []

    def led(self) -> Led:
        """Give all orders, and watch what comes of it."""
        self._driver.log.listeners.append(lambda line: self._logged.append(getattr(line, "event", "")))
        for order in self._plan.orders:
            if order.do == "hold":
                continue  # Nobody goes on here without an order.
            try:
                self._give(order)
            except Refused as error:
                self._led.declined = f"{order.action}: {error}"
                break
            self._led.done.append(order.action)
        until = time.monotonic() + WATCHED
        while True:
            self._led.executed = [each for name in self._vms for each in self._executions(name)]
            if time.monotonic() > until or len(self._led.executed) < 2 or any(e.objects for e in self._led.executed):
                return self._led
            time.sleep(0.02)

    def _executions(self, vm: str) -> list[Executed]:
        """Where a VM is executed, or was until its guest objected."""
        found = []
        for partition in self._host.names:
            report = self._host.report(vm, partition)
            if report.status.running or report.status.why:
                found.append(Executed(vm, partition, report.status.why))
        return found

    def _give(self, order: Order) -> None:
        """Give one order."""
        arguments = {name: str(value) for name, value in order.arguments.items()}
        vm = arguments.get("vm", "")
        match order.action:
            case "start":
                self._start(vm, arguments["partition"])
            case "allocate" | "execute":
                pass  # A host gives a VM its memory as it starts it, and the guest executes all the time.
            case "suspend":
                self._driver.suspend(vm, arguments["partition"])
            case "cancel" | "time_out" as how:
                self._driver.give_up(vm, how)
            case "crash":
                self._host.kill(arguments["partition"])
            case step:
                self._driver.take(vm, step)
                if self._logged[-1:] != [step]:
                    raise Refused(f"the driver did not take it; last it logged {''.join(self._logged[-1:])}.")

    def _start(self, vm: str, partition: str) -> None:
        segments = sum(1 for each in self._plan.orders if each.action == "allocate" and each.arguments.get("vm") == vm)
        self._vms[vm] = self._host.create(partition=partition, segments=max(segments, 1))
        if self._vms[vm].name != vm:
            raise BadInput(f"the schedule speaks of {vm} where the host has {self._vms[vm].name}.")
