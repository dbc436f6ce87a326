"""Values chosen by a condition, and values that are one of several."""

from __future__ import annotations

from enum import Enum

from attorn.spec.errors import SortMismatch
from attorn.spec.language.expressions import (
    FALSE,
    TRUE,
    Expr,
    Op,
    all_of,
    any_of,
    described,
    equal,
    implication,
    lift,
    lifted_or_none,
    node,
    sort_of,
    truth_of,
)
from attorn.spec.language.sorts import BOOLEAN, INTEGER
from attorn.spec.language.source import here

__all__ = ["ite", "one_of"]


def ite(condition: object, then: object, otherwise: object) -> Expr:
    """One of two values, by a condition."""
    test = truth_of(condition, "ite")
    if not isinstance(then, Expr):
        if not isinstance(otherwise, Expr):
            then = _lifted_alone(then)
        else:
            then = lift(then, otherwise.sort, "the first value of ite")
    widened = lifted_or_none(otherwise, then.sort)
    if widened is None and isinstance(otherwise, Expr):
        wider = lifted_or_none(then, otherwise.sort)
        if wider is not None:
            then, widened = wider, otherwise
    if widened is None:
        raise SortMismatch(f"{here()}: ite has {described(then)} on one side and {described(otherwise)} on the other.")
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
            return implication(test, then)
    return node(Op.CHOICE, then.sort, (test, then, widened))


def _lifted_alone(value: object) -> Expr:
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        return node(Op.CONSTANT, INTEGER, (), value)
    if isinstance(value, Enum):
        return lift(value, sort_of(type(value)), "a value of ite")
    raise SortMismatch(f"{here()}: ite cannot tell the sort of {described(value)}; make one side an expression.")


def one_of(value: Expr, *choices: object) -> Expr:
    """Whether a value is one of several."""
    return any_of(*(equal(value, choice) for choice in choices))
