"""The claim's steps: how a VM is executed, suspended, handed over and resumed in place."""

from __future__ import annotations

from attorn.spec.goals import GOALS
from attorn.spec.language import ANY, Machine, action, assumption, exists, forall, initial, one_of
from attorn.spec.lemmas import LEMMAS
from attorn.spec.picture import PLATFORM_PICTURE
from attorn.spec.progress import PROGRESS
from attorn.spec.ranks import RANKS
from attorn.spec.safety import SAFETY
from attorn.spec.vocabulary import NONE, VM, ZERO, Address, Partition, Phase, Platform, Segment, Word

__all__ = ["CLAIM", "CLAIM_STEPS", "LIFE_STEPS", "nothing_runs"]


@initial
def nothing_runs(s: Platform) -> None:
    """No VM exists; the segments are scrubbed and belong to any of the partitions."""
    s.owner[...] = ANY
    s.content[...] = ZERO
    s.mapped[...] = NONE
    s.holds[...] = False
    s.phase[...] = Phase.ABSENT
    s.source[...] = ANY
    s.target[...] = lambda vm: s.source[vm]
    s.runs[...] = False
    s.resources[...] = False
    s.registers[...] = ZERO
    s.described[...] = NONE
    s.described_registers[...] = ZERO
    s.guest_memory[...] = ZERO
    s.guest_registers[...] = ZERO
    s.guest_layout[...] = NONE


@action(party="source")
def start(s: Platform, vm: VM, partition: Partition) -> None:
    """A VMM creates a VM from nothing and executes it."""
    s.require(s.phase[vm] == Phase.ABSENT)
    s.phase[vm] = Phase.RUNNING
    s.source[vm] = partition
    s.target[vm] = partition
    s.runs[partition, vm] = True
    s.resources[partition, vm, ...] = True


@action(party="source")
def allocate(s: Platform, vm: VM, segment: Segment, address: Address) -> None:
    """The firmware allocates a free segment to a VM, whose VMM maps it at a free guest address."""
    home = s.source[vm]
    s.require(
        s.phase[vm] == Phase.RUNNING,
        ~exists(VM, lambda other: s.holds[other, segment]),
        s.owner[segment] == home,
        forall(Segment, lambda other: s.holds[vm, other] >> (s.mapped[home, other] != address)),
    )
    s.holds[vm, segment] = True
    s.mapped[home, segment] = address
    s.guest_layout[vm, segment] = address


@action(party="guest")
def execute(s: Platform, vm: VM, segment: Segment, word: Word) -> None:
    """The guest executes an instruction that writes a word to one of its segments and to its registers."""
    s.require(s.runs[s.source[vm], vm], s.holds[vm, segment])
    s.content[segment] = word
    s.registers[vm] = word
    s.guest_memory[vm, segment] = word
    s.guest_registers[vm] = word


@action(party="source")
def release(s: Platform, vm: VM, segment: Segment) -> None:
    """The VM gives a segment back; it is unmapped and scrubbed."""
    s.require(s.phase[vm] == Phase.RUNNING, s.holds[vm, segment])
    s.holds[vm, segment] = False
    s.mapped[s.source[vm], segment] = NONE
    s.content[segment] = ZERO
    s.guest_memory[vm, segment] = ZERO
    s.guest_layout[vm, segment] = NONE


@action(party="source")
def stop(s: Platform, vm: VM) -> None:
    """The VM ends for good; all that it holds is unmapped, scrubbed and freed."""
    s.require(s.phase[vm] == Phase.RUNNING)
    s.phase[vm] = Phase.ABSENT
    s.runs[s.source[vm], vm] = False
    s.resources[s.source[vm], vm, ...] = False
    s.registers[vm] = ZERO
    s.mapped[..., lambda segment: s.holds[vm, segment]] = NONE
    s.content[lambda segment: s.holds[vm, segment]] = ZERO
    s.holds[vm, ...] = False
    s.guest_registers[vm] = ZERO
    s.guest_memory[vm, ...] = ZERO
    s.guest_layout[vm, ...] = NONE


@action(party="firmware")
def rebalance(s: Platform, segment: Segment, partition: Partition) -> None:
    """The firmware gives a free segment to another partition."""
    s.require(~exists(VM, lambda vm: s.holds[vm, segment]), s.owner[segment] != partition)
    s.owner[segment] = partition


@action(party="source")
def suspend(s: Platform, vm: VM, partition: Partition) -> None:
    """The source stops the VM's vCPUs, to hand it to another partition; everything stays allocated."""
    s.require(s.phase[vm] == Phase.RUNNING, partition != s.source[vm])
    s.phase[vm] = Phase.SUSPENDED
    s.target[vm] = partition
    s.runs[s.source[vm], vm] = False


@action(party="source", fair="weak")
def describe(s: Platform, vm: VM) -> None:
    """The source writes the extended configuration: run state, and a description of every segment."""
    s.require(s.phase[vm] == Phase.SUSPENDED)
    s.phase[vm] = Phase.DESCRIBED
    s.described[vm, lambda segment: s.holds[vm, segment]] = lambda segment: s.mapped[s.source[vm], segment]
    s.described_registers[vm] = s.registers[vm]


@action(party="source", fair="weak")
def transfer(s: Platform, vm: VM) -> None:
    """The extended configuration goes to the destination VMM."""
    s.require(s.phase[vm] == Phase.DESCRIBED)
    s.phase[vm] = Phase.TRANSFERRED


@action(party="source", fair="weak")
def unmap(s: Platform, vm: VM, segment: Segment) -> None:
    """The source VMM drops its mapping of one segment that it is about to lose."""
    s.require(
        s.phase[vm] == Phase.TRANSFERRED, s.described[vm, segment] != NONE, s.mapped[s.source[vm], segment] != NONE
    )
    s.mapped[s.source[vm], segment] = NONE


@action(party="firmware", fair="weak")
def reassign(s: Platform, vm: VM, segment: Segment) -> None:
    """The firmware moves one segment from the source partition to the destination; its contents stay."""
    s.require(
        s.phase[vm] == Phase.TRANSFERRED,
        s.described[vm, segment] != NONE,
        s.owner[segment] == s.source[vm],
        s.mapped[s.source[vm], segment] == NONE,
    )
    s.owner[segment] = s.target[vm]


@action(party="destination", fair="weak")
def map(s: Platform, vm: VM, segment: Segment) -> None:
    """The destination VMM maps one segment at the guest address that its description names."""
    s.require(
        one_of(s.phase[vm], Phase.TRANSFERRED, Phase.EXITED, Phase.CREATED),
        s.described[vm, segment] != NONE,
        s.owner[segment] == s.target[vm],
        s.mapped[s.target[vm], segment] == NONE,
    )
    s.mapped[s.target[vm], segment] = s.described[vm, segment]


@action(party="source", fair="weak")
def exit(s: Platform, vm: VM) -> None:
    """The VM exits in the source, which frees the virtual resources that it held for it."""
    s.require(
        s.phase[vm] == Phase.TRANSFERRED,
        forall(Segment, lambda segment: (s.described[vm, segment] != NONE) >> (s.owner[segment] == s.target[vm])),
    )
    s.phase[vm] = Phase.EXITED
    s.resources[s.source[vm], vm, ...] = False
    s.registers[vm] = ZERO


@action(party="destination", fair="weak")
def create(s: Platform, vm: VM) -> None:
    """The destination VMM creates the VM by the extended configuration."""
    s.require(s.phase[vm] == Phase.EXITED)
    s.phase[vm] = Phase.CREATED
    s.resources[s.target[vm], vm, ...] = True
    s.registers[vm] = s.described_registers[vm]


@action(party="destination", fair="weak")
def resume(s: Platform, vm: VM) -> None:
    """The destination executes the VM, once it owns and maps every segment; the configuration is dropped."""
    s.require(
        s.phase[vm] == Phase.CREATED,
        forall(
            Segment,
            lambda segment: (
                (s.described[vm, segment] != NONE) >> (s.mapped[s.target[vm], segment] == s.described[vm, segment])
            ),
        ),
    )
    s.phase[vm] = Phase.RUNNING
    s.source[vm] = s.target[vm]
    s.runs[s.target[vm], vm] = True
    s.described[vm, ...] = NONE
    s.described_registers[vm] = ZERO


LIFE_STEPS = (start, allocate, execute, release, stop, rebalance)
CLAIM_STEPS = (suspend, describe, transfer, unmap, reassign, map, exit, create, resume)

CLAIM = Machine(
    "claim",
    Platform,
    nothing_runs,
    (*LIFE_STEPS, *CLAIM_STEPS),
    (*SAFETY, *LEMMAS, *GOALS, *PROGRESS, *RANKS),
    assumptions=(
        assumption(
            "no_faults", "No party fails: VMMs, firmware and the channel between them do not crash or lose anything."
        ),
        assumption(
            "exclusive_memory", "The hardware lets a VMM touch only memory of its own partition (map_implies_own)."
        ),
        assumption("atomic_steps", "Each action is one step; what happens inside it is not seen by the other parties."),
        assumption("whole_segments", "Segments have one size, and a guest address names a whole segment."),
    ),
    says="The claim when nothing goes wrong: several VMs live, migrate in place in both directions, and end.",
    picture=PLATFORM_PICTURE,
)
