"""The fence: why exclusive memory alone keeps a second VMM from executing a VM, whatever messages are lost."""

from __future__ import annotations

from attorn.spec.handover import Arrival, Handover, Message
from attorn.spec.handover_lemmas import (
    AT_SOURCE,
    HAS_CONFIG,
    answers_are_never_promises,
    messages_follow_the_transfer,
    migrates,
    phases_of_a_migration,
    runs_at_one_end,
    who_wants_the_vm_back_has_suspended_it,
)
from attorn.spec.language import Expr, exists, forall, lemma, one_of
from attorn.spec.vocabulary import NONE, VM, Phase, Segment

__all__ = ["FENCE_LEMMAS"]


@lemma
def nothing_migrates_without_a_choice(s: Handover) -> Expr:
    """Between migrations the destination knows nothing, nothing is described, and nobody wants the VM back."""
    return forall(
        VM,
        lambda vm: (
            ~migrates(s, vm)
            >> (
                (s.arrival[vm] == Arrival.NOTHING)
                & one_of(s.phase[vm], Phase.ABSENT, Phase.RUNNING)
                & ~s.aborting[vm]
                & forall(Message, lambda message: ~s.sent[vm, message])
                & forall(Segment, lambda segment: s.described[vm, segment] == NONE)
            )
        ),
    )


@lemma
def connections_do_not_break(s: Handover) -> Expr:
    """Only a crash breaks a connection, and here none happens; so the firmware never takes memory from the living."""
    return forall(VM, lambda vm: ~s.cut[vm])


@lemma
def who_migrates_has_memory(s: Handover) -> Expr:
    """`suspend` wants a VM with memory, and what is described is held; nothing is released on the way."""
    return forall(VM, Segment, lambda vm, segment: (s.described[vm, segment] != NONE) >> s.holds[vm, segment]) & forall(
        VM,
        lambda vm: (
            (migrates(s, vm) >> exists(Segment, lambda segment: s.holds[vm, segment]))
            & (
                (
                    one_of(s.arrival[vm], *HAS_CONFIG)
                    | s.sent[vm, Message.CONFIG]
                    | one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED)
                )
                >> exists(Segment, lambda segment: s.described[vm, segment] != NONE)
            )
        ),
    )


@lemma
def runner_owns_what_is_held(s: Handover) -> Expr:
    """The source owns all that its running VM holds, and the destination all that it has resumed with."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            s.holds[vm, segment]
            >> (
                ((s.phase[vm] == Phase.RUNNING) >> (s.owner[segment] == s.source[vm]))
                & ((s.arrival[vm] == Arrival.RESUMED) >> (s.owner[segment] == s.target[vm]))
                & (
                    one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED, Phase.EXITED)
                    >> (s.described[vm, segment] != NONE)
                )
                & (s.phase[vm] != Phase.ABSENT)
                & (one_of(s.phase[vm], *AT_SOURCE) >> (s.mapped[s.source[vm], segment] != NONE))
                & ((s.arrival[vm] == Arrival.RESUMED) >> (s.mapped[s.target[vm], segment] != NONE))
                & ((s.arrival[vm] == Arrival.DECLINED) >> (s.mapped[s.target[vm], segment] == NONE))
            )
        ),
    )


FENCE_LEMMAS = (
    runs_at_one_end,
    phases_of_a_migration,
    answers_are_never_promises,
    messages_follow_the_transfer,
    who_wants_the_vm_back_has_suspended_it,
    nothing_migrates_without_a_choice,
    connections_do_not_break,
    who_migrates_has_memory,
    runner_owns_what_is_held,
)
