"""Small changes of an expression: what a mutant may say instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from attorn.spec.language import Action, Expr, Field, Op, all_of, any_of, ite
from attorn.spec.language.expressions import FALSE, TRUE, equal, node
from attorn.spec.language.sorts import BOOLEAN, BooleanSort, ElementSort, EnumerationSort, OptionSort, Sort

__all__ = ["Scope", "changes", "constants", "levels"]

Change = tuple[str, Expr]


@dataclass(frozen=True)
class Scope:
    """What may stand in an expression: the fields of the state, and the values at hand where it is written.

    values: the parameters and the reads that occur in the action, and the variables bound around the place.
    """

    fields: tuple[Field, ...]
    values: tuple[Expr, ...]

    @staticmethod
    def of(action: Action, fields: Iterable[Field]) -> Scope:
        """The scope at the outermost level of an action."""
        parameters = tuple(parameter.variable for parameter in action.parameters)
        known = {each.payload for each in parameters}
        reads = {
            part.ident: part
            for whole in _expressions(action)
            for part in _parts(whole)
            if part.op is Op.READ and part.free <= known and part.sort is not BOOLEAN
        }
        return Scope(tuple(fields), (*parameters, *reads.values()))

    def binding(self, variables: tuple[Expr, ...]) -> Scope:
        """The scope inside a quantifier or a bulk update."""
        return replace(self, values=(*self.values, *variables))

    def values_of(self, sort: Sort) -> Iterator[Expr]:
        """All values at hand of a sort, its constants included."""
        yield from (value for value in (*self.values, *constants(sort)) if value.sort == sort)


def changes(expression: Expr, scope: Scope) -> Iterator[Change]:
    """All expressions that differ from the given one in one place, each with the kind of the change."""
    yield from _here(expression, scope)
    inner = scope.binding(expression.payload[0]) if expression.op in (Op.FORALL, Op.EXISTS, Op.COUNT) else scope
    for position, part in enumerate(expression.args):
        for kind, changed in changes(part, inner):
            args = (*expression.args[:position], changed, *expression.args[position + 1 :])
            yield kind, _rebuilt(expression, args)


def constants(sort: Sort) -> Iterator[Expr]:
    """The values of a sort that have a name of their own; numbers have none."""
    match sort:
        case BooleanSort():
            yield from (FALSE, TRUE)
        case EnumerationSort():
            yield from (node(Op.CONSTANT, sort, (), number) for number in range(len(sort.members)))
        case OptionSort():
            yield node(Op.CONSTANT, sort, (), 0)
        case ElementSort():
            yield from (node(Op.CONSTANT, sort, (), number) for number in range(len(sort.constants)))


def levels(action: Action) -> set[int]:
    """The levels of all variables, free or bound, that occur in an action."""
    found = {part.payload for whole in _expressions(action) for part in _parts(whole) if part.op is Op.VARIABLE}
    return found | {parameter.variable.payload for parameter in action.parameters}


def _here(expression: Expr, scope: Scope) -> Iterator[Change]:
    """Changes of the outermost operator."""
    args, op = expression.args, expression.op
    if expression.sort is BOOLEAN:
        yield "negate", ~expression
    elif not expression.sort.is_number:
        others = (other for other in scope.values_of(expression.sort) if other is not expression)
        yield from (("other value", other) for other in others)
    match op:
        case Op.READ:
            field, after = expression.payload
            for other in scope.fields:
                if other is not field and (other.domain, other.codomain) == (field.domain, field.codomain):
                    yield "other field", node(Op.READ, expression.sort, args, (other, after))
            yield from (("swap", _rebuilt(expression, swapped)) for swapped in _swaps(args))
        case Op.AND | Op.OR:
            join, opposite = (all_of, any_of) if op is Op.AND else (any_of, all_of)
            yield from (("drop part", join(*args[:i], *args[i + 1 :])) for i in range(len(args)))
            yield "and/or", opposite(*args)
        case Op.IMPLIES:
            yield "drop part", args[1]
        case Op.FORALL | Op.EXISTS:
            other_op = Op.EXISTS if op is Op.FORALL else Op.FORALL
            yield "all/some", node(other_op, BOOLEAN, args, expression.payload)
        case Op.LESS:
            yield "boundary", args[0] <= args[1]
        case Op.ADD | Op.SUBTRACT:
            yield "plus/minus", (args[0] - args[1]) if op is Op.ADD else (args[0] + args[1])
        case Op.CONSTANT if expression.sort.is_number:
            for number in (expression.payload - 1, expression.payload + 1):
                yield "boundary", node(Op.CONSTANT, expression.sort, (), number)
        case Op.CHOICE:
            yield from (("drop part", part) for part in args[1:])


def _swaps(args: tuple[Expr, ...]) -> Iterator[tuple[Expr, ...]]:
    for i, first in enumerate(args):
        for j in range(i + 1, len(args)):
            if first.sort == args[j].sort and first is not args[j]:
                yield (*args[:i], args[j], *args[i + 1 : j], first, *args[j + 1 :])


def _rebuilt(expression: Expr, args: tuple[Expr, ...]) -> Expr:
    """The same operator on other arguments, simplified as the author's own operators would."""
    match expression.op:
        case Op.EQUAL:
            return equal(*args)
        case Op.AND:
            return all_of(*args)
        case Op.OR:
            return any_of(*args)
        case Op.NOT:
            return ~args[0]
        case Op.IMPLIES:
            return args[0] >> args[1]
        case Op.CHOICE:
            return ite(*args)
        case Op.LESS:
            return args[0] < args[1]
        case Op.ADD:
            return args[0] + args[1]
        case Op.SUBTRACT:
            return args[0] - args[1]
        case Op.FORALL | Op.EXISTS if args[0].op is Op.CONSTANT:
            return args[0]
        case _:
            return node(expression.op, expression.sort, args, expression.payload)


def _expressions(action: Action) -> Iterator[Expr]:
    for clause in action.clauses:
        yield clause.formula
    for write in action.writes:
        yield from (*write.binders, *write.index, write.condition, *(() if write.value is None else (write.value,)))


def _parts(expression: Expr) -> Iterator[Expr]:
    yield expression
    yield from expression.payload[0] if expression.op in (Op.FORALL, Op.EXISTS, Op.COUNT) else ()
    for part in expression.args:
        yield from _parts(part)
