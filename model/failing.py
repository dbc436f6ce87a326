"""Steps that fail: a worker that does not start, and a retrieval that stops in the middle of its list."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.spec.failing import FAILURES, FailingSteps
from attorn.spec.handover import Arrival, Message
from attorn.spec.language import action, one_of
from attorn.spec.vocabulary import NONE, VM, Phase, Segment

__all__ = ["FAILING_STEPS"]


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


FAILING_STEPS = Addition(FailingSteps, _all_failures_left, steps=(fail_to_prepare, fail_to_retrieve))
"""A failed step leaves everything as it was, so that the way back, or another attempt, is open."""
