"""The column algebra: the value of an expression in many states at once."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from attorn.spec.language import Budget, Concrete, Expr, Field, Instance, Op, Values
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import Sort

__all__ = ["Sample", "arbitrary_states", "column", "columns", "observed_states"]


@dataclass(frozen=True, eq=False)
class Sample:
    """States of an instance, one a row and one cell a column: ``int16[n, cells]``."""

    instance: Instance
    states: npt.NDArray[np.int16]


def arbitrary_states(instance: Instance, number: int, seed: int = 0) -> Sample:
    """States drawn evenly from all that the types allow; the same ones for the same seed."""
    draw = np.random.default_rng(seed)
    columns = [draw.integers(0, cell.size, number, dtype=np.int16) for cell in instance.cells]
    return Sample(instance, np.stack(columns, axis=1))


def observed_states(instance: Instance, walks: int, length: int, seed: int = 0) -> Sample:
    """States met on random walks, each from an initial state; the same ones for the same seed.

    Every step takes an action at random and then arguments, so that actions with few arguments are not drowned.
    """
    draw, concrete = random.Random(seed), Concrete(instance)
    steps = [list(group) for _, group in itertools.groupby(concrete.steps, key=lambda step: step.action.name)]
    initial = concrete.initial_states()
    met: dict[Values, None] = {}
    for _ in range(walks):
        state: Values | None = draw.choice(initial)
        for _ in range(length):
            if state is None:
                break
            met[state] = None
            choices = (step for group in draw.sample(steps, len(steps)) for step in draw.sample(group, len(group)))
            state = next((concrete.apply(state, step) for step in choices if concrete.enabled(state, step)), None)
    return Sample(instance, np.array(list(met), dtype=np.int16).reshape(len(met), -1))


def column(sample: Sample, formula: Expr, environment: Mapping[int, int] | None = None) -> npt.NDArray[np.int16]:
    """The value of an expression in every state, ``int16[n]``; ``environment`` maps levels of free variables."""
    return columns(sample, (formula,), environment)[0]


def columns(
    sample: Sample, formulas: Sequence[Expr], environment: Mapping[int, int] | None = None
) -> list[npt.NDArray[np.int16]]:
    """The values of several expressions, which share what they have in common."""
    interpret: Interpreter = Interpreter(_Columns(sample))
    values = (interpret(formula, environment or {}) for formula in formulas)
    return [np.broadcast_to(np.asarray(value), len(sample.states)).astype(np.int16) for value in values]


class _Columns:
    """Values are numbers where they are the same in all states, else arrays with one number a state."""

    def __init__(self, sample: Sample) -> None:
        self._instance, self._states = sample.instance, sample.states
        self._rows = np.arange(len(sample.states))

    def constant(self, sort: Sort, number: int) -> Any:
        return number

    def limit(self, budget: Budget) -> Any:
        return self._instance.limits[budget]

    def read(self, field: Field, index: tuple[Any, ...], after: bool) -> Any:
        position: Any = 0
        for sort, part in zip(field.domain, index, strict=True):
            position = position * self._instance.size(sort) + part
        return self._states[self._rows, position + self._instance.offsets[field]]

    def equal(self, sort: Sort, left: Any, right: Any) -> Any:
        return np.equal(left, right)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Any]]) -> Any:
        found: Any = conjunction
        for part in parts:
            value = np.not_equal(part(), 0)
            found = (found & value) if conjunction else (found | value)
        return found

    def negation(self, part: Any) -> Any:
        return np.equal(part, 0)

    def implication(self, premise: Callable[[], Any], conclusion: Callable[[], Any]) -> Any:
        return np.equal(premise(), 0) | np.not_equal(conclusion(), 0)

    def choice(self, sort: Sort, condition: Any, then: Any, otherwise: Any) -> Any:
        return np.where(np.not_equal(condition, 0), then, otherwise)

    def less(self, left: Any, right: Any) -> Any:
        return np.less(left, right)

    def added(self, left: Any, right: Any) -> Any:
        return np.add(left, right)

    def subtracted(self, left: Any, right: Any) -> Any:
        return np.subtract(left, right)

    def some(self, sort: Sort, value: Any) -> Any:
        return np.add(value, 1)

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Any, ...]], Any]
    ) -> Any:
        numbers = list(self._instance.indices(tuple(bound.sort for bound in variables)))
        if op is Op.COUNT:
            return sum(np.not_equal(body(each), 0).astype(np.int16) for each in numbers)
        return self.joined(op is Op.FORALL, [_later(body, each) for each in numbers])


def _later(body: Callable[[tuple[Any, ...]], Any], numbers: tuple[int, ...]) -> Callable[[], Any]:
    return lambda: body(numbers)
