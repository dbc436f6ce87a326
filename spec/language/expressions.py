"""Expressions: one hash-consed node type, its operators, and the errors that authors meet."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from weakref import WeakValueDictionary

from attorn.spec.errors import SortMismatch, SpecificationError, SymbolicTruth
from attorn.spec.language.scopes import names_in_scope, note
from attorn.spec.language.sorts import (
    BOOLEAN,
    INTEGER,
    BooleanSort,
    Budget,
    ElementSort,
    EnumerationSort,
    OptionSort,
    Sort,
)
from attorn.spec.language.source import here

if TYPE_CHECKING:
    from attorn.spec.language.state import Field

__all__ = [
    "FALSE",
    "NONE",
    "QUANTIFIERS",
    "TRUE",
    "Element",
    "Expr",
    "Op",
    "all_of",
    "any_of",
    "constant",
    "described",
    "equal",
    "implication",
    "lift",
    "lifted_or_none",
    "limit_of",
    "node",
    "read",
    "sort_of",
    "truth_of",
    "variable",
    "walk",
]


class Op(Enum):
    """What a node does; the interpreter knows one case for each."""

    CONSTANT = "constant"
    LIMIT = "limit"
    VARIABLE = "variable"
    READ = "read"
    EQUAL = "="
    AND = "∧"
    OR = "∨"
    NOT = "¬"
    IMPLIES = "→"
    CHOICE = "if"
    LESS = "<"
    ADD = "+"
    SUBTRACT = "-"
    SOME = "some"
    FORALL = "∀"
    EXISTS = "∃"
    COUNT = "#"


QUANTIFIERS = (Op.FORALL, Op.EXISTS, Op.COUNT)


class Expr:
    """A symbolic value: a node that is shared by all equal expressions, so that equality is identity.

    op, sort, args: what it does, what it yields, and to what.
    payload: the number of a constant; the level of a variable; ``(field, after)`` of a read; ``(variables, names)``
             of a quantifier.
    free:    the variables that occur free.
    """

    __slots__ = ("__weakref__", "args", "free", "ident", "op", "payload", "sort")

    op: Op
    sort: Sort
    args: tuple[Expr, ...]
    payload: Any
    free: frozenset[int]
    ident: int

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return equal(self, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return ~equal(self, other)

    def __hash__(self) -> int:
        return self.ident

    def __and__(self, other: object) -> Expr:
        return all_of(self, other)

    def __rand__(self, other: object) -> Expr:
        return all_of(other, self)

    def __or__(self, other: object) -> Expr:
        return any_of(self, other)

    def __ror__(self, other: object) -> Expr:
        return any_of(other, self)

    def __invert__(self) -> Expr:
        return _negation(truth_of(self, "~"))

    def __rshift__(self, other: object) -> Expr:
        return implication(truth_of(self, ">>"), truth_of(other, ">>"))

    def __rrshift__(self, other: object) -> Expr:
        return implication(truth_of(other, ">>"), truth_of(self, ">>"))

    def __lt__(self, other: object) -> Expr:
        return _less(_number(self, "<"), _number(other, "<"))

    def __gt__(self, other: object) -> Expr:
        return _less(_number(other, ">"), _number(self, ">"))

    def __le__(self, other: object) -> Expr:
        return ~(self > other)

    def __ge__(self, other: object) -> Expr:
        return ~(self < other)

    def __add__(self, other: object) -> Expr:
        return _arithmetic(Op.ADD, self, other, "+")

    def __radd__(self, other: object) -> Expr:
        return _arithmetic(Op.ADD, other, self, "+")

    def __sub__(self, other: object) -> Expr:
        return _arithmetic(Op.SUBTRACT, self, other, "-")

    def __rsub__(self, other: object) -> Expr:
        return _arithmetic(Op.SUBTRACT, other, self, "-")

    def __bool__(self) -> NoReturn:
        from attorn.spec.language.advice import symbolic_truth

        raise symbolic_truth()

    def __contains__(self, item: object) -> NoReturn:
        raise SymbolicTruth(
            f"{here()}: `in` needs a plain truth value. Write `relation[x]` for membership in a relation, "
            "or `one_of(x, a, b)` for a choice of values."
        )

    def __iter__(self) -> NoReturn:
        raise SpecificationError(
            f"{here()}: a symbolic value cannot be looped over. Write `forall(Sort, lambda x: ...)` or "
            "`exists(Sort, lambda x: ...)`."
        )

    def __repr__(self) -> str:
        from attorn.spec.language.text import render

        return render(self, names_in_scope())


class Element(Expr):
    """Base of the author's own sorts: ``class VM(Element)`` names a sort and is the type of its values."""

    sort_declared: ClassVar[ElementSort]
    constants_declared: ClassVar[dict[str, str]]

    def __init_subclass__(cls) -> None:
        cls.constants_declared = {}
        cls.sort_declared = ElementSort(cls.__name__, cls)


_nodes: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()
_serial = itertools.count()


def node(op: Op, sort: Sort, args: tuple[Expr, ...] = (), payload: Any = None) -> Expr:
    """The one node with this content; no simplification."""
    key = (op, sort, tuple(arg.ident for arg in args), payload)
    found = _nodes.get(key)
    if found is None:
        found = Expr.__new__(Expr)
        found.op, found.sort, found.args, found.payload = op, sort, args, payload
        free = frozenset[int]().union(*(arg.free for arg in args))
        if op is Op.VARIABLE:
            free = frozenset((payload,))
        elif op in QUANTIFIERS:
            free -= {bound.payload for bound in payload[0]}
        found.free = free
        found.ident = next(_serial)
        _nodes[key] = found
    note(found.ident)
    return found


def variable(sort: Sort, level: int) -> Expr:
    """The variable bound at a level; names are kept by whoever binds it."""
    return node(Op.VARIABLE, sort, (), level)


def walk(*formulas: Expr) -> Iterator[Expr]:
    """All nodes that formulas are made of, each once."""
    seen: set[int] = set()
    stack = [*reversed(formulas)]
    while stack:
        part = stack.pop()
        if part.ident not in seen:
            seen.add(part.ident)
            yield part
            stack.extend(reversed(part.args))


TRUE = node(Op.CONSTANT, BOOLEAN, (), 1)
FALSE = node(Op.CONSTANT, BOOLEAN, (), 0)


class _Nothing:
    """The absent value of any option sort."""

    def __repr__(self) -> str:
        return "NONE"


NONE = _Nothing()


def sort_of(declared: object) -> Sort:
    """The sort that a class, enumeration, ``bool`` or sort object stands for."""
    if isinstance(declared, Sort):
        return declared
    if isinstance(declared, type):
        if issubclass(declared, Element) and declared is not Element:
            return declared.sort_declared
        if issubclass(declared, Enum):
            return EnumerationSort(declared.__name__, tuple(member.name for member in declared), declared)
        if declared is bool:
            return BOOLEAN
    raise SortMismatch(
        f"{here()}: {declared!r} is not a sort. "
        "Use a class derived from Element, an Enum, bool, Option(...) or UpTo(...)."
    )


def constant(of: type[Element], name: str, says: str = "") -> Expr:
    """Declare a distinguished individual of a sort, different from all its other constants."""
    if name in of.constants_declared:
        raise SpecificationError(f"{here()}: {of.__name__} has a constant `{name}` already; give one another name.")
    number = len(of.constants_declared)
    of.constants_declared[name] = says
    return node(Op.CONSTANT, of.sort_declared, (), number)


def lift(value: object, sort: Sort, what: str) -> Expr:
    """Turn a Python value or expression into an expression of a sort.

    what: how to call the value in an error, such as ``the index of owner``.
    Raises SortMismatch when it is of another sort.
    """
    found = lifted_or_none(value, sort)
    if found is None:
        raise SortMismatch(f"{here()}: {what} must be {_article(sort)}, got {described(value)}.")
    return found


def lifted_or_none(value: object, sort: Sort) -> Expr | None:
    """A Python value or expression as an expression of a sort; None when it is of another sort."""
    if isinstance(value, Expr) and (value.sort == sort or (value.sort.is_number and sort.is_number)):
        return value
    if isinstance(sort, OptionSort):
        if value is NONE:
            return node(Op.CONSTANT, sort, (), 0)
        inner = lifted_or_none(value, sort.of)
        return None if inner is None else node(Op.SOME, sort, (inner,))
    if isinstance(value, bool):
        return (TRUE if value else FALSE) if isinstance(sort, BooleanSort) else None
    if isinstance(value, Enum):
        if isinstance(sort, EnumerationSort) and isinstance(value, sort.python):
            return node(Op.CONSTANT, sort, (), sort.members.index(value.name))
        return None
    if isinstance(value, int) and sort.is_number:
        return node(Op.CONSTANT, INTEGER, (), value)
    if isinstance(value, Budget) and sort.is_number:
        return limit_of(value)
    return None


def limit_of(budget: Budget) -> Expr:
    """The size that an instance gives to a budget."""
    return node(Op.LIMIT, INTEGER, (), budget)


def read(field: Field, index: tuple[Expr, ...], after: bool = False) -> Expr:
    """The value of one cell, before the step or after it."""
    return node(Op.READ, field.codomain, index, (field, after))


def equal(left: object, right: object) -> Expr:
    """Equality of two values of one sort; a plain value is lifted to an option where the other is one."""
    if not isinstance(left, Expr):
        left, right = right, left
    assert isinstance(left, Expr)
    lifted = lifted_or_none(right, left.sort)
    if lifted is None and isinstance(right, Expr):
        widened = lifted_or_none(left, right.sort)
        if widened is not None:
            left, lifted = widened, right
    if lifted is None:
        raise SortMismatch(f"{here()}: cannot compare {described(left)} with {described(right)}.")
    if left is lifted:
        return TRUE
    if left.op is Op.CONSTANT and lifted.op is Op.CONSTANT:
        return TRUE if left.payload == lifted.payload else FALSE
    if left.op is Op.SOME and lifted.op is Op.SOME:
        return equal(left.args[0], lifted.args[0])
    if {left.op, lifted.op} == {Op.SOME, Op.CONSTANT}:
        return FALSE
    if left.sort is BOOLEAN:
        for known, other in ((left, lifted), (lifted, left)):
            if known is TRUE:
                return other
            if known is FALSE:
                return _negation(other)
    return node(Op.EQUAL, BOOLEAN, (left, lifted))


def all_of(*parts: object) -> Expr:
    """Conjunction; true when there are no parts."""
    return _joined(Op.AND, parts, neutral=TRUE, absorbing=FALSE, sign="&")


def any_of(*parts: object) -> Expr:
    """Disjunction; false when there are no parts."""
    return _joined(Op.OR, parts, neutral=FALSE, absorbing=TRUE, sign="|")


def _joined(op: Op, parts: tuple[object, ...], neutral: Expr, absorbing: Expr, sign: str) -> Expr:
    flat: dict[int, Expr] = {}
    for part in parts:
        truth = truth_of(part, sign)
        for piece in truth.args if truth.op is op else (truth,):
            if piece is absorbing:
                return absorbing
            if piece is not neutral:
                flat[piece.ident] = piece
    pieces = tuple(flat.values())
    if not pieces:
        return neutral
    return pieces[0] if len(pieces) == 1 else node(op, BOOLEAN, pieces)


def _negation(part: Expr) -> Expr:
    if part is TRUE or part is FALSE:
        return FALSE if part is TRUE else TRUE
    return part.args[0] if part.op is Op.NOT else node(Op.NOT, BOOLEAN, (part,))


def implication(premise: Expr, conclusion: Expr) -> Expr:
    """Implication of two truth values."""
    if premise is FALSE or conclusion is TRUE:
        return TRUE
    if premise is TRUE:
        return conclusion
    if conclusion is FALSE:
        return _negation(premise)
    return node(Op.IMPLIES, BOOLEAN, (premise, conclusion))


def _less(left: Expr, right: Expr) -> Expr:
    if left.op is Op.CONSTANT and right.op is Op.CONSTANT:
        return TRUE if left.payload < right.payload else FALSE
    return node(Op.LESS, BOOLEAN, (left, right))


def _arithmetic(op: Op, left: object, right: object, sign: str) -> Expr:
    a, b = _number(left, sign), _number(right, sign)
    if a.op is Op.CONSTANT and b.op is Op.CONSTANT:
        return node(Op.CONSTANT, INTEGER, (), a.payload + b.payload if op is Op.ADD else a.payload - b.payload)
    return node(op, INTEGER, (a, b))


def truth_of(value: object, sign: str) -> Expr:
    """A Python or symbolic truth value as an expression; raises SortMismatch, which names the sign, for others."""
    if isinstance(value, Expr) and value.sort is BOOLEAN:
        return value
    if isinstance(value, bool):
        return TRUE if value else FALSE
    raise SortMismatch(
        f"{here()}: {sign} needs truth values, got {described(value)}. "
        "Comparisons next to & | ~ >> need parentheses: (a == b) & (c == d)."
    )


def _number(value: object, sign: str) -> Expr:
    found = lifted_or_none(value, INTEGER)
    if found is None:
        raise SortMismatch(f"{here()}: {sign} needs numbers, got {described(value)}.")
    return found


def _article(sort: Sort) -> str:
    return f"of sort {sort}"


def described(value: object) -> str:
    """What errors call a value."""
    if isinstance(value, Expr):
        return f"`{value!r}` of sort {value.sort}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"{value!r} ({type(value).__name__})"
