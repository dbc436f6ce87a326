"""All candidate lemmas of a machine, mined when they are first needed, simple ones before others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attorn.checker.prove.candidates import Candidates, mine
from attorn.checker.prove.columns import Sample, arbitrary_states
from attorn.checker.prove.fragment import check_fragment
from attorn.checker.prove.patterns import MOST_VARIABLES, patterns
from attorn.spec.language import Expr, Instance, Machine, Values

__all__ = ["Choice", "Pool"]

ARBITRARY = 3000


@dataclass(frozen=True)
class Choice:
    """One candidate: how many variables it has, which pattern's it is, and which of its clauses."""

    variables: int
    pattern: int
    number: int


class Pool:
    """Candidates by number of variables, and which of them are still believed."""

    def __init__(self, machine: Machine, reachable: Sequence[Sample], between: Callable[[], None]) -> None:
        self._machine, self._reachable, self._between = machine, reachable, between
        self._arbitrary = [arbitrary_states(each.instance, ARBITRARY) for each in reachable]
        self._order = check_fragment(machine).order
        self._mined: list[list[tuple[Candidates, npt.NDArray[np.bool_]]]] = []

    @property
    def mined(self) -> int:
        """How many candidates were made so far."""
        return sum(len(candidates) for group in self._mined for candidates, _ in group)

    def simplest_excluding(self, instance: Instance, state: Values) -> Choice | None:
        """The candidate with the fewest literals, then the fewest cells, then variables, that a state violates.

        Patterns of the most variables are only looked at, and mined, where all others have nothing.
        """
        sample = [Sample(instance, np.array([state], dtype=np.int16))]
        for group in (range(MOST_VARIABLES), (MOST_VARIABLES,)):
            best: list[tuple[int, ...]] = []
            for variables in group:
                for position, (candidates, believed) in enumerate(self._group(variables)):
                    fits = np.nonzero(candidates.violated(sample) & believed)[0]
                    if len(fits):
                        sizes, weights = candidates.sizes[fits], candidates.weights[fits]
                        first = np.lexsort((fits, weights, sizes))[0]
                        best.append((int(sizes[first]), int(weights[first]), variables, position, int(fits[first])))
            if best:
                return Choice(*min(best)[2:])
        return None

    def formula(self, choice: Choice) -> Expr:
        """A candidate as a formula."""
        return self._group(choice.variables)[choice.pattern][0].formula(choice.number)

    def drop(self, choice: Choice) -> None:
        """Believe a candidate no longer."""
        self._group(choice.variables)[choice.pattern][1][choice.number] = False

    def _group(self, variables: int) -> list[tuple[Candidates, npt.NDArray[np.bool_]]]:
        while len(self._mined) <= variables:
            group = []
            for pattern in patterns(self._machine, len(self._mined), self._order):
                self._between()
                candidates = mine(pattern, self._reachable, self._arbitrary)
                group.append((candidates, np.ones(len(candidates), dtype=np.bool_)))
            self._mined.append(group)
        return self._mined[variables]
