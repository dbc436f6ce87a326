"""Hazards of the commit point: two runners, none, or a source that goes on after it was too late."""

from __future__ import annotations

from dataclasses import replace

from attorn.model.hazards.bases import FIRMWARE, LOGGED_MEMFD, MEMFD, WAITING, having
from attorn.model.hazards.changes import blind, silent
from attorn.model.hazards.hazard import Change, Hazard, Source
from attorn.model.protocol import Answer, Devices, Journal, Part
from attorn.spec.handover import Handover, Outcome
from attorn.spec.vocabulary import VM, Phase

__all__ = ["COMMIT"]

PROMISING = having(WAITING, answer=Answer.BEFORE_RESUME, journal=Journal.NONE)
PROMISE_BROKEN = {
    "migration_terminates": "a destination that has promised and is then refused waits for ever",
    "retry_possible": "a destination that has promised and is then refused waits for ever",
}


def _takes_back_at_once(s: Handover, vm: VM) -> None:
    s.phase[vm] = Phase.RUNNING
    s.runs[s.source[vm], vm] = True
    s.told[vm] = Outcome.STAYED


def _reports_failure(s: Handover, vm: VM) -> None:
    s.told[vm] = Outcome.STAYED


COMMIT = (
    Hazard(
        id="H1",
        name="last OK lost, both run",
        system="propolis",
        sentence="The destination runs after it has sent its OK; the source never sees it, unwinds, and runs too.",
        story=(
            "At the end of a migration the target sent a last OK and went on. A source that did not get to see that OK "
            "took the migration for failed and let its own VM continue. The author found it by thinking the protocol "
            "through, not by a test."
        ),
        sources=(Source("oxidecomputer/propolis issue #350"), Source("fix: propolis #351, commit e448ae9b")),
        changed="The source takes the VM back without being asked whether its partition owns all of its segments.",
        caught_by="at_most_one_runner",
        fixed_by="Exclusive memory, and a source that must own and map every segment before it executes the VM again.",
        base=PROMISING,
        instead=replace(PROMISING, demands_all=False),
        sizes={"timeouts": 1},
        spared=PROMISE_BROKEN,
    ),
    Hazard(
        id="H2",
        name="hand-off lost, nobody runs",
        system="propolis",
        sentence="The source has handed off and is gone, the destination never hears of it, and nobody runs.",
        story=(
            "The fix for the two runners moved the commit to the source: once it has sent its last word it never "
            "resumes. Its text says what that costs: if the last word is lost, the VM runs nowhere."
        ),
        sources=(Source("propolis #351, text of the change"),),
        changed="There is no journal from which the destination could recover, and no firmware that notices the loss.",
        caught_by="eventually_runs",
        fixed_by="A log that has the configuration, from which the destination takes it when the message is lost.",
        base=FIRMWARE,
        instead=replace(FIRMWARE, journal=Journal.NONE),
        change=Change(remove=("bury",)),
        sizes={"losses": 1},
    ),
    Hazard(
        id="H3",
        name="resume, then answer",
        system="cloud-hypervisor",
        sentence="The receiver resumes and then answers; if the answer cannot be read, the sender resumes as well.",
        story=(
            "On `Complete` the receiver calls resume on the VM and only then writes its OK. The sender takes a failed "
            "read of that OK for a failed migration and resumes its own, paused VM. In local migration by memfds both "
            "then execute on the same pages. Found by reading the source; not reproduced on a running system."
        ),
        sources=(
            Source("cloud-hypervisor at ae44c297, vmm/src/lib.rs l.1084-1104, l.2033-2097 and l.3236"),
            Source("cloud-hypervisor PR #8890", read=False),
        ),
        changed="There is no log that records that the destination was let in: only the answer tells the source.",
        caught_by="at_most_one_runner",
        fixed_by=(
            "A record of who was let in, which the source asks before it resumes; or memory that only its owner can "
            "map, and a source that must own all of it."
        ),
        base=LOGGED_MEMFD,
        instead=MEMFD,
        sizes={"timeouts": 1},
    ),
    Hazard(
        id="H4",
        name="source resumed after execution moved",
        system="cloud-hypervisor, libvirt",
        sentence="The destination has executed and dies; the source goes on with registers older than the memory.",
        story=(
            "In post-copy the VM already executes at the destination while its state is still split. When that failed, "
            "the source was resumed although it no longer had the whole state. With memory in place it is no better: "
            "the first write of the destination makes the source's registers stale."
        ),
        sources=(
            Source("cloud-hypervisor PR #8890", read=False),
            Source("libvirt 88a59fbb, design note", read=False),
        ),
        changed="Neither the firmware nor the source asks the log whether the destination was let in before.",
        caught_by="no_rollback_after_commit",
        fixed_by="A record of the destination's entry, written before its first instruction and asked on the way back.",
        base=WAITING,
        change=Change(rewrite={"reclaim": blind(Handover.entered), "roll_back": blind(Handover.entered)}),
        sizes={"crashes": 1},
    ),
    Hazard(
        id="H5",
        name="manager with a stale view",
        system="libvirt, QEMU",
        sentence="A manager that does not know that execution has moved lets the source execute again.",
        story=(
            "libvirt did not know that QEMU had switched to post-copy. When the migration failed it let the source "
            "continue, although the destination was executing already; disks could be corrupted."
        ),
        sources=(Source("libvirt eca9d21e6c"), Source("rhbz 1647365")),
        changed="The manager's order makes the source execute at once, instead of asking the destination to give up.",
        caught_by="at_most_one_runner",
        fixed_by="An order that only begins the way back, which the destination's answer or the log can stop.",
        base=having(LOGGED_MEMFD, Part.MANAGER),
        change=Change(
            rewrite={"order_back": silent(Handover.aborting, Handover.sent)},
            strengthen={"order_back": _takes_back_at_once},
        ),
        sizes={"timeouts": 1, "outages": 0},
    ),
    Hazard(
        id="H6",
        name="silence taken for failure",
        system="libvirt",
        sentence="The last step returns nothing because the connection is lost; the source restarts, and both run.",
        story=(
            "The finish step at the destination had succeeded, but the keep-alive of the connection failed and the "
            "step returned nothing. That was handled as a failure, so the source was started again beside the "
            "running destination."
        ),
        sources=(Source("libvir-list 2015-02, Zhang Bo, message 109293"),),
        changed="A source that has waited too long executes again without asking the log.",
        caught_by="at_most_one_runner",
        fixed_by="Treating silence as not knowing: the log, or the owner of the memory, decides.",
        base=LOGGED_MEMFD,
        change=Change(rewrite={"roll_back": blind(Handover.entered)}),
        sizes={"timeouts": 1},
    ),
    Hazard(
        id="H7",
        name="source not ended",
        system="KubeVirt",
        sentence="After a migration the source's process is still there: there are two VMM processes for one VM.",
        story=(
            "After live migrations two qemu processes were found for one VM, on two nodes, and guest disks were "
            "corrupted. Nothing made sure that the source had ended."
        ),
        sources=(Source("kubevirt issues #15373, #15711 and #16622"),),
        changed="The exit in the source frees nothing.",
        caught_by="no_leak",
        fixed_by="An exit that is a step of the protocol, with freeing as part of it.",
        base=FIRMWARE,
        change=Change(rewrite={"exit": silent(Handover.resources)}),
    ),
    Hazard(
        id="H8",
        name="failure reported, destination healthy",
        system="KubeVirt",
        sentence="The source reports a failure while the destination has taken over and is healthy.",
        story=(
            "The source reported that the migration had failed, and the destination went on in the belief that all was "
            "well; it could not be cleaned up. A reviewer noted that at that point the VM is lost already."
        ),
        sources=(Source("kubevirt PR #6028 and its review"),),
        changed="The source tells the operator that the VM stayed as soon as it is tired of waiting.",
        caught_by="outcome_is_final",
        fixed_by="A report that is made by the step that makes it true: the roll-back, or the answer.",
        base=WAITING,
        change=Change(strengthen={"time_out": _reports_failure}),
        sizes={"timeouts": 1},
    ),
    Hazard(
        id="H69",
        name="destructive before commit",
        system="propolis, xapi",
        sentence="The destination evicts the source from its storage before the migration is known to succeed.",
        story=(
            "The source resumed by itself after a failure, although the destination had already done something that "
            "cannot be undone: it had taken over the storage connections. The answer given was a rule: the destination "
            "does nothing destructive before success is known. A reviewer of xapi asked for the same missing point."
        ),
        sources=(Source("propolis issue #252"), Source("xapi-project/xen-api #4746, review")),
        changed="The destination takes the disk's lock whether or not the source has released it.",
        caught_by="no_destructive_before_commit",
        fixed_by="A destination that waits until the source has released what it needs.",
        base=having(WAITING, devices=Devices.LOCK),
        change=Change(rewrite={"create": blind(Handover.lock)}),
    ),
)
