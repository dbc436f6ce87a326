"""Steps that fail: a worker that does not start, a retrieval that stops half way, a destination that gives up."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.spec.failing import FAILURES, FailingSteps
from attorn.spec.handover import Arrival, Message
from attorn.spec.language import action, ite, one_of
from attorn.spec.vocabulary import NONE, VM, Phase, Segment

__all__ = ["FAILING_STEPS", "REFUSALS"]


def _all_failures_left(s: FailingSteps) -> None:
    s.failures = FAILURES


@action(party="fault")
def fail_to_prepare(s: FailingSteps, vm: VM) -> None:
    """The worker that is to hand a VM over cannot be started; the source wants the VM back."""
    s.require(one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED), ~s.aborting[vm], s.failures > 0)
    s.failures = s.failures - 1
    s.aborting[vm] = True


@action(party="fault")
def fail_to_retrieve(s: FailingSteps, vm: VM, segment: Segment) -> None:
    """The destination begins to read the configuration and fails at one of its segments; it can try again."""
    s.require(
        s.sent[vm, Message.CONFIG],
        s.arrival[vm] == Arrival.NOTHING,
        s.described[vm, segment] != NONE,
        s.failures > 0,
    )
    s.failures = s.failures - 1


@action(party="fault")
def refuse(s: FailingSteps, vm: VM) -> None:
    """The destination cannot allocate what it needs, or is told to stop, before it commits: it gives the VM up."""
    s.require(s.up[s.target[vm]], one_of(s.arrival[vm], Arrival.RECEIVED, Arrival.CREATED), s.failures > 0)
    s.failures = s.failures - 1
    s.arrival[vm] = Arrival.DECLINED
    s.sent[vm, Message.ABORT] = False
    s.resources[s.target[vm], vm, ...] = False
    s.mapped[s.target[vm], lambda segment: s.holds[vm, segment]] = NONE
    s.lock[vm] = ite(s.lock[vm] == s.target[vm], NONE, s.lock[vm])


@action(party="source", fair="weak")
def learn(s: FailingSteps, vm: VM) -> None:
    """The source learns that the destination has given the VM up, and wants it back."""
    s.require(s.phase[vm] == Phase.TRANSFERRED, s.arrival[vm] == Arrival.DECLINED, ~s.heard[vm], ~s.aborting[vm])
    s.aborting[vm] = True


REFUSALS = Addition(FailingSteps, _all_failures_left, steps=(refuse, learn))
"""A destination that finds out that it cannot, or that is cancelled, says so before it has committed."""

FAILING_STEPS = Addition(FailingSteps, _all_failures_left, steps=(fail_to_prepare, fail_to_retrieve))
"""A failed step leaves everything as it was, so that the way back, or another attempt, is open."""
