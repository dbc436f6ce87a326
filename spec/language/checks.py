"""Checks on what was traced: mistakes that no single line shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attorn.spec.errors import SpecificationError
from attorn.spec.language.expressions import Expr
from attorn.spec.language.state import Field, Write
from attorn.spec.language.traced import Action, fields_read

__all__ = ["check_ghosts", "check_order", "check_parameters_used"]


def check_ghosts(action: Action) -> None:
    """No guard reads a ghost, and no ordinary field is written by one."""
    for clause in action.clauses:
        for field in _fields(clause.formula):
            if field.ghost:
                raise SpecificationError(
                    f"{clause.where}: a guard of `{action.name}` reads the ghost field `{field.name}`. "
                    "Ghost state only watches; guard by ordinary state."
                )
    for write in action.writes:
        for field in () if write.field.ghost else _fields(*write.index, write.condition, *_value(write)):
            if field.ghost:
                raise SpecificationError(
                    f"{write.where}: `{action.name}` writes `{write.field.name}` by the ghost field `{field.name}`. "
                    "Ghost state only watches; nothing else may depend on it."
                )


def check_parameters_used(action: Action) -> None:
    """Every parameter makes a difference."""
    used: frozenset[int] = frozenset()
    for clause in action.clauses:
        used |= clause.formula.free
    for write in action.writes:
        used = used.union(*(part.free for part in (*write.index, write.condition, *_value(write))))
    for level, parameter in enumerate(action.parameters):
        if level not in used:
            raise SpecificationError(
                f"{action.where}: `{action.name}` never uses its parameter `{parameter.name}`. Remove it: "
                "every value of it would be the same step."
            )


def check_order(writes: Sequence[Write]) -> None:
    """Initial values depend only on fields written before, and which cells are written on no field at all."""
    for number, write in enumerate(writes):
        for field in _fields(*write.index, write.condition):
            raise SpecificationError(
                f"{write.where}: the initial state chooses cells of `{write.field.name}` by its own field "
                f"`{field.name}`. Write all cells, with ite(...) in the value."
            )
        for field in _fields(*_value(write)):
            if not _written(field, writes[:number]) or _written(field, writes[number:]):
                raise SpecificationError(
                    f"{write.where}: the initial value of `{write.field.name}` reads `{field.name}`, "
                    f"which has no value yet. Write all of `{field.name}` before."
                )


def _fields(*formulas: Expr) -> list[Field]:
    found = {field.name: field for formula in formulas for field in fields_read(formula)}
    return [found[name] for name in sorted(found)]


def _value(write: Write) -> tuple[Expr, ...]:
    return () if write.value is None else (write.value,)


def _written(field: Field, writes: Iterable[Write]) -> bool:
    return any(write.field is field for write in writes)
