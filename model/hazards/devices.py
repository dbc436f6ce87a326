"""Hazards of devices and disks: writes that land late, locks that are lost, images that are stale."""

from __future__ import annotations

from attorn.model.hazards.bases import WAITING, having
from attorn.model.hazards.changes import blind, silent
from attorn.model.hazards.hazard import Change, Hazard, Source
from attorn.model.protocol import Devices, Part
from attorn.spec.devices import WritesInFlight
from attorn.spec.disks import DiskCache, Disks
from attorn.spec.guest import Quiescing
from attorn.spec.handover import Handover
from attorn.spec.language import action, one_of
from attorn.spec.vocabulary import VM, Phase, Segment, Word

__all__ = ["DEVICES"]

LOCKING = having(WAITING, devices=Devices.LOCK)


@action(party="host")
def mark_preempted(s: Handover, vm: VM, segment: Segment, word: Word) -> None:
    """The host notes in the guest's memory that a vCPU is off its processor."""
    s.require(s.phase[vm] == Phase.SUSPENDED, s.holds[vm, segment])
    s.content[segment] = word


@action(party="block job")
def mirror_disk(s: DiskCache, vm: VM) -> None:
    """A block job of the source, which nobody has stopped, goes on writing to the VM's disk."""
    s.require(one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED))
    s.cached[vm] = s.source[vm]


def _only_unasked(s: Quiescing, vm: VM) -> None:
    s.require(~s.asked[vm])


DEVICES = (
    Hazard(
        id="H40",
        name="I/O lands after the pause",
        system="cloud-hypervisor, Firecracker",
        sentence="The vCPUs are paused, and asynchronous block I/O still lands in memory.",
        story=(
            "Pausing stopped the vCPUs but not the requests that the block device had begun. They completed into "
            "memory afterwards, and the copy that was taken had torn pages."
        ),
        sources=(Source("cloud-hypervisor 50f2fd369f"), Source("firecracker issue #2193")),
        changed="The VM is suspended without asking whether its devices have writes in flight.",
        caught_by="frozen_while_nobody_executes",
        fixed_by="Draining the devices before the suspension counts as done.",
        base=having(WAITING, Part.DMA),
        change=Change(rewrite={"suspend": blind(WritesInFlight.in_flight)}),
        sizes={"Word": 2},
    ),
    Hazard(
        id="H42",
        name="the host writes too",
        system="KVM",
        sentence="The host writes to the guest's memory while its state is being read.",
        story=(
            "When a vCPU is scheduled out, KVM notes in guest memory that it was preempted; doing so while the state "
            "is read in the blackout changes what has been read already."
        ),
        sources=(Source("KVM: mark a vCPU as preempted/ready iff it is scheduled out while running", read=False),),
        changed="The host writes a flag into the memory of a suspended VM.",
        caught_by="frozen_while_nobody_executes",
        fixed_by="Counting the host among the writers that a suspension stops.",
        base=WAITING,
        change=Change(add=(mark_preempted,)),
        sizes={"Word": 2},
    ),
    Hazard(
        id="H43",
        name="stale image opened",
        system="cloud-hypervisor",
        sentence="Metadata of the disk image is still cached at the source when the destination opens the image.",
        story=(
            "The metadata of a qcow2 image stayed in the source's cache when it paused. The destination opened the "
            "image without them, and writes that had been completed were gone."
        ),
        sources=(Source("cloud-hypervisor b68e7f3d91"),),
        changed="The source releases the lock of the disk without asking whether its cache is flushed.",
        caught_by="flushed_before_release",
        fixed_by="Flushing before the lock is released.",
        base=having(LOCKING, Part.DISK_CACHE),
        change=Change(rewrite={"unlock": blind(DiskCache.cached)}),
    ),
    Hazard(
        id="H44",
        name="thief in the gap",
        system="QEMU",
        sentence="Between release by the source and locking by the destination, a third party takes the image's lock.",
        story=(
            "The destination tried to lock an image that the source had not released yet. Releasing it earlier opens a "
            "gap instead, in which somebody else can take the lock."
        ),
        sources=(Source("qemu a1fbe750fd90"),),
        changed="The source releases the lock, and the destination takes it in another step.",
        caught_by="no_thief",
        fixed_by="Passing the lock from holder to holder in one step, so that it is never free.",
        base=having(LOCKING, Part.THIEF, Part.OFFERED_LOCK),
        instead=having(LOCKING, Part.THIEF),
        spared={"no_destructive_before_commit": "a lock that is offered passes to the destination before the commit"},
    ),
    Hazard(
        id="H46",
        name="block job still writes",
        system="QEMU, libvirt",
        sentence="A block job is still writing when the source inactivates its disks.",
        story=(
            "A drive-mirror job went on after the images had been inactivated. It was solved by a new, visible state "
            "before the switch-over, in which the manager ends its jobs."
        ),
        sources=(Source("qemu-devel 2017-10, pause-before-switchover"), Source("libvirt 32c29f10db")),
        changed="There is a block job in the source that the suspension does not stop.",
        caught_by="flushed_before_release",
        fixed_by="A named barrier before the switch-over, at which all other writers must have ended.",
        base=having(LOCKING, Part.DISK_CACHE),
        change=Change(add=(mirror_disk,)),
    ),
    Hazard(
        id="H47",
        name="device not given back",
        system="QEMU vhost",
        sentence="After a failure the destination still owns the device, and the source cannot have it again.",
        story=(
            "With a shared vhost handle one VMM at a time is owner. SET_OWNER fails at the destination while the "
            "source owns the device; it must be released, and taken again on each of the ways back."
        ),
        sources=(Source("qemu-devel 1224990, 1227729 and 1230833"),),
        changed="A destination that declines keeps the lock that it has taken.",
        caught_by="eventually_runs",
        fixed_by="Releasing, on every failing path, what was acquired on the way there.",
        base=LOCKING,
        change=Change(rewrite={"decline": silent(Handover.lock)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H48",
        name="two at one backend",
        system="cloud-hypervisor vhost-user",
        sentence="Two VMMs are connected to one backend of a device.",
        story="After a reconnection two VMs were at the same vhost-user backend.",
        sources=(Source("cloud-hypervisor PR #2951"),),
        changed="The destination opens a disk without asking whether the source has closed it.",
        caught_by="disk_open_once",
        fixed_by="A backend that has one owner at a time, and an owner that must release it first.",
        base=having(WAITING, Part.DISKS),
        change=Change(rewrite={"open": blind(Disks.opened, Handover.source)}),
        sizes={"Disk": 1, "failures": 0},
    ),
    Hazard(
        id="H49",
        name="pause waits for itself",
        system="cloud-hypervisor",
        sentence="A vCPU waits for the VMM's thread, which waits for the vCPU to be paused.",
        story=(
            "Activating a device puts the vCPU into a barrier that the VMM's main thread opens. That thread was busy "
            "pausing the VM, and the pause timed out."
        ),
        sources=(Source("cloud-hypervisor 4d727c489"),),
        changed="A VMM that is asked to suspend a VM no longer serves its vCPUs.",
        caught_by="suspend_terminates",
        fixed_by="Serving the vCPUs until all of them are at rest.",
        base=having(WAITING, Part.QUIESCING),
        change=Change(strengthen={"serve": _only_unasked}),
    ),
    Hazard(
        id="H62",
        name="not quiet yet",
        system="Xen xenstored",
        sentence="The update begins while somebody is still in the middle of something.",
        story=(
            "Before a live update open transactions must end, and those that take too long are an exception. The test "
            "of time was inverted, so a long one was never seen as long; a forced update broke well-behaved guests."
        ),
        sources=(Source("xen 5d16679ab0"), Source("xen c8be420025")),
        changed="The VM is suspended without asking whether it is in the middle of something.",
        caught_by="quiet_when_suspended",
        fixed_by="Waiting until everybody is out, and treating stragglers by a rule that is tested.",
        base=having(WAITING, Part.QUIESCING),
        change=Change(rewrite={"suspend": blind(Quiescing.busy)}),
    ),
    Hazard(
        id="H67",
        name="disk used on after the snapshot",
        system="BuildBuddy on Firecracker",
        sentence="The disk is handed on, and the VM that was snapshotted goes on using it.",
        story="A VM was resumed after its snapshot and used the same disk; about one in ten came out corrupt.",
        sources=(Source("buildbuddy #3787"),),
        changed="The lock of the disk can be released while the VM executes.",
        caught_by="lock_follows_runner",
        fixed_by="Handing the disk on only when the VM that had it is suspended for good.",
        base=LOCKING,
        change=Change(rewrite={"unlock": blind(Handover.phase)}),
    ),
)
