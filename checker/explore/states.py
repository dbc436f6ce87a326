"""The reachable states of an instance as one array, for those who look at all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.grouping import components
from attorn.checker.explore.layout import Layout
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.options import Options
from attorn.checker.explore.search import FAULT, Search
from attorn.spec.language import Concrete, Instance

__all__ = ["reachable_states"]


def reachable_states(instance: Instance, max_states: int | None = None) -> tuple[NDArray[np.int64], bool]:
    """All reachable states, ``int64[n, cells]``, the nearest to the initial states first; and whether these are all.

    max_states: the search stops before the level that would bring more states than this; the initial states always are
                there.

    Raises DoubleWrite or OutOfRange where a step is not well defined, KeyboardInterrupt if the user interrupts.
    """
    concrete, meaning = Concrete(instance), Meaning(instance)
    initial = np.array(concrete.initial_states(), np.int64).reshape(-1, len(instance.cells))
    layout = Layout(components(meaning, initial), len(instance.cells))
    options = Options(properties=(), goals=False, max_states=max_states, threads=1)
    search = Search(meaning, layout, layout.pack(initial), {}, options, None)
    search.run()
    if search.stopped.startswith("interrupted"):
        raise KeyboardInterrupt
    for state in layout.values(search.found[FAULT].state) if FAULT in search.found else ():
        list(concrete.successors(state))
    if not search.levels:
        return initial, False
    return np.concatenate([layout.unpack(level) for level in search.levels]), not search.stopped
