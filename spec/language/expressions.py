"""Expressions: one hash-consed node type, its operators, and the errors that authors meet."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, overload
from weakref import WeakValueDictionary

from attorn.spec.errors import SortMismatch, SpecificationError, SymbolicTruth
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
from attorn.spec.language.source import Where, here

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
    "binding",
    "bound_variables",
    "constant",
    "count",
    "equal",
    "exists",
    "forall",
    "ite",
    "lift",
    "limit_of",
    "made_at",
    "naming",
    "node",
    "one_of",
    "parameter_names",
    "quantified",
    "read",
    "recording",
    "some",
    "sort_of",
    "subset",
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
        return _negation(_truth(self, "~"))

    def __rshift__(self, other: object) -> Expr:
        return _implication(_truth(self, ">>"), _truth(other, ">>"))

    def __rrshift__(self, other: object) -> Expr:
        return _implication(_truth(other, ">>"), _truth(self, ">>"))

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

        return render(self, getattr(_local, "names", {}))


class Element(Expr):
    """Base of the author's own sorts: ``class VM(Element)`` names a sort and is the type of its values."""

    sort_declared: ClassVar[ElementSort]
    constants_declared: ClassVar[dict[str, str]]

    def __init_subclass__(cls) -> None:
        cls.constants_declared = {}
        cls.sort_declared = ElementSort(cls.__name__, cls)


_nodes: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()
_serial = itertools.count()
_local = threading.local()


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
    lines: dict[int, Where] | None = getattr(_local, "lines", None)
    if lines is not None:
        lines[found.ident] = here()
    return found


@contextmanager
def recording(lines: dict[int, Where] | None, depth: int) -> Iterator[None]:
    """While open, note the source line of every node made (if asked to); bound variables get levels from ``depth``."""
    saved = getattr(_local, "lines", None), getattr(_local, "depth", 0)
    _local.lines, _local.depth = lines, depth
    try:
        yield
    finally:
        _local.lines, _local.depth = saved


@contextmanager
def naming(first: int, names: Sequence[str]) -> Iterator[None]:
    """While open, errors call the variables at the levels from ``first`` on by these names."""
    saved: dict[int, str] = getattr(_local, "names", {})
    _local.names = {**saved, **dict(enumerate(names, first))}
    try:
        yield
    finally:
        _local.names = saved


def made_at(expression: Expr) -> Where | None:
    """The line that last made a node, while lines are recorded."""
    lines: dict[int, Where] | None = getattr(_local, "lines", None)
    return None if lines is None else lines.get(expression.ident)


@contextmanager
def binding(count: int) -> Iterator[int]:
    """Reserve levels for variables to be bound; yields the first of them."""
    first: int = getattr(_local, "depth", 0)
    _local.depth = first + count
    try:
        yield first
    finally:
        _local.depth = first


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
    found = _lifted(value, sort)
    if found is None:
        raise SortMismatch(f"{here()}: {what} must be {_article(sort)}, got {_described(value)}.")
    return found


def _lifted(value: object, sort: Sort) -> Expr | None:
    if isinstance(value, Expr) and (value.sort == sort or (value.sort.is_number and sort.is_number)):
        return value
    if isinstance(sort, OptionSort):
        if value is NONE:
            return node(Op.CONSTANT, sort, (), 0)
        inner = _lifted(value, sort.of)
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
    lifted = _lifted(right, left.sort)
    if lifted is None and isinstance(right, Expr):
        widened = _lifted(left, right.sort)
        if widened is not None:
            left, lifted = widened, right
    if lifted is None:
        raise SortMismatch(f"{here()}: cannot compare {_described(left)} with {_described(right)}.")
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
        truth = _truth(part, sign)
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


def _implication(premise: Expr, conclusion: Expr) -> Expr:
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


def ite(condition: object, then: object, otherwise: object) -> Expr:
    """One of two values, by a condition."""
    test = _truth(condition, "ite")
    if not isinstance(then, Expr):
        if not isinstance(otherwise, Expr):
            then = _lifted_alone(then)
        else:
            then = lift(then, otherwise.sort, "the first value of ite")
    widened = _lifted(otherwise, then.sort)
    if widened is None and isinstance(otherwise, Expr):
        wider = _lifted(then, otherwise.sort)
        if wider is not None:
            then, widened = wider, otherwise
    if widened is None:
        raise SortMismatch(
            f"{here()}: ite has {_described(then)} on one side and {_described(otherwise)} on the other."
        )
    if test is TRUE or then is widened:
        return then
    if test is FALSE:
        return widened
    if then.sort is BOOLEAN:
        if then is TRUE:
            return any_of(test, widened)
        if then is FALSE:
            return all_of(~test, widened)
        if widened is FALSE:
            return all_of(test, then)
        if widened is TRUE:
            return _implication(test, then)
    return node(Op.CHOICE, then.sort, (test, then, widened))


def _lifted_alone(value: object) -> Expr:
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        return node(Op.CONSTANT, INTEGER, (), value)
    if isinstance(value, Enum):
        return lift(value, sort_of(type(value)), "a value of ite")
    raise SortMismatch(f"{here()}: ite cannot tell the sort of {_described(value)}; make one side an expression.")


def one_of(value: Expr, *choices: object) -> Expr:
    """Whether a value is one of several."""
    return any_of(*(equal(value, choice) for choice in choices))


def some(option: Expr, body: Callable[[Expr], Expr]) -> Expr:
    """Whether an option holds a value and that value satisfies the body."""
    if not isinstance(option.sort, OptionSort):
        raise SortMismatch(f"{here()}: some() needs an option, got {_described(option)}.")
    return quantified(Op.EXISTS, (option.sort.of,), lambda value: equal(option, value) & body(value), ("value",))


A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


@overload
def forall(a: type[A], body: Callable[[A], object], /) -> Expr: ...
@overload
def forall(a: type[A], b: type[B], body: Callable[[A, B], object], /) -> Expr: ...
@overload
def forall(a: type[A], b: type[B], c: type[C], body: Callable[[A, B, C], object], /) -> Expr: ...
@overload
def forall(a: type[A], b: type[B], c: type[C], d: type[D], body: Callable[[A, B, C, D], object], /) -> Expr: ...
def forall(*parts: Any) -> Expr:
    """Whether the body is true for all elements of the sorts: ``forall(VM, Segment, lambda vm, seg: ...)``."""
    return _quantifier(Op.FORALL, parts, "forall")


@overload
def exists(a: type[A], body: Callable[[A], object], /) -> Expr: ...
@overload
def exists(a: type[A], b: type[B], body: Callable[[A, B], object], /) -> Expr: ...
@overload
def exists(a: type[A], b: type[B], c: type[C], body: Callable[[A, B, C], object], /) -> Expr: ...
@overload
def exists(a: type[A], b: type[B], c: type[C], d: type[D], body: Callable[[A, B, C, D], object], /) -> Expr: ...
def exists(*parts: Any) -> Expr:
    """Whether the body is true for some elements of the sorts."""
    return _quantifier(Op.EXISTS, parts, "exists")


def count(of: type[A], body: Callable[[A], object]) -> Expr:
    """How many elements of a sort satisfy the body; engines need the sort to be finite."""
    return _quantifier(Op.COUNT, (of, body), "count")


def subset(of: type[A], inner: Callable[[A], object], outer: Callable[[A], object]) -> Expr:
    """Whether every element that satisfies ``inner`` satisfies ``outer``."""
    return forall(of, lambda x: _truth(inner(x), "subset") >> _truth(outer(x), "subset"))


def _quantifier(op: Op, parts: tuple[Any, ...], name: str) -> Expr:
    *declared, body = parts
    if not declared or not callable(body) or isinstance(body, type):
        raise SpecificationError(f"{here()}: {name} takes sorts and then a function: {name}(VM, lambda vm: ...).")
    return quantified(op, tuple(sort_of(each) for each in declared), body, parameter_names(body, len(declared), name))


def parameter_names(body: Callable[..., object], arity: int, name: str) -> tuple[str, ...]:
    """What the author calls the variables of a function that ``name`` binds; raises SortMismatch for another number."""
    code = getattr(body, "__code__", None)
    if code is None:
        return tuple(f"x{i}" for i in range(arity))
    if code.co_argcount - len(getattr(body, "__defaults__", None) or ()) != arity and code.co_argcount != arity:
        raise SortMismatch(
            f"{here()}: {name} binds {arity} variable(s), but its function takes {code.co_argcount}: "
            f"({', '.join(code.co_varnames[: code.co_argcount])})."
        )
    return tuple(code.co_varnames[:arity])


def bound_variables(sorts: tuple[Sort, ...], first: int) -> tuple[Expr, ...]:
    """Fresh variables at the levels from ``first`` on."""
    return tuple(variable(sort, first + i) for i, sort in enumerate(sorts))


def quantified(op: Op, sorts: tuple[Sort, ...], body: Callable[..., object], names: tuple[str, ...]) -> Expr:
    """A quantifier or count over fresh variables."""
    with binding(len(sorts)) as first:
        variables = bound_variables(sorts, first)
        with naming(first, names):
            inner = _truth(body(*variables), op.value)
    if op is Op.COUNT:
        return node(op, INTEGER, (inner,), (variables, names))
    if inner is TRUE or inner is FALSE:
        return inner
    return node(op, BOOLEAN, (inner,), (variables, names))


def _truth(value: object, sign: str) -> Expr:
    if isinstance(value, Expr) and value.sort is BOOLEAN:
        return value
    if isinstance(value, bool):
        return TRUE if value else FALSE
    raise SortMismatch(
        f"{here()}: {sign} needs truth values, got {_described(value)}. "
        "Comparisons next to & | ~ >> need parentheses: (a == b) & (c == d)."
    )


def _number(value: object, sign: str) -> Expr:
    found = _lifted(value, INTEGER)
    if found is None:
        raise SortMismatch(f"{here()}: {sign} needs numbers, got {_described(value)}.")
    return found


def _article(sort: Sort) -> str:
    return f"of sort {sort}"


def _described(value: object) -> str:
    if isinstance(value, Expr):
        return f"`{value!r}` of sort {value.sort}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"{value!r} ({type(value).__name__})"
