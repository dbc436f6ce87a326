"""Why the firmware protocol is safe: facts that make its properties inductive, for any size and any faults."""

from __future__ import annotations

from attorn.spec.handover import Arrival, Handover, Message, Outcome
from attorn.spec.language import Expr, forall, lemma, one_of
from attorn.spec.vocabulary import NONE, VM, ZERO, Partition, Phase, Resource, Segment

__all__ = ["HANDOVER_LEMMAS"]

AT_SOURCE = (Phase.RUNNING, Phase.SUSPENDED, Phase.DESCRIBED)
UNDER_WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)
HAS_CONFIG = (Arrival.RECEIVED, Arrival.CREATED, Arrival.ANSWERED, Arrival.RESUMED)
EXISTS_THERE = (Arrival.CREATED, Arrival.ANSWERED, Arrival.RESUMED)


def migrates(s: Handover, vm: VM) -> Expr:
    """A destination has been chosen, and the migration is not over on both sides."""
    return s.source[vm] != s.target[vm]


@lemma
def runs_at_one_end(s: Handover) -> Expr:
    """A vCPU is set running by `start` and `roll_back` at the source, and by `resume` at the destination."""
    return forall(
        Partition,
        VM,
        lambda p, vm: (
            s.runs[p, vm]
            >> (
                ((p == s.source[vm]) & (s.phase[vm] == Phase.RUNNING))
                | ((p == s.target[vm]) & (s.arrival[vm] == Arrival.RESUMED) & migrates(s, vm))
            )
        ),
    )


@lemma
def nothing_is_left_of_a_migration(s: Handover) -> Expr:
    """`settle`, `forget` and `bury` end a migration on both sides; messages, records and configuration go."""
    return forall(
        VM,
        lambda vm: (
            ~migrates(s, vm)
            >> (
                one_of(s.phase[vm], Phase.ABSENT, Phase.RUNNING, Phase.EXITED)
                & (s.arrival[vm] == Arrival.NOTHING)
                & ~s.aborting[vm]
                & ~s.intent[vm]
                & ~s.entered[vm]
                & ~s.heard[vm]
                & forall(Message, lambda message: ~s.sent[vm, message])
            )
        ),
    ) & forall(VM, Segment, lambda vm, segment: ~migrates(s, vm) >> (s.described[vm, segment] == NONE))


@lemma
def phases_of_a_migration(s: Handover) -> Expr:
    """A VM that migrates exists, and the destination, not the source, knows whether it is created there."""
    return forall(
        VM,
        lambda vm: (
            (s.phase[vm] != Phase.CREATED)
            & (migrates(s, vm) >> (s.phase[vm] != Phase.ABSENT))
            & (
                (one_of(s.arrival[vm], *HAS_CONFIG) | s.sent[vm, Message.CONFIG])
                >> one_of(s.phase[vm], Phase.TRANSFERRED, Phase.EXITED, Phase.RUNNING)
            )
        ),
    )


@lemma
def the_living_are_up(s: Handover) -> Expr:
    """`crash` makes the source's VMs exited and the destination forget, so that who knows more is alive."""
    return forall(
        VM,
        lambda vm: (
            (one_of(s.phase[vm], *AT_SOURCE, Phase.TRANSFERRED) >> s.up[s.source[vm]])
            & ((s.arrival[vm] != Arrival.NOTHING) >> s.up[s.target[vm]])
        ),
    )


@lemma
def let_in_means_executed(s: Handover) -> Expr:
    """`resume` lets the destination in and executes in one step; both records end together."""
    return forall(
        VM,
        lambda vm: (
            (s.entered[vm] == s.executed[vm])
            & ((s.arrival[vm] == Arrival.RESUMED) >> s.entered[vm])
            & (s.entered[vm] >> (s.intent[vm] & one_of(s.phase[vm], Phase.TRANSFERRED, Phase.EXITED)))
            & ((s.heard[vm] & migrates(s, vm)) >> s.entered[vm])
            & (s.sent[vm, Message.ANSWER] >> s.entered[vm])
            & (
                (one_of(s.arrival[vm], Arrival.RECEIVED, Arrival.CREATED) | s.sent[vm, Message.CONFIG])
                >> ~s.entered[vm]
            )
        ),
    )


@lemma
def answers_are_never_promises(s: Handover) -> Expr:
    """The destination answers after it has resumed."""
    return forall(VM, lambda vm: s.arrival[vm] != Arrival.ANSWERED)


@lemma
def journal_knows_until_withdrawn(s: Handover) -> Expr:
    """`describe` writes the configuration down, and `roll_back` withdraws it before the source executes again."""
    return forall(
        VM,
        lambda vm: (
            (one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED) >> s.intent[vm])
            & (s.intent[vm] >> one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED, Phase.EXITED))
        ),
    )


@lemma
def held_at_either_end_of_the_handover(s: Handover) -> Expr:
    """Segments move from source to destination after the transfer, and back only before the destination is let in."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            s.holds[vm, segment]
            >> (
                one_of(s.owner[segment], s.source[vm], s.target[vm])
                & (s.entered[vm] >> (s.owner[segment] == s.target[vm]))
                & ((~s.intent[vm]) >> (s.owner[segment] == s.source[vm]))
                & (one_of(s.phase[vm], *AT_SOURCE) >> (s.owner[segment] == s.source[vm]))
            )
        ),
    )


@lemma
def described_as_held(s: Handover) -> Expr:
    """The configuration lists what the VM holds, where the guest was given it, for as long as anybody has it."""
    return forall(
        VM, Segment, lambda vm, segment: (s.guest_layout[vm, segment] != NONE) == s.holds[vm, segment]
    ) & forall(
        VM,
        Segment,
        lambda vm, segment: (
            ((s.described[vm, segment] != NONE) >> (s.described[vm, segment] == s.guest_layout[vm, segment]))
            & ((s.intent[vm] & s.holds[vm, segment]) >> (s.described[vm, segment] == s.guest_layout[vm, segment]))
        ),
    )


@lemma
def mapped_as_given(s: Handover) -> Expr:
    """Only the source, and a destination that has the configuration, map what a VM holds, and where it was given."""
    return forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (
            (s.holds[vm, segment] & (s.mapped[p, segment] != NONE))
            >> (
                (s.mapped[p, segment] == s.guest_layout[vm, segment])
                & (
                    ((p == s.source[vm]) & (s.phase[vm] != Phase.EXITED))
                    | ((p == s.target[vm]) & migrates(s, vm) & one_of(s.arrival[vm], *HAS_CONFIG))
                )
            )
        ),
    ) & forall(
        VM,
        Segment,
        lambda vm, segment: (
            s.holds[vm, segment]
            >> (
                (one_of(s.phase[vm], *AT_SOURCE) >> (s.mapped[s.source[vm], segment] != NONE))
                & ((s.arrival[vm] == Arrival.RESUMED) >> (s.mapped[s.target[vm], segment] != NONE))
            )
        ),
    )


@lemma
def registers_are_the_guests_own(s: Handover) -> Expr:
    """Whoever executes the VM has the guest's registers; until the destination is let in, so has the configuration."""
    return forall(
        VM,
        lambda vm: (
            (
                (one_of(s.phase[vm], Phase.ABSENT, *AT_SOURCE) | (s.arrival[vm] == Arrival.RESUMED))
                >> (s.registers[vm] == s.guest_registers[vm])
            )
            & ((s.intent[vm] & ~s.entered[vm]) >> (s.described_registers[vm] == s.guest_registers[vm]))
        ),
    )


@lemma
def memory_is_the_guests_own(s: Handover) -> Expr:
    """Only the guest writes to what it holds, and what is freed is scrubbed."""
    return (
        forall(
            VM,
            Segment,
            lambda vm, segment: s.holds[vm, segment] >> (s.content[segment] == s.guest_memory[vm, segment]),
        )
        & forall(VM, Segment, lambda vm, segment: ~s.holds[vm, segment] >> (s.guest_memory[vm, segment] == ZERO))
        & forall(
            Segment,
            lambda segment: forall(VM, lambda vm: ~s.holds[vm, segment]) >> (s.content[segment] == ZERO),
        )
    )


@lemma
def resources_where_the_vm_is(s: Handover) -> Expr:
    """Resources are at the source until it exits, and at the destination once it has created the VM."""
    return forall(
        Partition,
        VM,
        Resource,
        lambda p, vm, kind: (
            s.resources[p, vm, kind]
            >> (
                ((p == s.source[vm]) & one_of(s.phase[vm], *AT_SOURCE, Phase.TRANSFERRED))
                | ((p == s.target[vm]) & migrates(s, vm) & one_of(s.arrival[vm], *EXISTS_THERE))
            )
        ),
    ) & forall(
        VM,
        Resource,
        lambda vm, kind: (
            (one_of(s.phase[vm], *AT_SOURCE, Phase.TRANSFERRED) >> s.resources[s.source[vm], vm, kind])
            & (one_of(s.arrival[vm], *EXISTS_THERE) >> s.resources[s.target[vm], vm, kind])
        ),
    )


@lemma
def told_in_this_migration(s: Handover) -> Expr:
    """`suspend` opens the report; MIGRATED is told after an answer, STAYED by `roll_back`."""
    return forall(
        VM,
        lambda vm: (
            migrates(s, vm)
            >> (
                ((s.told[vm] == Outcome.MIGRATED) >> s.entered[vm])
                & ((s.told[vm] == Outcome.STAYED) >> (~s.intent[vm] & ~one_of(s.phase[vm], *UNDER_WAY)))
            )
        ),
    )


@lemma
def who_wants_the_vm_back_has_suspended_it(s: Handover) -> Expr:
    """Only the source of a migration under way wants the VM back, until it hears an answer, has it, or concedes it."""
    return forall(VM, lambda vm: s.aborting[vm] >> (one_of(s.phase[vm], *UNDER_WAY) & ~s.heard[vm]))


@lemma
def messages_follow_the_transfer(s: Handover) -> Expr:
    """Nothing is sent before the transfer, and whoever has the configuration has taken it out of the channel."""
    return forall(
        VM,
        lambda vm: (
            (
                one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED)
                >> ((s.arrival[vm] == Arrival.NOTHING) & forall(Message, lambda message: ~s.sent[vm, message]))
            )
            & (s.sent[vm, Message.CONFIG] >> (s.arrival[vm] == Arrival.NOTHING))
        ),
    )


@lemma
def broken_connections_carry_nothing(s: Handover) -> Expr:
    """A crash breaks the connection and empties it; a destination that dies forgets, and nothing more is sent to it."""
    return forall(
        VM,
        lambda vm: (
            (s.cut[vm] >> ~s.sent[vm, Message.CONFIG])
            & ((migrates(s, vm) & ~s.cut[vm]) >> s.up[s.target[vm]])
            & (
                (s.cut[vm] & one_of(s.phase[vm], *AT_SOURCE, Phase.TRANSFERRED))
                >> one_of(s.arrival[vm], Arrival.NOTHING, Arrival.DECLINED)
            )
        ),
    )


@lemma
def asked_only_while_it_matters(s: Handover) -> Expr:
    """ANSWER is sent by a destination that has resumed, ABORT by a source that wants the VM back or has it already.

    A source that hears or learns that it is too late leaves its question under way; who has declined is asked no more.
    """
    return forall(
        VM,
        lambda vm: (
            (s.sent[vm, Message.ANSWER] >> (s.arrival[vm] == Arrival.RESUMED))
            & (
                s.sent[vm, Message.ABORT]
                >> (
                    s.aborting[vm]
                    | (s.phase[vm] == Phase.RUNNING)
                    | (s.arrival[vm] == Arrival.RESUMED)
                    | ((s.phase[vm] == Phase.EXITED) & s.entered[vm])
                )
            )
            & (
                (s.arrival[vm] == Arrival.DECLINED)
                >> (~s.sent[vm, Message.ABORT] & (s.aborting[vm] | one_of(s.phase[vm], Phase.RUNNING, Phase.EXITED)))
            )
        ),
    )


@lemma
def executed_where_it_runs(s: Handover) -> Expr:
    """`start` and `roll_back` set a VM running in its source, `resume` in its destination, and nobody pauses it."""
    return forall(
        VM,
        lambda vm: (
            ((s.phase[vm] == Phase.RUNNING) >> s.runs[s.source[vm], vm])
            & ((s.arrival[vm] == Arrival.RESUMED) >> s.runs[s.target[vm], vm])
        ),
    )


@lemma
def nobody_pauses(s: Handover) -> Expr:
    """The protocol has no step that pauses a VM."""
    return forall(VM, lambda vm: ~s.paused[vm])


HANDOVER_LEMMAS = (
    runs_at_one_end,
    nothing_is_left_of_a_migration,
    phases_of_a_migration,
    the_living_are_up,
    let_in_means_executed,
    answers_are_never_promises,
    journal_knows_until_withdrawn,
    held_at_either_end_of_the_handover,
    described_as_held,
    mapped_as_given,
    registers_are_the_guests_own,
    memory_is_the_guests_own,
    resources_where_the_vm_is,
    told_in_this_migration,
    who_wants_the_vm_back_has_suspended_it,
    messages_follow_the_transfer,
    broken_connections_carry_nothing,
    asked_only_while_it_matters,
    executed_where_it_runs,
    nobody_pauses,
)
