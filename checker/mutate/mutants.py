"""First-order mutants of the actions of a machine: each differs from the original in one place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from attorn.checker.mutate.operators import Scope, changes, constants, levels
from attorn.spec.errors import DoubleWrite
from attorn.spec.language import Action, Clause, Expr, Machine, Parameter, Write, render, render_write
from attorn.spec.language.declarations import Fairness
from attorn.spec.language.expressions import FALSE, TRUE, equal, read, variable
from attorn.spec.language.sorts import BOOLEAN, EnumerationSort
from attorn.spec.language.source import Where
from attorn.spec.language.state import Recorder
from attorn.spec.language.substitution import substituted
from attorn.spec.language.traced import fields_read

__all__ = ["Mutant", "mutants"]


@dataclass(frozen=True, eq=False)
class Mutant:
    """An action in place of the original of the same name, and what is different in it.

    name:     the action and a number, which changes only with the source.
    operator: the kind of the change.   where: the line that is changed.
    stillborn: why it is no action at all, or nothing.
    ghost:     whether only ghost state is changed, so that it is the specification that is put to the test.
    """

    name: str
    operator: str
    sentence: str
    where: Where
    action: Action
    stillborn: str = ""
    ghost: bool = False


def mutants(machine: Machine) -> tuple[Mutant, ...]:
    """All mutants of all actions, action by action; those that say the same as another one are left out."""
    return tuple(mutant for action in machine.actions for mutant in _of_action(machine, action))


def _of_action(machine: Machine, action: Action) -> Iterator[Mutant]:
    met = {_content(action)}
    number = 0
    for operator, sentence, where, changed in (
        *_clause_changes(machine, action),
        *_write_changes(machine, action),
        *_further_writes(machine, action),
        *_fairness_changes(action),
    ):
        if _content(changed) in met:
            continue
        met.add(_content(changed))
        number += 1
        yield Mutant(
            f"{action.name}.{number}",
            operator,
            f"{action.name} {sentence}",
            where,
            changed,
            _stillborn(changed),
            _ordinary(action) == _ordinary(changed),
        )


Changed = tuple[str, str, Where, Action]


def _clause_changes(machine: Machine, action: Action) -> Iterator[Changed]:
    scope, names = Scope.of(action, machine.state.fields.values()), _names(action)
    for number, clause in enumerate(action.clauses):
        old = render(clause.formula, names)
        yield "drop clause", f"without the clause `{old}`", clause.where, action.without_clause(number)
        for operator, formula in changes(clause.formula, scope):
            if formula is TRUE or formula is FALSE:
                continue  # the clause dropped, or an action that never happens
            clauses = (*action.clauses[:number], Clause(formula, clause.where), *action.clauses[number + 1 :])
            sentence = f"requires `{render(formula, names)}` instead of `{old}`"
            yield operator, sentence, clause.where, replace(action, clauses=clauses)


def _write_changes(machine: Machine, action: Action) -> Iterator[Changed]:
    scope, names = Scope.of(action, machine.state.fields.values()), _names(action)
    for number, write in enumerate(action.writes):
        old = render_write(write, names)
        yield "drop update", f"without the update `{old}`", write.where, action.without_write(number)
        for operator, changed, parameters in _changed_write(machine, action, write, scope):
            writes = (*action.writes[:number], changed, *action.writes[number + 1 :])
            wider = replace(action, writes=writes, parameters=(*action.parameters, *parameters))
            sentence = f"makes `{render_write(changed, _names(wider))}` instead of `{old}`"
            yield operator, sentence, write.where, wider


def _further_writes(machine: Machine, action: Action) -> Iterator[Changed]:
    """The action also changes a field that it leaves alone: at its own arguments, or else everywhere."""
    scope = Scope.of(action, machine.state.fields.values())
    written = {write.field for write in action.writes}
    for field in machine.state.fields.values():
        if field in written:
            continue
        places: list[list[Parameter | None]] = [
            [each for each in action.parameters if each.sort == sort] or [None] for sort in field.domain
        ]
        for place in itertools.product(*places):
            fresh = _fresh_level(action)
            index = tuple(
                variable(sort, fresh + number) if given is None else given.variable
                for number, (sort, given) in enumerate(zip(field.domain, place, strict=True))
            )
            binders = tuple(part for part, given in zip(index, place, strict=True) if given is None)
            names = tuple(binder.sort.name.lower() for binder in binders)
            for value in scope.values_of(field.codomain):
                if value is read(field, index):
                    continue
                write = Write(field, binders, index, TRUE, value, action.where, names)
                changed = replace(action, writes=(*action.writes, write))
                yield "further update", f"also makes `{render_write(write, _names(action))}`", action.where, changed


def _fairness_changes(action: Action) -> Iterator[Changed]:
    if action.fair != "none":
        weaker: Fairness = "weak" if action.fair == "strong" else "none"
        said = "is fair only weakly" if weaker == "weak" else "need not happen, however long it can"
        yield "drop fairness", said, action.where, replace(action, fair=weaker)


Rewritten = tuple[str, Write, tuple[Parameter, ...]]


def _changed_write(machine: Machine, action: Action, write: Write, scope: Scope) -> Iterator[Rewritten]:
    inner = scope.binding(write.binders)
    for field in machine.state.fields.values():
        if field is not write.field and (field.domain, field.codomain) == (write.field.domain, write.field.codomain):
            yield "other field", replace(write, field=field), ()
    if write.condition is not TRUE:
        yield "widen", replace(write, condition=TRUE), ()
        for operator, condition in changes(write.condition, inner):
            yield operator, replace(write, condition=condition), ()
    for position, part in enumerate(write.index):
        if not any(part is binder for binder in write.binders):
            for operator, other in changes(part, scope):
                yield operator, replace(write, index=_replaced(write.index, position, other)), ()
            yield from (("widen", wider, ()) for wider in _widened(action, write, position))
    for binder in write.binders:
        yield from _narrowed(action, write, binder, scope)
    if write.value is not None:
        for operator, value in changes(write.value, inner):
            if value is not read(write.field, write.index):  # the update dropped
                yield operator, replace(write, value=value), ()


def _widened(action: Action, write: Write, position: int) -> Iterator[Write]:
    """Instead of one element all of them, or all others."""
    part = write.index[position]
    everything = variable(part.sort, _fresh_level(action))
    taken = {*write.names, *(parameter.name for parameter in action.parameters)}
    name = next(name for name in ("x", "y", "z", "w", "every") if name not in taken)
    wide = replace(
        write,
        binders=(*write.binders, everything),
        names=(*write.names, name),
        index=_replaced(write.index, position, everything),
    )
    yield wide
    yield replace(wide, condition=wide.condition & ~equal(everything, part))


def _narrowed(action: Action, write: Write, binder: Expr, scope: Scope) -> Iterator[Rewritten]:
    """Instead of all elements all but one: a named one, one at hand, or one that is free to choose."""
    sort = binder.sort
    if sort is BOOLEAN or sort.is_number:
        return
    for left_out in constants(sort) if isinstance(sort, EnumerationSort) else scope.values:
        if left_out.sort == sort:
            yield "narrow", replace(write, condition=write.condition & ~equal(binder, left_out)), ()
    if isinstance(sort, EnumerationSort):
        return
    spared = Parameter("spared", variable(sort, len(action.parameters)))
    fresh = _fresh_level(action)
    given = {each.payload: variable(each.sort, fresh + 1 + number) for number, each in enumerate(write.binders)}
    moved = replace(
        write,
        binders=tuple(given.values()),
        index=tuple(substituted(part, given) for part in write.index),
        condition=substituted(write.condition, given) & ~equal(given[binder.payload], spared.variable),
        value=None if write.value is None else substituted(write.value, given),
    )
    yield "narrow", moved, (spared,)


def _fresh_level(action: Action) -> int:
    return max(levels(action), default=-1) + 1


def _replaced(index: tuple[Expr, ...], position: int, part: Expr) -> tuple[Expr, ...]:
    return (*index[:position], part, *index[position + 1 :])


def _names(action: Action) -> dict[int, str]:
    return {parameter.variable.payload: parameter.name for parameter in action.parameters}


def _content(action: Action) -> tuple[object, ...]:
    """What an action says; equal for two that say the same in another order."""
    return (
        action.fair,
        len(action.parameters),
        frozenset(clause.formula.ident for clause in action.clauses),
        frozenset(_update(write) for write in action.writes),
    )


def _ordinary(action: Action) -> tuple[object, ...]:
    """What an action says of all but ghost state."""
    return (
        action.fair,
        frozenset(clause.formula.ident for clause in action.clauses),
        frozenset(_update(write) for write in action.writes if not write.field.ghost),
    )


def _update(write: Write) -> tuple[object, ...]:
    parts = (*write.binders, *write.index, write.condition, *(() if write.value is None else (write.value,)))
    return (write.field.name, *(part.ident for part in parts))


def _stillborn(action: Action) -> str:
    """Why an action is not well formed, or nothing."""
    for clause in action.clauses:
        if any(field.ghost for field in fields_read(clause.formula)):
            return "a guard reads ghost state"
    recorder = Recorder(f"action `{action.name}`", may_write=True, may_require=False)
    for write in action.writes:
        parts = (*write.index, write.condition, *(() if write.value is None else (write.value,)))
        if not write.field.ghost and any(field.ghost for part in parts for field in fields_read(part)):
            return "ghost state decides what is written"
        try:
            recorder.add(write)
        except DoubleWrite:
            return f"a cell of {write.field.name} is written twice"
    return ""
