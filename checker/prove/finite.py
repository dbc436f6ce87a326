"""Solver terms over sorts of a given size: cells are bit-vectors, quantifiers are expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attorn.checker.prove.z3_solver import z3
from attorn.spec.language import Budget, Expr, Field, Instance, Op, Values
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, OptionSort, Sort

__all__ = ["FixedSize", "numeric"]


class FixedSize:
    """Sorts have the sizes of an instance; every cell is a bit-vector, every quantifier is expanded.

    Values are plain numbers where they are known, else terms: truth values are Boolean; elements, members and
    options are unsigned bit-vectors just wide enough for their sort; numbers are signed bit-vectors that grow with
    every operation, so that arithmetic is exact.
    """

    def __init__(self, instance: Instance, context: z3.Context | None = None) -> None:
        self.instance = instance
        self.context = context or z3.Context()

    def state(self, name: str) -> list[Any]:
        """Fresh terms for all cells of a state; a cell that can hold only one value is that number."""
        return [self.variable(f"{name}.{cell.name}", cell.field.codomain) for cell in self.instance.cells]

    def variable(self, name: str, sort: Sort) -> Any:
        """A fresh term for one value of a sort; number 0 where the sort has no other."""
        if isinstance(sort, BooleanSort):
            return z3.Bool(name, self.context)
        size = self.instance.size(sort)
        if size == 1:
            return 0
        return z3.BitVec(name, self.width(sort), self.context)

    def width(self, sort: Sort) -> int:
        """Bits of a stored value; numbers have a sign besides, which is always 0 there."""
        return (self.instance.size(sort) - 1).bit_length() + numeric(sort)

    def typed(self, state: Sequence[Any]) -> list[Any]:
        """Every cell holds one of its values."""
        return [
            self.inside(term, cell.field.codomain)
            for term, cell in zip(state, self.instance.cells, strict=True)
            if not self.always_inside(cell.field.codomain)
        ]

    def always_inside(self, sort: Sort) -> bool:
        """Whether every bit pattern of a sort's width is a value of it."""
        return isinstance(sort, BooleanSort) or self.instance.size(sort) in (1, 1 << self.width(sort))

    def inside(self, term: Any, sort: Sort) -> Any:
        """Whether a term is one of the values of a sort: for a bit-vector as wide as ``width`` says."""
        if isinstance(term, int):
            return 0 <= term < self.instance.size(sort)
        if self.always_inside(sort):
            return z3.BoolVal(True, self.context)
        return z3.ULT(term, self.instance.size(sort))

    def term(
        self, formula: Expr, arguments: Mapping[int, Any], before: Sequence[Any], after: Sequence[Any] = ()
    ) -> Any:
        """The term for a formula over given states; ``arguments`` maps levels of free variables to numbers."""
        return self.interpreter(before, after)(formula, arguments)

    def interpreter(self, before: Sequence[Any], after: Sequence[Any] = ()) -> Interpreter:
        """What turns formulas over given states into terms; parts that formulas share are made once."""
        return Interpreter(_Expanded(self, before, after))

    def boolean(self, value: Any) -> Any:
        """A truth value as a term."""
        return z3.BoolVal(bool(value), self.context) if isinstance(value, int) else value

    def equal(self, sort: Sort, left: Any, right: Any) -> Any:
        """Whether two values of a sort are the same; a plain truth value where that is known."""
        if isinstance(left, int) and isinstance(right, int):
            return left == right
        if isinstance(sort, BooleanSort):
            if isinstance(left, int):
                left, right = right, left
            if isinstance(right, int):
                return left if right else z3.Not(left)
        elif numeric(sort):
            left, right = self.widened(left, right)
        return left == right

    def choice(self, sort: Sort, condition: Any, then: Any, otherwise: Any) -> Any:
        """One of two values of a sort, by a condition."""
        if isinstance(condition, int):
            return then if condition else otherwise
        if isinstance(then, int) and isinstance(otherwise, int) and then == otherwise:
            return then
        if isinstance(sort, BooleanSort):
            then, otherwise = self.boolean(then), self.boolean(otherwise)
        elif numeric(sort):
            then, otherwise = self.widened(then, otherwise)
        elif isinstance(then, int) and isinstance(otherwise, int):
            then = z3.BitVecVal(then, self.width(sort), self.context)
        return z3.If(condition, then, otherwise)

    def widened(self, *numbers: Any) -> tuple[Any, ...]:
        """Numbers as signed bit-vectors of one width, in which each keeps its value."""
        width = max(each.bit_length() + 1 if isinstance(each, int) else each.size() for each in numbers)
        return tuple(
            z3.BitVecVal(each, width, self.context)
            if isinstance(each, int)
            else (each if each.size() == width else z3.SignExt(width - each.size(), each))
            for each in numbers
        )

    def packed(self, terms: Sequence[Any]) -> Any:
        """All values in one bit-vector, the first in its highest bits, so that a model is read at one go."""
        parts = [
            z3.If(each, *(z3.BitVecVal(bit, 1, self.context) for bit in (1, 0))) if z3.is_bool(each) else each
            for each in terms
            if not isinstance(each, int)
        ]
        return z3.Concat(parts) if len(parts) > 1 else parts[0] if parts else 0

    def unpacked(self, model: z3.ModelRef, terms: Sequence[Any], packed: Any) -> Values:
        """The values that a model gives to terms that ``packed`` put together."""
        number = 0 if isinstance(packed, int) else model.eval(packed, model_completion=True).as_long()
        found = []
        for each in reversed(terms):
            if isinstance(each, int):
                found.append(each)
            else:
                width = 1 if z3.is_bool(each) else each.size()
                found.append(number & ((1 << width) - 1))
                number >>= width
        return tuple(reversed(found))

    def number(self, values: Values, terms: Sequence[Any]) -> int | None:
        """What ``packed`` makes of terms with these values; None where a known one of them has another value."""
        number = 0
        for each, value in zip(terms, values, strict=True):
            if isinstance(each, int):
                if each != value:
                    return None
            else:
                number = (number << (1 if z3.is_bool(each) else each.size())) | value
        return number

    def values(self, model: z3.ModelRef, terms: Sequence[Any]) -> Values:
        """A state, or arguments, read back from the solver's model."""
        return self.unpacked(model, terms, self.packed(terms))


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
        return self._sizes.equal(sort, left, right)

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
        return self._sizes.choice(sort, condition, then, otherwise)

    def less(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            return left < right
        left, right = self._sizes.widened(left, right)
        return left < right  # signed: differences may be negative

    def added(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        left, right = self._grown(left, right)
        return left + right

    def subtracted(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            return left - right
        left, right = self._grown(left, right)
        return left - right

    def _grown(self, left: Any, right: Any) -> tuple[Any, Any]:
        """Two numbers with one bit more than either needs, for a carry."""
        left, right = self._sizes.widened(left, right)
        return z3.SignExt(1, left), z3.SignExt(1, right)

    def some(self, sort: Sort, value: Any) -> Any:
        if isinstance(value, int) or numeric(sort):
            return self.added(value, 1)
        width = self._sizes.width(sort)
        if z3.is_bool(value):
            return z3.If(value, *(z3.BitVecVal(number, width, self._sizes.context) for number in (2, 1)))
        return z3.ZeroExt(width - value.size(), value) + 1

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Any, ...]], Any]
    ) -> Any:
        everything = self._instance.indices(tuple(bound.sort for bound in variables))
        if op is Op.COUNT:
            return self._counted([body(numbers) for numbers in everything])
        return self.joined(op is Op.FORALL, [_later(body, numbers) for numbers in everything])

    def _counted(self, truths: list[Any]) -> Any:
        known = sum(1 for each in truths if isinstance(each, int) and each)
        terms = [each for each in truths if not isinstance(each, int)]
        if not terms:
            return known
        width = len(truths).bit_length() + 1
        one, nothing, total = (z3.BitVecVal(number, width, self._sizes.context) for number in (1, 0, known))
        for each in terms:
            total = total + z3.If(each, one, nothing)
        return total


def numeric(sort: Sort) -> bool:
    """Whether values can be results of arithmetic, which may leave the range of a stored value."""
    return numeric(sort.of) if isinstance(sort, OptionSort) else sort.is_number


def _later(body: Callable[[tuple[Any, ...]], Any], numbers: tuple[int, ...]) -> Callable[[], Any]:
    return lambda: body(numbers)
