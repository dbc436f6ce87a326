"""The coordinator: a process around the protocol driver, which may die at any moment and be replaced by another."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.protocol import Protocol
from attorn.model.reference.driver import Driver
from attorn.model.reference.event_log import EventLog
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.journey import Ending, Setting
from attorn.model.reference.link import Link
from attorn.model.reference.noise import NoiseSetting, Noisy
from attorn.model.reference.process import Victim, serve_until_orphaned
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.revocation import Policy
from attorn.model.reference.server import Server
from attorn.model.reference.slots import Report
from attorn.spec.trace import Said

__all__ = ["CANCEL", "CoordinatorOptions", "RemoteDriver", "serve"]

CANCEL = -1
"""In place of a process to kill: the operator cancels."""


class CoordinatorOptions(msgspec.Struct, kw_only=True):
    """How a coordinator is started; ``listening`` and ``lifeline`` are numbers of inherited handles."""

    listening: int
    lifeline: int
    directory: str
    token: str
    partitions: tuple[str, ...]
    log: str
    protocol: Protocol
    policy: Policy
    observe: bool
    seconds: float
    attempts: int
    defects: tuple[Defect, ...] = ()
    noise: NoiseSetting | None = None


@dataclass(frozen=True)
class _Strike:
    """victim: None where it is found when the time has come, or where the operator cancels."""

    victim: Victim | None
    cancels: bool
    partition: str
    arm: str


class Coordinator:
    """The driver's methods as messages, and the fault points of its steps."""

    def __init__(self, options: CoordinatorOptions) -> None:
        directory = Path(options.directory)
        self.noise = None if options.noise is None else Noisy(options.noise)
        firmware = Link(directory / "firmware", "the firmware", options.token, seconds=options.seconds)
        links = {name: Link(directory / name, name, seconds=options.seconds) for name in options.partitions}
        for link in (firmware, *links.values()):
            link.noise, link.attempts = self.noise, options.attempts
        setting = Setting(options.protocol, options.policy, options.observe, frozenset(options.defects))
        self.driver = Driver(firmware, links, EventLog(Path(options.log), None), setting)
        self.driver.at = self._reach
        self._eager = self.driver.eager
        self.driver.steps.pending = self._note
        self._strikes: dict[str, _Strike] = {}
        self._pending = os.open(directory / "pending", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def create(self, vm: str, partition: str, plan: Plan, addresses: tuple[int, ...]) -> Report:
        """Make a VM and execute it."""
        return self.driver.create(vm, partition, plan, addresses)

    def stop(self, vm: str) -> None:
        """End a VM for good."""
        self.driver.stop(vm)

    def rebalance(self, segment: int, partition: str) -> None:
        """Give a free segment to another partition."""
        self.driver.rebalance(segment, partition)

    def migrate(self, vm: str, target: str) -> Ending:
        """Take a VM to another partition."""
        return self.driver.migrate(vm, target)

    def drive(self, vm: str) -> Ending:
        """Bring to an end whatever is under way for a VM."""
        return self.driver.drive(vm)

    def cancel(self, vm: str) -> None:
        """Want a VM back."""
        self.driver.cancel(vm)

    def crashed(self, partition: str) -> None:
        """A partition is known to be dead."""
        self.driver.crashed(partition)

    def restarted(self, partition: str) -> None:
        """A partition lives again."""
        self.driver.restarted(partition)

    def reconnect(self) -> None:
        """The firmware was started again."""
        self.driver.reconnect()

    def take_over(self, down: tuple[str, ...]) -> None:
        """Go on for a coordinator that died."""
        left = os.pread(self._pending, 1 << 20, 0).partition(b"\n")[0]
        self.driver.take_over(msgspec.json.decode(left, type=list[list[Said]]) if left else [], down)

    def strike(self, point: str, pid: int, partition: str = "", arm: str = "") -> None:
        """Kill a process when the driver comes to a point.

        pid: 0 with a partition: the process of the VM there.  With ``arm``: let that die at a point of its own.
        CANCEL: no process is killed, the operator cancels.
        """
        victim = Victim(pid) if pid > 0 else None
        self._strikes[point] = _Strike(victim, pid == CANCEL, partition, arm)
        self.driver.eager = False

    def calm(self) -> None:
        """Strike no more."""
        while self._strikes:
            _, strike = self._strikes.popitem()
            if strike.victim is not None:
                strike.victim.spare()
        self.driver.eager = self._eager

    def disturbed(self) -> dict[str, int]:
        """How many messages were disturbed so far, by how."""
        return {} if self.noise is None else dict(self.noise.counts)

    def _reach(self, point: str, vm: str) -> None:
        strike = self._strikes.pop(point, None)
        if strike is None:
            return
        if strike.cancels:
            self.driver.cancel(vm)
        elif strike.victim is not None:
            strike.victim.kill()
        else:
            partition = self.driver.parties.partitions[strike.partition]
            with contextlib.suppress(Refused, PeerGone):  # nobody is there to be killed
                if strike.arm:
                    partition.call("arm", point=strike.arm, vm=vm)
                else:
                    Victim(partition.call("process_of", vm=vm)).kill()

    def _note(self, groups: Sequence[Sequence[Said]]) -> None:
        os.pwrite(self._pending, (msgspec.json.encode([list(each) for each in groups]) if groups else b"") + b"\n", 0)


class RemoteDriver:
    """The driver in the coordinator's process, called from here; the same methods as ``Driver``."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def create(self, vm: str, partition: str, plan: Plan, addresses: Sequence[int]) -> Report:
        """Make a VM and execute it."""
        answer = self.link.call("create", vm=vm, partition=partition, plan=plan, addresses=tuple(addresses))
        return msgspec.convert(answer, Report)

    def stop(self, vm: str) -> None:
        """End a VM for good."""
        self.link.call("stop", vm=vm)

    def rebalance(self, segment: int, partition: str) -> None:
        """Give a free segment to another partition."""
        self.link.call("rebalance", segment=segment, partition=partition)

    def migrate(self, vm: str, target: str) -> Ending:
        """Take a VM to another partition."""
        return msgspec.convert(self.link.call("migrate", vm=vm, target=target), Ending)

    def drive(self, vm: str) -> Ending:
        """Bring to an end whatever is under way for a VM."""
        return msgspec.convert(self.link.call("drive", vm=vm), Ending)

    def cancel(self, vm: str) -> None:
        """Want a VM back."""
        self.link.call("cancel", vm=vm)

    def crashed(self, partition: str) -> None:
        """A partition is known to be dead."""
        self.link.call("crashed", partition=partition)

    def restarted(self, partition: str) -> None:
        """A partition lives again."""
        self.link.call("restarted", partition=partition)

    def reconnect(self) -> None:
        """The firmware was started again."""
        self.link.call("reconnect")

    def ask(self, method: str, **arguments: Any) -> Any:
        """Any other method of the coordinator."""
        return self.link.call(method, **arguments)


def serve(given: str) -> None:
    """Serve as the coordinator."""
    options = msgspec.json.decode(given, type=CoordinatorOptions)
    found = Coordinator(options)
    server = Server(
        "the coordinator",
        (
            found.create, found.stop, found.rebalance, found.migrate, found.drive, found.cancel, found.crashed,
            found.restarted, found.reconnect, found.take_over, found.strike, found.calm, found.disturbed,
        ),
    )  # fmt: skip
    server.accept_from(socket.socket(fileno=options.listening))
    serve_until_orphaned(server, options.lifeline)
