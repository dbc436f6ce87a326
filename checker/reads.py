"""Which cells a formula reads in a state, and what makes it false there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attorn.spec.language import Concrete, Expr, Op, Values, value_name
from attorn.spec.language.expressions import walk

__all__ = ["Falsity", "cells_read", "falsity"]


@dataclass(frozen=True)
class Falsity:
    """Why a formula is false in a state.

    witness: names and values of the quantified variables that make it false.
    cells:   cells with their values that its false part reads.
    """

    witness: tuple[tuple[str, str], ...]
    cells: tuple[tuple[str, str], ...]


def cells_read(concrete: Concrete, formula: Expr, given: Mapping[int, int], state: Values) -> set[int]:
    """The cells that a formula can mean in a state, for values of some variables by level; all of them for others."""
    found: set[int] = set()
    for part in walk(formula):
        if part.op is Op.READ:
            found |= set(_places(concrete, part, given, state))
    return found


def falsity(concrete: Concrete, formula: Expr, given: Mapping[int, int], state: Values) -> Falsity:
    """Why a formula that is false in a state is so: its first false conjunct, for the first values that make it so."""
    instance = concrete.instance
    bound, witness = dict(given), []
    while formula.op in (Op.AND, Op.FORALL):
        if formula.op is Op.AND:
            formula = next(part for part in formula.args if not _value(concrete, part, bound, state))
            continue
        variables, names = formula.payload
        for numbers in instance.indices(tuple(each.sort for each in variables)):
            tried = bound | {each.payload: number for each, number in zip(variables, numbers, strict=True)}
            if not _value(concrete, formula.args[0], tried, state):
                bound = tried
                break
        witness += [
            (name, value_name(each.sort, bound[each.payload])) for name, each in zip(names, variables, strict=True)
        ]
        formula = formula.args[0]
    readable = instance.readable(state)
    cells = [instance.cells[number].name for number in sorted(cells_read(concrete, formula, bound, state))]
    return Falsity(tuple(witness), tuple((name, readable[name]) for name in cells))


def _places(concrete: Concrete, part: Expr, given: Mapping[int, int], state: Values) -> Iterator[int]:
    """The cells that a read can mean: one for each value of the variables that nothing is given for."""
    field, _ = part.payload
    choices = [
        (_value(concrete, index, given, state),) if index.free <= given.keys() else range(concrete.instance.size(sort))
        for index, sort in zip(part.args, field.domain, strict=True)
    ]
    for index in itertools.product(*choices):
        yield concrete.instance.position(field, index)


def _value(concrete: Concrete, formula: Expr, given: Mapping[int, int], state: Values) -> int:
    numbers = [0] * Concrete.VARIABLES
    for level, number in given.items():
        numbers[level] = number
    return concrete.value(formula, numbers, state)
