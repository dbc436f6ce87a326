"""Why the properties hold: facts that make them inductive, for any number of VMs, segments and partitions."""

from __future__ import annotations

from attorn.spec.language import Expr, forall, lemma, one_of
from attorn.spec.vocabulary import NONE, VM, ZERO, Phase, Platform, Segment

__all__ = ["LEMMAS"]

AFTER_EXIT = (Phase.EXITED, Phase.CREATED)


@lemma(claim="d")
def layout_is_what_is_held(s: Platform) -> Expr:
    """A guest address is given with the segment by `allocate` and taken back with it by `release` and `stop`."""
    return forall(VM, Segment, lambda vm, segment: (s.guest_layout[vm, segment] != NONE) == s.holds[vm, segment])


@lemma(claim="b")
def guest_wrote_only_what_it_holds(s: Platform) -> Expr:
    """A guest writes only to what it holds, and what it wrote is forgotten when the segment is scrubbed."""
    return forall(VM, Segment, lambda vm, segment: ~s.holds[vm, segment] >> (s.guest_memory[vm, segment] == ZERO))


@lemma(claim="d")
def registers_are_the_guests(s: Platform) -> Expr:
    """Registers change with the guest's view of them, and are blank only between exit and creation."""
    return forall(VM, lambda vm: (s.phase[vm] == Phase.ABSENT) >> (s.registers[vm] == s.guest_registers[vm]))


@lemma(claim="e")
def held_at_either_end(s: Platform) -> Expr:
    """Only `reassign` moves what a VM holds, from its source to its destination, and `exit` waits for the last one."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            s.holds[vm, segment]
            >> (
                one_of(s.owner[segment], s.source[vm], s.target[vm])
                & (one_of(s.phase[vm], *AFTER_EXIT) >> (s.owner[segment] == s.target[vm]))
            )
        ),
    )


LEMMAS = (
    layout_is_what_is_held,
    guest_wrote_only_what_it_holds,
    registers_are_the_guests,
    held_at_either_end,
)
