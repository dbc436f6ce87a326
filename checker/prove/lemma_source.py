"""Formulas as Python source: what an author would have written, ready to paste into a specification."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from attorn.spec.language import Budget, Expr, Field, Machine, Op, Property
from attorn.spec.language.expressions import node
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort

__all__ = ["lemma_source", "python_source"]


def lemma_source(stated: Property, machine: Machine) -> str:
    """A lemma as a function that declares it; names of sorts, members and constants are those of their modules."""
    body = " & ".join(_closed(_piece(clause.formula)) for clause in stated.conjuncts)
    if len(stated.conjuncts) == 1:
        body = python_source(stated.conjuncts[0].formula)
    return (
        f"@lemma\ndef {stated.name}(s: {machine.state.__name__}) -> Expr:\n"
        f'    """{stated.sentence}"""\n    return {body}\n'
    )


def python_source(formula: Expr) -> str:
    """A closed formula over the state ``s`` as a Python expression of the language."""
    return _piece(formula)[0]


Piece = tuple[str, bool]  # the text, and whether it can stand in an operand without parentheses


def _piece(formula: Expr) -> Piece:
    environment = {level: (f"x{level}", True) for level in formula.free}
    return Interpreter(_Python())(formula, environment)


def _closed(piece: Piece) -> str:
    return piece[0] if piece[1] else f"({piece[0]})"


class _Python:
    """Values are text with whether it is closed."""

    def constant(self, sort: Sort, number: int) -> Piece:
        match sort:
            case BooleanSort():
                return str(bool(number)), True
            case EnumerationSort():
                return f"{sort.python.__name__}.{sort.members[number]}", True
            case OptionSort():
                return ("NONE", True) if number == 0 else self.constant(sort.of, number - 1)
            case ElementSort():
                value = node(Op.CONSTANT, sort, (), number)
                return _global(sort.python.__module__, value, sort.constants[number].upper()), True
            case _:
                return str(number), True

    def limit(self, budget: Budget) -> Piece:
        return budget.name, True

    def read(self, field: Field, index: tuple[Piece, ...], after: bool) -> Piece:
        cell = f"[{', '.join(text for text, _ in index)}]" if index else ""
        return f"{'after' if after else 's'}.{field.name}{cell}", True

    def equal(self, sort: Sort, left: Piece, right: Piece) -> Piece:
        return f"{_closed(left)} == {_closed(right)}", False

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Piece]]) -> Piece:
        pieces = [part() for part in parts]
        sides = [text.split(" == ") for text, closed in pieces if not closed]
        if not conjunction and len(sides) == len(pieces) and all(len(each) == 2 for each in sides):
            lefts = {left for left, _ in sides}
            if len(lefts) == 1:
                return f"one_of({lefts.pop()}, {', '.join(right for _, right in sides)})", True
        return (" & " if conjunction else " | ").join(map(_closed, pieces)), False

    def negation(self, part: Piece) -> Piece:
        text, closed = part
        if not closed and text.count(" == ") == 1 and not any(sign in text for sign in (" & ", " | ", " >> ")):
            return text.replace(" == ", " != "), False
        return f"~{_closed(part)}", True

    def implication(self, premise: Callable[[], Piece], conclusion: Callable[[], Piece]) -> Piece:
        return f"{_closed(premise())} >> {_closed(conclusion())}", False

    def choice(self, sort: Sort, condition: Piece, then: Piece, otherwise: Piece) -> Piece:
        return f"ite({condition[0]}, {then[0]}, {otherwise[0]})", True

    def less(self, left: Piece, right: Piece) -> Piece:
        return f"{_closed(left)} < {_closed(right)}", False

    def added(self, left: Piece, right: Piece) -> Piece:
        return f"{_closed(left)} + {_closed(right)}", False

    def subtracted(self, left: Piece, right: Piece) -> Piece:
        return f"{_closed(left)} - {_closed(right)}", False

    def some(self, sort: Sort, value: Piece) -> Piece:
        return value

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Piece, ...]], Piece]
    ) -> Piece:
        word = {Op.FORALL: "forall", Op.EXISTS: "exists", Op.COUNT: "count"}[op]
        sorts = ", ".join(_sort_name(bound.sort) for bound in variables)
        inside = body(tuple((name, True) for name in names))[0]
        return f"{word}({sorts}, lambda {', '.join(names)}: {inside})", True


def _sort_name(sort: Sort) -> str:
    match sort:
        case BooleanSort():
            return "bool"
        case OptionSort():
            return f"Option({_sort_name(sort.of)})"
        case RangeSort():
            return f"UpTo({sort.limit.name if isinstance(sort.limit, Budget) else sort.limit})"
        case ElementSort() | EnumerationSort():
            return sort.python.__name__
        case _:
            return sort.name


def _global(module: str, value: Expr, otherwise: str) -> str:
    """The name by which a module knows a value."""
    for name, known in vars(sys.modules.get(module)).items() if module in sys.modules else ():
        if known is value:
            return str(name)
    return otherwise
