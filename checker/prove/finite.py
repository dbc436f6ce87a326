"""Solver terms over sorts of a given size: cells are bit-vectors, quantifiers are expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import z3

from attorn.spec.language import Budget, Expr, Field, Instance, Op, Values
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, Sort

__all__ = ["FixedSize"]


class FixedSize:
    """Sorts have the sizes of an instance; every cell is a bit-vector, every quantifier is expanded.

    Values are plain numbers where they are known, else terms: truth values are Boolean, all others bit-vectors.
    """

    WIDTH = 8

    def __init__(self, instance: Instance, context: z3.Context | None = None) -> None:
        self.instance = instance
        self.context = context or z3.Context()

    def state(self, name: str) -> list[Any]:
        """Fresh terms for all cells of a state."""
        return [
            z3.Bool(f"{name}.{cell.name}", self.context)
            if isinstance(cell.field.codomain, BooleanSort)
            else z3.BitVec(f"{name}.{cell.name}", self.WIDTH, self.context)
            for cell in self.instance.cells
        ]

    def typed(self, state: Sequence[Any]) -> list[Any]:
        """Every cell holds one of its values."""
        return [
            z3.ULT(term, cell.size)
            for term, cell in zip(state, self.instance.cells, strict=True)
            if not isinstance(cell.field.codomain, BooleanSort)
        ]

    def term(
        self, formula: Expr, arguments: Mapping[int, Any], before: Sequence[Any], after: Sequence[Any] = ()
    ) -> Any:
        """The term for a formula over given states; ``arguments`` maps levels of free variables to numbers."""
        return Interpreter(_Expanded(self, before, after))(formula, arguments)

    def boolean(self, value: Any) -> Any:
        """A truth value as a term."""
        return z3.BoolVal(bool(value), self.context) if isinstance(value, int) else value

    def values(self, model: z3.ModelRef, state: Sequence[Any]) -> Values:
        """A state read back from the solver's model."""
        return tuple(
            int(z3.is_true(model.eval(term, model_completion=True)))
            if z3.is_bool(term)
            else model.eval(term, model_completion=True).as_long()
            for term in state
        )


class _Expanded:
    def __init__(self, sizes: FixedSize, before: Sequence[Any], after: Sequence[Any]) -> None:
        self._sizes, self._before, self._after = sizes, before, after
        self._instance = sizes.instance

    def constant(self, sort: Sort, number: int) -> Any:
        return number

    def limit(self, budget: Budget) -> Any:
        return self._instance.limits[budget]

    def read(self, field: Field, index: tuple[Any, ...], after: bool) -> Any:
        state = self._after if after else self._before
        found: Any = None
        for numbers in self._instance.indices(field.domain):
            matches: list[Any] = []
            for sort, part, number in zip(field.domain, index, numbers, strict=True):
                match = self.equal(sort, part, number)
                if match is False:
                    break
                if match is not True:
                    matches.append(match)
            else:
                cell = state[self._instance.position(field, numbers)]
                if not matches:
                    return cell
                found = cell if found is None else self.choice(field.codomain, z3.And(matches), cell, found)
        return found

    def equal(self, sort: Sort, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            return left == right
        if isinstance(sort, BooleanSort):
            if isinstance(left, int):
                left, right = right, left
            if isinstance(right, int):
                return left if right else z3.Not(left)
        return left == right

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Any]]) -> Any:
        terms = []
        for part in parts:
            value = part()
            if isinstance(value, int):
                if bool(value) is not conjunction:
                    return not conjunction
            else:
                terms.append(value)
        if not terms:
            return conjunction
        return terms[0] if len(terms) == 1 else (z3.And(terms) if conjunction else z3.Or(terms))

    def negation(self, part: Any) -> Any:
        return (not part) if isinstance(part, int) else z3.Not(part)

    def implication(self, premise: Callable[[], Any], conclusion: Callable[[], Any]) -> Any:
        return self.joined(False, (lambda: self.negation(premise()), conclusion))

    def choice(self, sort: Sort, condition: Any, then: Any, otherwise: Any) -> Any:
        if isinstance(condition, int):
            return then if condition else otherwise
        if isinstance(sort, BooleanSort):
            return z3.If(condition, self._sizes.boolean(then), self._sizes.boolean(otherwise))
        if isinstance(then, int) and isinstance(otherwise, int):
            if then == otherwise:
                return then
            then = z3.BitVecVal(then, FixedSize.WIDTH, self._sizes.context)
        return z3.If(condition, then, otherwise)

    def less(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            return left < right
        return left < right  # signed: differences may be negative

    def added(self, left: Any, right: Any) -> Any:
        return left + right

    def subtracted(self, left: Any, right: Any) -> Any:
        return left - right

    def some(self, sort: Sort, value: Any) -> Any:
        return value + 1

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Any, ...]], Any]
    ) -> Any:
        everything = self._instance.indices(tuple(bound.sort for bound in variables))
        if op is Op.COUNT:
            one, nothing = (z3.BitVecVal(number, FixedSize.WIDTH, self._sizes.context) for number in (1, 0))
            total: Any = 0
            for numbers in everything:
                value = body(numbers)
                total = total + (int(value) if isinstance(value, int) else z3.If(value, one, nothing))
            return total
        return self.joined(op is Op.FORALL, [_later(body, numbers) for numbers in everything])


def _later(body: Callable[[tuple[Any, ...]], Any], numbers: tuple[int, ...]) -> Callable[[], Any]:
    return lambda: body(numbers)
