"""One computer, run by you: firmware, partitions and VMs as processes, which end with the ``Host`` whatever happens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from attorn.model.presets import PRESETS
from attorn.model.protocol import Devices, ExitOrder, Memory, Protocol
from attorn.model.reference.coordinator import RemoteDriver
from attorn.model.reference.driver import Driver
from attorn.model.reference.engines import PRETEND, default_engine, default_guest
from attorn.model.reference.event_log import EventLog, Tail
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.grants import VmView
from attorn.model.reference.hosting import Status
from attorn.model.reference.journey import Ending, Setting
from attorn.model.reference.judge import Departure, Judge, instance_for, judged_machine
from attorn.model.reference.link import Link
from attorn.model.reference.noise import NoiseSetting
from attorn.model.reference.nursery import passing_directory
from attorn.model.reference.planning import refusal_of
from attorn.model.reference.records import Plan, Snapshot
from attorn.model.reference.refusals import NoReply, PeerGone, Refused, Unsupported
from attorn.model.reference.revocation import Policy, policy_named
from attorn.model.reference.segments import SEGMENT_SIZE, directory_of, refuse_sizes
from attorn.model.reference.slots import Report
from attorn.model.reference.starting import COORDINATOR, FIRMWARE, Blueprint, Processes
from attorn.spec.trace import Header

__all__ = ["Host", "Vm"]

ROUNDS = 50
VMS = 4


class Vm:
    """A virtual machine of a host, by its name."""

    def __init__(self, host: Host, name: str) -> None:
        self.host = host
        self.name = name

    def __repr__(self) -> str:
        return f"Vm({self.name})"

    @property
    def partition(self) -> str:
        """Where it is, by the firmware's table; raises Refused when it exists no more."""
        return self.host.view(self.name).grant.source

    @property
    def status(self) -> Status:
        """How its guest does, as its partition says."""
        return self.host.report(self.name, self.partition).status

    def migrate(self, to: str) -> Ending:
        """Hand it to the VMM of another partition, in place; returns how that ended, which need not be there."""
        return self.host.migrate(self.name, to)

    def stop(self) -> None:
        """End it for good; its memory is scrubbed and free."""
        self.host.stop(self.name)


class Host:
    """Firmware, partitions and a protocol driver, for as long as a ``with`` block lasts.

    partitions:  how many, or the engine of each by name: ``{"partition0": "kvm", "partition1": "unicorn"}``.
    engine:      that of each partition, where only their number is given: ``kvm``, ``unicorn`` or ``pretend``; by
                 default the first of these that works here.
    segments, size: how much memory there is, and bytes of a segment.  It belongs to the partitions in equal shares
                 unless ``owner`` says for each segment to which.
    policy:      how memory is taken from a source; by default ``kill`` where each VM has its own process, else
                 ``ptrace``.  ``Policy.NONE`` gives the shared memory semantics.
    own_process: whether each VM is executed in a process of its own.
    memory:      ``memfd``: segments are files without a name, and end with the firmware.  ``directory``: they are files
                 of a memory filesystem, and the firmware can die and be started again.  Or a directory, for instance of
                 hugetlbfs.
    log:         a file for the event log.  judge: judge each event by the specification as it happens; Verdict is
                 raised at the first that departs from it.
    coordinator: ``inline``: the protocol driver runs in this process.  ``process``: in one of its own, which can die
                 and be replaced; then the judge reads the log after each call.
    noise:       what happens to the messages of a coordinator in its own process.
    seconds, attempts: how long an answer may take, and how often it is asked for.
    observe:     look at everything after each step (/proc, digests); without, steps are logged as replies tell them.

    Raises Unsupported when this computer lacks something, with what and how to get it.
    """

    def __init__(
        self,
        partitions: int | Mapping[str, str] = 2,
        *,
        engine: str | None = None,
        segments: int = 8,
        size: int = SEGMENT_SIZE,
        owner: Sequence[str] | None = None,
        policy: Policy | str | None = None,
        own_process: bool = True,
        memory: Literal["memfd", "directory"] | Path = "memfd",
        protocol: Protocol | None = None,
        log: Path | None = None,
        judge: bool = True,
        observe: bool = True,
        defects: frozenset[Defect] = frozenset(),
        coordinator: Literal["inline", "process"] = "inline",
        noise: NoiseSetting | None = None,
        seconds: float = 10.0,
        attempts: int = 3,
    ) -> None:
        engines = partitions if isinstance(partitions, Mapping) else _named(partitions, engine or default_engine())
        self.engines = dict(engines)
        self.names = tuple(self.engines)
        if self.names != tuple(f"partition{number}" for number in range(len(self.names))) or len(self.names) < 2:
            raise Refused("partitions are called partition0, partition1, and so on; at least two.")
        chosen = policy_named(policy or (Policy.KILL if own_process else Policy.PTRACE))
        if chosen is Policy.KILL and not own_process:
            raise Refused("the policy kill ends the source's process: each VM needs its own (own_process=True).")
        shared = chosen is Policy.NONE
        self.protocol = protocol or default_protocol(shared)
        if (self.protocol.memory is Memory.SHARED) != shared:
            raise Refused("the policy none is for shared memory semantics, and they for it.")
        if refusal := refusal_of(self.protocol):
            raise Refused(refusal)
        self.policy = chosen
        self.segments, self.size, self.defects = segments, size, defects
        refuse_sizes(segments, size)
        shares = (self.names[number * len(self.names) // segments] for number in range(segments))
        self.owner = tuple(shares if owner is None else owner)
        if len(self.owner) != segments or not set(self.owner) <= set(self.names):
            raise Refused(f"owner names one of {', '.join(self.names)} for each of {segments} segments, not {owner}.")
        directory_of(memory)
        self.judge: Judge | None = None
        self._memory, self._log_path, self._judged = memory, log, judge
        self._blueprint = Blueprint(
            engines=self.engines, segments=segments, size=size, owner=self.owner, own_process=own_process,
            protocol=self.protocol, policy=chosen, observe=observe, defects=defects, noise=noise, seconds=seconds,
            attempts=attempts,
        )  # fmt: skip
        self._remote = coordinator == "process"
        self._tail: Tail | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Host:
        try:
            self._begin()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # What one does with it

    def create(
        self, guest: str | None = None, partition: str | None = None, *, segments: int = 1, **options: str
    ) -> Vm:
        """Create a VM with some segments from guest address 0 on, and execute it.

        guest, options: which program, and what it needs, such as ``disk="/path"``; by default a witness of its memory.
        Raises Refused when the partition cannot execute it, or has not enough free segments.
        """
        taken = self.table().vms
        free = [name for name in (f"vm{number}" for number in range(VMS)) if name not in taken]
        if not free:
            raise Refused(f"a host has at most {VMS} VMs at a time; stop one.")
        name = free[0]
        addresses = [number * self.size for number in range(segments)]
        where = partition or self.names[0]
        plan = Plan(guest=guest or default_guest(self.engines.get(where, PRETEND)), options=options)
        self.driver.create(name, where, plan, addresses)
        return Vm(self, name)

    def migrate(self, vm: str, to: str) -> Ending:
        """Hand a VM over; see ``Vm.migrate``. Parties that die on the way are started again."""
        try:
            ending = self.driver.migrate(vm, to)
        except (PeerGone, NoReply) as error:
            ending = self.settle(vm, error)
            return msgspec.structs.replace(ending, migrated=ending.at == to, why=ending.why or str(error))
        self._judge_what_is_new()
        return msgspec.structs.replace(ending, migrated=ending.at == to)

    def settle(self, vm: str, broken: PeerGone | NoReply | None = None) -> Ending:
        """Bring to an end whatever is under way for a VM, whoever began it and whoever has died since."""
        for _ in range(ROUNDS):
            try:
                self.mend(broken)
                ending = self.driver.drive(vm)
            except (PeerGone, NoReply) as error:
                broken = error
                continue
            self._judge_what_is_new()
            return ending
        raise Refused(f"VM {vm}: parties have died {ROUNDS} times while this was brought to an end: {broken}")

    def stop(self, vm: str) -> None:
        """End a VM for good."""
        self.driver.stop(vm)
        self._judge_what_is_new()

    def rebalance(self, segment: int, partition: str) -> None:
        """Give a free segment to another partition."""
        self.driver.rebalance(segment, partition)
        self._judge_what_is_new()

    def table(self) -> Snapshot:
        """The firmware's whole table: owner of each segment, and the VMs with what is allocated to them."""
        return msgspec.convert(self.firmware.call("table_now"), Snapshot, strict=False)

    def view(self, vm: str, digests: bool = False) -> VmView:
        """What the firmware sees of a VM."""
        return msgspec.convert(self.firmware.call("observe", vm=vm, digests=digests), VmView, strict=False)

    def report(self, vm: str, partition: str) -> Report:
        """What a partition says of a VM."""
        return msgspec.convert(self._link(partition).call("report", vm=vm), Report)

    def kill(self, party: str) -> None:
        """End ``firmware``, ``coordinator`` or a partition by SIGKILL, as a fault would; it is gone on return."""
        self._processes[party].kill()

    def process_of(self, party: str, vm: str = "") -> int:
        """The process of a party, or of a VM in it."""
        return int(self._link(party).call("process_of", vm=vm)) if vm else self._processes[party].pid

    def processes(self) -> dict[str, int]:
        """The process of each party."""
        return {name: self._processes[name].pid for name in self._processes}

    def arm(self, party: str, point: str, visits: int = 1, vm: str = "") -> None:
        """Let a party's process, or a VM's in it, die at a point of its own."""
        if party == "firmware":
            self.firmware.call("arm", point=point, visits=visits)
        else:
            self._link(party).call("arm", point=point, visits=visits, vm=vm)

    @property
    def departure(self) -> Departure | None:
        """Where the log has departed from the specification."""
        return None if self.judge is None else self.judge.departure

    # How it begins, and is mended

    def _begin(self) -> None:
        self.directory = self._open.enter_context(passing_directory("attorn-"))
        base = directory_of(self._memory)
        self._segments_at = None if base is None else self._open.enter_context(passing_directory("attorn-", base))
        lifeline, hold = os.pipe()
        self._processes = Processes(self._blueprint, self.directory, self._segments_at, lifeline)
        self._open.callback(os.close, lifeline)
        self._open.callback(self._processes.end_all)
        self._open.callback(os.close, hold)
        self._processes.start_firmware()
        for name in self.names:
            self._processes.start_partition(name)
        seconds = self._blueprint.seconds
        at = self.directory / FIRMWARE
        self.firmware = Link(at, "the firmware", self._processes.operator, seconds=seconds)
        self.links = {name: Link(self.directory / name, name, seconds=seconds) for name in self.names}
        for link in (self.firmware, *self.links.values()):
            link.attempts = self._blueprint.attempts
            self._open.callback(link.close)
        self.firmware.reconnect()
        self.driver: Driver | RemoteDriver
        log = self._log()
        if self._remote:
            log.close()
            assert log.path is not None
            self._tail = Tail(log.path)
            self._processes.start_coordinator(log.path)
            coordinator = Link(self.directory / COORDINATOR, COORDINATOR, seconds=3600.0)
            coordinator.attempts = 1
            self.driver = RemoteDriver(coordinator)
            self._open.callback(coordinator.close)
        else:
            setting = Setting(self.protocol, self.policy, self._blueprint.observe, self.defects)
            self.driver = Driver(self.firmware, self.links, log, setting)
            self._open.callback(log.close)

    def _log(self) -> EventLog:
        machine = judged_machine(self.protocol)
        instance = instance_for(machine, VMS, self.segments, len(self.names))
        header = Header(
            format="attorn-trace", version=1, machine=machine.name, digest=machine.digest, sizes=instance.described(),
            recorder="attorn",
        )  # fmt: skip
        if self._remote and self._log_path is None:
            self._log_path = self.directory / "log.jsonl"
        log = EventLog(self._log_path, header, held=not self._blueprint.observe and not self._remote)
        log.seen({f"owner[segment{number}]": owner for number, owner in enumerate(self.owner)}, "at the start")
        if self._judged:
            self.judge = Judge(instance, [self.names.index(owner) for owner in self.owner], strict=True)
            if not self._remote:
                log.listeners.append(self.judge.take)
        return log

    def _judge_what_is_new(self) -> None:
        """Judge the lines that a coordinator in its own process has written since; raises Verdict."""
        if self.judge is not None and self._tail is not None:
            for line in self._tail.lines():
                self.judge.take(line)

    def mend(self, broken: PeerGone | NoReply | None = None) -> None:
        """Start again what has died; end first what does not answer, as nobody may take over from who may live."""
        if broken is not None:  # what has closed its connections is about to end, and is waited for
            party = FIRMWARE if broken.party == self.firmware.peer else broken.party
            if party in self._processes:
                self._processes[party].kill()
        reconnecting = not self._processes[FIRMWARE].alive
        if reconnecting:
            self._revive_firmware()
        dead = self._processes.dead
        for name in dead:
            self._fence(name)
        if self._remote and not self._processes[COORDINATOR].alive:
            self._revive_coordinator()
        elif reconnecting:
            self.driver.reconnect()
        for name in dead:
            self.driver.crashed(name)
            self._restart(name)

    def crash(self, partition: str) -> None:
        """End a partition by SIGKILL, and have everybody notice, with nothing started again; see ``restart``."""
        self._link(partition)
        self.kill(partition)
        self._fence(partition)
        self.driver.crashed(partition)

    def restart(self, partition: str) -> None:
        """Start a partition again that has crashed; it is empty."""
        self._link(partition)
        if self._processes[partition].alive:
            raise Refused(f"{partition} has not crashed.")
        self._restart(partition)

    def _link(self, partition: str) -> Link:
        """What carries messages to a partition; raises Refused where there is none of that name."""
        if partition not in self.links:
            raise Refused(f"there is no partition `{partition}`; there are: {', '.join(self.links)}.")
        return self.links[partition]

    def _fence(self, name: str) -> None:
        """Make sure that nothing of a dead partition is left that could touch memory."""
        self._processes[name].close()
        self.links[name].close()
        self.firmware.call("fence", partition=name)

    def _restart(self, name: str) -> None:
        self._processes.start_partition(name)
        self.links[name].reconnect()
        self.driver.restarted(name)

    def _revive_coordinator(self) -> None:
        assert isinstance(self.driver, RemoteDriver)
        self._processes[COORDINATOR].close()
        self.driver.link.close()
        assert self._log_path is not None
        self._processes.start_coordinator(self._log_path)
        self.driver.link.reconnect()
        self.driver.ask("take_over", down=tuple(self._processes.dead))

    def _revive_firmware(self) -> None:
        if self._segments_at is None:
            raise Unsupported(
                "the firmware has died, and its segments are memfds, which it alone could hand out: the VMs run on "
                'where they are, and cannot migrate any more. Use memory="directory" to survive this.'
            )
        self._processes[FIRMWARE].close()
        self._processes.start_firmware()
        self.firmware.reconnect()
        for link in self.links.values():
            with contextlib.suppress(PeerGone):
                link.call("reconnect")


def default_protocol(shared: bool) -> Protocol:
    """The protocol of this implementation: that of the preset ``firmware``, or ``memfd`` for shared memory."""
    found = replace(PRESETS["memfd" if shared else "firmware"].protocol, devices=Devices.LOCK)
    # The source exits only once it has heard: until the destination is let in, it can take the VM back.
    return found if shared else replace(found, exit_order=ExitOrder.AFTER_ANSWER)


def _named(count: int, engine: str) -> dict[str, str]:
    return {f"partition{number}": engine for number in range(count)}
