"""The TLA+ algebra: an expression as text that TLA+'s tools read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from attorn.spec.language import Expr, Op
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, Budget, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort
from attorn.spec.language.state import Field

__all__ = ["NOTHING", "element", "limit", "set_of", "term"]

NOTHING = "None"
ATOM, SUM, COMPARE, NEGATE, JOIN, IMPLY, QUANTIFY = range(7)
MARK = re.compile(r"\0(\d+):(\w+)\0")


class Piece(NamedTuple):
    """Text, with the strength of its outermost operator; an equation knows its opposite."""

    text: str
    strength: int = ATOM
    opposite: str = ""


def limit(budget: Budget) -> str:
    """The constant that bounds what a budget bounds."""
    return f"Max_{budget.name}"


def element(sort: ElementSort, number: int) -> str:
    """The model value that stands for an individual."""
    return sort.constants[number] if number < len(sort.constants) else f"{sort.name.lower()}{number}"


def set_of(sort: Sort) -> str:
    """The set of a sort's values."""
    match sort:
        case BooleanSort():
            return "BOOLEAN"
        case OptionSort():
            return f"({set_of(sort.of)} \\cup {{{NOTHING}}})"
        case RangeSort():
            return f"0..{limit(sort.limit) if isinstance(sort.limit, Budget) else sort.limit}"
        case _:
            return sort.name


class _Terms:
    """Values are pieces of text, in which marks stand for bound variables until all names near them are known."""

    def constant(self, sort: Sort, number: int) -> Piece:
        match sort:
            case BooleanSort():
                return Piece("TRUE" if number else "FALSE")
            case EnumerationSort():
                return Piece(f'"{sort.members[number]}"')
            case OptionSort():
                return Piece(NOTHING) if number == 0 else self.constant(sort.of, number - 1)
            case ElementSort():
                return Piece(element(sort, number))
            case _:
                return Piece(str(number), ATOM if number >= 0 else SUM)

    def limit(self, budget: Budget) -> Piece:
        return Piece(limit(budget))

    def read(self, field: Field, index: tuple[Piece, ...], after: bool) -> Piece:
        name = field.name + ("'" if after else "")
        return Piece(f"{name}[{', '.join(part.text for part in index)}]" if index else name)

    def equal(self, sort: Sort, left: Piece, right: Piece) -> Piece:
        if isinstance(sort, BooleanSort):
            return Piece(f"{_within(left, COMPARE)} <=> {_within(right, COMPARE)}", IMPLY)
        sides = _within(left, COMPARE), _within(right, COMPARE)
        return Piece(" = ".join(sides), COMPARE, " # ".join(sides))

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Piece]]) -> Piece:
        pieces = [_within(part(), JOIN) for part in parts]
        if not pieces:
            return Piece("TRUE" if conjunction else "FALSE")
        return Piece((" /\\ " if conjunction else " \\/ ").join(pieces), JOIN)

    def negation(self, part: Piece) -> Piece:
        return Piece(part.opposite, COMPARE, part.text) if part.opposite else Piece(f"~{_within(part, SUM)}", NEGATE)

    def implication(self, premise: Callable[[], Piece], conclusion: Callable[[], Piece]) -> Piece:
        return Piece(f"{_within(premise(), IMPLY)} => {_within(conclusion(), IMPLY)}", IMPLY)

    def choice(self, sort: Sort, condition: Piece, then: Piece, otherwise: Piece) -> Piece:
        return Piece(f"(IF {condition.text} THEN {then.text} ELSE {otherwise.text})")

    def less(self, left: Piece, right: Piece) -> Piece:
        return Piece(f"{_within(left, COMPARE)} < {_within(right, COMPARE)}", COMPARE)

    def added(self, left: Piece, right: Piece) -> Piece:
        return Piece(f"({left.text} + {right.text})")

    def subtracted(self, left: Piece, right: Piece) -> Piece:
        return Piece(f"({left.text} - {right.text})")

    def some(self, sort: Sort, value: Piece) -> Piece:
        return value

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Piece, ...]], Piece]
    ) -> Piece:
        marks = [f"\0{bound.payload}:{name}\0" for bound, name in zip(variables, names, strict=True)]
        inside = body(tuple(Piece(mark) for mark in marks)).text
        if op is Op.COUNT:
            if len(marks) == 1:
                return Piece(f"Cardinality({{{marks[0]} \\in {set_of(variables[0].sort)} : {inside}}})")
            sets = " \\X ".join(set_of(bound.sort) for bound in variables)
            return Piece(f"Cardinality({{<<{', '.join(marks)}>> \\in {sets} : {inside}}})")
        ranges = ", ".join(f"{mark} \\in {set_of(bound.sort)}" for mark, bound in zip(marks, variables, strict=True))
        quantifier = "\\A" if op is Op.FORALL else "\\E"
        return Piece(f"{quantifier} {ranges} : {inside}", QUANTIFY)


def _within(piece: Piece, limit: int) -> str:
    return piece.text if piece.strength < limit or piece.strength == ATOM else f"({piece.text})"


def _named(text: str, taken: Collection[str]) -> str:
    """A text with names for its marks: TLA+ lets no bound variable have the name of anything else that is in scope.

    A name that another level of quantifiers uses too, or that is taken, gets the number of its level.
    """
    levels: dict[str, set[str]] = {}
    for level, name in MARK.findall(text):
        levels.setdefault(name, set()).add(level)

    def chosen(found: re.Match[str]) -> str:
        level, name = found.groups()
        return name if name not in taken and len(levels[name]) == 1 else f"{name}_{level}"

    return MARK.sub(chosen, text)


def term(expression: Expr, names: Mapping[int, str], taken: Collection[str], alone: bool = True) -> str:
    """An expression as text; ``names`` has those of its free variables by level, ``taken`` all that are in scope.

    alone: nothing stands beside it; otherwise it gets parentheses where it needs them.
    """
    piece = Interpreter(_Terms())(expression, {level: Piece(name) for level, name in names.items()})
    return _named(piece.text if alone else _within(piece, JOIN), taken)
