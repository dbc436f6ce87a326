"""What must hold of cancelling, recovering and reporting: properties that a protocol may be held to beyond outcome."""

from __future__ import annotations

from attorn.spec.handover import CRASHES, Arrival, Handover, Message, Outcome
from attorn.spec.language import Expr, always_possible, exists, forall, invariant, one_of, two_state
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Resource, Segment

__all__ = [
    "RECOVERY",
    "cancel_atomic",
    "configuration_lists_all",
    "frozen_while_nobody_executes",
    "legal_way_back",
    "lost_only_by_a_crash",
    "messages_have_takers",
    "no_destructive_before_commit",
    "non_interference",
    "outcome_is_final",
    "recovery_idempotent",
    "retry_possible",
    "run_implies_resources",
    "truthful_success",
]

WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)


def on_the_way(s: Handover, vm: VM) -> Expr:
    """The VM is suspended in a source that can still take it back."""
    return one_of(s.phase[vm], *WAY)


@two_state(hazards=("H13", "H18"))
def cancel_atomic(before: Handover, after: Handover) -> Expr:
    """The operator is told that a VM stayed only by the step that sets it going again in the source."""
    return forall(
        VM,
        lambda vm: (
            ((after.told[vm] == Outcome.STAYED) & (before.told[vm] != Outcome.STAYED))
            >> (on_the_way(before, vm) & (after.phase[vm] == Phase.RUNNING) & (after.source[vm] == before.source[vm]))
        ),
    )


@two_state(hazards=("H8",))
def outcome_is_final(before: Handover, after: Handover) -> Expr:
    """What the operator has been told of a migration is never contradicted later."""
    return forall(
        VM,
        lambda vm: (
            ((before.told[vm] == Outcome.STAYED) >> (after.told[vm] != Outcome.MIGRATED))
            & ((before.told[vm] == Outcome.MIGRATED) >> (after.told[vm] != Outcome.STAYED))
        ),
    )


@two_state(hazards=("H18", "H57"))
def truthful_success(before: Handover, after: Handover) -> Expr:
    """The operator is told that a VM has migrated only when the destination has it and can no longer decline."""
    return forall(
        VM,
        lambda vm: (
            ((after.told[vm] == Outcome.MIGRATED) & (before.told[vm] != Outcome.MIGRATED))
            >> one_of(before.arrival[vm], Arrival.ANSWERED, Arrival.RESUMED)
        ),
    )


@two_state(hazards=("H51", "H59", "H69"))
def no_destructive_before_commit(before: Handover, after: Handover) -> Expr:
    """Until the destination has executed a VM, nothing is destroyed or taken that its source needs to take it back."""

    def uncommitted(vm: VM) -> Expr:
        return on_the_way(before, vm) & on_the_way(after, vm) & ~after.executed[vm]

    return (
        forall(VM, Resource, lambda vm, kind: uncommitted(vm) >> after.resources[after.source[vm], vm, kind])
        & forall(
            VM,
            Segment,
            lambda vm, segment: (
                (uncommitted(vm) & before.holds[vm, segment])
                >> (after.holds[vm, segment] & (after.content[segment] == before.content[segment]))
            ),
        )
        & forall(
            VM,
            lambda vm: (
                (uncommitted(vm) & (before.lock[vm] == before.source[vm]))
                >> one_of(after.lock[vm], NONE, before.source[vm])
            ),
        )
    )


@two_state(hazards=("H16", "H28"))
def recovery_idempotent(before: Handover, after: Handover) -> Expr:
    """An attempt to take a VM over, whether it fails or not, leaves the configuration whole for the next attempt."""

    def waiting(s: Handover, vm: VM) -> Expr:
        return one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED, Phase.EXITED) & (s.source[vm] != s.target[vm])

    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (waiting(before, vm) & waiting(after, vm))
            >> (after.described[vm, segment] == before.described[vm, segment])
        ),
    )


@two_state(hazards=("H21",))
def legal_way_back(before: Handover, after: Handover) -> Expr:
    """A suspended VM leaves its suspension in the source only by the next step of the way, by being taken back, or by
    the end of its source or of itself.
    """
    return forall(
        VM,
        lambda vm: (
            (
                ((before.phase[vm] == Phase.SUSPENDED) & (after.phase[vm] != Phase.SUSPENDED))
                >> one_of(after.phase[vm], Phase.DESCRIBED, Phase.RUNNING, Phase.EXITED, Phase.ABSENT)
            )
            & ((on_the_way(before, vm) & (after.phase[vm] == Phase.RUNNING)) >> before.aborting[vm])
        ),
    )


@invariant(hazards=("H66", "H68"))
def run_implies_resources(s: Handover) -> Expr:
    """A VMM that executes a VM has all the virtual resources for it."""
    return forall(Partition, VM, Resource, lambda p, vm, kind: s.runs[p, vm] >> s.resources[p, vm, kind])


@invariant(hazards=("H29", "H34", "H38"))
def configuration_lists_all(s: Handover) -> Expr:
    """The extended configuration lists just the VM's segments, each at its guest address, as long as it may be used."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED) & s.holds[vm, segment])
            >> (s.described[vm, segment] == s.guest_layout[vm, segment])
        ),
    )


@two_state(hazards=("H40", "H42", "H62"))
def frozen_while_nobody_executes(before: Handover, after: Handover) -> Expr:
    """Nothing writes to the memory of a VM while nobody executes it."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (before.holds[vm, segment] & after.holds[vm, segment] & ~exists(Partition, lambda p: before.runs[p, vm]))
            >> (after.content[segment] == before.content[segment])
        ),
    )


@invariant(hazards=("H60",))
def messages_have_takers(s: Handover) -> Expr:
    """Whoever is asked to give a VM up still has something to answer."""
    return forall(VM, lambda vm: s.sent[vm, Message.ABORT] >> (s.arrival[vm] != Arrival.DECLINED))


@two_state(hazards=("H2", "H14"))
def lost_only_by_a_crash(before: Handover, after: Handover) -> Expr:
    """While no VMM has ever died, no VM is lost."""
    return forall(
        VM,
        lambda vm: (
            ((before.phase[vm] != Phase.ABSENT) & (before.crashes == CRASHES)) >> (after.phase[vm] != Phase.ABSENT)
        ),
    )


@two_state()
def non_interference(before: Handover, after: Handover) -> Expr:
    """A step of one VM's migration changes nothing that another VM has."""

    def moves(vm: VM) -> Expr:
        return (
            (before.phase[vm] != after.phase[vm])
            | (before.arrival[vm] != after.arrival[vm])
            | (before.aborting[vm] != after.aborting[vm])
        )

    def kept(vm: VM) -> Expr:
        return forall(
            Segment, lambda segment: before.holds[vm, segment] >> (after.content[segment] == before.content[segment])
        ) & forall(Partition, lambda p: before.runs[p, vm] == after.runs[p, vm])

    nobody_dies = forall(Partition, lambda p: before.up[p] == after.up[p])
    return forall(VM, VM, lambda a, b: ((a != b) & moves(a) & nobody_dies) >> kept(b))


@always_possible(hazards=("H15", "H54", "H55", "H56"))
def retry_possible(s: Handover, vm: VM) -> Expr:
    """Whatever has failed before, a migration of a VM that has memory can still succeed."""
    return (s.arrival[vm] == Arrival.RESUMED) | ~exists(Segment, lambda segment: s.holds[vm, segment])


RECOVERY = (
    cancel_atomic,
    outcome_is_final,
    truthful_success,
    no_destructive_before_commit,
    recovery_idempotent,
    legal_way_back,
    run_implies_resources,
    configuration_lists_all,
    frozen_while_nobody_executes,
    messages_have_takers,
    lost_only_by_a_crash,
    non_interference,
    retry_possible,
)
