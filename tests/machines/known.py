"""Machines whose answers are known: puzzles, mutual exclusion, coherence of caches, readers and writers.

Each has a broken variant that must be refuted. Counts and lengths are asserted in the tests that use them, where it is
said from whom they come.
"""

from __future__ import annotations

from dataclasses import dataclass

from attorn.spec.language import Instance, Machine
from tests.machines.protocols import (
    caches,
    drop,
    enter_at_once,
    library,
    peterson,
    ring,
    write_early,
)
from tests.machines.puzzles import crossing, drink, jugs, row_blindly

__all__ = ["BROKEN", "KNOWN", "Known"]


@dataclass(frozen=True)
class Known:
    """A machine of known answers, with the sizes that they are for."""

    machine: Machine
    sizes: dict[str, int]

    @property
    def instance(self) -> Instance:
        """The machine at its size."""
        return Instance.of(self.machine, **self.sizes)


KNOWN = {
    "jugs": Known(jugs, {}),
    "crossing": Known(crossing, {"Cargo": 3}),
    "peterson": Known(peterson, {"Process": 2}),
    "caches": Known(caches, {"Cache": 3}),
    "ring": Known(ring, {"Node": 3}),
    "library": Known(library, {"User": 3}),
}

BROKEN = {
    "jugs": Known(jugs.variant("thirsty", add=[drink]), {}),
    "crossing": Known(crossing.variant("blind", remove=["row"], add=[row_blindly]), {"Cargo": 3}),
    "peterson": Known(peterson.variant("impolite", add=[enter_at_once]), {"Process": 2}),
    "caches": Known(caches.variant("forgetful", remove=["evict"], add=[drop]), {"Cache": 3}),
    "ring": Known(ring.variant("stuck", remove=["count_up"]), {"Node": 3}),
    "library": Known(library.variant("eager", remove=["write"], add=[write_early]), {"User": 3}),
}
