"""What must hold: the safety properties of the claim, each with its sentence and its source."""

from __future__ import annotations

from attorn.spec.language import Expr, exists, forall, invariant, one_of, two_state
from attorn.spec.vocabulary import MIGRATING, NONE, VM, ZERO, Partition, Phase, Platform, Resource, Segment

__all__ = ["SAFETY"]

CONFIGURED = (Phase.DESCRIBED, Phase.TRANSFERRED, Phase.EXITED, Phase.CREATED)
BEFORE_TRANSFER = (Phase.RUNNING, Phase.SUSPENDED, Phase.DESCRIBED)
AT_SOURCE = (*BEFORE_TRANSFER, Phase.TRANSFERRED)


def migrating(s: Platform, vm: VM) -> Expr:
    """The VM is between suspension and resumption."""
    return one_of(s.phase[vm], *MIGRATING)


@invariant(claim="b")
def exclusive_allocation(s: Platform) -> Expr:
    """A segment holds the data of at most one VM."""
    return forall(VM, VM, Segment, lambda a, b, segment: (s.holds[a, segment] & s.holds[b, segment]) >> (a == b))


@invariant(claim="b")
def segment_purity(s: Platform) -> Expr:
    """What an allocated segment holds was written by its VM, or is scrubbed."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (s.holds[vm, segment] & (s.content[segment] != ZERO)) >> (s.guest_memory[vm, segment] == s.content[segment])
        ),
    )


@invariant(claim="b")
def guest_addresses_differ(s: Platform) -> Expr:
    """No two segments of a VM share a guest address."""
    return forall(
        VM,
        Segment,
        Segment,
        lambda vm, a, b: (
            (s.holds[vm, a] & s.holds[vm, b] & (s.guest_layout[vm, a] == s.guest_layout[vm, b])) >> (a == b)
        ),
    )


@invariant(claim="e")
def contents_intact(s: Platform) -> Expr:
    """A VM finds in its segments and registers exactly what it left there."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: s.holds[vm, segment] >> (s.content[segment] == s.guest_memory[vm, segment]),
    ) & forall(
        VM,
        lambda vm: one_of(s.phase[vm], *AT_SOURCE, Phase.CREATED) >> (s.registers[vm] == s.guest_registers[vm]),
    )


@invariant(claim="c")
def suspend_freezes(s: Platform) -> Expr:
    """No vCPU of a VM executes between its suspension and its resumption."""
    return forall(Partition, VM, lambda partition, vm: migrating(s, vm) >> ~s.runs[partition, vm])


@two_state(claim="c")
def suspended_memory_is_frozen(before: Platform, after: Platform) -> Expr:
    """Nothing writes to the memory of a VM between its suspension and its resumption."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (migrating(before, vm) & before.holds[vm, segment])
            >> ((after.content[segment] == before.content[segment]) & after.holds[vm, segment])
        ),
    )


@invariant(claim="bh")
def executed_while_running(s: Platform) -> Expr:
    """A VMM executes a VM exactly while the VM is running and has that VMM as its source."""
    return forall(Partition, VM, lambda p, vm: s.runs[p, vm] == ((s.phase[vm] == Phase.RUNNING) & (s.source[vm] == p)))


@invariant(claim="b", hazards=("H1", "H3", "H5", "H6"))
def at_most_one_runner(s: Platform) -> Expr:
    """A VM runs in at most one VMM."""
    return forall(Partition, Partition, VM, lambda p, q, vm: (s.runs[p, vm] & s.runs[q, vm]) >> (p == q))


@invariant(claim="h")
def run_implies_owns_all(s: Platform) -> Expr:
    """A partition that runs a VM owns every segment of it and maps it where the guest expects it."""
    return forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (
            (s.runs[p, vm] & s.holds[vm, segment])
            >> ((s.owner[segment] == p) & (s.mapped[p, segment] == s.guest_layout[vm, segment]))
        ),
    )


@invariant(claim="e")
def half_owned_never_runs(s: Platform) -> Expr:
    """A VM whose segments belong to different partitions runs nowhere."""
    return forall(
        VM,
        Segment,
        Segment,
        lambda vm, a, b: (
            (s.holds[vm, a] & s.holds[vm, b] & (s.owner[a] != s.owner[b]))
            >> ~exists(Partition, lambda p: s.runs[p, vm])
        ),
    )


@invariant(claim="ac")
def two_ends_while_migrating(s: Platform) -> Expr:
    """A VM has a destination other than its source exactly while it migrates."""
    return forall(VM, lambda vm: (s.source[vm] != s.target[vm]) == migrating(s, vm))


@invariant(claim="c")
def whole_until_transfer(s: Platform) -> Expr:
    """Until the transfer, the source owns every segment of a VM and maps it where the guest expects it."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (s.holds[vm, segment] & one_of(s.phase[vm], *BEFORE_TRANSFER))
            >> ((s.owner[segment] == s.source[vm]) & (s.mapped[s.source[vm], segment] == s.guest_layout[vm, segment]))
        ),
    )


@two_state(claim="e")
def held_segments_move_forward(before: Platform, after: Platform) -> Expr:
    """A segment that a VM holds changes its owner only after the transfer, from source to destination."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (before.holds[vm, segment] & (after.owner[segment] != before.owner[segment]))
            >> (
                (before.phase[vm] == Phase.TRANSFERRED)
                & (before.owner[segment] == before.source[vm])
                & (after.owner[segment] == before.target[vm])
            )
        ),
    )


@invariant(claim="a", hazards=("H30",))
def map_implies_own(s: Platform) -> Expr:
    """A VMM maps only segments that its partition owns."""
    return forall(Partition, Segment, lambda p, segment: (s.mapped[p, segment] != NONE) >> (s.owner[segment] == p))


@invariant(claim="e")
def mapped_as_given(s: Platform) -> Expr:
    """A VMM that maps a segment of a VM maps it where the guest expects it."""
    return forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (
            (s.holds[vm, segment] & (s.mapped[p, segment] != NONE))
            >> (s.mapped[p, segment] == s.guest_layout[vm, segment])
        ),
    )


@invariant(claim="b")
def conservation(s: Platform) -> Expr:
    """Every segment is free, or is held by a VM that exists; none is lost, none is mapped without a holder."""
    return forall(VM, Segment, lambda vm, segment: s.holds[vm, segment] >> (s.phase[vm] != Phase.ABSENT)) & forall(
        Segment,
        lambda segment: (
            exists(Partition, lambda p: s.mapped[p, segment] != NONE) >> exists(VM, lambda vm: s.holds[vm, segment])
        ),
    )


@invariant(claim="d")
def config_faithful(s: Platform) -> Expr:
    """The extended configuration lists just the VM's segments, each at its guest address, and its registers."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (
                one_of(s.phase[vm], *CONFIGURED)
                >> (
                    ((s.described[vm, segment] != NONE) == s.holds[vm, segment])
                    & (s.described[vm, segment] == s.guest_layout[vm, segment])
                )
            )
            & (~one_of(s.phase[vm], *CONFIGURED) >> (s.described[vm, segment] == NONE))
        ),
    ) & forall(
        VM,
        lambda vm: (
            (one_of(s.phase[vm], *CONFIGURED) >> (s.described_registers[vm] == s.guest_registers[vm]))
            & (~one_of(s.phase[vm], *CONFIGURED) >> (s.described_registers[vm] == ZERO))
        ),
    )


@invariant(claim="c")
def suspended_stays_allocated(s: Platform) -> Expr:
    """A VM keeps all its virtual resources in the source until it exits there."""
    return forall(VM, Resource, lambda vm, kind: one_of(s.phase[vm], *AT_SOURCE) >> s.resources[s.source[vm], vm, kind])


@invariant(claim="g")
def created_has_resources(s: Platform) -> Expr:
    """A VM created in the destination has all its virtual resources there."""
    return forall(VM, Resource, lambda vm, kind: (s.phase[vm] == Phase.CREATED) >> s.resources[s.target[vm], vm, kind])


@invariant(claim="f")
def resources_freed(s: Platform) -> Expr:
    """After the exit the source holds nothing of the VM; an absent VM holds nothing anywhere."""
    return (
        forall(
            VM,
            Resource,
            lambda vm, kind: one_of(s.phase[vm], Phase.EXITED, Phase.CREATED) >> ~s.resources[s.source[vm], vm, kind],
        )
        & forall(
            VM,
            Segment,
            lambda vm, segment: (
                (one_of(s.phase[vm], Phase.EXITED, Phase.CREATED) & s.holds[vm, segment])
                >> (s.mapped[s.source[vm], segment] == NONE)
            ),
        )
        & forall(
            Partition, VM, Resource, lambda p, vm, kind: (s.phase[vm] == Phase.ABSENT) >> ~s.resources[p, vm, kind]
        )
        & forall(VM, lambda vm: one_of(s.phase[vm], Phase.EXITED, Phase.ABSENT) >> (s.registers[vm] == ZERO))
    )


@invariant(claim="fg")
def resources_at_one_end(s: Platform) -> Expr:
    """A VMM holds virtual resources for a VM only as its source until the exit, or as its destination once created."""
    return forall(
        Partition,
        VM,
        Resource,
        lambda p, vm, kind: (
            s.resources[p, vm, kind]
            >> (
                ((p == s.source[vm]) & one_of(s.phase[vm], *AT_SOURCE))
                | ((p == s.target[vm]) & (s.phase[vm] == Phase.CREATED))
            )
        ),
    )


@two_state(claim="f")
def only_own_freed(before: Platform, after: Platform) -> Expr:
    """What a VMM holds for a VM, and what the VM holds, changes only by that VM's own steps."""
    return forall(
        Partition,
        VM,
        Resource,
        lambda p, vm, kind: (
            (after.resources[p, vm, kind] != before.resources[p, vm, kind]) >> (after.phase[vm] != before.phase[vm])
        ),
    ) & forall(
        VM,
        Segment,
        lambda vm, segment: (
            (after.holds[vm, segment] != before.holds[vm, segment])
            >> ((before.phase[vm] == Phase.RUNNING) & one_of(after.phase[vm], Phase.RUNNING, Phase.ABSENT))
        ),
    )


@invariant(claim="b")
def scrub_before_reuse(s: Platform) -> Expr:
    """A segment that no VM holds is scrubbed, so that the next holder finds nothing of the last."""
    return forall(Segment, lambda segment: ~exists(VM, lambda vm: s.holds[vm, segment]) >> (s.content[segment] == ZERO))


@two_state(claim="e")
def no_scrub_on_reassign(before: Platform, after: Platform) -> Expr:
    """Reassigning a segment does not touch its contents."""
    return forall(
        Segment,
        lambda segment: (
            (after.owner[segment] != before.owner[segment]) >> (after.content[segment] == before.content[segment])
        ),
    )


@two_state(claim="c")
def legal_edges(before: Platform, after: Platform) -> Expr:
    """A VM moves from phase to phase only along the edges of its life cycle."""
    edges = (
        (Phase.ABSENT, Phase.RUNNING),
        (Phase.RUNNING, Phase.ABSENT),
        (Phase.RUNNING, Phase.SUSPENDED),
        (Phase.SUSPENDED, Phase.DESCRIBED),
        (Phase.DESCRIBED, Phase.TRANSFERRED),
        (Phase.TRANSFERRED, Phase.EXITED),
        (Phase.EXITED, Phase.CREATED),
        (Phase.CREATED, Phase.RUNNING),
    )

    def along_an_edge(vm: VM) -> Expr:
        edge = before.phase[vm] == after.phase[vm]
        for old, new in edges:
            edge = edge | ((before.phase[vm] == old) & (after.phase[vm] == new))
        return edge

    return forall(VM, along_an_edge)


SAFETY = (
    exclusive_allocation,
    segment_purity,
    guest_addresses_differ,
    contents_intact,
    suspend_freezes,
    suspended_memory_is_frozen,
    executed_while_running,
    at_most_one_runner,
    run_implies_owns_all,
    half_owned_never_runs,
    two_ends_while_migrating,
    whole_until_transfer,
    held_segments_move_forward,
    map_implies_own,
    mapped_as_given,
    conservation,
    config_faithful,
    suspended_stays_allocated,
    created_has_resources,
    resources_freed,
    resources_at_one_end,
    only_own_freed,
    scrub_before_reuse,
    no_scrub_on_reassign,
    legal_edges,
)
