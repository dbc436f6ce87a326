"""What must be possible in the real ring, so that a green report of a protocol cannot be an empty one."""

from __future__ import annotations

from attorn.spec.handover import CANCELS, CRASHES, LOSSES, TIMEOUTS, Handover, Outcome
from attorn.spec.language import Expr, goal, then
from attorn.spec.language.declarations import Sequence
from attorn.spec.outcome import executes
from attorn.spec.vocabulary import VM, Partition, Phase, Segment

__all__ = ["HANDOVER_GOALS"]


@goal(claim="abcdefgh")
def hands_over(s: Handover, vm: VM, segment: Segment, home: Partition) -> Sequence:
    """Nothing goes wrong: a VM passes to another VMM with its memory, and the operator is told so."""
    return then(
        s.runs[home, vm] & s.holds[vm, segment],
        _executed_elsewhere(s, vm, segment, home) & (s.phase[vm] == Phase.EXITED) & (s.told[vm] == Outcome.MIGRATED),
        s.runs[s.source[vm], vm]
        & (s.source[vm] != home)
        & s.holds[vm, segment]
        & (s.owner[segment] == s.source[vm])
        & nothing_went_wrong(s),
    )


@goal(needs={"cancels": 1})
def comes_back(s: Handover, vm: VM, segment: Segment, home: Partition) -> Sequence:
    """The operator cancels while a VM is on its way; it executes in its source again, and the operator is told so."""
    return then(
        (s.phase[vm] == Phase.TRANSFERRED) & (s.source[vm] == home) & s.holds[vm, segment],
        s.runs[home, vm] & (s.source[vm] == home) & s.holds[vm, segment] & (s.told[vm] == Outcome.STAYED),
    )


@goal(needs={"crashes": 1})
def outlives_its_source(s: Handover, vm: VM, segment: Segment, home: Partition) -> Sequence:
    """The source VMM dies while a VM is on its way, and the VM executes in the destination all the same."""
    return then(
        (s.source[vm] == home) & ~s.up[home] & ~executes(s, vm) & s.holds[vm, segment],
        _executed_elsewhere(s, vm, segment, home) & ~s.up[home],
    )


def nothing_went_wrong(s: Handover) -> Expr:
    """All faults that may happen are still to come."""
    return (s.crashes == CRASHES) & (s.losses == LOSSES) & (s.timeouts == TIMEOUTS) & (s.cancels == CANCELS)


def _executed_elsewhere(s: Handover, vm: VM, segment: Segment, home: Partition) -> Expr:
    """The VM that migrates away from home executes in the destination: none that has been started since."""
    return (s.source[vm] == home) & (s.target[vm] != home) & s.runs[s.target[vm], vm] & s.holds[vm, segment]


HANDOVER_GOALS = (hands_over, comes_back, outlives_its_source)
