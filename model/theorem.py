"""The theorem: exclusive memory, and a source that takes its VM back only with all its memory, fence the VM."""

from __future__ import annotations

from attorn.model.protocol import Journal, Memory, Protocol
from attorn.model.variants import build
from attorn.spec.fence import FENCE_LEMMAS
from attorn.spec.language import Machine

__all__ = ["fence"]

KEPT = ("at_most_one_runner", "map_implies_own", "exclusive_allocation", "nothing_is_under_way")
IDLE = ("crash", "restart", "reclaim", "concede")
"""What cannot happen without crashes and a log: a dead VMM, a connection that its death broke, a record of an entry."""


def fence(memory: Memory = Memory.EXCLUSIVE, demands_all: bool = True) -> Machine:
    """The machine of the theorem: no journal, no crash; messages are lost and the source gives up at will.

    With the defaults at_most_one_runner is provable for any size and any number of losses, time-outs and
    cancellations; with shared memory, or without the demand, the explorer has a counterexample.
    """
    whole = build(Protocol(memory=memory, journal=Journal.NONE, demands_all=demands_all))
    gone = [each.name for each in whole.statements if each.name not in KEPT]
    return whole.variant(
        "fence",
        remove=(*IDLE, *gone),
        add=FENCE_LEMMAS if memory is Memory.EXCLUSIVE and demands_all else (),
        says="Exclusive memory as the only fence: no journal, no crash, any messages lost.",
    )
