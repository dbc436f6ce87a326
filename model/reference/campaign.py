"""Campaigns of faults: processes are killed and messages disturbed, and after each the whole host is looked over."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from attorn.model.reference.configuration import Configuration, decode
from attorn.model.reference.coordinator import CANCEL, RemoteDriver
from attorn.model.reference.driver import Driver
from attorn.model.reference.engines import PRETEND
from attorn.model.reference.forgery import forgeries
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.inspection import look_over
from attorn.model.reference.journey import Ending
from attorn.model.reference.judge import Verdict
from attorn.model.reference.noise import NoiseSetting
from attorn.model.reference.process import Victim
from attorn.model.reference.records import VmEntry
from attorn.model.reference.refusals import Forged
from attorn.model.reference.starting import COORDINATOR

__all__ = [
    "BOUNDARIES",
    "INSIDE",
    "VICTIMS",
    "Bench",
    "Strike",
    "Tally",
    "boundary_strikes",
    "disturb",
    "forge",
    "inside_strikes",
    "kill_at",
    "kill_at_random",
    "quiet_host",
    "suspended_configuration",
]

FORWARD = ("suspend", "describe", "transfer", "receive", "unlock", "unmap", "reassign", "map", "create", "resume",
           "answer", "hear", "exit", "settle")  # fmt: skip
BACK = ("remind", "decline", "give_back", "remap", "roll_back", "forget")
BOUNDARIES = tuple(f"{when}:{step}" for step in FORWARD for when in ("before", "after"))
BACK_BOUNDARIES = tuple(f"{when}:{step}" for step in BACK for when in ("before", "after"))
VICTIMS = ("coordinator", "firmware", "source", "destination", "source's VM", "destination's VM")
INSIDE = {
    "firmware": (
        "firmware:describe:before-journal", "firmware:describe:after-journal", "firmware:revoke:before",
        "firmware:reassign:before-journal", "firmware:reassign:torn", "firmware:reassign:after-journal",
        "firmware:enter:before-journal", "firmware:enter:after-journal",
    ),
    "source": (
        "source:suspend:before", "source:suspend:after", "source:transfer:before", "source:unmap:before",
        "source:unmap:after", "source:exit:before", "source:exit:after",
    ),
    "destination": (
        "destination:receive:before", "destination:receive:after", "destination:map:before", "destination:map:after",
        "destination:create:before", "destination:create:after", "destination:resume:before",
        "destination:resume:entered", "destination:resume:after",
    ),
    "destination's VM": ("vm:attach:handles", "vm:attach:mapped", "vm:restore:done"),
}  # fmt: skip


@dataclass(frozen=True)
class Strike:
    """Who dies, and where; ``cancelled`` names the boundary at which the operator cancels beforehand."""

    victim: str
    point: str
    cancelled: str = ""

    def __str__(self) -> str:
        return f"{self.victim} at {self.point}" + (f", cancelled {self.cancelled}" if self.cancelled else "")


@dataclass
class Tally:
    """What became of the VMs, and everything that should not have."""

    runs: int = 0
    struck: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    disturbed: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.runs += other.runs
        self.struck += other.struck
        self.endings += other.endings
        self.disturbed += other.disturbed
        self.faults += other.faults


def boundary_strikes() -> Iterator[Strike]:
    """Every process at every step boundary, on the way there and on the way back."""
    for point in BOUNDARIES:
        for victim in VICTIMS:
            yield Strike(victim, point)
    for point in BACK_BOUNDARIES:
        for victim in VICTIMS:
            yield Strike(victim, point, cancelled="before:map")


def inside_strikes() -> Iterator[Strike]:
    """Every point inside a step at which a process can be made to die."""
    for victim, points in INSIDE.items():
        for point in points:
            yield Strike(victim, point)


def quiet_host(noise: NoiseSetting | None = None, **given: Any) -> Host:
    """A small host that survives the death of any of its processes, with a judge."""
    settings: dict[str, Any] = {
        "segments": 6, "size": 1 << 16, "memory": "directory", "coordinator": "process", "noise": noise,
        "engine": PRETEND,
    }  # fmt: skip
    return Host(2, **{**settings, **given})


class Bench:
    """A host and one VM of it that goes back and forth, is made again when it is lost, and is looked over."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.tally = Tally()
        self.vm = host.create(segments=2)
        self.handles = self._handles()

    def strike(self, strike: Strike) -> Ending:
        """One migration during which a process is killed."""
        here, there = self._ends()
        self._arm(strike, here, there)
        return self._migrated(there, str(strike), lambda: None)

    def strike_at(self, victim: str, seconds: float) -> Ending:
        """One migration during which a process is killed some time after its begin."""
        here, there = self._ends()
        self.host.links[there].call("report", vm=self.vm.name)
        timer = threading.Timer(seconds, Victim(self._pid(victim, here, there)).kill)
        return self._migrated(there, f"{victim} after {seconds * 1000:.1f} ms", timer.start, timer.join)

    def departs(self, what: str, verdict: Verdict) -> None:
        """Count a migration whose log is no behaviour of the specification; the host is of no use after it."""
        self.tally.runs += 1
        self.tally.faults.append(f"{what}: {verdict}")

    def undisturbed(self) -> Ending:
        """One migration in which no process is killed; messages may be disturbed."""
        return self._migrated(self._ends()[1], "nothing is killed", lambda: None)

    def _migrated(
        self, there: str, what: str, begin: Callable[[], None], end: Callable[[], None] = lambda: None
    ) -> Ending:
        begin()
        ending = self.host.migrate(self.vm.name, there)
        end()
        self.host.mend()  # a late stroke falls when the migration is over already
        if ending.at:
            ending = self.host.settle(self.vm.name)
        self.tally.runs += 1
        result = "lost" if not ending.at else "migrated" if ending.at == there else "stayed"
        self.tally.endings[result] += 1
        for fault in look_over(self.host, self.vm if ending.at else None, self.handles):
            self.tally.faults.append(f"{what}: {fault}")
        if not ending.at or self.tally.faults:
            self._again(ending)
        return ending

    def _again(self, ending: Ending) -> None:
        if ending.at and self.vm.status.running:
            return
        for number, owner in enumerate(self.host.table().owner):
            if owner != self.host.owner[number]:
                self.host.rebalance(number, self.host.owner[number])
        self.vm = self.host.create(segments=2)

    def _ends(self) -> tuple[str, str]:
        here = self.vm.partition
        return here, next(name for name in self.host.names if name != here)

    def _arm(self, strike: Strike, here: str, there: str) -> None:
        driver = self.host.driver
        assert isinstance(driver, RemoteDriver)
        driver.ask("calm")
        if strike.cancelled:
            driver.ask("strike", point=strike.cancelled, pid=CANCEL)
        parties = {"firmware": "firmware", "source": here, "destination": there}
        if strike.point.count(":") == 1:
            victim = {"source's VM": here, "destination's VM": there}.get(strike.victim, "")
            pid = self._pid(strike.victim, here, there)
            driver.ask("strike", point=strike.point, pid=pid, partition=victim)
        elif strike.victim in parties:
            self.host.arm(parties[strike.victim], strike.point)
        else:
            driver.ask("strike", point="before:suspend", pid=0, partition=there, arm=strike.point)
        self.tally.struck += 1

    def _pid(self, victim: str, here: str, there: str) -> int:
        match victim:
            case "coordinator":
                return self.host.process_of(COORDINATOR)
            case "firmware":
                return self.host.process_of("firmware")
            case "source":
                return self.host.process_of(here)
            case "destination":
                return self.host.process_of(there)
            case "source's VM":
                return self.host.process_of(here, self.vm.name)
            case _:
                return 0  # found when it is there

    def _handles(self) -> int:
        return len(os.listdir(f"/proc/{self.host.process_of('firmware')}/fd"))


def kill_at(host: Host, strikes: list[Strike]) -> Tally:
    """Strike by strike, on one host, up to the first after which the log departs from the specification."""
    bench = Bench(host)
    for strike in strikes:
        try:
            bench.strike(strike)
        except Verdict as verdict:
            bench.departs(str(strike), verdict)
            break
    return bench.tally


def kill_at_random(host: Host, times: int, seed: int, within: float) -> Tally:
    """Kill a random process at a random moment of a migration, so many times."""
    bench, draw = Bench(host), random.Random(seed)
    for _ in range(times):
        bench.tally.struck += 1
        victim, moment = draw.choice(VICTIMS[:5]), draw.random() * within
        try:
            bench.strike_at(victim, moment)
        except Verdict as verdict:
            bench.departs(f"{victim} after {moment * 1000:.1f} ms", verdict)
            break
    return bench.tally


def disturb(host: Host, messages: int) -> Tally:
    """Migrations on a host with noise until so many messages have been disturbed."""
    bench = Bench(host)
    driver = host.driver
    assert isinstance(driver, RemoteDriver)
    while sum(driver.ask("disturbed").values()) < messages:
        bench.undisturbed()
    bench.tally.disturbed.update(driver.ask("disturbed"))
    return bench.tally


def forge(host: Host) -> Tally:
    """Hand in every kind of forged configuration of a suspended VM, to the firmware and to the destination."""
    tally = Tally()
    vm, other = host.create(segments=2), host.create(segments=1)
    true = suspended_configuration(host, vm)
    held = host.table().vms[other.name].segments
    table = msgspec.to_builtins(host.table())
    free = next(number for number in range(host.segments) if not any(number in e.segments for e in _entries(host)))
    for forgery in forgeries(true, foreign=next(iter(held)), free=free, count=host.segments):
        for link, method, more in (
            (host.firmware, "describe", {"target": true.target}),
            (host.links[true.target], "receive", {}),
        ):
            tally.runs += 1
            try:
                link.call(method, vm=vm.name, configuration=forgery.content, **more)
                tally.faults.append(f"{forgery.kind} is accepted by {link.peer}")
            except Forged:
                pass
    if msgspec.to_builtins(host.table()) != table:
        tally.faults.append("a forged configuration has changed the firmware's table")
    if host.settle(vm.name).at != true.target:
        tally.faults.append("after forged configurations the VM does not migrate by the true one")
    other.stop()
    tally.faults += look_over(host, vm)
    return tally


def suspended_configuration(host: Host, vm: Vm) -> Configuration:
    """Suspend a VM on its way to the next partition, and stop there; its true configuration."""
    driver = host.driver
    assert isinstance(driver, Driver)
    here = vm.partition
    there = next(name for name in host.names if name != here)

    def halt(point: str, _: str) -> None:
        if point == "before:describe":
            raise _Halted

    driver.at = halt
    try:
        vm.migrate(there)
    except _Halted:
        pass
    finally:
        driver.at = lambda point, vm: None
    return decode(host.links[here].call("describe", vm=vm.name)["configuration"])


class _Halted(Exception):
    """A migration that is left where it is."""


def _entries(host: Host) -> list[VmEntry]:
    return list(host.table().vms.values())
