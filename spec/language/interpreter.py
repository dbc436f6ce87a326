"""The one interpreter: it walks an expression once and leaves all meaning to an algebra."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from attorn.spec.language.expressions import Expr, Op
from attorn.spec.language.sorts import Budget, Sort
from attorn.spec.language.state import Field

__all__ = ["Algebra", "Interpreter"]

V = TypeVar("V")


class Algebra(Protocol[V]):
    """What every operator means; values ``V`` are numbers, closures, columns, solver terms, text, ...

    Values of every sort are numbered as ``sorts`` says. ``first`` in ``joined`` is True for a conjunction.
    """

    def constant(self, sort: Sort, number: int) -> V:
        """A known value of a sort."""

    def limit(self, budget: Budget) -> V:
        """The size of a budget."""

    def read(self, field: Field, index: tuple[V, ...], after: bool) -> V:
        """The value of a cell, before the step or after it."""

    def equal(self, sort: Sort, left: V, right: V) -> V:
        """Whether two values of a sort are the same."""

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], V]]) -> V:
        """Conjunction or disjunction; parts may be left unevaluated."""

    def negation(self, part: V) -> V:
        """The opposite truth value."""

    def implication(self, premise: Callable[[], V], conclusion: Callable[[], V]) -> V:
        """Whether the premise is false or the conclusion true."""

    def choice(self, sort: Sort, condition: V, then: V, otherwise: V) -> V:
        """One of two values of a sort, by a condition."""

    def less(self, left: V, right: V) -> V:
        """Whether one number is smaller than another."""

    def added(self, left: V, right: V) -> V:
        """The sum of two numbers."""

    def subtracted(self, left: V, right: V) -> V:
        """The difference of two numbers."""

    def some(self, sort: Sort, value: V) -> V:
        """The option that holds a value; ``sort`` is the option's."""

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[V, ...]], V]
    ) -> V:
        """FORALL, EXISTS or COUNT over variables; the body maps values for them to its value."""


class Interpreter:
    """Interprets expressions under one algebra, each node once for each valuation of its free variables."""

    def __init__(self, algebra: Algebra[V]) -> None:
        self._algebra: Algebra[object] = algebra  # type: ignore[assignment]
        self._known: dict[tuple[object, ...], object] = {}

    def __call__(self, expression: Expr, environment: Mapping[int, V]) -> V:
        """The value of an expression; ``environment`` maps levels of free variables to values."""
        return self._value(expression, environment)  # type: ignore[return-value]

    def continued(self, algebra: Algebra[V]) -> Interpreter:
        """Another interpreter that knows what this one knows, for an algebra that goes on from a copy of this one's."""
        other = Interpreter(algebra)
        other._known = dict(self._known)
        return other

    def _value(self, expression: Expr, environment: Mapping[int, object]) -> object:
        if expression.op is Op.VARIABLE:
            return environment[expression.payload]
        key = (expression.ident, *(environment[level] for level in sorted(expression.free)))
        if key in self._known:
            return self._known[key]
        found = self._known[key] = self._computed(expression, environment)
        return found

    def _computed(self, expression: Expr, environment: Mapping[int, object]) -> object:
        algebra, args, payload = self._algebra, expression.args, expression.payload

        def value(part: Expr) -> object:
            return self._value(part, environment)

        match expression.op:
            case Op.CONSTANT:
                return algebra.constant(expression.sort, payload)
            case Op.LIMIT:
                return algebra.limit(payload)
            case Op.READ:
                return algebra.read(payload[0], tuple(value(part) for part in args), payload[1])
            case Op.EQUAL:
                return algebra.equal(args[0].sort, value(args[0]), value(args[1]))
            case Op.AND | Op.OR:
                return algebra.joined(expression.op is Op.AND, [_later(value, part) for part in args])
            case Op.NOT:
                return algebra.negation(value(args[0]))
            case Op.IMPLIES:
                return algebra.implication(_later(value, args[0]), _later(value, args[1]))
            case Op.CHOICE:
                return algebra.choice(expression.sort, value(args[0]), value(args[1]), value(args[2]))
            case Op.LESS:
                return algebra.less(value(args[0]), value(args[1]))
            case Op.ADD:
                return algebra.added(value(args[0]), value(args[1]))
            case Op.SUBTRACT:
                return algebra.subtracted(value(args[0]), value(args[1]))
            case Op.SOME:
                return algebra.some(expression.sort, value(args[0]))
            case Op.FORALL | Op.EXISTS | Op.COUNT:
                variables, names = payload

                def body(values: tuple[object, ...]) -> object:
                    inner = {**environment, **{bound.payload: v for bound, v in zip(variables, values, strict=True)}}
                    return self._value(args[0], inner)

                return algebra.quantified(expression.op, variables, names, body)
            case _:
                raise AssertionError(expression.op)


def _later(value: Callable[[Expr], object], part: Expr) -> Callable[[], object]:
    return lambda: value(part)
