"""Why migrations come to their end whatever the sizes: what falls with every step of the claim."""

from __future__ import annotations

from attorn.spec.language import Expr, each, ite, one_of, rank, ranking
from attorn.spec.language.ranking import Fall, Rank
from attorn.spec.vocabulary import MIGRATING, NONE, VM, Partition, Phase, Platform, Segment

__all__ = ["RANKS"]

TO_THE_EXIT = ("describe", "transfer", "unmap", "reassign", "exit")


def steps_left(s: Platform, vm: VM) -> Expr:
    """How many phases lie before the VM."""
    left: object = 0
    for number, phase in enumerate(reversed(MIGRATING), 1):
        left = ite(s.phase[vm] == phase, number, left)
    assert isinstance(left, Expr)
    return left


def segments_left(s: Platform, vm: VM) -> Fall:
    """What is left to do with each segment of the VM: unmap, reassign, map."""
    return each(
        Segment,
        lambda segment: ite(
            ~s.holds[vm, segment],
            0,
            ite(
                s.owner[segment] == s.source[vm],
                ite(s.mapped[s.source[vm], segment] != NONE, 3, 2),
                ite(s.mapped[s.target[vm], segment] == NONE, 1, 0),
            ),
        ),
    )


@ranking(shows=("eventually_runs_at_destination",))
def way_to_the_destination(s: Platform, vm: VM, partition: Partition) -> Rank:
    """Every step of a migration leaves fewer phases to go through, or fewer segments to move."""
    return rank(
        during=one_of(s.phase[vm], *MIGRATING) & (s.target[vm] == partition),
        falls=(steps_left(s, vm), segments_left(s, vm)),
        by=(*TO_THE_EXIT, "map", "create", "resume"),
    )


@ranking(shows=("eventually_freed",))
def way_to_the_exit(s: Platform, vm: VM, partition: Partition) -> Rank:
    """Until the exit the source has always a step to take, or the firmware a segment to move."""
    return rank(
        during=one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED) & (s.source[vm] == partition),
        falls=(steps_left(s, vm), segments_left(s, vm)),
        by=TO_THE_EXIT,
    )


RANKS = (way_to_the_destination, way_to_the_exit)
