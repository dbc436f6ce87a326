"""What must hold when things go wrong: no second runner, no rollback too late, true reports, nothing leaked."""

from __future__ import annotations

from attorn.spec.handover import Handover, Outcome
from attorn.spec.language import Expr, exists, forall, invariant, leads_to, legal_end, one_of, progress, two_state
from attorn.spec.language.declarations import LeadsTo
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Resource, Segment

__all__ = ["OUTCOME", "OUTCOME_PROGRESS"]

WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)


def executes(s: Handover, vm: VM) -> Expr:
    """Some VMM executes the VM."""
    return exists(Partition, lambda p: s.runs[p, vm])


@invariant(claim="eh", hazards=("H24", "H25", "H31", "H35"))
def runs_on_its_own_state(s: Handover) -> Expr:
    """A VM that executes finds its memory and registers as it left them."""
    return forall(Partition, VM, lambda p, vm: s.runs[p, vm] >> (s.registers[vm] == s.guest_registers[vm])) & forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (
            (s.runs[p, vm] & s.holds[vm, segment]) >> (s.content[segment] == s.guest_memory[vm, segment])
        ),
    )


@invariant(claim="h", hazards=("H38",))
def run_implies_maps_all(s: Handover) -> Expr:
    """A VMM that executes a VM maps every segment of it where the guest expects it."""
    return forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (
            (s.runs[p, vm] & s.holds[vm, segment]) >> (s.mapped[p, segment] == s.guest_layout[vm, segment])
        ),
    )


@invariant(claim="h")
def run_implies_owns(s: Handover) -> Expr:
    """A partition that executes a VM owns every segment of it."""
    return forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (s.runs[p, vm] & s.holds[vm, segment]) >> (s.owner[segment] == p),
    )


@two_state(hazards=("H4", "H5", "H69"))
def no_rollback_after_commit(before: Handover, after: Handover) -> Expr:
    """Once the destination has executed a VM, the source never executes it again in this migration."""
    return forall(
        VM,
        lambda vm: (
            (before.executed[vm] & (before.source[vm] != before.target[vm]) & (after.source[vm] == before.source[vm]))
            >> (after.runs[before.source[vm], vm] >> before.runs[before.source[vm], vm])
        ),
    )


@two_state(hazards=("H26", "H45", "H51", "H69"))
def rollback_restores(before: Handover, after: Handover) -> Expr:
    """When the source takes a VM back, it has everything as before: memory, mappings, resources, and no trace."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (_taken_back(before, after, vm) & after.holds[vm, segment])
            >> (
                (after.owner[segment] == after.source[vm])
                & (after.mapped[after.source[vm], segment] == after.guest_layout[vm, segment])
                & (after.mark[segment] == NONE)
            )
        ),
    ) & forall(
        VM,
        Resource,
        lambda vm, kind: _taken_back(before, after, vm) >> after.resources[after.source[vm], vm, kind],
    )


def _taken_back(before: Handover, after: Handover, vm: VM) -> Expr:
    return one_of(before.phase[vm], *WAY) & (after.phase[vm] == Phase.RUNNING) & (after.source[vm] == before.source[vm])


@two_state(hazards=("H19",))
def run_state_preserved(before: Handover, after: Handover) -> Expr:
    """A VM that was paused is not set running by a migration, whether that succeeds or fails."""
    return forall(
        VM,
        lambda vm: (before.paused[vm] & after.paused[vm]) >> ~exists(Partition, lambda p: after.runs[p, vm]),
    )


@invariant(hazards=("H8", "H18", "H53", "H57"))
def truthful_outcome(s: Handover) -> Expr:
    """What the source tells the operator is so: after MIGRATED it runs the VM no more, after STAYED only it does."""
    return forall(
        VM,
        lambda vm: (
            (((s.told[vm] == Outcome.MIGRATED) & (s.source[vm] != s.target[vm])) >> ~s.runs[s.source[vm], vm])
            & (
                ((s.told[vm] == Outcome.STAYED) & (s.phase[vm] == Phase.RUNNING))
                >> forall(Partition, lambda p: s.runs[p, vm] >> (p == s.source[vm]))
            )
        ),
    )


@invariant(hazards=("H12", "H43", "H44", "H67"))
def lock_follows_runner(s: Handover) -> Expr:
    """Where the VM has a disk, only the VMM that holds its lock executes it."""
    return forall(Partition, VM, lambda p, vm: s.runs[p, vm] >> (s.lock[vm] == p))


@invariant(hazards=("H7", "H54", "H55", "H57", "H65"))
def no_leak(s: Handover) -> Expr:
    """A VM that is absent, or runs and does not migrate, leaves nothing behind in any VMM but its own."""
    return forall(
        Partition,
        VM,
        Resource,
        lambda p, vm, kind: (
            ((s.source[vm] == s.target[vm]) & s.resources[p, vm, kind])
            >> ((s.phase[vm] == Phase.RUNNING) & (p == s.source[vm]))
        ),
    ) & forall(
        VM,
        Segment,
        lambda vm, segment: (
            (s.holds[vm, segment] & (s.source[vm] == s.target[vm]))
            >> ~exists(Partition, lambda p: (p != s.source[vm]) & (s.mapped[p, segment] != NONE))
        ),
    )


@legal_end
def nothing_is_under_way(s: Handover) -> Expr:
    """It is right that nothing happens when no VM migrates and no VMM is down."""
    return forall(VM, lambda vm: s.source[vm] == s.target[vm]) & forall(Partition, lambda p: s.up[p])


@progress(hazards=("H2", "H10", "H14", "H20", "H47", "H63"))
def eventually_runs(s: Handover, vm: VM) -> LeadsTo:
    """A VM that is suspended executes again somewhere, or is declared lost."""
    return leads_to(
        one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED, Phase.EXITED) & ~s.paused[vm],
        executes(s, vm) | (s.phase[vm] == Phase.ABSENT),
    )


@progress(hazards=("H9", "H15", "H53", "H58"))
def migration_terminates(s: Handover, vm: VM) -> LeadsTo:
    """A migration ends: the VM is settled in the destination, or back in the source, or lost."""
    return leads_to(s.source[vm] != s.target[vm], s.source[vm] == s.target[vm])


@progress(hazards=("H9", "H13", "H14"))
def cancel_answered(s: Handover, vm: VM) -> LeadsTo:
    """Whoever wants the VM back gets it, or learns that it is too late."""
    return leads_to(s.aborting[vm], ~s.aborting[vm])


OUTCOME = (
    runs_on_its_own_state,
    run_implies_maps_all,
    run_implies_owns,
    no_rollback_after_commit,
    rollback_restores,
    run_state_preserved,
    truthful_outcome,
    no_leak,
    nothing_is_under_way,
)
OUTCOME_PROGRESS = (eventually_runs, migration_terminates, cancel_answered)
