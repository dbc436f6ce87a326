"""The reachable states of an instance as one array, for those who look at all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.grouping import components
from attorn.checker.explore.layout import Layout
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.options import Options
from attorn.checker.explore.search import FAULT, Search, blocks
from attorn.spec.language import Concrete, Instance

__all__ = ["reachable_blocks", "reachable_states"]


def reachable_states(instance: Instance, max_states: int | None = None) -> tuple[NDArray[np.int64], bool]:
    """All reachable states, ``int64[n, cells]``, the nearest to the initial states first; and whether these are all.

    max_states: the search stops before the level that would bring more states than this; the initial states always are
                there.

    Raises DoubleWrite or OutOfRange where a step is not well defined, KeyboardInterrupt if the user interrupts.
    """
    search = _searched(instance, max_states)
    if not search.levels:
        return _initial(instance), False
    return np.concatenate([search.layout.unpack(level) for level in search.levels]), not search.stopped


def reachable_blocks(instance: Instance) -> Iterator[NDArray[np.int64]]:
    """All reachable states, some ten thousand at a time, so that they need not all be unpacked at once.

    Raises what reachable_states raises.
    """
    search = _searched(instance, None)
    for level in search.levels:
        for _, block in blocks(level):
            yield search.layout.unpack(block)


def _searched(instance: Instance, max_states: int | None) -> Search:
    meaning, initial = Meaning(instance), _initial(instance)
    layout = Layout(components(meaning, initial), len(instance.cells))
    options = Options(properties=(), goals=False, max_states=max_states, threads=1)
    search = Search(meaning, layout, layout.pack(initial), {}, options, None)
    search.run()
    if search.stopped.startswith("interrupted"):
        raise KeyboardInterrupt
    for state in layout.values(search.found[FAULT].state) if FAULT in search.found else ():
        list(Concrete(instance).successors(state))
    return search


def _initial(instance: Instance) -> NDArray[np.int64]:
    return np.array(Concrete(instance).initial_states(), np.int64).reshape(-1, len(instance.cells))
