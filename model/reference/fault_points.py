"""Where a process can be made to die, and which deliberate defects it has: for tests of what happens then."""

from __future__ import annotations

import os
import signal
from enum import Enum

__all__ = ["Defect", "FaultPoints"]


class Defect(Enum):
    """A deliberate mistake of the implementation, to show that it is noticed; docs/reference.md says by whom."""

    EXIT_BEFORE_REASSIGN = "the source exits before its segments are reassigned"
    MISSING_SEGMENT = "the configuration leaves out a segment, and nobody compares it with the table"
    SWAPPED_SEGMENTS = "the destination maps two segments at each other's guest address"
    STALE_MAPPING = "the source keeps its mapping, and the firmware does not look"
    LATE_UNLOCK = "the source releases the disk's lock only when it exits"
    ANSWER_BEFORE_RESUME = "the destination acknowledges before it has resumed"
    SKIPPED_INTENT = "the firmware does not write down that the source gives the VM away"
    SKIPPED_ENTRY = "the firmware does not write down that the destination was let in"
    SCRUB_ON_REASSIGN = "the firmware clears a segment when it changes its owner"
    COPIED_SEGMENT = "the destination copies a segment instead of mapping it"
    STALE_REGISTERS = "the destination starts from registers of an earlier time"
    TWO_RUNNERS = "the source executes the VM again after it has given it away"
    LEAKED_VM = "the source keeps the VM's resources after its exit"
    LATE_WRITE = "the source writes to memory after it said that the VM is suspended"


class FaultPoints:
    """The fault points of one process: it ends by SIGKILL when it comes to one that is armed."""

    def __init__(self, defects: frozenset[Defect] = frozenset()) -> None:
        self.defects = defects
        self._armed: dict[str, int] = {}

    def arm(self, point: str, visits: int = 1) -> None:
        """Let the process die when it comes to the point for the n-th time."""
        self._armed[point] = visits

    def armed(self, point: str) -> bool:
        """Whether the process dies at a point the next time."""
        return self._armed.get(point, 0) == 1

    def reach(self, point: str) -> None:
        """Come to a point."""
        left = self._armed.get(point)
        if left is not None:
            if left <= 1:
                os.kill(os.getpid(), signal.SIGKILL)
            self._armed[point] = left - 1

    def has(self, defect: Defect) -> bool:
        """Whether this process has a deliberate defect."""
        return defect in self.defects
