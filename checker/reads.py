"""Which cells a formula reads in a state, and what makes it false there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attorn.spec.language import Cell, Concrete, Expr, Op, Values, value_name
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
    return {cell for cell, _ in _read(concrete, formula, given, state)}


def falsity(concrete: Concrete, formula: Expr, given: Mapping[int, int], state: Values, after: Values = ()) -> Falsity:
    """Why a formula is false in a state, or over a step to ``after``.

    It is so for its first false conjunct, for the first values that make that false; and so on inside, as long as one
    part decides.
    """
    bound, witness, wanted = dict(given), list[tuple[str, str]](), False
    while (part := _decisive(concrete, formula, wanted, bound, state, after)) is not None:
        if formula.op is Op.NOT:
            wanted = not wanted
        elif formula.op in (Op.FORALL, Op.EXISTS):
            witness += [
                (name, value_name(each.sort, bound[each.payload])) for each, name in zip(*formula.payload, strict=True)
            ]
        formula = part
    cells = concrete.instance.cells
    read = sorted(_read(concrete, formula, bound, state), key=lambda each: (each[1], each[0]))
    told = [
        (_named(cells[number], later), value_name(cells[number].field.codomain, (after if later else state)[number]))
        for number, later in read
    ]
    return Falsity(tuple(witness), tuple(told))


def _decisive(
    concrete: Concrete, formula: Expr, wanted: bool, bound: dict[int, int], state: Values, after: Values
) -> Expr | None:
    """The part of a formula that alone gives it the value ``wanted``; its variables are bound. None if no part does."""

    def value(part: Expr, given: Mapping[int, int]) -> bool:
        return bool(_value(concrete, part, given, state, after))

    match formula.op:
        case Op.NOT:
            return formula.args[0]
        case Op.AND | Op.OR if wanted is (formula.op is Op.OR):
            return next(part for part in formula.args if value(part, bound) is wanted)
        case Op.FORALL | Op.EXISTS if wanted is (formula.op is Op.EXISTS):
            variables = formula.payload[0]
            for numbers in concrete.instance.indices(tuple(each.sort for each in variables)):
                tried = {each.payload: number for each, number in zip(variables, numbers, strict=True)}
                if value(formula.args[0], bound | tried) is wanted:
                    bound |= tried
                    break
            return formula.args[0]
    return None


def _named(cell: Cell, later: bool) -> str:
    """How a cell is called; after a step it is primed: ``phase'[vm0]``."""
    return cell.name.replace(cell.field.name, f"{cell.field.name}'", 1) if later else cell.name


def _read(concrete: Concrete, formula: Expr, given: Mapping[int, int], state: Values) -> set[tuple[int, bool]]:
    """The cells that a formula can mean, each with whether it means the cell after the step."""
    found: set[tuple[int, bool]] = set()
    for part in walk(formula):
        if part.op is Op.READ:
            found |= {(cell, part.payload[1]) for cell in _places(concrete, part, given, state)}
    return found


def _places(concrete: Concrete, part: Expr, given: Mapping[int, int], state: Values) -> Iterator[int]:
    """The cells that a read can mean: one for each value of the variables that nothing is given for."""
    field, _ = part.payload
    choices = [
        (_value(concrete, index, given, state),) if index.free <= given.keys() else range(concrete.instance.size(sort))
        for index, sort in zip(part.args, field.domain, strict=True)
    ]
    for index in itertools.product(*choices):
        yield concrete.instance.position(field, index)


def _value(concrete: Concrete, formula: Expr, given: Mapping[int, int], state: Values, after: Values = ()) -> int:
    numbers = [0] * Concrete.VARIABLES
    for level, number in given.items():
        numbers[level] = number
    return concrete.value(formula, numbers, state, after)
