"""Grounding: a formula for known values of its variables, as a number or a function of two states."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attorn.spec.language.expressions import Expr, Op
from attorn.spec.language.sorts import Budget, Sort
from attorn.spec.language.state import Field

if TYPE_CHECKING:
    from attorn.spec.language.instance import Instance

__all__ = ["Grounded", "Grounding"]

Function = Callable[[Sequence[int], Sequence[int]], int]
Grounded = int | Function


class Grounding:
    """The algebra of an instance whose values are numbers where they are known, else functions of (before, after).

    Quantifiers are unrolled: every element of a sort is known. What is decided by known parts is never asked again.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def constant(self, sort: Sort, number: int) -> Grounded:
        return number

    def limit(self, budget: Budget) -> Grounded:
        return self._instance.limits[budget]

    def read(self, field: Field, index: tuple[Grounded, ...], after: bool) -> Grounded:
        position = self.position(field, index)
        if isinstance(position, int):
            known = position
            return (lambda b, a: a[known]) if after else (lambda b, a: b[known])
        found = position
        return (lambda b, a: a[found(b, a)]) if after else (lambda b, a: b[found(b, a)])

    def position(self, field: Field, index: tuple[Grounded, ...]) -> Grounded:
        """The number of a cell."""
        number: Grounded = self._instance.offsets[field]
        stride = 1
        for sort, part in reversed(list(zip(field.domain, index, strict=True))):
            number = self.added(number, _times(stride, part))
            stride *= self._instance.size(sort)
        return number

    def equal(self, sort: Sort, left: Grounded, right: Grounded) -> Grounded:
        if isinstance(left, int):
            left, right = right, left
        if isinstance(left, int):
            return int(left == right)
        one = left
        if isinstance(right, int):
            number = right
            return lambda b, a: one(b, a) == number
        other = right
        return lambda b, a: one(b, a) == other(b, a)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Grounded]]) -> Grounded:
        functions: dict[Function, None] = {}
        for later in parts:
            part = later()
            if not isinstance(part, int):
                functions[part] = None
            elif bool(part) != conjunction:
                return part
        return _all(tuple(functions)) if conjunction else _any(tuple(functions))

    def negation(self, part: Grounded) -> Grounded:
        if isinstance(part, int):
            return int(not part)
        function = part
        return lambda b, a: not function(b, a)

    def implication(self, premise: Callable[[], Grounded], conclusion: Callable[[], Grounded]) -> Grounded:
        return self.joined(False, (lambda: self.negation(premise()), conclusion))

    def choice(self, sort: Sort, condition: Grounded, then: Grounded, otherwise: Grounded) -> Grounded:
        if isinstance(condition, int):
            return then if condition else otherwise
        test, one, other = condition, _function(then), _function(otherwise)
        return lambda b, a: one(b, a) if test(b, a) else other(b, a)

    def less(self, left: Grounded, right: Grounded) -> Grounded:
        if isinstance(left, int) and isinstance(right, int):
            return int(left < right)
        one, other = _function(left), _function(right)
        return lambda b, a: one(b, a) < other(b, a)

    def added(self, left: Grounded, right: Grounded) -> Grounded:
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        one, other = _function(left), _function(right)
        return lambda b, a: one(b, a) + other(b, a)

    def subtracted(self, left: Grounded, right: Grounded) -> Grounded:
        if isinstance(left, int) and isinstance(right, int):
            return left - right
        one, other = _function(left), _function(right)
        return lambda b, a: one(b, a) - other(b, a)

    def some(self, sort: Sort, value: Grounded) -> Grounded:
        return self.added(1, value)

    def quantified(
        self,
        op: Op,
        variables: tuple[Expr, ...],
        names: tuple[str, ...],
        body: Callable[[tuple[Grounded, ...]], Grounded],
    ) -> Grounded:
        choices = itertools.product(*(range(self._instance.size(bound.sort)) for bound in variables))
        if op is Op.COUNT:
            parts = [body(numbers) for numbers in choices]
            known = sum(part for part in parts if isinstance(part, int))
            functions = [part for part in parts if not isinstance(part, int)]
            return lambda b, a: known + sum(1 for function in functions if function(b, a))
        return self.joined(op is Op.FORALL, [_later(body, numbers) for numbers in choices])


def _later(body: Callable[[tuple[Grounded, ...]], Grounded], numbers: tuple[int, ...]) -> Callable[[], Grounded]:
    return lambda: body(numbers)


def _function(value: Grounded) -> Function:
    if isinstance(value, int):
        number = value
        return lambda b, a: number
    return value


def _times(factor: int, value: Grounded) -> Grounded:
    if isinstance(value, int) or factor == 1:
        return value * factor if isinstance(value, int) else value
    function = value
    return lambda b, a: factor * function(b, a)


def _all(parts: tuple[Function, ...]) -> Grounded:
    if len(parts) == 2:
        one, other = parts
        return lambda b, a: one(b, a) and other(b, a)

    def conjunction(b: Sequence[int], a: Sequence[int]) -> int:
        for part in parts:  # noqa: SIM110 - twice as fast as all() over a generator
            if not part(b, a):
                return False
        return True

    return conjunction if len(parts) > 1 else parts[0] if parts else 1


def _any(parts: tuple[Function, ...]) -> Grounded:
    if len(parts) == 2:
        one, other = parts
        return lambda b, a: one(b, a) or other(b, a)

    def disjunction(b: Sequence[int], a: Sequence[int]) -> int:
        for part in parts:  # noqa: SIM110 - twice as fast as any() over a generator
            if part(b, a):
                return True
        return False

    return disjunction if len(parts) > 1 else parts[0] if parts else 0
