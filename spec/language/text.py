"""The text algebra: an expression as a line that a person can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attorn.spec.language.expressions import Expr, Op
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import BooleanSort, Budget, ElementSort, EnumerationSort, OptionSort, Sort
from attorn.spec.language.state import Field, Write

__all__ = ["render", "render_write", "value_name"]

Piece = tuple[str, int]
ATOM, COMPARE, NEGATE, JOIN, IMPLY, QUANTIFY = range(6)


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
    """Values are text with the strength of its outermost operator."""

    def constant(self, sort: Sort, number: int) -> Piece:
        return value_name(sort, number), ATOM

    def limit(self, budget: Budget) -> Piece:
        return budget.name, ATOM

    def read(self, field: Field, index: tuple[Piece, ...], after: bool) -> Piece:
        name = field.name + ("'" if after else "")
        return (f"{name}[{', '.join(text for text, _ in index)}]" if index else name), ATOM

    def equal(self, sort: Sort, left: Piece, right: Piece) -> Piece:
        return f"{_within(left, COMPARE)} = {_within(right, COMPARE)}", COMPARE

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Piece]]) -> Piece:
        pieces = [part() for part in parts]
        if not conjunction and all(strength == COMPARE and " = " in text for text, strength in pieces):
            lefts = {text.partition(" = ")[0] for text, _ in pieces}
            if len(lefts) == 1:
                return f"{lefts.pop()} ∈ {{{', '.join(text.partition(' = ')[2] for text, _ in pieces)}}}", COMPARE
        return (" ∧ " if conjunction else " ∨ ").join(_within(piece, JOIN) for piece in pieces), JOIN

    def negation(self, part: Piece) -> Piece:
        text, strength = part
        if strength == COMPARE and " = " in text and text.count(" = ") == 1:
            return text.replace(" = ", " ≠ "), COMPARE
        if strength == COMPARE and " ∈ " in text:
            return text.replace(" ∈ ", " ∉ "), COMPARE
        return f"¬{_within(part, NEGATE)}", NEGATE

    def implication(self, premise: Callable[[], Piece], conclusion: Callable[[], Piece]) -> Piece:
        return f"{_within(premise(), IMPLY)} → {_within(conclusion(), QUANTIFY)}", IMPLY

    def choice(self, sort: Sort, condition: Piece, then: Piece, otherwise: Piece) -> Piece:
        return f"(if {condition[0]} then {then[0]} else {otherwise[0]})", ATOM

    def less(self, left: Piece, right: Piece) -> Piece:
        return f"{_within(left, COMPARE)} < {_within(right, COMPARE)}", COMPARE

    def added(self, left: Piece, right: Piece) -> Piece:
        return f"({left[0]} + {right[0]})", ATOM

    def subtracted(self, left: Piece, right: Piece) -> Piece:
        return f"({left[0]} - {right[0]})", ATOM

    def some(self, sort: Sort, value: Piece) -> Piece:
        return value

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Piece, ...]], Piece]
    ) -> Piece:
        inside = body(tuple((name, ATOM) for name in names))[0]
        return f"{op.value}{', '.join(names)}: {inside}", QUANTIFY


def _within(piece: Piece, limit: int) -> str:
    text, strength = piece
    return text if strength < limit or strength == ATOM else f"({text})"


def render(expression: Expr, names: Mapping[int, str] | None = None) -> str:
    """An expression as text; ``names`` maps levels of free variables to what they are called."""
    environment = {level: (f"x{level}", ATOM) for level in expression.free}
    environment |= {level: (name, ATOM) for level, name in (names or {}).items()}
    return Interpreter(_Text())(expression, environment)[0]


def render_write(write: Write, names: Mapping[int, str]) -> str:
    """An update as text: ``content[segment] := zero for all segment with holds[vm, segment]``."""
    inner = {**names, **{binder.payload: name for binder, name in zip(write.binders, write.names, strict=True)}}
    cell = write.field.name
    if write.index:
        cell += f"[{', '.join(render(part, inner) for part in write.index)}]"
    text = f"{cell} := {'any value' if write.value is None else render(write.value, inner)}"
    if write.binders:
        text += f" for all {', '.join(write.names)}"
        if write.condition.op is not Op.CONSTANT:
            text += f" with {render(write.condition, inner)}"
    return text
