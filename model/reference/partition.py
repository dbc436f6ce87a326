"""A logical partition: a process that hosts VMs and takes their part, as source and as destination, in migrations.

Each step is a message. The partition keeps what only it can know: as a source its phase and whether it wants the VM
back, as a destination how far it is. It checks each step against that, so a message that comes late or twice does no
harm, and it asks the firmware before it executes a VM.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.protocol import Memory
from attorn.model.reference.configuration import Configuration, SegmentDescription, decode, encode
from attorn.model.reference.engines import promised
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.firmware import Grant
from attorn.model.reference.hosting import Hosted, RunState, Status
from attorn.model.reference.link import Link
from attorn.model.reference.process import Child, serve_until_orphaned, spawn
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.revocation import Policy
from attorn.model.reference.validation import validate
from attorn.model.reference.vm_process import VmOptions
from attorn.model.reference.vmm.cpu_state import CpuRequirements
from attorn.model.reference.wire import Caller, Channel, Server, pair
from attorn.spec.handover import Arrival, Outcome
from attorn.spec.vocabulary import Phase

__all__ = ["PartitionOptions", "Report"]

UNDER_WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)


class PartitionOptions(msgspec.Struct, kw_only=True):
    """How a partition is started.

    own_process: whether each VM gets a process of its own.  listening, lifeline: numbers of inherited handles.
    """

    listening: int
    lifeline: int
    name: str
    engine: str
    firmware: str
    nursery: str
    token: str
    own_process: bool
    memory: Memory = Memory.EXCLUSIVE
    defects: tuple[Defect, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a partition says of a VM.

    phase, aborting, heard, told, cut, target: as its source; ABSENT when it is not.
    arrival: as its destination.  resources: whether it has a VM of that name at all.  epoch: of the migration.
    locked:  whether its VMM may use the VM's disk, or would if it had one.
    """

    phase: Phase = Phase.ABSENT
    target: str = ""
    epoch: int = 0
    aborting: bool = False
    heard: bool = False
    cut: bool = False
    told: Outcome = Outcome.OPEN
    arrival: Arrival = Arrival.NOTHING
    resources: bool = False
    locked: bool = False
    status: Status = Status(attached=False, running=False)
    plan: Plan = Plan(guest="")
    configuration: bytes = b""


@dataclass
class _Slot:
    """One VM in this partition."""

    vm: str
    plan: Plan
    hosted: Hosted | _Remote | None = None
    phase: Phase = Phase.ABSENT
    target: str = ""
    epoch: int = 0
    aborting: bool = False
    heard: bool = False
    cut: bool = False
    told: Outcome = Outcome.OPEN
    arrival: Arrival = Arrival.NOTHING
    resources: bool = False
    locked: bool = False
    state: RunState | None = None
    configuration: bytes = b""
    released: bool = field(default=False)
    """Whether the firmware may have taken the VM's process away, as its policy is."""

    def vmm(self) -> Hosted | _Remote:
        if self.hosted is None:
            raise Refused(f"VM {self.vm} has no VMM here.")
        return self.hosted


class _Remote:
    """A VM in a process of its own; the methods of ``Hosted``, called from here."""

    def __init__(self, options: PartitionOptions, vm: str) -> None:
        ours, theirs = pair()
        given = VmOptions(
            channel=theirs.fileno(), lifeline=options.lifeline, firmware=options.firmware, token=options.token, vm=vm,
            defects=options.defects,
        )  # fmt: skip
        self.child: Child = spawn(Path(options.nursery), "vm_process", f"VM {vm}", given, (theirs, options.lifeline))
        theirs.close()
        self.expendable = False
        """Whether the firmware may have ended it, as its policy is."""
        self.caller = Caller(Channel(ours, f"the process of VM {vm}"), seconds=60.0)

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return self.caller.call(method, **arguments)
        except PeerGone as error:
            if error.party != self.caller.channel.peer or self.expendable:
                raise
            os._exit(1)  # nobody took the process away: it has died, and this VMM with it

    def make(self, engine: str, plan: Plan) -> CpuRequirements:
        return msgspec.convert(self._call("make", engine=engine, plan=plan), CpuRequirements)

    def attach(self) -> None:
        self._call("attach")

    def boot(self, plan: Plan) -> None:
        self._call("boot", plan=plan)

    def start(self) -> None:
        self._call("start")

    def suspend(self) -> Status:
        return msgspec.convert(self._call("suspend"), Status)

    def capture(self) -> RunState:
        return msgspec.convert(self._call("capture"), RunState)

    def restore(self, state: RunState) -> None:
        self._call("restore", state=state)

    def release(self) -> None:
        self._call("release")

    def detach(self) -> None:
        self._call("detach")

    def status(self) -> Status:
        return msgspec.convert(self._call("status"), Status)

    def arm(self, point: str, visits: int = 1) -> None:
        self._call("arm", point=point, visits=visits)

    def reconnect(self) -> None:
        self._call("reconnect")

    def close(self) -> None:
        """End the process; what it held goes with it."""
        with contextlib.suppress(PeerGone, Refused):
            self.caller.call("close")
        self.caller.close()
        self.child.close()


class Partition:
    """The partition's methods, each a message that it answers; the steps have the names of the model's."""

    def __init__(self, options: PartitionOptions) -> None:
        self.options = options
        self.points = FaultPoints(frozenset(options.defects))
        self.firmware = Link(Path(options.firmware), "the firmware", options.token)
        self.firmware.reconnect()
        self.slots: dict[str, _Slot] = {}

    # Life

    def start(self, vm: str, plan: Plan) -> Report:
        """Make a VM; it has no memory yet."""
        if vm in self.slots:
            raise Refused(f"{self.options.name} has a VM {vm} already.")
        slot = _Slot(vm, plan, self._fresh(vm), resources=True, locked=True)
        try:
            slot.vmm().make(self.options.engine, plan)
        except BaseException:
            slot.vmm().close()
            raise
        slot.phase, slot.target = Phase.RUNNING, self.options.name
        self.slots[vm] = slot
        return self._report(slot)

    def boot(self, vm: str) -> Report:
        """Map the VM's memory, put its program there, and execute it."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.RUNNING, slot, "boot")
        slot.vmm().attach()
        slot.vmm().boot(slot.plan)
        slot.vmm().start()
        return self._report(slot)

    def stop(self, vm: str) -> Report:
        """End the VM for good."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.RUNNING and slot.target == self.options.name, slot, "stop")
        self._drop(slot)
        return Report()

    # As a source

    def suspend(self, vm: str, target: str) -> Report:
        """Stop the VM, to hand it to another partition."""
        slot = self._slot(vm)
        if slot.phase is Phase.SUSPENDED and slot.target == target:
            return self._report(slot)
        self._require(slot.phase is Phase.RUNNING and slot.target == self.options.name, slot, "suspend")
        self.points.reach("source:suspend:before")
        slot.vmm().suspend()
        slot.phase, slot.target, slot.told = Phase.SUSPENDED, target, Outcome.OPEN
        slot.epoch = self._grant(vm).epoch
        self.points.reach("source:suspend:after")
        return self._report(slot)

    def describe(self, vm: str) -> Report:
        """Write the extended configuration; the firmware keeps it before anything is given up."""
        slot = self._slot(vm)
        self._require(slot.phase in (Phase.SUSPENDED, Phase.DESCRIBED) and not slot.aborting, slot, "describe")
        grant = self._grant(vm)
        slot.state = slot.vmm().capture()
        segments = tuple(SegmentDescription(each.segment, grant.size, each.guest_address) for each in grant.segments)
        if self.points.has(Defect.MISSING_SEGMENT):
            segments = segments[1:]
        found = Configuration(
            vm=vm, epoch=grant.epoch, source=self.options.name, target=slot.target,
            requirements=promised(slot.plan)[0], segments=segments, cpu=slot.state.cpu, devices=slot.state.devices,
        )  # fmt: skip
        slot.configuration = encode(found)
        return self._report(slot, configuration=True)

    def described(self, vm: str) -> Report:
        """The firmware has the configuration."""
        slot = self._slot(vm)
        self._require(bool(slot.configuration) and slot.phase in (Phase.SUSPENDED, Phase.DESCRIBED), slot, "describe")
        slot.phase = Phase.DESCRIBED
        return self._report(slot)

    def transfer(self, vm: str) -> Report:
        """Hand the configuration out, to be taken to the destination."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.DESCRIBED and not slot.aborting and not slot.cut, slot, "transfer")
        self.points.reach("source:transfer:before")
        slot.phase = Phase.TRANSFERRED
        return self._report(slot, configuration=True)

    def unlock(self, vm: str) -> Report:
        """Release the disk's lock."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "unlock")
        if not self.points.has(Defect.LATE_UNLOCK):
            slot.vmm().release()
        slot.locked = False
        return self._report(slot)

    def unmap(self, vm: str, policy: Policy) -> Report:
        """Drop the mappings of all segments, as far as the policy leaves that to the VMM."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "unmap")
        self.points.reach("source:unmap:before")
        slot.released = True
        if isinstance(slot.hosted, _Remote):
            slot.hosted.expendable = True
        if policy is Policy.COOPERATE:
            slot.vmm().detach()
        self.points.reach("source:unmap:after")
        return self._report(slot, asking=policy is Policy.COOPERATE)

    def exit(self, vm: str) -> Report:
        """Free all that the VM holds here."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "exit")
        self.points.reach("source:exit:before")
        if not self.points.has(Defect.LEAKED_VM):
            self._end(slot)
        slot.phase = Phase.EXITED
        self.points.reach("source:exit:after")
        return self._report(slot)

    def hear(self, vm: str) -> Report:
        """The destination says that the VM is its own; the operator is told so."""
        slot = self._slot(vm)
        self._require(slot.phase in (*UNDER_WAY, Phase.EXITED), slot, "hear")
        slot.heard, slot.aborting, slot.told = True, False, Outcome.MIGRATED
        return self._report(slot)

    def time_out(self, vm: str) -> Report:
        """Give up waiting for the destination, and want the VM back."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.heard, slot, "time_out")
        slot.aborting = True
        return self._report(slot)

    def notice(self, vm: str, cut: bool) -> Report:
        """See that the destination is dead, or has not heard of the VM, and want the VM back."""
        slot = self._slot(vm)
        self._require(slot.phase in UNDER_WAY and not slot.heard, slot, "notice")
        slot.aborting, slot.cut = True, slot.cut or cut
        return self._report(slot)

    def cancel(self, vm: str) -> Report:
        """The operator wants the VM to stay."""
        slot = self._slot(vm)
        self._require(slot.phase in UNDER_WAY and not slot.heard and not slot.aborting, slot, "cancel")
        slot.aborting = True
        return self._report(slot)

    def connection_cut(self, vm: str) -> Report:
        """The destination is dead."""
        slot = self._slot(vm)
        slot.cut = True
        return self._report(slot)

    def remap(self, vm: str) -> Report:
        """Map all segments again where they were."""
        slot = self._slot(vm)
        self._require(slot.phase in UNDER_WAY and slot.aborting, slot, "remap")
        self._take_again(slot)
        return self._report(slot)

    def roll_back(self, vm: str) -> Report:
        """Execute the VM again, as if it had never been suspended."""
        slot = self._slot(vm)
        self._require(slot.phase in UNDER_WAY, slot, "roll_back")
        self.points.reach("source:roll_back:before")
        if self.points.has(Defect.TWO_RUNNERS):
            self._take_again(slot)
        self.firmware.call("withdraw", vm=vm)
        if slot.state is not None and (slot.released or not slot.locked):
            slot.vmm().restore(slot.state)
        slot.vmm().start()
        slot.phase, slot.aborting, slot.released, slot.locked = Phase.RUNNING, False, False, True
        slot.told, slot.state, slot.configuration = Outcome.STAYED, None, b""
        self.points.reach("source:roll_back:after")
        return self._report(slot)

    def forget(self, vm: str) -> Report:
        """The failed migration is over."""
        slot = self._slot(vm)
        self._require(slot.phase is Phase.RUNNING, slot, "forget")
        slot.target, slot.cut, slot.heard = self.options.name, False, False
        return self._report(slot)

    def concede(self, vm: str) -> Report:
        """Learn that the VM has executed elsewhere, and exit."""
        slot = self._slot(vm)
        self._require(slot.phase in UNDER_WAY and slot.aborting, slot, "concede")
        self._end(slot)
        slot.phase, slot.aborting = Phase.EXITED, False
        return self._report(slot)

    def gone(self, vm: str) -> Report:
        """The VM is settled elsewhere, or buried: drop what is left of it."""
        if vm in self.slots:
            self._drop(self.slots[vm])
        return Report()

    # As a destination

    def prepare(self, vm: str, plan: Plan) -> Report:
        """Make ready for a VM, before it is suspended; refuse here what cannot be carried."""
        if vm in self.slots:
            raise Refused(f"{self.options.name} has a VM {vm} already.")
        slot = _Slot(vm, plan, self._fresh(vm))
        try:
            slot.vmm().make(self.options.engine, plan)
        except BaseException:
            slot.vmm().close()
            raise
        self.slots[vm] = slot
        return self._report(slot)

    def receive(self, vm: str, configuration: bytes) -> Report:
        """Take the configuration, once all of it agrees with the firmware's table."""
        slot = self._slot(vm)
        if slot.arrival is Arrival.RECEIVED and slot.configuration == configuration:
            return self._report(slot)
        self._require(slot.arrival in (Arrival.NOTHING, Arrival.DECLINED), slot, "receive")
        self.points.reach("destination:receive:before")
        found = decode(configuration)
        if not self.points.has(Defect.MISSING_SEGMENT):
            validate(found, self._grant(vm), self.options.name, *promised(slot.plan))
        slot.state = RunState(cpu=found.cpu, devices=found.devices)
        slot.configuration, slot.epoch, slot.arrival = configuration, found.epoch, Arrival.RECEIVED
        self.points.reach("destination:receive:after")
        return self._report(slot)

    def recover(self, vm: str, plan: Plan) -> Report:
        """Take the configuration from the firmware's journal, where nobody was let in before."""
        if vm in self.slots and self.slots[vm].hosted is None:  # it has given the VM up before
            del self.slots[vm]
        if vm not in self.slots:
            self.prepare(vm, plan)
        slot = self._slot(vm)
        self._require(slot.arrival in (Arrival.NOTHING, Arrival.DECLINED), slot, "recover")
        return self.receive(vm, self.firmware.call("configuration", vm=vm))

    def map(self, vm: str) -> Report:
        """Map all segments at the guest addresses that their descriptions name."""
        slot = self._slot(vm)
        self._require(slot.arrival in (Arrival.RECEIVED, Arrival.CREATED), slot, "map")
        self.points.reach("destination:map:before")
        slot.vmm().attach()
        self.points.reach("destination:map:after")
        return self._report(slot)

    def create(self, vm: str) -> Report:
        """Create the VM by the configuration."""
        slot = self._slot(vm)
        self._require(slot.arrival is Arrival.RECEIVED and slot.state is not None, slot, "create")
        self.points.reach("destination:create:before")
        assert slot.state is not None
        slot.vmm().restore(slot.state)
        slot.arrival, slot.resources, slot.locked = Arrival.CREATED, True, True
        self.points.reach("destination:create:after")
        return self._report(slot)

    def resume(self, vm: str) -> Report:
        """Be let in by the firmware, then execute the VM."""
        slot = self._slot(vm)
        if slot.arrival is Arrival.RESUMED:
            return self._report(slot)
        self._require(slot.arrival is Arrival.CREATED, slot, "resume")
        self.points.reach("destination:resume:before")
        if self.options.memory is Memory.EXCLUSIVE:
            self.firmware.call("enter", vm=vm)
        self.points.reach("destination:resume:entered")
        slot.vmm().start()
        slot.arrival, slot.state, slot.configuration = Arrival.RESUMED, None, b""
        self.points.reach("destination:resume:after")
        return self._report(slot)

    def answer(self, vm: str) -> Report:
        """Say that the VM is this partition's now."""
        slot = self._slot(vm)
        early = self.points.has(Defect.ANSWER_BEFORE_RESUME)
        self._require(slot.arrival in (Arrival.ANSWERED, Arrival.RESUMED) or early, slot, "answer")
        return self._report(slot)

    def decline(self, vm: str) -> Report:
        """Give a VM up that has not been resumed, and drop what there is of it; or insist that it is too late."""
        slot = self.slots.get(vm)
        if slot is None:
            slot = self.slots[vm] = _Slot(vm, Plan(guest=""))
        if slot.arrival in (Arrival.ANSWERED, Arrival.RESUMED):
            return self._report(slot)
        self.points.reach("destination:decline:before")
        self._end(slot)
        slot.arrival = Arrival.DECLINED
        slot.state, slot.configuration = None, b""
        return self._report(slot)

    def settle(self, vm: str) -> Report:
        """Be the VM's source from now on."""
        slot = self._slot(vm)
        self._require(slot.arrival is Arrival.RESUMED or slot.phase is Phase.RUNNING, slot, "settle")
        if isinstance(slot.hosted, _Remote):
            slot.hosted.expendable = False
        slot.phase, slot.target, slot.arrival = Phase.RUNNING, self.options.name, Arrival.NOTHING
        slot.heard = slot.aborting = slot.cut = slot.released = False
        return self._report(slot)

    # For anyone

    def report(self, vm: str) -> Report:
        """What there is to say of a VM."""
        slot = self.slots.get(vm)
        return Report() if slot is None else self._report(slot)

    def reconnect(self) -> list[str]:
        """Say hello to a firmware that was started again, here and in the VMs' processes; the VMs that there are."""
        self.firmware.reconnect()
        for slot in self.slots.values():
            if isinstance(slot.hosted, _Remote):
                slot.hosted.reconnect()
        return list(self.slots)

    def arm(self, point: str, visits: int = 1, vm: str = "") -> None:
        """Let the partition, or the process of a VM in it, die at a point of its own, for tests."""
        if vm:
            self._slot(vm).vmm().arm(point, visits)
        else:
            self.points.arm(point, visits)

    def process_of(self, vm: str) -> int:
        """The process that executes a VM."""
        hosted = self._slot(vm).hosted
        return hosted.child.pid if isinstance(hosted, _Remote) else os.getpid()

    def _fresh(self, vm: str) -> Hosted | _Remote:
        if self.options.own_process:
            # A new process is of no use, and ends at once, when there is no firmware.
            self.firmware.call("hello", token=self.options.token)
            return _Remote(self.options, vm)
        return Hosted(self.firmware, vm, self.points)

    def _take_again(self, slot: _Slot) -> None:
        """Map the VM's memory once more, in a new process if the firmware has ended the old one."""
        hosted = slot.hosted
        if isinstance(hosted, _Remote) and not hosted.child.alive:
            hosted.close()
            slot.hosted = None
        if slot.hosted is None:
            slot.hosted = self._fresh(slot.vm)
            slot.hosted.make(self.options.engine, slot.plan)
        else:
            slot.hosted.detach()
        slot.hosted.attach()
        if isinstance(slot.hosted, _Remote):
            slot.hosted.expendable = False

    def _end(self, slot: _Slot) -> None:
        if slot.hosted is not None:
            slot.hosted.close()
            slot.hosted = None
        slot.resources = slot.locked = False

    def _drop(self, slot: _Slot) -> None:
        self._end(slot)
        del self.slots[slot.vm]

    def _slot(self, vm: str) -> _Slot:
        if vm not in self.slots:
            raise Refused(f"{self.options.name} has no VM `{vm}`; it has: {', '.join(self.slots) or 'none'}.")
        return self.slots[vm]

    def _require(self, condition: bool, slot: _Slot, step: str) -> None:
        if not condition:
            raise Refused(
                f"{self.options.name} does not {step} VM {slot.vm} now: as a source it is {slot.phase.name}"
                f"{', aborting' if slot.aborting else ''}, as a destination {slot.arrival.name}."
            )

    def _grant(self, vm: str) -> Grant:
        return msgspec.convert(self.firmware.call("lookup", vm=vm), Grant)

    def _report(self, slot: _Slot, configuration: bool = False, asking: bool = True) -> Report:
        status = Status(attached=False, running=False)
        if slot.hosted is not None and asking:
            try:
                status = slot.hosted.status()
            except PeerGone as error:
                if not slot.released or error.party == self.firmware.peer:
                    raise
        return Report(
            phase=slot.phase, target=slot.target, epoch=slot.epoch, aborting=slot.aborting, heard=slot.heard,
            cut=slot.cut, told=slot.told, arrival=slot.arrival, resources=slot.resources,
            locked=slot.locked and (status.locked or not status.has_disk), status=status,
            plan=slot.plan, configuration=slot.configuration if configuration else b"",
        )  # fmt: skip


def partition_methods(partition: Partition) -> tuple[Callable[..., Any], ...]:
    """What a partition answers."""
    return (
        partition.start, partition.boot, partition.stop, partition.suspend, partition.describe, partition.described,
        partition.transfer, partition.unlock, partition.unmap, partition.exit, partition.hear, partition.time_out,
        partition.notice, partition.cancel, partition.connection_cut, partition.remap, partition.roll_back,
        partition.forget, partition.concede, partition.gone, partition.prepare, partition.receive, partition.recover,
        partition.map, partition.create, partition.resume, partition.answer, partition.decline, partition.settle,
        partition.report, partition.reconnect, partition.arm, partition.process_of,
    )  # fmt: skip


def serve(given: str) -> None:
    """Serve as a partition."""
    options = msgspec.json.decode(given, type=PartitionOptions)
    partition = Partition(options)
    server = Server(options.name, partition_methods(partition))
    server.accept_from(socket.socket(fileno=options.listening))
    serve_until_orphaned(server, options.lifeline)
