"""A partition as the source of a migration: it describes its VM, gives up memory, and takes the VM back if need be."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.model.reference.configuration import Configuration, SegmentDescription, encode
from attorn.model.reference.engines import promised
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.grants import granted
from attorn.model.reference.link import Link
from attorn.model.reference.remote_vm import RemoteVm
from attorn.model.reference.revocation import Policy
from attorn.model.reference.slots import STILL, Report, Slots
from attorn.model.reference.wire import Call
from attorn.spec.handover import Outcome
from attorn.spec.vocabulary import Phase

__all__ = ["Source"]

UNDER_WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)


@dataclass(frozen=True)
class Source:
    """What a partition does as a source; each method is a message, and the steps have the names of the model's."""

    name: str
    points: FaultPoints
    firmware: Link
    slots: Slots

    def suspend(self, vm: str, target: str, describing: bool = False) -> Report:
        """Stop the VM, to hand it to another partition; ``describing`` it is what is asked next."""
        slot = self.slots.of(vm)
        if slot.phase is Phase.SUSPENDED and slot.target == target:
            return self.slots.report(slot)
        self.slots.require(slot.phase is Phase.RUNNING and slot.target == self.name, slot, "suspend")
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
        self.slots.require(slot.phase in (Phase.SUSPENDED, Phase.DESCRIBED) and not slot.aborting, slot, "describe")
        grant = granted(self.firmware, vm)
        slot.epoch = grant.epoch
        slot.state = slot.vmm().capture()
        segments = tuple(SegmentDescription(each.segment, grant.size, each.guest_address) for each in grant.segments)
        if self.points.has(Defect.MISSING_SEGMENT):
            segments = segments[1:]
        found = Configuration(
            vm=vm, epoch=grant.epoch, source=self.name, target=slot.target,
            requirements=promised(slot.plan)[0], segments=segments, cpu=slot.state.cpu, devices=slot.state.devices,
        )  # fmt: skip
        slot.configuration = encode(found)
        return self.slots.report(slot, configuration=True)

    def described(self, vm: str) -> Report:
        """The firmware has the configuration."""
        slot = self.slots.of(vm)
        self.slots.require(
            bool(slot.configuration) and slot.phase in (Phase.SUSPENDED, Phase.DESCRIBED), slot, "describe"
        )
        slot.phase = Phase.DESCRIBED
        return self.slots.report(slot)

    def transfer(self, vm: str) -> Report:
        """Hand the configuration out, to be taken to the destination."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase is Phase.DESCRIBED and not slot.aborting and not slot.cut, slot, "transfer")
        self.points.reach("source:transfer:before")
        slot.phase = Phase.TRANSFERRED
        return self.slots.report(slot, configuration=True)

    def unlock(self, vm: str) -> Report:
        """Release the disk's lock."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "unlock")
        if not self.points.has(Defect.LATE_UNLOCK):
            slot.status = slot.vmm().release() if slot.status.has_disk else slot.status
        slot.locked = False
        return self.slots.report(slot)

    def unmap(self, vm: str, policy: Policy) -> Report:
        """Drop the mappings of all segments, as far as the policy leaves that to the VMM."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "unmap")
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
        self.slots.require(slot.phase is Phase.TRANSFERRED and not slot.aborting, slot, "exit")
        self.points.reach("source:exit:before")
        if not self.points.has(Defect.LEAKED_VM):
            self.slots.end(slot)
        slot.phase = Phase.EXITED
        self.points.reach("source:exit:after")
        return self.slots.report(slot)

    def hear(self, vm: str) -> Report:
        """The destination says that the VM is its own; the operator is told so."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase in (*UNDER_WAY, Phase.EXITED), slot, "hear")
        slot.heard, slot.aborting, slot.told = True, False, Outcome.MIGRATED
        return self.slots.report(slot)

    def time_out(self, vm: str) -> Report:
        """Give up waiting for the destination, and want the VM back."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase is Phase.TRANSFERRED and not slot.heard, slot, "time_out")
        slot.aborting = True
        return self.slots.report(slot)

    def notice(self, vm: str, cut: bool) -> Report:
        """See that the destination is dead, or has not heard of the VM, and want the VM back."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase in UNDER_WAY and not slot.heard, slot, "notice")
        slot.aborting, slot.cut = True, slot.cut or cut
        return self.slots.report(slot)

    def cancel(self, vm: str) -> Report:
        """The operator wants the VM to stay."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase in UNDER_WAY and not slot.heard and not slot.aborting, slot, "cancel")
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
        self.slots.require(slot.phase in UNDER_WAY and slot.aborting, slot, "remap")
        self.slots.take_again(slot)
        return self.slots.report(slot)

    def roll_back(self, vm: str) -> Report:
        """Execute the VM again, as if it had never been suspended."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase in UNDER_WAY, slot, "roll_back")
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
        self.slots.require(slot.phase is Phase.RUNNING, slot, "forget")
        slot.target, slot.cut, slot.heard = self.name, False, False
        return self.slots.report(slot)

    def concede(self, vm: str) -> Report:
        """Learn that the VM has executed elsewhere, and exit."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase in UNDER_WAY and slot.aborting, slot, "concede")
        self.slots.end(slot)
        slot.phase, slot.aborting = Phase.EXITED, False
        return self.slots.report(slot)
