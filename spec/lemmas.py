"""Why the properties hold: facts that make them inductive, for any number of VMs, segments and partitions."""

from __future__ import annotations

from attorn.spec.language import Expr, forall, lemma, one_of
from attorn.spec.vocabulary import MIGRATING, NONE, VM, ZERO, Partition, Phase, Platform, Resource, Segment

__all__ = ["LEMMAS"]

BEFORE_TRANSFER = (Phase.RUNNING, Phase.SUSPENDED, Phase.DESCRIBED)
AFTER_EXIT = (Phase.EXITED, Phase.CREATED)


@lemma(claim="b")
def runs_only_while_running(s: Platform) -> Expr:
    """Only `start` and `resume` set a runner, at the source of a running VM; `suspend` and `stop` clear it."""
    return forall(Partition, VM, lambda p, vm: s.runs[p, vm] >> ((s.phase[vm] == Phase.RUNNING) & (s.source[vm] == p)))


@lemma(claim="a")
def two_ends_while_migrating(s: Platform) -> Expr:
    """`suspend` takes a destination other than the source, and only `resume` makes the destination the new source."""
    return forall(VM, lambda vm: (s.source[vm] != s.target[vm]) == one_of(s.phase[vm], *MIGRATING))


@lemma(claim="e")
def held_at_source_before_transfer(s: Platform) -> Expr:
    """Before the transfer nobody unmaps or reassigns: the source owns what the VM holds and maps it where given."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            (s.holds[vm, segment] & one_of(s.phase[vm], *BEFORE_TRANSFER))
            >> ((s.owner[segment] == s.source[vm]) & (s.mapped[s.source[vm], segment] == s.guest_layout[vm, segment]))
        ),
    )


@lemma(claim="e")
def held_at_either_end(s: Platform) -> Expr:
    """`reassign` moves a held segment from source to destination only, and `exit` waits until all are moved."""
    return forall(
        VM,
        Segment,
        lambda vm, segment: (
            s.holds[vm, segment]
            >> (
                ((s.phase[vm] == Phase.TRANSFERRED) >> one_of(s.owner[segment], s.source[vm], s.target[vm]))
                & (one_of(s.phase[vm], *AFTER_EXIT) >> (s.owner[segment] == s.target[vm]))
            )
        ),
    )


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


@lemma(claim="f")
def resources_at_one_end(s: Platform) -> Expr:
    """`start` allocates resources at the source, `exit` frees them there, and `create` allocates at the target."""
    return forall(
        Partition,
        VM,
        Resource,
        lambda p, vm, kind: (
            s.resources[p, vm, kind]
            >> (
                ((s.phase[vm] == Phase.CREATED) & (p == s.target[vm]))
                | ((p == s.source[vm]) & one_of(s.phase[vm], *BEFORE_TRANSFER, Phase.TRANSFERRED))
            )
        ),
    )


LEMMAS = (
    runs_only_while_running,
    two_ends_while_migrating,
    held_at_source_before_transfer,
    held_at_either_end,
    layout_is_what_is_held,
    guest_wrote_only_what_it_holds,
    registers_are_the_guests,
    resources_at_one_end,
)
