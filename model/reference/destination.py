"""A partition as the destination of a migration: it checks a configuration, maps memory, and is let in to execute."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.model.protocol import Memory
from attorn.model.reference.configuration import decode
from attorn.model.reference.engines import promised
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.grants import granted
from attorn.model.reference.hosting import RunState
from attorn.model.reference.link import Link
from attorn.model.reference.records import Plan
from attorn.model.reference.remote_vm import RemoteVm
from attorn.model.reference.slots import Report, Slots
from attorn.model.reference.validation import validate
from attorn.model.reference.wire import Call
from attorn.spec.handover import Arrival
from attorn.spec.vocabulary import Phase

__all__ = ["Destination"]


@dataclass(frozen=True)
class Destination:
    """What a partition does as a destination; each method is a message, and the steps have the names of the model's."""

    name: str
    memory: Memory
    points: FaultPoints
    firmware: Link
    slots: Slots

    def prepare(self, vm: str, plan: Plan) -> Report:
        """Make ready for a VM, before it is suspended; refuse here what cannot be carried."""
        return self.slots.report(self.slots.make(vm, plan, coming=True))

    def receive(self, vm: str, configuration: bytes) -> Report:
        """Take the configuration, once all of it agrees with the firmware's table."""
        slot = self.slots.of(vm)
        if slot.arrival is Arrival.RECEIVED and slot.configuration == configuration:
            return self.slots.report(slot)
        self.slots.require(slot.arrival in (Arrival.NOTHING, Arrival.DECLINED), slot, "receive")
        self.points.reach("destination:receive:before")
        found = decode(configuration)
        if not self.points.has(Defect.MISSING_SEGMENT):
            validate(found, granted(self.firmware, vm), self.name, *promised(slot.plan))
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
        self.slots.require(slot.arrival in (Arrival.NOTHING, Arrival.DECLINED), slot, "recover")
        return self.receive(vm, self.firmware.call("configuration", vm=vm))

    def map(self, vm: str) -> Report:
        """Map all segments at the guest addresses that their descriptions name."""
        slot = self.slots.of(vm)
        self.slots.require(slot.arrival in (Arrival.RECEIVED, Arrival.CREATED), slot, "map")
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
        self.slots.require(slot.arrival is Arrival.RECEIVED and slot.state is not None, slot, "create")
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
        self.slots.require(slot.arrival is Arrival.CREATED, slot, "resume")
        self.points.reach("destination:resume:before")
        if self.memory is Memory.EXCLUSIVE:
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
        self.slots.require(slot.arrival in (Arrival.ANSWERED, Arrival.RESUMED) or early, slot, "answer")
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
        self.slots.require(slot.arrival is Arrival.RESUMED or slot.phase is Phase.RUNNING, slot, "settle")
        if isinstance(slot.hosted, RemoteVm):
            slot.hosted.expendable = False
        slot.phase, slot.target, slot.arrival = Phase.RUNNING, self.name, Arrival.NOTHING
        slot.heard = slot.aborting = slot.cut = slot.released = False
        return self.slots.report(slot)
