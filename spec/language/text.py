"""The text algebra: an expression as a line that a person can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from attorn.spec.language.expressions import Expr, Op
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, Budget, ElementSort, EnumerationSort, OptionSort, Sort
from attorn.spec.language.state import Field, Write

__all__ = ["render", "render_write", "value_name"]

ATOM, COMPARE, NEGATE, JOIN, IMPLY, QUANTIFY = range(6)


class Piece(NamedTuple):
    """Text with the strength of its outermost operator; comparisons know their opposite and equations their sides."""

    text: str
    strength: int
    opposite: str = ""
    sides: tuple[str, str] | None = None


def value_name(sort: Sort, number: int) -> str:
    """What a value is called in reports: ``vm0``, ``RUNNING``, ``zero``, ``none``, ``yes``."""
    match sort:
        case BooleanSort():
            return "yes" if number else "no"
        case EnumerationSort():
            return sort.members[number]
        case OptionSort():
            return "none" if number == 0 else value_name(sort.of, number - 1)
        case ElementSort():
            constants = sort.constants
            return constants[number] if number < len(constants) else f"{sort.name.lower()}{number}"
        case _:
            return str(number)


class _Text:
    """Values are pieces of text."""

    def constant(self, sort: Sort, number: int) -> Piece:
        return Piece(value_name(sort, number), ATOM)

    def limit(self, budget: Budget) -> Piece:
        return Piece(budget.name, ATOM)

    def read(self, field: Field, index: tuple[Piece, ...], after: bool) -> Piece:
        name = field.name + ("'" if after else "")
        return Piece(f"{name}[{', '.join(part.text for part in index)}]" if index else name, ATOM)

    def equal(self, sort: Sort, left: Piece, right: Piece) -> Piece:
        sides = _within(left, COMPARE), _within(right, COMPARE)
        return Piece(" = ".join(sides), COMPARE, " ≠ ".join(sides), sides)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Piece]]) -> Piece:
        pieces = [part() for part in parts]
        sides = [piece.sides for piece in pieces if piece.sides]
        if not conjunction and len(sides) == len(pieces) and len({left for left, _ in sides}) == 1:
            left, values = sides[0][0], ", ".join(right for _, right in sides)
            return Piece(f"{left} ∈ {{{values}}}", COMPARE, f"{left} ∉ {{{values}}}")
        return Piece((" ∧ " if conjunction else " ∨ ").join(_within(piece, JOIN) for piece in pieces), JOIN)

    def negation(self, part: Piece) -> Piece:
        return Piece(part.opposite, COMPARE, part.text) if part.opposite else Piece(f"¬{_within(part, NEGATE)}", NEGATE)

    def implication(self, premise: Callable[[], Piece], conclusion: Callable[[], Piece]) -> Piece:
        return Piece(f"{_within(premise(), IMPLY)} → {_within(conclusion(), QUANTIFY)}", IMPLY)

    def choice(self, sort: Sort, condition: Piece, then: Piece, otherwise: Piece) -> Piece:
        return Piece(f"(if {condition.text} then {then.text} else {otherwise.text})", ATOM)

    def less(self, left: Piece, right: Piece) -> Piece:
        sides = _within(left, COMPARE), _within(right, COMPARE)
        return Piece(" < ".join(sides), COMPARE, " ≥ ".join(sides))

    def added(self, left: Piece, right: Piece) -> Piece:
        return Piece(f"({left.text} + {right.text})", ATOM)

    def subtracted(self, left: Piece, right: Piece) -> Piece:
        return Piece(f"({left.text} - {right.text})", ATOM)

    def some(self, sort: Sort, value: Piece) -> Piece:
        return value

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Piece, ...]], Piece]
    ) -> Piece:
        marks = [_mark(bound) for bound in variables]
        inside = body(tuple(Piece(mark, ATOM) for mark in marks)).text
        return Piece(_named(f"{op.value}{', '.join(marks)}: {inside}", marks, names), QUANTIFY)


def _within(piece: Piece, limit: int) -> str:
    return piece.text if piece.strength < limit or piece.strength == ATOM else f"({piece.text})"


def _mark(bound: Expr) -> str:
    """What stands for a variable until all other names near it are known."""
    return f"\0{bound.payload}\0"


def _named(text: str, marks: Sequence[str], names: Sequence[str]) -> str:
    """The text with names for marks: the author's, or with a number where that name means something else in it."""
    used = set(re.findall(r"\w+", text))
    for mark, name in zip(marks, names, strict=True):
        fresh, number = name, 1
        while fresh in used:
            number += 1
            fresh = f"{name}{number}"
        used.add(fresh)
        text = text.replace(mark, fresh)
    return text


def render(expression: Expr, names: Mapping[int, str] | None = None) -> str:
    """An expression as text; ``names`` maps levels of free variables to what they are called."""
    known = names or {}
    environment = {level: Piece(known.get(level, f"x{level}"), ATOM) for level in expression.free}
    return Interpreter(_Text())(expression, environment).text


def render_write(write: Write, names: Mapping[int, str]) -> str:
    """An update as text: ``content[segment] := zero for all segment with holds[vm, segment]``."""
    marks = [_mark(binder) for binder in write.binders]
    inner = {**names, **{binder.payload: mark for binder, mark in zip(write.binders, marks, strict=True)}}
    cell = write.field.name
    if write.index:
        cell += f"[{', '.join(render(part, inner) for part in write.index)}]"
    text = f"{cell} := {'any value' if write.value is None else render(write.value, inner)}"
    if write.binders:
        text += f" for all {', '.join(marks)}"
        if write.condition.op is not Op.CONSTANT:
            text += f" with {render(write.condition, inner)}"
    return _named(text, marks, write.names)
