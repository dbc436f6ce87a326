"""Failures of single steps, and how many of them there may be."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import Budget, Counter

__all__ = ["FAILURES", "FailingSteps"]

FAILURES = Budget("failures", "How many steps on one object of a list may fail.")


class FailingSteps(Handover):
    """A step may fail, without anybody dying."""

    failures = Counter(FAILURES, says="failures of a step that may still happen")
