"""The state after an action, written in terms of the state before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attorn.spec.language.choices import ite
from attorn.spec.language.expressions import Expr, Op, all_of, any_of, equal, limit_of, node, read, variable, walk
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.quantifiers import quantified
from attorn.spec.language.scopes import binding, recording
from attorn.spec.language.sorts import Budget, Sort
from attorn.spec.language.state import Field, Write
from attorn.spec.language.traced import Action, Initial

__all__ = ["after_step", "cell_after", "field_after", "initial_formula", "primed", "step_formula", "substituted"]


class _Syntax:
    """Values are expressions again; reads may be replaced on the way."""

    def __init__(self, replaced: Callable[[Field, tuple[Expr, ...], bool], Expr]) -> None:
        self._replaced = replaced

    def constant(self, sort: Sort, number: int) -> Expr:
        return node(Op.CONSTANT, sort, (), number)

    def limit(self, budget: Budget) -> Expr:
        return limit_of(budget)

    def read(self, field: Field, index: tuple[Expr, ...], after: bool) -> Expr:
        return self._replaced(field, index, after)

    def equal(self, sort: Sort, left: Expr, right: Expr) -> Expr:
        return equal(left, right)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Expr]]) -> Expr:
        return (all_of if conjunction else any_of)(*(part() for part in parts))

    def negation(self, part: Expr) -> Expr:
        return ~part

    def implication(self, premise: Callable[[], Expr], conclusion: Callable[[], Expr]) -> Expr:
        return premise() >> conclusion()

    def choice(self, sort: Sort, condition: Expr, then: Expr, otherwise: Expr) -> Expr:
        return ite(condition, then, otherwise)

    def less(self, left: Expr, right: Expr) -> Expr:
        return left < right

    def added(self, left: Expr, right: Expr) -> Expr:
        return left + right

    def subtracted(self, left: Expr, right: Expr) -> Expr:
        return left - right

    def some(self, sort: Sort, value: Expr) -> Expr:
        return node(Op.SOME, sort, (value,))

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Expr, ...]], Expr]
    ) -> Expr:
        return quantified(op, tuple(bound.sort for bound in variables), lambda *values: body(values), names)


def cell_after(writes: Sequence[Write], field: Field, index: tuple[Expr, ...]) -> Expr:
    """The value of a cell after all writes, as a chain of choices over the state before."""
    value = read(field, index)
    for write in writes:
        if write.field is not field:
            continue
        if write.value is None:
            raise ValueError(f"{write.where}: ANY has no single value")
        given: dict[int, Expr] = {}
        matches = []
        for position, part in zip(write.index, index, strict=True):
            if any(position is binder for binder in write.binders):
                given[position.payload] = part
            else:
                matches.append(equal(position, part))
        value = ite(all_of(*matches, substituted(write.condition, given)), substituted(write.value, given), value)
    return value


def field_after(step: Action | Initial, field: Field) -> tuple[tuple[Expr, ...], Expr]:
    """Variables for the index of a field, and what a step makes of the cell that they stand for.

    Parameters of the step stay free. Raises ValueError where an initial state leaves the value open.
    """
    parts = [part for write in step.writes for part in (write.condition, *write.index, *write.binders)]
    parts += [write.value for write in step.writes if write.value is not None]
    with (
        recording(None, _depth(*(each.variable for each in step.parameters), *parts)),
        binding(len(field.domain)) as at,
    ):
        cell = tuple(variable(sort, at + number) for number, sort in enumerate(field.domain))
        return cell, cell_after(step.writes, field, cell)


def substituted(formula: Expr, given: Mapping[int, Expr]) -> Expr:
    """A formula in which free variables, by level, are replaced by expressions."""
    if not given or not formula.free:
        return formula
    environment = {**_free_variables(formula), **given}
    with recording(None, _depth(formula, *given.values())):
        return Interpreter(_Syntax(read))(formula, environment)


def primed(formula: Expr) -> Expr:
    """The same formula about the state after a step."""
    with recording(None, _depth(formula)):
        interpret = Interpreter(_Syntax(lambda field, index, after: read(field, index, True)))
        return interpret(formula, _free_variables(formula))


def after_step(formula: Expr, writes: Sequence[Write]) -> Expr:
    """A formula in which every read of the state after is replaced by what the writes make of the state before."""

    def replaced(field: Field, index: tuple[Expr, ...], after: bool) -> Expr:
        return cell_after(writes, field, index) if after else read(field, index)

    parts = [
        part
        for write in writes
        for part in (write.condition, *write.index, *([write.value] if write.value is not None else []))
    ]
    with recording(None, _depth(formula, *parts)):
        return Interpreter(_Syntax(replaced))(formula, _free_variables(formula))


def initial_formula(initial: Initial) -> Expr:
    """The initial states as a formula; the parameters of the description stay free."""
    parts = [clause.formula for clause in initial.clauses]
    for write in initial.writes:
        if write.value is not None:
            parts.append(_assigned(write, write.value))
    return all_of(*parts)


def step_formula(action: Action, fields: Iterable[Field]) -> Expr:
    """An action as a relation between the state before and the state after; its parameters stay free."""
    parts = [action.guard]
    used = [part for write in action.writes for part in (write.condition, *write.index, *write.binders)]
    with recording(None, _depth(action.guard, *(each.variable for each in action.parameters), *used)):
        for field in fields:

            def same(*index: Expr, field: Field = field) -> Expr:
                return equal(read(field, index, True), cell_after(action.writes, field, index))

            names = tuple(f"{sort.name.lower()}{number}" for number, sort in enumerate(field.domain))
            parts.append(quantified(Op.FORALL, field.domain, same, names) if names else same())
    return all_of(*parts)


def _assigned(write: Write, value: Expr) -> Expr:
    def body(*variables: Expr) -> Expr:
        given = {binder.payload: chosen for binder, chosen in zip(write.binders, variables, strict=True)}
        index = tuple(substituted(part, given) for part in write.index)
        return substituted(write.condition, given) >> equal(read(write.field, index), substituted(value, given))

    with recording(None, _depth(write.condition, value, *write.index, *write.binders)):
        if not write.binders:
            return body()
        return quantified(Op.FORALL, tuple(binder.sort for binder in write.binders), body, write.names)


def _free_variables(formula: Expr) -> dict[int, Expr]:
    return {part.payload: part for part in walk(formula) if part.op is Op.VARIABLE and part.payload in formula.free}


def _depth(*formulas: Expr) -> int:
    """A level above those of all variables, free or bound, at this point of the construction."""
    levels: list[int] = [part.payload for part in walk(*formulas) if part.op is Op.VARIABLE]
    with binding(0) as current:
        return max([current - 1, *levels]) + 1
