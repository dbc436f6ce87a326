"""Hazards of cancelling and failing: what was undone by half, reported wrongly, or waits for ever."""

from __future__ import annotations

from attorn.model.hazards.bases import LIVE_UPDATE, WAITING, having
from attorn.model.hazards.changes import blind, both, silent
from attorn.model.hazards.hazard import Change, Hazard, Source
from attorn.model.protocol import Answer, Devices, Journal, Part
from attorn.spec.disks import Disk, Disks
from attorn.spec.guest import GuestEvents
from attorn.spec.handover import Arrival, Handover, Message, Outcome
from attorn.spec.language import one_of
from attorn.spec.vocabulary import VM, Phase, Resource

__all__ = ["CANCELLING"]

PROMISING = having(WAITING, answer=Answer.BEFORE_RESUME, journal=Journal.NONE)
PROMISE_BROKEN = {
    "migration_terminates": "a destination that has promised and is then refused waits for ever",
    "retry_possible": "a destination that has promised and is then refused waits for ever",
}


def _only_after_transfer(s: Handover, vm: VM) -> None:
    s.require(s.phase[vm] == Phase.TRANSFERRED)


def _reports_success(s: Handover, vm: VM) -> None:
    s.told[vm] = Outcome.STAYED


def _declines_a_promise(s: Handover, vm: VM) -> None:
    s.require(one_of(s.arrival[vm], Arrival.NOTHING, Arrival.RECEIVED, Arrival.CREATED, Arrival.ANSWERED))


def _only_when_cut(s: Handover, vm: VM) -> None:
    s.require(s.cut[vm])


def _only_before_running(s: Disks, vm: VM, disk: Disk) -> None:
    s.require(s.phase[vm] != Phase.RUNNING)


def _answers_ok(s: Handover, vm: VM) -> None:
    s.sent[vm, Message.ANSWER] = True


def _sets_running(s: Handover, vm: VM) -> None:
    s.runs[s.source[vm], vm] = True


def _runs_after_reset(s: GuestEvents, vm: VM) -> None:
    s.phase[vm] = Phase.RUNNING
    s.runs[s.source[vm], vm] = True


def _resets_the_device(s: Handover, vm: VM) -> None:
    s.resources[s.source[vm], vm, Resource.DEVICE] = False


CANCELLING = (
    Hazard(
        id="H9",
        name="cancel at the last moment",
        system="libvirt, QEMU",
        sentence="A cancel meets the end of the migration; the manager waits for an event that has passed already.",
        story=(
            "A migration was cancelled at the very last moment. QEMU resumed the vCPUs by itself, and libvirt waited "
            "for a STOP event that it had already seen and thrown away, for ever."
        ),
        sources=(Source("libvirt 0ca8d870a270"), Source("RHEL-52493")),
        changed="A source that is cancelling takes the answer out of the channel without drawing the consequence.",
        caught_by="cancel_answered",
        fixed_by="One place where an answer is consumed, and there it ends the cancelling too.",
        base=WAITING,
        change=Change(rewrite={"hear": silent(Handover.aborting)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H10",
        name="cancel during completion",
        system="QEMU",
        sentence="A cancel in the completion phase leaves the VM paused for ever.",
        story="A cancel in the completion phase left the migration thread, and with it the VM, waiting on a semaphore.",
        sources=(Source("qemu 8958338b10ab"),),
        changed="The source can take the VM back only once the configuration was transferred.",
        caught_by="eventually_runs",
        fixed_by="A way back from every step at which a cancel is accepted.",
        base=WAITING,
        change=Change(strengthen={"roll_back": _only_after_transfer}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H12",
        name="running without locks",
        system="cloud-hypervisor",
        sentence="A cancel after the disk locks were released leaves a running VM without locks.",
        story=(
            "The source releases its disk locks shortly before the destination takes over. A cancel in between resumed "
            "the VM without taking them again. The authors wrote that it could not be tested, because the window is "
            "less than a millisecond."
        ),
        sources=(
            Source("cyberus-technology/cloud-hypervisor #127"),
            Source("still open upstream in cloud-hypervisor #7111"),
        ),
        changed="The way back does not take the lock of the disk again.",
        caught_by="lock_follows_runner",
        fixed_by="A roll-back that takes the lock, and waits for it, before the VM executes.",
        base=having(WAITING, devices=Devices.LOCK),
        change=Change(rewrite={"roll_back": both(blind(Handover.lock), silent(Handover.lock))}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H13",
        name="cancel without effect",
        system="hcsshim",
        sentence="A cancel is reported as done, and the migration goes on.",
        story="The function behind cancel was a stub: it returned success, and the migration continued.",
        sources=(Source("microsoft/hcsshim #2843"),),
        changed="A cancel tells the operator that the VM stayed, and does nothing else.",
        caught_by="cancel_atomic",
        fixed_by="Reporting a cancel as done only by the step that sets the VM going again in the source.",
        base=WAITING,
        change=Change(
            rewrite={"cancel": silent(Handover.aborting, Handover.sent)}, strengthen={"cancel": _reports_success}
        ),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H14",
        name="cancel against success",
        system="hcsshim",
        sentence="A cancel races with a successful transfer, and the destination, being cancelled, cannot be resumed.",
        story=(
            "The transfer had succeeded while a cancel was on its way. The destination was marked as cancelled, and so "
            "could not be resumed."
        ),
        sources=(Source("microsoft/hcsshim #2852"),),
        changed="A destination that has promised to take the VM declines it all the same when it is asked to.",
        caught_by="lost_only_by_a_crash",
        fixed_by="A promise that binds: after it a cancel is answered with `too late`.",
        base=PROMISING,
        change=Change(rewrite={"decline": blind(Handover.arrival)}, strengthen={"decline": _declines_a_promise}),
        sizes={"cancels": 1},
        spared=PROMISE_BROKEN,
    ),
    Hazard(
        id="H15",
        name="roll-back expects a broken connection",
        system="hcsshim",
        sentence="The way back assumes that connections were dropped; a cancel that comes earlier is never over.",
        story=(
            "The roll-back was written for the blackout, when connections are gone. Cancelled before it, the session "
            "waited for a disconnection that did not come, and its cleaning up was blocked."
        ),
        sources=(Source("microsoft/hcsshim #2871"),),
        changed="A failed migration is over only when the connection has broken.",
        caught_by="migration_terminates",
        fixed_by="An end of the failed migration by the destination's word as well as by its death.",
        base=WAITING,
        change=Change(strengthen={"forget": _only_when_cut}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H16",
        name="retry refused half way",
        system="hcsshim",
        sentence="Finishing fails half way through a list; a retry is refused because the VM is running already.",
        story=(
            "The last step goes through the pods one by one. When it failed in the middle, the VM was already set "
            "running, and calling the step again was refused for just that reason."
        ),
        sources=(Source("microsoft/hcsshim #2803, review"),),
        changed="The source executes the VM first and reopens its disks afterwards, which a running VM refuses.",
        caught_by="disks_reopened",
        fixed_by="Finishing the list first, by steps that can be repeated, and executing last.",
        base=having(WAITING, Part.DISKS),
        change=Change(rewrite={"roll_back": blind(Disks.opened)}, strengthen={"reopen": _only_before_running}),
        sizes={"Disk": 2, "failures": 1},
    ),
    Hazard(
        id="H18",
        name="aborted receive reports OK",
        system="cloud-hypervisor",
        sentence="A receive that was aborted reports OK to the manager.",
        story="A receive that had been aborted was reported to the manager as one that had gone well.",
        sources=(Source("cloud-hypervisor aa629a1485"), Source("cloud-hypervisor PR #8485")),
        changed="A destination that declines sends the answer that stands for success.",
        caught_by="truthful_success",
        fixed_by="One answer for `mine` and another for `declined`.",
        base=WAITING,
        change=Change(strengthen={"decline": _answers_ok}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H19",
        name="paused VM set running",
        system="cloud-hypervisor",
        sentence="A VM that was paused before a migration runs after that migration has failed.",
        story="A failed migration resumed the VM on the source without asking whether it had been running before.",
        sources=(Source("cloud-hypervisor 5c93bcf2d7"), Source("cloud-hypervisor #7815")),
        changed="The way back always sets the VM running.",
        caught_by="run_state_preserved",
        fixed_by="Keeping the state from before the migration, and restoring that.",
        base=having(WAITING, paused=True),
        change=Change(rewrite={"roll_back": silent(Handover.runs)}, strengthen={"roll_back": _sets_running}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H20",
        name="late failure not noticed",
        system="cloud-hypervisor, propolis",
        sentence="The destination fails late, and the VM stays paused in a living source.",
        story=(
            "When the destination failed after the suspension, the source's VM was left paused, or dead in a VMM that "
            "lived; in propolis a pause in the kernel was never taken back."
        ),
        sources=(
            Source("cyberus-technology/cloud-hypervisor #83"),
            Source("propolis 7642abae"),
            Source("cloud-hypervisor #2895 and #2922"),
        ),
        changed="The source does not notice that the connection has broken.",
        caught_by="eventually_runs",
        fixed_by="Noticing the death of the peer at every step after the suspension.",
        base=WAITING,
        change=Change(remove=("notice",)),
        sizes={"crashes": 1},
    ),
    Hazard(
        id="H21",
        name="guest reset on the way",
        system="QEMU",
        sentence="A reset that the guest has asked for is carried out while the VM is being handed over.",
        story=(
            "A guest-initiated reset in the state finish-migrate led to a transition that the run-state table does not "
            "have, and QEMU aborted. What is right there is still being argued about."
        ),
        sources=(Source("qemu 1bd71dce4bf2"), Source("cloud-hypervisor PRs #8835 and #8869")),
        changed="A reset is carried out at any moment, and leaves the VM running.",
        caught_by="legal_way_back",
        fixed_by="Keeping the reset due until the VM executes again.",
        base=having(WAITING, Part.GUEST_EVENTS),
        change=Change(rewrite={"reset": blind(Handover.phase)}, strengthen={"reset": _runs_after_reset}),
        spared={"lost_only_by_a_crash": "here a guest may end itself"},
    ),
    Hazard(
        id="H45",
        name="some disks inactivated",
        system="QEMU",
        sentence="Inactivating the disks fails half way, and the source runs on with inactive disks.",
        story=(
            "The source inactivates its disks one by one. When one failed, those before it stayed inactive, the VM was "
            "continued, and the second migration ran into an assertion."
        ),
        sources=(
            Source("qemu 403d18ae3842"),
            Source("qemu 6dab4c93ecfa"),
            Source("qemu-project issues #2395 and #686"),
        ),
        changed="The way back neither opens disks again nor asks whether they are open.",
        caught_by="run_implies_disks",
        fixed_by="A way back that activates every disk, and executes only when all are active.",
        base=having(WAITING, Part.DISKS),
        change=Change(remove=("reopen",), rewrite={"roll_back": blind(Disks.opened)}),
        sizes={"Disk": 2, "failures": 1},
    ),
    Hazard(
        id="H51",
        name="device reset in freeze",
        system="Linux VFIO and LUO",
        sentence="Freezing resets the device for good, so a VM that is taken back has a device that does not work.",
        story=(
            "In the VFIO patches for live update the device is reset when it is frozen, and its handle is of no use "
            "afterwards. If the reboot is then aborted, there is nothing to go back to."
        ),
        sources=(Source("linux-kernel 2642873"),),
        changed="Transferring the configuration takes the device away from the source.",
        caught_by="rollback_restores",
        fixed_by="Doing what cannot be undone after the commit only.",
        base=LIVE_UPDATE,
        change=Change(strengthen={"transfer": _resets_the_device}),
        sizes={"cancels": 1},
    ),
)
