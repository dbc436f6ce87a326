"""Hazards of crashes, leaks, managers and versions: what is left behind, forgotten, or found out too late."""

from __future__ import annotations

from attorn.model.hazards.bases import FIRMWARE, WAITING, having
from attorn.model.hazards.changes import blind, both, silent
from attorn.model.hazards.hazard import Change, Hazard, Source
from attorn.model.protocol import Part
from attorn.spec.configuration import CAPACITY, Versions
from attorn.spec.failing import FailingSteps
from attorn.spec.guest import GuestEvents
from attorn.spec.handover import Handover
from attorn.spec.language import count
from attorn.spec.manager import Manager, Ports
from attorn.spec.vocabulary import NONE, VM, Partition, Segment

__all__ = ["LIFE"]


def _not_in_the_cache(s: Manager, vm: VM) -> None:
    s.require(s.believes[vm] == NONE)


def _drops_the_vm(s: FailingSteps, vm: VM) -> None:
    s.resources[s.source[vm], vm, ...] = False


def _frees_what_it_executes(s: Handover, partition: Partition) -> None:
    s.resources[partition, lambda vm: s.source[vm] == partition, ...] = False


def _below_capacity(s: Handover, vm: VM) -> None:
    s.require(count(Segment, lambda held: s.holds[vm, held]) < CAPACITY)


def _frees_for_others(s: Handover, vm: VM) -> None:
    s.resources[s.target[vm], vm, ...] = False


LIFE = (
    Hazard(
        id="H52",
        name="manager forgets and deletes",
        system="KubeVirt",
        sentence="A manager that was restarted with an empty cache takes a good VM for failed, and deletes it.",
        story=(
            "After a successful migration the manager was restarted. Its cache was empty, so it declared the VM "
            "failed, and three seconds later it deleted the domain that was running well."
        ),
        sources=(Source("kubevirt issue #18765"),),
        changed="After a restart the manager knows of no VM, and it cleans away what it does not know.",
        caught_by="recovery_safe",
        fixed_by="Deciding by what is on record and by asking the VMM, never by what is missing from a cache.",
        base=having(WAITING, Part.MANAGER),
        change=Change(
            rewrite={
                "manager_restart": silent(Manager.believes),
                "clean_up": both(blind(Manager.recorded), blind(Manager.arrival), blind(Manager.runs)),
            },
            strengthen={"clean_up": _not_in_the_cache},
        ),
        sizes={"outages": 1},
    ),
    Hazard(
        id="H53",
        name="last event lost",
        system="KubeVirt",
        sentence="The migration has succeeded, its last event is lost, and the manager waits for ever.",
        story="The final event got lost when the source exited, and the migration object stayed pending.",
        sources=(Source("kubevirt #18020"), Source("kubevirt PR #18631")),
        changed="The manager never asks; it only waits to be told.",
        caught_by="manager_learns",
        fixed_by="Asking from time to time for what was not told.",
        base=having(WAITING, Part.MANAGER),
        change=Change(remove=("ask",)),
        sizes={"losses": 1, "outages": 0},
    ),
    Hazard(
        id="H54",
        name="dead destination not cleaned",
        system="KubeVirt",
        sentence="The destination dies after it has prepared; what it had set up stays for ever.",
        story=(
            "A target that died between preparing and starting was not cleaned up. Network state that it had leaked "
            "poisoned every further attempt."
        ),
        sources=(Source("kubevirt PR #18103"),),
        changed="Of what a dying VMM holds, only that is freed which belongs to VMs that it executes.",
        caught_by="no_leak",
        fixed_by="Freeing that hangs on the death of the process, not on its last words.",
        base=WAITING,
        change=Change(rewrite={"crash": silent(Handover.resources)}, strengthen={"crash": _frees_what_it_executes}),
        sizes={"crashes": 1},
    ),
    Hazard(
        id="H55",
        name="ports run out",
        system="Deckhouse virtualization",
        sentence="Each failed migration keeps its ports; after some of them no migration is possible any more.",
        story="Four ports leaked with every failed migration; after about sixteen the node refused all of them.",
        sources=(Source("deckhouse/virtualization #2618"),),
        changed="A failed migration does not give its port back.",
        caught_by="retry_possible",
        fixed_by="Giving back in the step that ends a migration, however it ends.",
        base=having(WAITING, Part.PORTS),
        change=Change(rewrite={"forget": silent(Ports.in_use)}),
        sizes={"Port": 1, "cancels": 1},
    ),
    Hazard(
        id="H56",
        name="second migration blocked",
        system="KubeVirt, propolis",
        sentence="What is left of one migration blocks all later ones.",
        story=(
            "A source that was not removed blocked the second migration. In propolis the first failure blocked all "
            "later ones, and a failure was published before the source was resumed."
        ),
        sources=(Source("kubevirt #18320"), Source("propolis #170, #811 and #874")),
        changed="When a failed migration is over, the destination still remembers that it has declined.",
        caught_by="retry_possible",
        fixed_by="An end of the migration that leaves both sides as they were before it.",
        base=WAITING,
        change=Change(rewrite={"forget": silent(Handover.arrival)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H57",
        name="VM left on the destination",
        system="OpenNebula, Sylve, xapi",
        sentence="A failed migration leaves a VM on the destination.",
        story=(
            "After a failure the destination still had the VM that it had created. In xapi, when its daemon failed "
            "after the memory was moved, the VM was in limbo."
        ),
        sources=(Source("OpenNebula #3582"), Source("Sylve #164"), Source("xenopsd #722 and xapi #4144")),
        changed="A destination that declines keeps what it has allocated for the VM.",
        caught_by="no_leak",
        fixed_by="A way back for the destination that frees all that it had created.",
        base=WAITING,
        change=Change(rewrite={"decline": silent(Handover.resources)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H58",
        name="peer dies silently",
        system="cloud-hypervisor",
        sentence="The other side dies without a word, and nobody ever notices.",
        story=(
            "A connection whose peer was gone was never noticed to be dead, and orphaned migration threads kept the "
            "socket."
        ),
        sources=(Source("cloud-hypervisor ee6cafdcdd"), Source("cloud-hypervisor fa74e7a843")),
        changed="A crash does not break the connection, and an empty channel is not noticed either.",
        caught_by="migration_terminates",
        fixed_by="A time-out or keep-alive that turns silence into a broken connection.",
        base=WAITING,
        change=Change(remove=("notice",), rewrite={"crash": silent(Handover.cut)}),
        sizes={"crashes": 1},
    ),
    Hazard(
        id="H59",
        name="worker does not start",
        system="cloud-hypervisor",
        sentence="The VM is given to a worker that cannot be started, and is lost with it.",
        story="The VM object was moved into a thread; starting that thread failed, and the object was gone.",
        sources=(Source("cyberus-technology/cloud-hypervisor #127, review"),),
        changed="When the worker cannot be started, what the source has for the VM is dropped.",
        caught_by="no_destructive_before_commit",
        fixed_by="Giving the VM to the worker only once that has started.",
        base=having(WAITING, Part.FAILING_STEPS),
        change=Change(strengthen={"fail_to_prepare": _drops_the_vm}),
        sizes={"failures": 1},
    ),
    Hazard(
        id="H60",
        name="abandon sent to nobody",
        system="cloud-hypervisor",
        sentence="Whoever has refused already is told to give up, and is not there to hear it.",
        story="After an error reply the sender sent Abandon, but the receiver was gone by then, so it always failed.",
        sources=(Source("cloud-hypervisor 969d2f855d"),),
        changed="The source asks a destination to give up that has declined already.",
        caught_by="messages_have_takers",
        fixed_by="One side that has the last word, in every state of the protocol.",
        base=WAITING,
        change=Change(rewrite={"remind": blind(Handover.arrival)}),
        sizes={"cancels": 1},
    ),
    Hazard(
        id="H63",
        name="largest object does not fit",
        system="Xen xenstored, Linux LUO",
        sentence="A VM of the largest size allowed cannot be handed over.",
        story=(
            "An off-by-one in a buffer made an update impossible as soon as there was one object of the greatest legal "
            "length. LUO had limits of files and sessions, which were removed later."
        ),
        sources=(Source("xen c85610a322"), Source("linux LUO, limits of 128 files and 744 sessions, 2026-06")),
        changed="The configuration is refused when it is just full.",
        caught_by="eventually_runs",
        fixed_by="One bound, used where memory is given and where it is described.",
        base=having(WAITING, Part.LIMITED_CONFIGURATION),
        change=Change(rewrite={"transfer": blind(Handover.holds)}, strengthen={"transfer": _below_capacity}),
        sizes={"capacity": 1},
    ),
    Hazard(
        id="H64",
        name="version found out too late",
        system="Xen xenstored, cloud-hypervisor",
        sentence="That the new version does not accept the configuration is found out when there is no way back.",
        story=(
            "The new binary refused arguments or a configuration of the old one, which showed only when the old one "
            "was gone. The cure is to ask the new binary first; cloud-hypervisor now has a window of versions."
        ),
        sources=(
            Source("xen e6f07052ce"),
            Source("cloud-hypervisor 51bd9d24f3"),
            Source("cloud-hypervisor f838b95677"),
        ),
        changed="A VM is suspended without asking whether the destination understands its configuration.",
        caught_by="version_gate",
        fixed_by="Asking the destination before the suspension.",
        base=having(FIRMWARE, Part.VERSIONS),
        change=Change(rewrite={"suspend": blind(Versions.understands)}),
        spared={"retry_possible": "a VM may find no destination that understands its configuration"},
    ),
    Hazard(
        id="H65",
        name="zombie after an update",
        system="Xen xenstored",
        sentence="A VM that dies during the update is never freed.",
        story="A domain that was dying while xenstored was updated stayed behind as a zombie.",
        sources=(Source("xen 98f60e5de0"), Source("xen 939775cfd3")),
        changed="The journal is not told that the VM has ended, so the VM is recovered instead of freed.",
        caught_by="no_zombie",
        fixed_by="Withdrawing what is written down for the hand-over when the VM ends.",
        base=having(FIRMWARE, Part.GUEST_EVENTS),
        change=Change(rewrite={"die": silent(GuestEvents.intent)}),
        spared={"lost_only_by_a_crash": "here a guest may end itself"},
    ),
    Hazard(
        id="H66",
        name="restored without initialisation",
        system="Xen",
        sentence="A VM that is restored lacks what only the cold start sets up.",
        story="The path that restores a domain skipped an initialisation that the ordinary path makes.",
        sources=(Source("xen ebf99a1627"),),
        changed="Creating a VM by its configuration allocates no virtual resources.",
        caught_by="run_implies_resources",
        fixed_by="One function that sets a VM up, for both ways.",
        base=FIRMWARE,
        change=Change(rewrite={"create": silent(Handover.resources)}),
    ),
    Hazard(
        id="H68",
        name="freed what others own",
        system="cloud-hypervisor",
        sentence="A party that ends removes something that belongs to the other.",
        story="The path of a UNIX socket was unlinked by a process that did not own it.",
        sources=(Source("cloud-hypervisor bb3e1b4073"),),
        changed="The exit in the source also frees what the destination has allocated for the VM.",
        caught_by="run_implies_resources",
        fixed_by="Freeing only what one has allocated oneself.",
        base=FIRMWARE,
        change=Change(strengthen={"exit": _frees_for_others}),
    ),
)
