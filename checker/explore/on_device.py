"""The frontier of a search on a device: steps and duplicates are worked out there; runs are walked back here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from attorn.checker.explore.checkpoint import Checkpoint
from attorn.checker.explore.device import Device
from attorn.checker.explore.disk import FiledRun
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.steps import Reached, predecessors, taken, unheard
from attorn.checker.explore.visited import NEAR, Visited, distinct, joined

__all__ = ["OnDevice"]


class OnDevice:
    """All states in the memory of a device; each level is copied to this machine's memory too, for walking back.

    levels: the states first met at each depth, in order, in this machine's memory; the last come next.
    """

    def __init__(
        self, expander: Expander, device: Device, levels: Sequence[Rows], checkpoint: Checkpoint | None
    ) -> None:
        self._there = expander.on(device)
        self._device, self._checkpoint = device, checkpoint
        self.peak = self.moved = 0
        self._visited = Visited()
        self._met: list[Rows] = []
        for rows in levels:
            self._level = self._put(rows)
            self._take(self._level)

    @property
    def visited(self) -> Visited:
        """All states met, those that come next among them, in this machine's memory."""
        return self._visited

    @property
    def count(self) -> int:
        """How many states come next."""
        return len(self._level[0])

    @property
    def held(self) -> int:
        """Bytes that all states met take, on the device and as many here."""
        return 2 * sum(word.nbytes for rows in self._met for word in rows)

    def advance(self, told: Callable[[int], None] = unheard) -> Reached:
        """Take all steps from the states that come next; what they lead to, and was not met before, comes next then."""
        parts: list[Rows] = []
        reached = taken(self._there, self._level, parts.append, told)
        rows = distinct(joined(parts))
        self.peak = max(self.peak, self.held + 3 * sum(word.nbytes for word in rows))
        for met in self._met:
            if not len(met[0]):
                continue
            unmet = ~FiledRun(met, 0).has(rows)
            rows = [word[unmet] for word in rows]
        self._level = rows
        self._take(rows)
        if self._checkpoint is not None:
            self._checkpoint.keep([self._visited.level(len(self._visited.filed) - 1)])
        return replace(reached, seen={name: self._get(state) for name, state in reached.seen.items()})

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        self._there.drop(answered)

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from."""
        return predecessors(expander, self._visited.level(depth), states)

    def _take(self, rows: Rows) -> None:
        """Count some states on the device, which are in order, as met."""
        here = self._get(rows)
        self.moved += sum(word.nbytes for word in here)
        self._visited.filed.append(FiledRun(here, len(self._visited.filed)))
        self._met.append(rows)
        while len(self._met) > 1 and len(self._met[-2][0]) < NEAR * len(self._met[-1][0]):
            self._met[-2:] = [distinct(joined(self._met[-2:]))]

    def _put(self, rows: Rows) -> Rows:
        return [self._device.put(np.array(word)) for word in rows]

    def _get(self, rows: Rows) -> Rows:
        return [self._device.get(word) for word in rows]
