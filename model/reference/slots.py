"""The VMs of a partition: for each a slot, with what only the partition knows of it, and its VMM."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from attorn.model.reference.hosting import Hosted, RunState, Status
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.remote_vm import RemoteVm
from attorn.spec.handover import Arrival, Outcome
from attorn.spec.vocabulary import Phase

__all__ = ["STILL", "Report", "Slot", "Slots"]


STILL = Status(attached=False, running=False)
"""Of a VMM that is not there, or has nothing."""


class Report(msgspec.Struct, kw_only=True):
    """What a partition says of a VM.

    phase, aborting, heard, told, cut, target: as its source; ABSENT when it is not.
    arrival: as its destination.  resources: whether it has a VM of that name at all.  epoch: of the migration.
    locked:  whether its VMM may use the VM's disk, or would if it had one.
    status:  what its VMM said of itself when it was last asked for something.
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
    status: Status = STILL
    plan: Plan = Plan(guest="")
    configuration: bytes = b""


class Slot(Report, kw_only=True):
    """One VM in this partition: what there is to say of it, its VMM, and what only that needs.

    state:    what the VM is to go on from.
    released: whether the firmware may have taken the VM's process away, as its policy is.
    """

    vm: str
    hosted: Hosted | RemoteVm | None = None
    state: RunState | None = None
    released: bool = False

    def vmm(self) -> Hosted | RemoteVm:
        if self.hosted is None:
            raise Refused(f"VM {self.vm} has no VMM here.")
        return self.hosted


class Slots:
    """The VMs of a partition, each from the making of its VMM to the end of that.

    fresh:    makes a VMM that has nothing yet, in a process of its own or in this one.
    firmware: the name of the firmware, without which no VMM can be asked anything.
    """

    def __init__(self, name: str, engine: str, fresh: Callable[[str], Hosted | RemoteVm], firmware: str) -> None:
        self.name = name
        self._engine = engine
        self._fresh = fresh
        self._firmware = firmware
        self._slots: dict[str, Slot] = {}

    def __contains__(self, vm: str) -> bool:
        return vm in self._slots

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots.values())

    def make(self, vm: str, plan: Plan, coming: bool = False) -> Slot:
        """Make a VMM for a VM that this partition does not have; ``coming`` from another, it is made ready for it."""
        if vm in self._slots:
            raise Refused(f"{self.name} has a VM {vm} already.")
        slot = Slot(vm=vm, plan=plan, hosted=self._fresh(vm))
        try:
            slot.status = slot.vmm().make(self._engine, plan)
            if coming:
                slot.status = slot.vmm().prepare()
        except BaseException:
            slot.vmm().close()
            raise
        self._slots[vm] = slot
        return slot

    def of(self, vm: str) -> Slot:
        """The slot of a VM; Refused where there is none."""
        if vm not in self._slots:
            raise Refused(f"{self.name} has no VM `{vm}`; it has: {', '.join(self._slots) or 'none'}.")
        return self._slots[vm]

    def of_any(self, vm: str) -> Slot:
        """The slot of a VM; an empty one where there was none."""
        return self._slots.setdefault(vm, Slot(vm=vm))

    def require(self, condition: bool, slot: Slot, step: str) -> None:
        """Raise Refused, with how it stands with the VM, where a step does not fit."""
        if not condition:
            raise Refused(
                f"{self.name} does not {step} VM {slot.vm} now: as a source it is {slot.phase.name}"
                f"{', aborting' if slot.aborting else ''}, as a destination {slot.arrival.name}."
            )

    def take_again(self, slot: Slot) -> None:
        """Map the VM's memory once more, in a new process if the firmware has ended the old one."""
        hosted = slot.hosted
        if isinstance(hosted, RemoteVm) and not hosted.child.alive:
            hosted.close()
            slot.hosted = None
        if slot.hosted is None:
            slot.hosted = self._fresh(slot.vm)
            slot.hosted.make(self._engine, slot.plan)
        else:
            slot.hosted.detach()
        slot.status = slot.hosted.attach()
        if isinstance(slot.hosted, RemoteVm):
            slot.hosted.expendable = False

    def end(self, slot: Slot) -> None:
        """End a VM's VMM; what it held goes with it."""
        if slot.hosted is not None:
            slot.hosted.close()
            slot.hosted = None
        slot.status = STILL
        slot.resources = slot.locked = False

    def drop(self, slot: Slot) -> None:
        """End it, and know nothing of it any more."""
        self.end(slot)
        del self._slots[slot.vm]

    def ask(self, slot: Slot) -> None:
        """Ask the VMM how it does now; none is there any more where the firmware was free to end it."""
        if slot.hosted is not None:
            try:
                slot.status = slot.hosted.status()
            except PeerGone as error:
                if not slot.released or error.party == self._firmware:
                    raise
                slot.status = STILL

    def report(self, slot: Slot, configuration: bool = False) -> Report:
        """What there is to say of a VM, of its VMM as it was when last asked for something."""
        said = Report(**{name: getattr(slot, name) for name in Report.__struct_fields__})
        said.locked = slot.locked and (slot.status.locked or not slot.status.has_disk)
        if not configuration:
            said.configuration = b""
        return said
