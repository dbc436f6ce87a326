"""Quantifiers and counts, over functions that say what is asked of each element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from attorn.spec.errors import SortMismatch, SpecificationError
from attorn.spec.language.expressions import FALSE, TRUE, Expr, Op, described, equal, node, sort_of, truth_of, variable
from attorn.spec.language.scopes import binding, naming
from attorn.spec.language.sorts import BOOLEAN, INTEGER, OptionSort, Sort
from attorn.spec.language.source import here

__all__ = ["bound_variables", "count", "exists", "forall", "parameter_names", "quantified", "some", "subset"]

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
    return forall(of, lambda x: truth_of(inner(x), "subset") >> truth_of(outer(x), "subset"))


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
            inner = truth_of(body(*variables), op.value)
    if op is Op.COUNT:
        return node(op, INTEGER, (inner,), (variables, names))
    if inner is TRUE or inner is FALSE:
        return inner
    return node(op, BOOLEAN, (inner,), (variables, names))


def some(option: Expr, body: Callable[[Expr], Expr]) -> Expr:
    """Whether an option holds a value and that value satisfies the body."""
    if not isinstance(option.sort, OptionSort):
        raise SortMismatch(f"{here()}: some() needs an option, got {described(option)}.")
    return quantified(Op.EXISTS, (option.sort.of,), lambda value: equal(option, value) & body(value), ("value",))
