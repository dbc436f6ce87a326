"""Preparation: an instance as circuits, a layout and packed initial states, or a refusal that says how large it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from attorn.checker.explore.grouping import components
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.phases import Phase, spends
from attorn.spec.errors import TooLarge
from attorn.spec.language import Concrete, Instance

__all__ = ["Prepared"]

MOST_CELLS = 1 << 10
MOST_STEPS = 1 << 13
MOST_VALUES = 1 << 20  # of one cell


@dataclass(frozen=True)
class Prepared:
    """What a search needs of an instance.

    initial: the packed initial states, in no order.
    """

    concrete: Concrete
    meaning: Meaning
    layout: Layout
    initial: Rows

    @staticmethod
    @spends(Phase.BUILDING)
    def of(instance: Instance) -> Prepared:
        """Prepare an instance; raises TooLarge where it has too many cells, steps or initial states."""
        found = _prepared(instance)
        return replace(found, initial=[word.copy() for word in found.initial])


@lru_cache(maxsize=1)
def _prepared(instance: Instance) -> Prepared:
    """Kept for the instance asked for last: who asks for its safety often asks for its progress next."""
    _refuse(instance)
    concrete, meaning = Concrete(instance), Meaning(instance)
    states = np.array(concrete.initial_states(), np.int64)
    layout = Layout(components(meaning, states), len(instance.cells))
    return Prepared(concrete, meaning, layout, layout.pack(states))


def _refuse(instance: Instance) -> None:
    """Raise TooLarge for an instance that cannot be handled, before anything is made for each of its parts."""
    machine = instance.machine
    cells = {
        name: (math.prod(map(instance.size, field.domain)), instance.size(field.codomain))
        for name, field in machine.state.fields.items()
    }
    steps = sum(math.prod(instance.size(each.sort) for each in action.parameters) for action in machine.actions)
    for name, (_, values) in cells.items():
        if values > MOST_VALUES:
            raise TooLarge(
                f"{machine.name} with {instance.shape()}: a cell of `{name}` has {values:,} values; the explorer packs "
                f"cells of at most {MOST_VALUES:,}. Choose a smaller limit."
            )
    count = sum(number for number, _ in cells.values())
    if count > MOST_CELLS or steps > MOST_STEPS:
        bits = math.ceil(sum(number * math.log2(values) for number, values in cells.values()))
        raise TooLarge(
            f"{machine.name} with {instance.shape()}: a state has {count:,} cells ({bits:,} bits), and {steps:,} steps "
            f"are to be tried in each; the explorer takes at most {MOST_CELLS:,} cells and {MOST_STEPS:,} steps. "
            "Choose smaller sizes; a proof needs none."
        )
