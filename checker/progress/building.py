"""Building the graph of an instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attorn.checker.progress.graph import Graph, Mask
from attorn.spec.language import Concrete, Expr, Instance, Values

__all__ = ["Limits", "plain_graph"]


@dataclass(frozen=True)
class Limits:
    """How large a graph may become: it stops, unfinished, before the level that would bring more."""

    max_states: int = 10_000_000
    max_transitions: int = 100_000_000


class _PlainStates:
    """States as tuples, judged one by one."""

    def __init__(self, concrete: Concrete, states: Sequence[Values]) -> None:
        self._concrete, self._states = concrete, states

    def __len__(self) -> int:
        return len(self._states)

    def values(self, number: int) -> Values:
        return self._states[number]

    def holds(self, formula: Expr, arguments: Sequence[int]) -> Mask:
        truths = (bool(self._concrete.value(formula, arguments, state)) for state in self._states)
        return np.fromiter(truths, np.bool_, len(self._states))


def plain_graph(instance: Instance, limits: Limits) -> Graph:
    """Build the graph of a small instance one state at a time, by the plain meaning of the machine.

    Raises BadInput, DoubleWrite or OutOfRange where the machine is not well defined.
    """
    concrete = Concrete(instance)
    place = {step: number for number, step in enumerate(concrete.steps)}
    states = concrete.initial_states()
    number = {state: place for place, state in enumerate(states)}
    initial = np.arange(len(states))
    first, target, taken = [0], list[int](), list[int]()
    level, stopped = states[:], ""
    while level and not stopped:
        following: list[Values] = []
        for state in level:
            for step, after in concrete.successors(state):
                if after not in number:
                    number[after] = len(number)
                    following.append(after)
                target.append(number[after])
                taken.append(place[step])
            first.append(len(target))
        states += following
        level = following
        if len(states) > limits.max_states or len(target) > limits.max_transitions:
            stopped = f"the limit of {limits.max_states:,} states or {limits.max_transitions:,} transitions"
    expanded = len(first) - 1
    first += [len(target)] * (len(states) - expanded)
    return Graph(
        instance, concrete.steps, _PlainStates(concrete, states), initial,
        np.array(first, np.int32), np.array(target, np.int32), np.array(taken, np.int32),
        expanded, stopped if expanded < len(states) else "",
    )  # fmt: skip
