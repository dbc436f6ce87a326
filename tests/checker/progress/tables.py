"""Machines made of tables: one variable, and steps that say from which of its values they lead to which."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from attorn.spec.language import (
    Instance,
    Machine,
    State,
    UpTo,
    Variable,
    action,
    always_possible,
    any_of,
    initial,
    ite,
    leads_to,
    progress,
)
from attorn.spec.language.declarations import Declaration, Fairness

__all__ = ["Table"]

LARGEST = 7


class Place(State):
    at = Variable(UpTo(LARGEST))


@dataclass(frozen=True)
class Table:
    """A transition system: for each step, whether it is fair and where it leads, and what must happen or be possible.

    starts: initial places.
    steps:  for each step, its fairness, and the places that enable it with the place that it leads to.
    """

    starts: tuple[int, ...]
    steps: tuple[tuple[Fairness, Mapping[int, int]], ...]
    premise: frozenset[int]
    conclusion: frozenset[int]

    @staticmethod
    def drawn(seed: int) -> Table:
        """A small random one; with few places and steps, so that all sets of its transitions can be listed."""
        choose = random.Random(seed)
        places, count = choose.choice(((3, 4), (4, 3), (5, 3), (6, 3), (6, 2)))
        arrows = choose.sample([(place, step) for place in range(places) for step in range(count)], 9)
        steps: list[tuple[Fairness, dict[int, int]]] = []
        for number in range(count):
            fair: Fairness = choose.choice(("none", "weak", "strong", "strong"))
            steps.append((fair, {place: choose.randrange(places) for place, step in arrows if step == number}))
        return Table(
            starts=tuple(sorted(choose.sample(range(places), choose.choice((1, 1, 2))))),
            steps=tuple(steps),
            premise=frozenset(choose.sample(range(places), choose.choice((1, 2)))),
            conclusion=frozenset(place for place in range(places) if choose.random() < 0.15),
        )

    def instance(self) -> Instance:
        """The same system in the language."""

        @initial
        def somewhere(s: Place, at: UpTo(LARGEST)) -> None:  # type: ignore[valid-type]
            s.require(_among(at, self.starts))
            s.at = at

        @progress
        def arrives(s: Place) -> object:
            """From the premise to the conclusion."""
            return leads_to(_among(s.at, self.premise), _among(s.at, self.conclusion))

        @always_possible
        def open_way(s: Place) -> object:
            """The conclusion stays within reach."""
            return _among(s.at, self.conclusion)

        steps = tuple(_step(number, fair, table) for number, (fair, table) in enumerate(self.steps))
        return Instance.of(Machine("table", Place, somewhere, steps, (arrives, open_way)))


def _step(number: int, fair: Fairness, table: Mapping[int, int]) -> Declaration:
    def step(s: Place) -> None:
        """Go where the table says."""
        s.require(_among(s.at, table))
        target: Any = s.at
        for before, after in table.items():
            target = ite(s.at == before, after, target)
        s.at = target

    step.__name__ = f"step{number}"
    return action(fair=fair)(step)


def _among(value: Any, places: Collection[int]) -> Any:
    return any_of(*(value == place for place in places))
