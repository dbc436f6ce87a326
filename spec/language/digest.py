"""Digests: one hash of all that a machine says, the same in every process and whatever its line numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from attorn.spec.language.expressions import QUANTIFIERS, Expr, Op
from attorn.spec.language.sorts import Budget, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort
from attorn.spec.language.state import Clause, Write
from attorn.spec.language.traced import Parameter

if TYPE_CHECKING:
    from attorn.spec.language.machine import Machine

__all__ = ["machine_digest"]


def machine_digest(machine: Machine) -> str:
    """A SHA-256 of fields, initial states, actions and statements; names of bound variables do not count."""
    return _hash(*_Lines().of(machine))


class _Lines:
    """Everything that a machine says, line by line; formulas by their hashes."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, machine: Machine) -> Iterator[str]:
        for field in machine.state.fields.values():
            yield f"field {field.name} {[_sort(sort) for sort in field.domain]} {_sort(field.codomain)} {field.ghost}"
        initial = machine.initial
        yield from self._step("initial", initial.parameters, initial.clauses, initial.writes)
        for action in machine.actions:
            yield from self._step(
                f"action {action.name} {action.fair}", action.parameters, action.clauses, action.writes
            )
        for stated in machine.properties:
            formulas = [self._formula(part.formula) for part in stated.conjuncts]
            yield f"property {stated.name} {stated.two_state} {formulas}"
        for goal in machine.goals:
            stages = [self._formula(stage) for stage in goal.stages]
            needs = f" {sorted(goal.needs)}" if goal.needs else ""
            yield f"goal {goal.name} {_parameters(goal.parameters)} {stages}{needs}"
        for progress in machine.progress:
            formulas = [self._formula(progress.premise), self._formula(progress.conclusion)]
            yield f"progress {progress.name} {_parameters(progress.parameters)} {formulas}"
        for possibility in machine.always_possible:
            formula = self._formula(possibility.formula)
            yield f"always possible {possibility.name} {_parameters(possibility.parameters)} {formula}"
        yield f"end {self._formula(machine.legal_end)}"

    def _step(
        self, title: str, parameters: tuple[Parameter, ...], clauses: Iterable[Clause], writes: Iterable[Write]
    ) -> Iterator[str]:
        yield f"{title} {_parameters(parameters)}"
        for clause in clauses:
            yield f"  {self._formula(clause.formula)}"
        for write in writes:
            parts = [*write.index, write.condition, *([] if write.value is None else [write.value])]
            binders = [self._formula(binder) for binder in write.binders]
            yield f"  {write.field.name} {binders} {[self._formula(part) for part in parts]} {write.value is None}"

    def _formula(self, formula: Expr) -> str:
        found = self._known.get(formula.ident)
        if found is None:
            parts = (self._formula(part) for part in formula.args)
            found = self._known[formula.ident] = _hash(formula.op.name, _sort(formula.sort), _payload(formula), *parts)
        return found


def _payload(formula: Expr) -> str:
    match formula.op:
        case Op.READ:
            field, after = formula.payload
            return f"{field.name} {after}"
        case Op.LIMIT:
            return str(formula.payload.name)
        case op if op in QUANTIFIERS:
            return str([(bound.payload, _sort(bound.sort)) for bound in formula.payload[0]])
        case _:
            return str(formula.payload)


def _parameters(parameters: tuple[Parameter, ...]) -> str:
    return str([(parameter.name, _sort(parameter.sort)) for parameter in parameters])


def _sort(sort: Sort) -> str:
    match sort:
        case ElementSort():
            return f"{sort.name}{list(sort.constants)}"
        case EnumerationSort():
            return f"{sort.name}{list(sort.members)}"
        case OptionSort():
            return f"Option({_sort(sort.of)})"
        case RangeSort():
            return f"0..{sort.limit.name if isinstance(sort.limit, Budget) else sort.limit}"
        case _:
            return sort.name


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
