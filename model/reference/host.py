"""One computer, run by you: firmware, partitions and VMs as processes, which end with the ``Host`` whatever happens."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from attorn.model.protocol import ExitOrder, Memory, Protocol
from attorn.model.reference.driver import Driver, Ending, Setting
from attorn.model.reference.event_log import EventLog, Header
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.firmware import FirmwareOptions, VmView
from attorn.model.reference.hosting import Status
from attorn.model.reference.judge import Departure, Judge, instance_for, judged_machine
from attorn.model.reference.link import Link
from attorn.model.reference.partition import PartitionOptions, Report
from attorn.model.reference.process import Child, KnownProcesses, spawn
from attorn.model.reference.records import Plan, Snapshot
from attorn.model.reference.refusals import NoReply, PeerGone, Refused, Unsupported
from attorn.model.reference.revocation import Policy, end
from attorn.model.reference.segments import SEGMENT_SIZE, memory_directory
from attorn.model.reference.wire import listen

__all__ = ["Host", "Vm"]

OPERATOR = ""
FIRMWARE = "the firmware"
ROUNDS = 50


class Vm:
    """A virtual machine of a host, by its name."""

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self.name = name

    def __repr__(self) -> str:
        return f"Vm({self.name})"

    @property
    def partition(self) -> str:
        """Where it is, by the firmware's table; raises Refused when it exists no more."""
        return self._host.view(self.name).grant.source

    @property
    def status(self) -> Status:
        """How its guest does, as its partition says."""
        return self._host.report(self.name, self.partition).status

    def migrate(self, to: str) -> Ending:
        """Hand it to the VMM of another partition, in place; returns how that ended, which need not be there."""
        return self._host.migrate(self.name, to)

    def stop(self) -> None:
        """End it for good; its memory is scrubbed and free."""
        self._host.stop(self.name)


class Host:
    """Firmware, partitions and a protocol driver, for as long as a ``with`` block lasts.

    partitions:  how many, or the engine of each by name: ``{"partition0": "kvm", "partition1": "unicorn"}``.
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
    observe:     look at everything after each step (/proc, digests); without, steps are logged as replies tell them.

    Raises Unsupported when this computer lacks something, with what and how to get it.
    """

    def __init__(
        self,
        partitions: int | Mapping[str, str] = 2,
        *,
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
        seconds: float = 60.0,
    ) -> None:
        engines = partitions if isinstance(partitions, Mapping) else _named(partitions)
        self.engines = dict(engines)
        self.names = tuple(self.engines)
        if self.names != tuple(f"partition{number}" for number in range(len(self.names))) or len(self.names) < 2:
            raise Refused("partitions are called partition0, partition1, and so on; at least two.")
        chosen = Policy(policy) if policy is not None else Policy.KILL if own_process else Policy.PTRACE
        if chosen is Policy.KILL and not own_process:
            raise Refused("the policy kill ends the source's process: each VM needs its own (own_process=True).")
        shared = chosen is Policy.NONE
        self.protocol = protocol or default_protocol(shared)
        if (self.protocol.memory is Memory.SHARED) != shared:
            raise Refused("the policy none is for shared memory semantics, and they for it.")
        self.policy = chosen
        self.segments, self.size, self.own_process, self.defects = segments, size, own_process, defects
        self.owner = tuple(owner or (self.names[number * len(self.names) // segments] for number in range(segments)))
        self.judge: Judge | None = None
        self._memory, self._log_path, self._judged, self._observe = memory, log, judge, observe
        self._seconds = seconds
        self._open = contextlib.ExitStack()
        self._children: dict[str, Child] = {}
        self._listening: dict[str, socket.socket] = {}
        self._tokens = {secrets.token_hex(16): name for name in (OPERATOR, *self.names)}
        self._vms = 0

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

    def create(self, guest: str = "pretend", partition: str | None = None, *, segments: int = 1, **options: str) -> Vm:
        """Create a VM with some segments from guest address 0 on, and execute it.

        guest, options: which program, and what it needs, such as ``disk="/path"``.
        Raises Refused when the partition cannot execute it, or has not enough free segments.
        """
        name = f"vm{self._vms}"
        addresses = [number * self.size for number in range(segments)]
        self.driver.create(name, partition or self.names[0], Plan(guest=guest, options=options), addresses)
        self._vms += 1
        return Vm(self, name)

    def migrate(self, vm: str, to: str) -> Ending:
        """Hand a VM over; see ``Vm.migrate``. Parties that die on the way are started again."""
        with self._mended() as broken:
            return self.driver.migrate(vm, to)
        return self.settle(vm, broken)

    def settle(self, vm: str, broken: Sequence[Exception] = ()) -> Ending:
        """Bring to an end whatever is under way for a VM, whoever began it and whoever has died since."""
        for error in broken:
            self._mend(error)
        for _ in range(ROUNDS):
            with self._mended() as again:
                return self.driver.drive(vm)
            for error in again:
                self._mend(error)
        raise Refused(f"VM {vm}: parties have died {ROUNDS} times while this was brought to an end.")

    def stop(self, vm: str) -> None:
        """End a VM for good."""
        self.driver.stop(vm)

    def table(self) -> Snapshot:
        """The firmware's whole table: owner of each segment, and the VMs with what is allocated to them."""
        return msgspec.convert(self.firmware.call("table_now"), Snapshot, strict=False)

    def view(self, vm: str, digests: bool = False) -> VmView:
        """What the firmware sees of a VM."""
        return msgspec.convert(self.firmware.call("observe", vm=vm, digests=digests), VmView, strict=False)

    def report(self, vm: str, partition: str) -> Report:
        """What a partition says of a VM."""
        return msgspec.convert(self.driver.partitions[partition].call("report", vm=vm), Report)

    def kill(self, party: str) -> None:
        """End the firmware (``firmware``) or a partition by SIGKILL, as a fault would; it is gone on return."""
        self._children[party].kill()

    def process_of(self, party: str, vm: str = "") -> int:
        """The process of a party, or of a VM in it."""
        if vm:
            return int(self.driver.partitions[party].call("process_of", vm=vm))
        return self._children[party].pid

    def arm(self, party: str, point: str, visits: int = 1, vm: str = "") -> None:
        """Let a party's process, or a VM's in it, die at a point of its own."""
        if party == "firmware":
            self.firmware.call("arm", point=point, visits=visits)
        else:
            self.driver.partitions[party].call("arm", point=point, visits=visits, vm=vm)

    @property
    def departure(self) -> Departure | None:
        """Where the log has departed from the specification."""
        return None if self.judge is None else self.judge.departure

    # How it begins, and is mended

    def _begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="attorn-"))
        self._open.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self._segments_at = self._segment_directory()
        self._lifeline, hold = os.pipe()
        self._open.callback(os.close, self._lifeline)
        for name in ("firmware", *self.names):
            self._listening[name] = self._open.enter_context(listen(self.directory / name))
        self._open.callback(self._end_children)
        self._open.callback(os.close, hold)
        self._start_firmware()
        for name in self.names:
            self._start_partition(name)
        token = next(token for token, name in self._tokens.items() if name == OPERATOR)
        self.firmware = Link(self.directory / "firmware", FIRMWARE, token, seconds=self._seconds)
        self._open.callback(self.firmware.close)
        links = {name: Link(self.directory / name, name, seconds=self._seconds) for name in self.names}
        for link in links.values():
            self._open.callback(link.close)
        self.driver = Driver(
            self.firmware, links, self._log(), Setting(self.protocol, self.policy, self._observe, self.defects)
        )
        self._open.callback(self.driver.log.close)
        self.firmware.reconnect()

    def _log(self) -> EventLog:
        machine = judged_machine(self.protocol)
        instance = instance_for(machine, 4, self.segments, len(self.names))
        header = Header(
            format="attorn-trace", version=1, machine=machine.name, sizes=instance.described(), recorder="attorn",
        )  # fmt: skip
        log = EventLog(self._log_path, header)
        log.seen({f"owner[segment{number}]": owner for number, owner in enumerate(self.owner)}, "at the start")
        if self._judged:
            self.judge = Judge(instance, [self.names.index(owner) for owner in self.owner], strict=True)
            log.listeners.append(self.judge.take)
        return log

    def _segment_directory(self) -> Path | None:
        if self._memory == "memfd":
            return None
        if isinstance(self._memory, Path):
            base: Path | None = self._memory
        else:
            base = memory_directory()
        if base is None:
            raise Unsupported(
                "there is no memory filesystem at /dev/shm. Mount one (mount -t tmpfs tmpfs /dev/shm), name another "
                'directory, or use memory="memfd".'
            )
        made = Path(tempfile.mkdtemp(prefix="attorn-", dir=base))
        self._open.callback(shutil.rmtree, made, ignore_errors=True)
        return made

    def _start_firmware(self) -> None:
        listening = self._listening["firmware"]
        options = FirmwareOptions(
            listening=listening.fileno(), lifeline=self._lifeline, state=str(self.directory / "state"),
            tokens=self._tokens, segments=self.segments, size=self.size, partitions=self.names, owner=self.owner,
            directory=None if self._segments_at is None else str(self._segments_at),
            shared=self.protocol.memory is Memory.SHARED, defects=tuple(self.defects),
        )  # fmt: skip
        self._children["firmware"] = spawn("firmware", "firmware", options, (listening, self._lifeline))

    def _start_partition(self, name: str) -> None:
        token = next(token for token, whose in self._tokens.items() if whose == name)
        listening = self._listening[name]
        options = PartitionOptions(
            listening=listening.fileno(), lifeline=self._lifeline, name=name, engine=self.engines[name],
            firmware=str(self.directory / "firmware"), token=token, own_process=self.own_process,
            memory=self.protocol.memory, defects=tuple(self.defects),
        )  # fmt: skip
        self._children[name] = spawn("partition", name, options, (listening, self._lifeline))

    @contextlib.contextmanager
    def _mended(self) -> Iterator[list[Exception]]:
        """Gather the failure of a party instead of raising it."""
        gathered: list[Exception] = []
        try:
            yield gathered
        except (PeerGone, NoReply) as error:
            gathered.append(error)

    def _mend(self, error: Exception) -> None:
        """Start again what has died; end first what does not answer, as nobody may take over from who may live."""
        assert isinstance(error, (PeerGone, NoReply))
        if isinstance(error, NoReply) and error.party in self.names:
            self._children[error.party].kill()
        for name in self.names:
            if not self._children[name].alive or (isinstance(error, PeerGone) and error.party == name):
                self._revive(name)
        if not self._children["firmware"].alive or error.party == FIRMWARE:
            self._revive_firmware()

    def _revive(self, name: str) -> None:
        self._children[name].close()
        self._end_vms_of(name)
        self.driver.partitions[name].close()
        self.driver.crashed(name)
        self._start_partition(name)
        self.driver.partitions[name].reconnect()
        self.driver.restarted(name)

    def _end_vms_of(self, name: str) -> None:
        """The processes of a dead partition's VMs end by themselves; wait until they have."""
        self.firmware.call("fence", partition=name)

    def _revive_firmware(self) -> None:
        if self._segments_at is None:
            raise Unsupported(
                "the firmware has died, and its segments are memfds, which it alone could hand out: the VMs run on "
                'where they are, and cannot migrate any more. Use memory="directory" to survive this.'
            )
        self._children["firmware"].close()
        self._start_firmware()
        self.firmware.reconnect()
        for link in self.driver.partitions.values():
            with contextlib.suppress(PeerGone):
                link.call("reconnect")

    def _end_children(self) -> None:
        """End every process; those of VMs first, which the firmware has on record."""
        for name in self.names:
            if name in self._children:
                self._children[name].kill()
        for pid in KnownProcesses(self.directory / "state" / "processes").all():
            if pid != os.getpid():
                end(pid)
        for child in self._children.values():
            child.close()


def default_protocol(shared: bool) -> Protocol:
    """The protocol of this implementation: that of the preset ``firmware``, or ``memfd`` for shared memory."""
    from attorn.model.presets import PRESETS

    found = PRESETS["memfd" if shared else "firmware"].protocol
    return found if shared else _patient(found)


def _patient(protocol: Protocol) -> Protocol:
    """The source exits only once it has heard: until then it could take the VM back."""
    from dataclasses import replace

    return replace(protocol, exit_order=ExitOrder.AFTER_ANSWER)


def _named(count: int) -> dict[str, str]:
    return {f"partition{number}": "pretend" for number in range(count)}
