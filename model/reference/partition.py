"""A logical partition: a process that hosts VMs and takes their part, as source and as destination, in migrations.

Each step is a message. The partition keeps what only it can know: as a source its phase and whether it wants the VM
back, as a destination how far it is. It checks each step against that, so a message that comes late or twice does no
harm, and it asks the firmware before it executes a VM.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.protocol import Memory
from attorn.model.reference.configuration import Configuration, SegmentDescription, decode, encode
from attorn.model.reference.engines import promised
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.grants import Grant
from attorn.model.reference.hosting import Hosted, RunState
from attorn.model.reference.link import Link
from attorn.model.reference.process import serve_until_orphaned
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import Refused
from attorn.model.reference.remote_vm import RemoteVm
from attorn.model.reference.revocation import Policy
from attorn.model.reference.server import Server
from attorn.model.reference.slots import STILL, Report, Slot, Slots
from attorn.model.reference.validation import validate
from attorn.model.reference.vm_process import VmOptions
from attorn.model.reference.wire import Call
from attorn.spec.handover import Arrival, Outcome
from attorn.spec.vocabulary import Phase

__all__ = ["PartitionOptions"]

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


class Partition:
    """The partition's methods, each a message that it answers; the steps have the names of the model's."""

    def __init__(self, options: PartitionOptions) -> None:
        self.options = options
        self.points = FaultPoints(frozenset(options.defects))
        self.firmware = Link(Path(options.firmware), "the firmware", options.token)
        self.firmware.reconnect()
        self.slots = Slots(options.name, options.engine, self._fresh, self.firmware.peer)

    # Life

    def start(self, vm: str, plan: Plan) -> Report:
        """Make a VM; it has no memory yet."""
        slot = self.slots.make(vm, plan)
        slot.resources = slot.locked = True
        slot.phase, slot.target = Phase.RUNNING, self.options.name
        return self.slots.report(slot)

    def boot(self, vm: str) -> Report:
        """Map the VM's memory, put its program there, and execute it."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.RUNNING, slot, "boot")
        slot.vmm().attach()
        slot.vmm().boot(slot.plan)
        slot.status = slot.vmm().start()
        return self.slots.report(slot)

    def stop(self, vm: str) -> Report:
        """End the VM for good."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.RUNNING and slot.target == self.options.name, slot, "stop")
        self.slots.drop(slot)
        return Report()

    # As a source

    def suspend(self, vm: str, target: str, describing: bool = False) -> Report:
        """Stop the VM, to hand it to another partition; ``describing`` it is what is asked next."""
        slot = self.slots.of(vm)
        if slot.phase is Phase.SUSPENDED and slot.target == target:
            return self.slots.report(slot)
        self._require(slot.phase is Phase.RUNNING and slot.target == self.options.name, slot, "suspend")
        self.points.reach("source:suspend:before")
        vmm = slot.vmm()
        if describing and isinstance(vmm, RemoteVm):
            self.firmware.begin(Call("lookup", {"vm": vm}))
            vmm.foresee(Call("suspend"), Call("capture"))
        slot.status = vmm.suspend()
        slot.phase, slot.target, slot.told = Phase.SUSPENDED, target, Outcome.OPEN
        self.points.reach("source:suspend:after")
        return self.slots.report(slot)

    def describe(self, vm: str) -> Report:
        """Write the extended configuration; the firmware keeps it before anything is given up."""
        slot = self.slots.of(vm)
        self._require(slot.phase in (Phase.SUSPENDED, Phase.DESCRIBED) and not slot.aborting, slot, "describe")
        grant = self._grant(vm)
        slot.epoch = grant.epoch
        slot.state = slot.vmm().capture()
        segments = tuple(SegmentDescription(each.segment, grant.size, each.guest_address) for each in grant.segments)
        if self.points.has(Defect.MISSING_SEGMENT):
            segments = segments[1:]
        found = Configuration(
            vm=vm, epoch=grant.epoch, source=self.options.name, target=slot.target,
            requirements=promised(slot.plan)[0], segments=segments, cpu=slot.state.cpu, devices=slot.state.devices,
        )  # fmt: skip
        slot.configuration = encode(found)
        return self.slots.report(slot, configuration=True)

    def described(self, vm: str) -> Report:
        """The firmware has the configuration."""
        slot = self.slots.of(vm)
        self._require(bool(slot.configuration) and slot.phase in (Phase.SUSPENDED, Phase.DESCRIBED), slot, "describe")
        slot.phase = Phase.DESCRIBED
        return self.slots.report(slot)

    def transfer(self, vm: str) -> Report:
        """Hand the configuration out, to be taken to the destination."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.DESCRIBED and not slot.aborting and not slot.cut, slot, "transfer")
        self.points.reach("source:transfer:before")
        slot.phase = Phase.TRANSFERRED
        return self.slots.report(slot, configuration=True)

    def unlock(self, vm: str) -> Report:
        """Release the disk's lock."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "unlock")
        if not self.points.has(Defect.LATE_UNLOCK):
            slot.status = slot.vmm().release() if slot.status.has_disk else slot.status
        slot.locked = False
        return self.slots.report(slot)

    def unmap(self, vm: str, policy: Policy) -> Report:
        """Drop the mappings of all segments, as far as the policy leaves that to the VMM."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "unmap")
        self.points.reach("source:unmap:before")
        slot.released = True
        if isinstance(slot.hosted, RemoteVm):
            slot.hosted.expendable = True
        slot.status = slot.vmm().detach() if policy is Policy.COOPERATE else STILL
        self.points.reach("source:unmap:after")
        return self.slots.report(slot)

    def exit(self, vm: str) -> Report:
        """Free all that the VM holds here."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "exit")
        self.points.reach("source:exit:before")
        if not self.points.has(Defect.LEAKED_VM):
            self.slots.end(slot)
        slot.phase = Phase.EXITED
        self.points.reach("source:exit:after")
        return self.slots.report(slot)

    def hear(self, vm: str) -> Report:
        """The destination says that the VM is its own; the operator is told so."""
        slot = self.slots.of(vm)
        self._require(slot.phase in (*UNDER_WAY, Phase.EXITED), slot, "hear")
        slot.heard, slot.aborting, slot.told = True, False, Outcome.MIGRATED
        return self.slots.report(slot)

    def time_out(self, vm: str) -> Report:
        """Give up waiting for the destination, and want the VM back."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.TRANSFERRED and not slot.heard, slot, "time_out")
        slot.aborting = True
        return self.slots.report(slot)

    def notice(self, vm: str, cut: bool) -> Report:
        """See that the destination is dead, or has not heard of the VM, and want the VM back."""
        slot = self.slots.of(vm)
        self._require(slot.phase in UNDER_WAY and not slot.heard, slot, "notice")
        slot.aborting, slot.cut = True, slot.cut or cut
        return self.slots.report(slot)

    def cancel(self, vm: str) -> Report:
        """The operator wants the VM to stay."""
        slot = self.slots.of(vm)
        self._require(slot.phase in UNDER_WAY and not slot.heard and not slot.aborting, slot, "cancel")
        slot.aborting = True
        return self.slots.report(slot)

    def connection_cut(self, vm: str) -> Report:
        """The destination is dead."""
        slot = self.slots.of(vm)
        slot.cut = True
        return self.slots.report(slot)

    def remap(self, vm: str) -> Report:
        """Map all segments again where they were."""
        slot = self.slots.of(vm)
        self._require(slot.phase in UNDER_WAY and slot.aborting, slot, "remap")
        self.slots.take_again(slot)
        return self.slots.report(slot)

    def roll_back(self, vm: str) -> Report:
        """Execute the VM again, as if it had never been suspended."""
        slot = self.slots.of(vm)
        self._require(slot.phase in UNDER_WAY, slot, "roll_back")
        self.points.reach("source:roll_back:before")
        if self.points.has(Defect.TWO_RUNNERS):
            self.slots.take_again(slot)
        self.firmware.call("withdraw", vm=vm)
        if slot.state is not None and (slot.released or not slot.locked):
            slot.vmm().restore(slot.state)
        slot.status = slot.vmm().start()
        slot.phase, slot.aborting, slot.released, slot.locked = Phase.RUNNING, False, False, True
        slot.told, slot.state, slot.configuration = Outcome.STAYED, None, b""
        self.points.reach("source:roll_back:after")
        return self.slots.report(slot)

    def forget(self, vm: str) -> Report:
        """The failed migration is over."""
        slot = self.slots.of(vm)
        self._require(slot.phase is Phase.RUNNING, slot, "forget")
        slot.target, slot.cut, slot.heard = self.options.name, False, False
        return self.slots.report(slot)

    def concede(self, vm: str) -> Report:
        """Learn that the VM has executed elsewhere, and exit."""
        slot = self.slots.of(vm)
        self._require(slot.phase in UNDER_WAY and slot.aborting, slot, "concede")
        self.slots.end(slot)
        slot.phase, slot.aborting = Phase.EXITED, False
        return self.slots.report(slot)

    def gone(self, vm: str) -> Report:
        """The VM is settled elsewhere, or buried: drop what is left of it."""
        if vm in self.slots:
            self.slots.drop(self.slots.of(vm))
        return Report()

    # As a destination

    def prepare(self, vm: str, plan: Plan) -> Report:
        """Make ready for a VM, before it is suspended; refuse here what cannot be carried."""
        return self.slots.report(self.slots.make(vm, plan, coming=True))

    def receive(self, vm: str, configuration: bytes) -> Report:
        """Take the configuration, once all of it agrees with the firmware's table."""
        slot = self.slots.of(vm)
        if slot.arrival is Arrival.RECEIVED and slot.configuration == configuration:
            return self.slots.report(slot)
        self._require(slot.arrival in (Arrival.NOTHING, Arrival.DECLINED), slot, "receive")
        self.points.reach("destination:receive:before")
        found = decode(configuration)
        if not self.points.has(Defect.MISSING_SEGMENT):
            validate(found, self._grant(vm), self.options.name, *promised(slot.plan))
        slot.state = RunState(cpu=found.cpu, devices=found.devices)
        slot.configuration, slot.epoch, slot.arrival = configuration, found.epoch, Arrival.RECEIVED
        self.points.reach("destination:receive:after")
        return self.slots.report(slot)

    def load(self, vm: str) -> None:
        """Give the vCPU its state, as far as it can have it before there is memory; ``create`` then need not."""
        slot = self.slots.of(vm)
        if slot.arrival is Arrival.RECEIVED and slot.state is not None:
            slot.vmm().load(slot.state.cpu)

    def recover(self, vm: str, plan: Plan) -> Report:
        """Take the configuration from the firmware's journal, where nobody was let in before."""
        if vm in self.slots and self.slots.of(vm).hosted is None:  # it has given the VM up before
            self.slots.drop(self.slots.of(vm))
        if vm not in self.slots:
            self.prepare(vm, plan)
        slot = self.slots.of(vm)
        self._require(slot.arrival in (Arrival.NOTHING, Arrival.DECLINED), slot, "recover")
        return self.receive(vm, self.firmware.call("configuration", vm=vm))

    def map(self, vm: str) -> Report:
        """Map all segments at the guest addresses that their descriptions name."""
        slot = self.slots.of(vm)
        self._require(slot.arrival in (Arrival.RECEIVED, Arrival.CREATED), slot, "map")
        self.points.reach("destination:map:before")
        vmm = slot.vmm()
        if isinstance(vmm, RemoteVm) and slot.state is not None:
            vmm.foresee(Call("attach"), Call("restore", {"state": slot.state}))
        slot.status = vmm.attach()
        self.points.reach("destination:map:after")
        return self.slots.report(slot)

    def create(self, vm: str) -> Report:
        """Create the VM by the configuration."""
        slot = self.slots.of(vm)
        self._require(slot.arrival is Arrival.RECEIVED and slot.state is not None, slot, "create")
        self.points.reach("destination:create:before")
        assert slot.state is not None
        slot.status = slot.vmm().restore(slot.state)
        slot.arrival, slot.resources, slot.locked = Arrival.CREATED, True, True
        self.points.reach("destination:create:after")
        return self.slots.report(slot)

    def resume(self, vm: str) -> Report:
        """Be let in by the firmware, then execute the VM."""
        slot = self.slots.of(vm)
        if slot.arrival is Arrival.RESUMED:
            return self.slots.report(slot)
        self._require(slot.arrival is Arrival.CREATED, slot, "resume")
        self.points.reach("destination:resume:before")
        if self.options.memory is Memory.EXCLUSIVE:
            self.firmware.call("enter", vm=vm)
        self.points.reach("destination:resume:entered")
        slot.status = slot.vmm().start()
        slot.arrival, slot.state, slot.configuration = Arrival.RESUMED, None, b""
        self.points.reach("destination:resume:after")
        return self.slots.report(slot)

    def answer(self, vm: str) -> Report:
        """Say that the VM is this partition's now."""
        slot = self.slots.of(vm)
        early = self.points.has(Defect.ANSWER_BEFORE_RESUME)
        self._require(slot.arrival in (Arrival.ANSWERED, Arrival.RESUMED) or early, slot, "answer")
        return self.slots.report(slot)

    def decline(self, vm: str) -> Report:
        """Give a VM up that has not been resumed, and drop what there is of it; or insist that it is too late."""
        slot = self.slots.of_any(vm)
        if slot.arrival in (Arrival.ANSWERED, Arrival.RESUMED):
            return self.slots.report(slot)
        self.points.reach("destination:decline:before")
        self.slots.end(slot)
        slot.arrival = Arrival.DECLINED
        slot.state, slot.configuration = None, b""
        return self.slots.report(slot)

    def settle(self, vm: str) -> Report:
        """Be the VM's source from now on."""
        slot = self.slots.of(vm)
        self._require(slot.arrival is Arrival.RESUMED or slot.phase is Phase.RUNNING, slot, "settle")
        if isinstance(slot.hosted, RemoteVm):
            slot.hosted.expendable = False
        slot.phase, slot.target, slot.arrival = Phase.RUNNING, self.options.name, Arrival.NOTHING
        slot.heard = slot.aborting = slot.cut = slot.released = False
        return self.slots.report(slot)

    # For anyone

    def report(self, vm: str) -> Report:
        """What there is to say of a VM."""
        if vm not in self.slots:
            return Report()
        slot = self.slots.of(vm)
        self.slots.ask(slot)
        return self.slots.report(slot)

    def reconnect(self) -> list[str]:
        """Say hello to a firmware that was started again, here and in the VMs' processes; the VMs that there are."""
        self.firmware.reconnect()
        for slot in self.slots:
            if isinstance(slot.hosted, RemoteVm):
                slot.hosted.reconnect()
        return [slot.vm for slot in self.slots]

    def arm(self, point: str, visits: int = 1, vm: str = "") -> None:
        """Let the partition, or the process of a VM in it, die at a point of its own, for tests."""
        if vm:
            self.slots.of(vm).vmm().arm(point, visits)
        else:
            self.points.arm(point, visits)

    def process_of(self, vm: str) -> int:
        """The process that executes a VM."""
        hosted = self.slots.of(vm).hosted
        return hosted.child.pid if isinstance(hosted, RemoteVm) else os.getpid()

    def _fresh(self, vm: str) -> Hosted | RemoteVm:
        if self.options.own_process:
            # A new process is of no use, and ends at once, when there is no firmware.
            self.firmware.call("hello", token=self.options.token)
            given = VmOptions(
                lifeline=self.options.lifeline, firmware=self.options.firmware, token=self.options.token, vm=vm,
                defects=self.options.defects,
            )  # fmt: skip
            return RemoteVm(Path(self.options.nursery), given)
        return Hosted(self.firmware, vm, self.points)

    def _require(self, condition: bool, slot: Slot, step: str) -> None:
        if not condition:
            raise Refused(
                f"{self.options.name} does not {step} VM {slot.vm} now: as a source it is {slot.phase.name}"
                f"{', aborting' if slot.aborting else ''}, as a destination {slot.arrival.name}."
            )

    def _grant(self, vm: str) -> Grant:
        return msgspec.convert(self.firmware.call("lookup", vm=vm), Grant)


def partition_methods(partition: Partition) -> tuple[Callable[..., Any], ...]:
    """What a partition answers."""
    return (
        partition.start, partition.boot, partition.stop, partition.suspend, partition.describe, partition.described,
        partition.transfer, partition.unlock, partition.unmap, partition.exit, partition.hear, partition.time_out,
        partition.notice, partition.cancel, partition.connection_cut, partition.remap, partition.roll_back,
        partition.forget, partition.concede, partition.gone, partition.prepare, partition.receive, partition.load,
        partition.recover, partition.map, partition.create, partition.resume, partition.answer, partition.decline,
        partition.settle, partition.report, partition.reconnect, partition.arm, partition.process_of,
    )  # fmt: skip


def serve(given: str) -> None:
    """Serve as a partition."""
    options = msgspec.json.decode(given, type=PartitionOptions)
    partition = Partition(options)
    server = Server(options.name, partition_methods(partition))
    server.accept_from(socket.socket(fileno=options.listening))
    serve_until_orphaned(server, options.lifeline)
