"""Hazards of memory: owned twice, not kept, not listed, written late, or freed with somebody else's handle."""

from __future__ import annotations

from dataclasses import replace

from attorn.model.hazards.bases import FIRMWARE, LIVE_UPDATE, WAITING, having
from attorn.model.hazards.changes import blind, silent
from attorn.model.hazards.hazard import Change, Hazard, Source
from attorn.model.protocol import Memory, Part
from attorn.spec.configuration import DamagedConfiguration, Hotplug
from attorn.spec.devices import CacheLines, Iommu
from attorn.spec.failing import FailingSteps
from attorn.spec.handover import Arrival, Handover
from attorn.spec.kept_memory import Handle, Keys, Scratch, Sessions
from attorn.spec.language import exists, one_of
from attorn.spec.vocabulary import NONE, VM, Address, Phase, Segment

__all__ = ["MEMORY"]


def _same_handle_only(s: Sessions, vm: VM, handle: Handle) -> None:
    s.require(~exists(VM, lambda other: s.kept[other, handle]))


def _consumed(s: FailingSteps, vm: VM, segment: Segment) -> None:
    s.described[vm, segment] = NONE


def _also_while_described(s: Handover, vm: VM, segment: Segment, address: Address) -> None:
    s.require(one_of(s.phase[vm], Phase.RUNNING, Phase.SUSPENDED, Phase.DESCRIBED))


def _accepted(s: DamagedConfiguration, vm: VM, segment: Segment) -> None:
    s.arrival[vm] = Arrival.RECEIVED
    s.taken[vm, lambda part: (part != segment) & (s.described[vm, part] != NONE)] = True


def _at_any_time(s: Hotplug, vm: VM) -> None:
    s.require(s.phase[vm] != Phase.ABSENT)


MEMORY = (
    Hazard(
        id="H22",
        name="one file in two sessions",
        system="Linux LUO",
        sentence="One memory object is preserved in two sessions, and so belongs to two after the update.",
        story=(
            "The same memfd could be put into two sessions. Each would have restored it and thought that it was the "
            "only one. The check compared open files, of which one object can have several."
        ),
        sources=(Source("linux-kernel 2619900 and 2620110"), Source("linux e3e613a33e65 (selftest)")),
        changed="Putting a handle into a session asks whether that handle is kept, not whether its memory is.",
        caught_by="kept_once",
        fixed_by="Comparing the objects that handles refer to.",
        base=having(LIVE_UPDATE, Part.SESSIONS),
        change=Change(rewrite={"keep": blind(Sessions.kept, Sessions.refers)}, strengthen={"keep": _same_handle_only}),
        sizes={"VM": 2, "Handle": 2},
    ),
    Hazard(
        id="H23",
        name="kept again before it is finished",
        system="Linux LUO",
        sentence="A file that was restored, but whose session is not finished, is preserved for the next update.",
        story=(
            "A restored file that was not finished yet could be preserved again. The third version of the patches "
            "lists it among what was corrected in review."
        ),
        sources=(Source("linux-kernel 2619899, changes in v3"),),
        changed="Putting a handle into a session does not ask whether an earlier hand-over of it is finished.",
        caught_by="kept_once",
        fixed_by="Refusing a second hand-over of what the first has not finished.",
        base=having(LIVE_UPDATE, Part.SESSIONS),
        change=Change(rewrite={"keep": blind(Sessions.unfinished)}),
        sizes={"Handle": 1},
    ),
    Hazard(
        id="H24",
        name="clean by an old record",
        system="Linux memfd under LUO",
        sentence="Whether a page is dirty is recorded too early; it is written to later, and dropped as clean.",
        story=(
            "The dirty flag of a page was recorded when the memfd was preserved. A page that was dirtied between then "
            "and the reboot was clean by the record, and the next kernel was free to reclaim it, with its data."
        ),
        sources=(Source("linux 7e04bf1f3315, mm: memfd_luo"),),
        changed="The record of a segment is written at any time, also while the VM executes.",
        caught_by="runs_on_its_own_state",
        fixed_by="Recording what can change only after the suspension; or recording every page as dirty.",
        base=having(LIVE_UPDATE, Part.PAGE_RECORDS),
        change=Change(rewrite={"record": blind(Handover.phase)}),
        sizes={"Word": 2},
    ),
    Hazard(
        id="H25",
        name="kept in scratch memory",
        system="Linux KHO",
        sentence="Memory that is to be preserved lies where the next kernel starts, and is overwritten.",
        story=(
            "Preserved memory, or the metadata that describes it, could be allocated inside the scratch region. The "
            "next kernel takes its first memory from there."
        ),
        sources=(Source("linux e38f65d317df, kho"), Source("linux-kernel 2601326")),
        changed="Memory is allocated to a VM without asking whether it is scratch memory.",
        caught_by="runs_on_its_own_state",
        fixed_by="Refusing to preserve what lies in the scratch region.",
        base=having(LIVE_UPDATE, Part.SCRATCH),
        change=Change(rewrite={"allocate": blind(Scratch.scratch)}),
        sizes={"Word": 2},
    ),
    Hazard(
        id="H26",
        name="undo is not the inverse",
        system="Linux KHO",
        sentence="Taking a preservation back leaves pages preserved, because it is not the inverse of preserving them.",
        story=(
            "Unpreserving computed another order of the pages than preserving had, and pages stayed preserved without "
            "anybody noticing."
        ),
        sources=(Source("linux 8fd2f26fa2a3, kho"),),
        changed="The way back leaves the marks of the segments as they are.",
        caught_by="rollback_restores",
        fixed_by="An undo that is derived from the step, or checked against it.",
        base=LIVE_UPDATE,
        change=Change(rewrite={"roll_back": silent(Handover.mark)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H28",
        name="retry of a consumed retrieval",
        system="Linux LUO",
        sentence="A retrieval that has failed is tried again, although it has already consumed part of the state.",
        story=(
            "A failed retrieve could be called again, but the serialized state had been taken apart by the first "
            "attempt. It is documented as permanent now."
        ),
        sources=(Source("linux f85b1c6af5bc, luo_file"),),
        changed="An attempt that fails at a segment takes that segment out of the configuration.",
        caught_by="recovery_idempotent",
        fixed_by="Reading the state without changing it until the attempt has succeeded; or refusing a second attempt.",
        base=having(LIVE_UPDATE, Part.FAILING_STEPS),
        change=Change(strengthen={"fail_to_retrieve": _consumed}),
        sizes={"failures": 1},
    ),
    Hazard(
        id="H29",
        name="session changed while it is written",
        system="Linux LUO",
        sentence="What belongs to a session can change while the session is being written down.",
        story=(
            "Sessions could still be created, retrieved and released while reboot() was serializing them, and a check "
            "in retrieving was separate from the act that it guarded."
        ),
        sources=(Source("linux bb1328be35bf and its parent"),),
        changed="A segment can be allocated to a VM that is suspended or described already.",
        caught_by="configuration_lists_all",
        fixed_by="A barrier: nothing is added from the moment at which the configuration is written.",
        base=FIRMWARE,
        change=Change(rewrite={"allocate": blind(Handover.phase)}, strengthen={"allocate": _also_while_described}),
        sizes={"Segment": 2, "Address": 2},
    ),
    Hazard(
        id="H30",
        name="half restored and left so",
        system="Linux LUO",
        sentence="Restoring fails half way, and what was restored by then is left lying.",
        story=(
            "When deserializing fails in the middle of a list, what has been restored so far is not undone; comments "
            "in the source say that the resources are leaked and only a reboot helps."
        ),
        sources=(Source("linux luo_session.c and luo_file.c, comments"),),
        changed="A destination that declines keeps the mappings that it has made so far.",
        caught_by="map_implies_own",
        fixed_by="A way back for the destination too, which undoes as much of the list as was done.",
        base=WAITING,
        change=Change(rewrite={"decline": silent(Handover.mapped)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H31",
        name="memory dies with its process",
        system="QEMU cpr-luo, Linux LUO",
        sentence="The outgoing process ends before the hand-over, and the preserved memory is released with it.",
        story=(
            "Preserved memory lives as long as the session's file is open. If the outgoing process exits, or closes "
            "its session, before the hand-over, the memory is given back; the documentation of cpr-luo warns of it."
        ),
        sources=(
            Source("qemu-devel 1233832 and 1233842, cpr-luo"),
            Source("linux luo_session_release()"),
        ),
        changed="Memory lives only as long as a VMM has a handle of it, and is not kept by the firmware.",
        caught_by="runs_on_its_own_state",
        fixed_by="Memory whose life hangs on no process: an owner above the VMMs keeps it until it is handed over.",
        base=WAITING,
        instead=replace(WAITING, memory=Memory.SHARED),
        sizes={"crashes": 1, "Word": 2},
    ),
    Hazard(
        id="H32",
        name="key destroyed under a mirror",
        system="KVM SEV",
        sentence="Closing one VM destroys a key that a mirror of it still uses, because the move lost its list.",
        story=(
            "Three calls are enough: copy the encryption context of A to B, move A to L, close L. The count of users "
            "had stayed with A, so the key went away under B. The trace is in the mail that reviews the patch."
        ),
        sources=(Source("KVM SEV patch 10/12, review by Bonzini, 2021-11"),),
        changed="The destination does not take over the list of those who use the VM's key.",
        caught_by="no_dangling_key",
        fixed_by="Moving the list together with the key, or refusing to move a key that others use.",
        base=having(FIRMWARE, Part.KEYS),
        change=Change(rewrite={"create": silent(Keys.listed)}),
        sizes={"VM": 2, "crashes": 1},
    ),
    Hazard(
        id="H33",
        name="key copied while it moves",
        system="KVM SEV",
        sentence="A key is copied while it is being moved, and the copy is entered in a list that is left behind.",
        story=(
            "Moving and copying an encryption context ran against each other: the list of mirrors was corrupted, and "
            "the reference of the wrong VM was dropped."
        ),
        sources=(Source("CVE-2026-74607"),),
        changed="A mirror can be made of a VM that is migrating.",
        caught_by="no_dangling_key",
        fixed_by="One lock around moving and copying.",
        base=having(FIRMWARE, Part.KEYS),
        change=Change(rewrite={"mirror": blind(Handover.target)}),
        sizes={"VM": 2, "crashes": 1},
    ),
    Hazard(
        id="H34",
        name="vCPU created during the move",
        system="KVM SEV-ES",
        sentence="A vCPU is created while the VM is being moved, and the moved VM has a vCPU of the wrong kind.",
        story=(
            "A vCPU whose creation was under way during the move ended up in a VM that had become SEV-ES without it, "
            "and the host crashed. Another fix took the source's vCPUs from the destination by mistake."
        ),
        sources=(Source("kvm-x86 ecf371f8b02d"), Source("linux f1187ef and 2ee4b180")),
        changed="A vCPU can be created in a VM that is suspended or described.",
        caught_by="all_vcpus_described",
        fixed_by="Refusing to move a VM of which a vCPU is being created, and to create one in a VM that moves.",
        base=having(FIRMWARE, Part.HOTPLUG),
        change=Change(rewrite={"plug": blind(Handover.phase)}, strengthen={"plug": _at_any_time}),
    ),
    Hazard(
        id="H35",
        name="state not in the list",
        system="KVM SEV-SNP",
        sentence="Part of the state is not moved at all, and the VM goes on without it.",
        story=(
            "The move of an encryption context did not know of SNP state, and left it behind; such moves are refused "
            "now."
        ),
        sources=(Source("linux 6ee414078823, KVM"),),
        changed="The configuration is written without the registers.",
        caught_by="runs_on_its_own_state",
        fixed_by="Refusing to move a VM that has state which the list does not know.",
        base=FIRMWARE,
        change=Change(rewrite={"describe": silent(Handover.described_registers)}),
        sizes={"Word": 2},
    ),
    Hazard(
        id="H36",
        name="late write-back",
        system="guest memory providers for KVM",
        sentence="A dirty cache line of the former owner is written back into memory that has another owner already.",
        story=(
            "With encrypted memory, a line that the former owner left dirty in the cache can be written back after the "
            "frame was given away. The discussion of memory providers names it."
        ),
        sources=(Source("linux-kernel 2663655, Griffoul"),),
        changed="A segment is reassigned without asking whether the source still has dirty lines of it.",
        caught_by="no_late_write_back",
        fixed_by="Flushing a segment before it changes hands.",
        base=having(FIRMWARE, Part.CACHES),
        change=Change(rewrite={"reassign": blind(CacheLines.line)}),
    ),
    Hazard(
        id="H37",
        name="DMA map restored by half",
        system="Linux VFIO, QEMU",
        sentence="Some DMA mappings are gone when a step fails, and the VM goes on without them.",
        story=(
            "Changing the addresses of DMA mappings goes container by container. If one fails after others have "
            "succeeded, all must be mapped again; the header warns that memory is corrupted otherwise."
        ),
        sources=(Source("linux 441e8106a238"), Source("qemu-devel 1054084")),
        changed="The way back does not ask whether the devices reach all of the memory again.",
        caught_by="device_reaches_all",
        fixed_by="Executing again only when every segment is back in the map.",
        base=having(WAITING, Part.IOMMU),
        change=Change(rewrite={"roll_back": blind(Iommu.reaches)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H38",
        name="lists of segments differ",
        system="QEMU",
        sentence="The destination works with another list of segments than the source has written.",
        story=(
            "A destination of another version has other RAM blocks, or blocks of another size: `Unknown ramblock`, or "
            "a ROM that a change of linker had pushed over 64 KiB."
        ),
        sources=(Source("qemu d96c4d5f193e"), Source("SUSE KB 7017048"), Source("QEMU wiki, Troubleshooting")),
        changed="A configuration that lacks a segment is accepted.",
        caught_by="run_implies_maps_all",
        fixed_by="Length and checksum of the configuration, and refusing what does not agree.",
        base=having(WAITING, Part.CHECKED_CONFIGURATION),
        change=Change(strengthen={"damage": _accepted}),
        sizes={"damages": 1},
    ),
)
