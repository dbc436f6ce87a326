"""Tracing: a declared function is run once on symbolic arguments; what it said becomes data."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from attorn.spec.errors import SortMismatch, SpecificationError
from attorn.spec.language.checks import check_ghosts, check_order, check_parameters_used
from attorn.spec.language.declarations import Declaration, LeadsTo, Sequence
from attorn.spec.language.expressions import Element, Expr, Op, lift, node, sort_of, variable
from attorn.spec.language.ranking import Ranking
from attorn.spec.language.ranking import traced as ranking_of
from attorn.spec.language.scopes import naming, recording
from attorn.spec.language.sorts import BOOLEAN
from attorn.spec.language.source import Where
from attorn.spec.language.state import Clause, Recorder, State
from attorn.spec.language.traced import Action, Goal, Initial, Parameter, Possibility, Progress, Property

__all__ = [
    "conjuncts",
    "strengthen_action",
    "trace_action",
    "trace_end",
    "trace_goal",
    "trace_initial",
    "trace_possibility",
    "trace_progress",
    "trace_property",
    "trace_ranking",
]


def trace_action(declared: Declaration, state: type[State]) -> Action:
    """Run an action once; raises SpecificationError for every mistake that shows in it."""
    action = Action(
        declared.name, declared.sentence, declared.where, _parameters(declared, declared.function, skip=1), (), (),
        declared.party, declared.fair, declared.claim, declared.hazards,
    )  # fmt: skip
    traced = strengthen_action(action, declared.function, state)
    check_parameters_used(traced)
    return traced


def strengthen_action(action: Action, function: Callable[..., object], state: type[State]) -> Action:
    """Add to an action the clauses and writes of a function of the same parameters."""
    recorder = Recorder(f"action `{action.name}`", may_write=True, may_require=True, writes=list(action.writes))
    with recording({}, len(action.parameters)):
        _call(action, function, (state(recorder),), action.parameters)
    stronger = replace(action, clauses=(*action.clauses, *recorder.clauses), writes=tuple(recorder.writes))
    check_ghosts(stronger)
    return stronger


def trace_initial(declared: Declaration, state: type[State]) -> Initial:
    """Run the description of the initial states once."""
    recorder = Recorder("the initial state", may_write=True, may_require=True, initial=True)
    parameters = _parameters(declared, declared.function, skip=1)
    with recording({}, len(parameters)):
        _call(declared, declared.function, (state(recorder),), parameters)
    written = {write.field.name for write in recorder.writes}
    missing = [name for name in state.fields if name not in written]
    if missing:
        raise SpecificationError(
            f"{declared.where}: the initial state says nothing of {', '.join(f'`{name}`' for name in missing)}. "
            f"Write `s.{missing[0]}[...] = value`, or ANY for every value (`s.{missing[0]} = value` for a Variable)."
        )
    check_order(recorder.writes)
    return Initial(declared.where, declared.sentence, parameters, tuple(recorder.clauses), tuple(recorder.writes))


def trace_property(declared: Declaration, state: type[State]) -> Property:
    """Run an invariant or a two-state property once."""
    two_state = declared.kind == "two_state"
    wanted = ("before", "after") if two_state else ("s",)
    given = list(inspect.signature(declared.function).parameters)
    if len(given) != len(wanted):
        raise SpecificationError(
            f"{declared.where}: {declared.kind} `{declared.name}` takes ({', '.join(wanted)}), not "
            f"({', '.join(given)}). Elements are bound inside it: `forall(Sort, lambda x: ...)`."
        )
    recorder = Recorder(f"property `{declared.name}`", may_write=False, may_require=False)
    lines: dict[int, Where] = {}
    with recording(lines, 0):
        states = (state(recorder), state(recorder, after=True)) if two_state else (state(recorder),)
        result = _call(declared, declared.function, states, ())
    parts = result if isinstance(result, tuple | list) else (result,)
    found: list[Clause] = []
    for part in parts:
        formula = _formula(declared, part)
        found += [Clause(piece, lines.get(origin.ident, declared.where)) for piece, origin in conjuncts(formula)]
    return Property(
        declared.name, declared.sentence, declared.where, tuple(found), two_state, declared.claim, declared.hazards,
        lemma=declared.kind == "lemma",
    )  # fmt: skip


def trace_goal(declared: Declaration, state: type[State]) -> Goal:
    """Run a reachability goal once."""
    parameters, result = _run_formula(declared, state)
    stages = result.stages if isinstance(result, Sequence) else (_formula(declared, result),)
    return Goal(
        declared.name, declared.sentence, declared.where, parameters, stages,
        declared.claim, tuple(declared.needs.items()),
    )  # fmt: skip


def trace_progress(declared: Declaration, state: type[State]) -> Progress:
    """Run a progress property once."""
    parameters, result = _run_formula(declared, state)
    if not isinstance(result, LeadsTo):
        raise SpecificationError(
            f"{declared.where}: progress `{declared.name}` must return leads_to(premise, conclusion)."
        )
    return Progress(
        declared.name, declared.sentence, declared.where, parameters, result.premise, result.conclusion,
        declared.claim, declared.hazards,
    )  # fmt: skip


def trace_possibility(declared: Declaration, state: type[State]) -> Possibility:
    """Run a statement of what is always possible once."""
    parameters, result = _run_formula(declared, state)
    return Possibility(
        declared.name, declared.sentence, declared.where, parameters, _formula(declared, result),
        declared.claim, declared.hazards,
    )  # fmt: skip


def trace_ranking(declared: Declaration, state: type[State]) -> Ranking:
    """Run a ranking once."""
    parameters, result = _run_formula(declared, state)
    return ranking_of(declared.name, declared.sentence, declared.where, parameters, result, declared.shows)


def trace_end(declared: Declaration, state: type[State]) -> Expr:
    """Run the description of legal end states once."""
    parameters, result = _run_formula(declared, state)
    if parameters:
        raise SpecificationError(
            f"{declared.where}: legal_end `{declared.name}` takes (s) alone. "
            "Elements are bound inside it: `forall(Sort, lambda x: ...)`."
        )
    return _formula(declared, result)


def _run_formula(declared: Declaration, state: type[State]) -> tuple[tuple[Parameter, ...], object]:
    recorder = Recorder(f"{declared.kind} `{declared.name}`", may_write=False, may_require=False)
    parameters = _parameters(declared, declared.function, skip=1)
    with recording({}, len(parameters)):
        return parameters, _call(declared, declared.function, (state(recorder),), parameters)


def _formula(declared: Declaration, value: object) -> Expr:
    if value is None:
        raise SpecificationError(
            f"{declared.where}: {declared.kind} `{declared.name}` returns nothing; return its formula."
        )
    try:
        return lift(value, BOOLEAN, f"what `{declared.name}` returns")
    except SortMismatch as error:
        raise SortMismatch(f"{declared.where}: {str(error).partition(': ')[2]}") from error


def _call(
    declared: Declaration | Action,
    function: Callable[..., object],
    states: tuple[State, ...],
    parameters: tuple[Parameter, ...],
) -> object:
    try:
        with naming(0, [parameter.name for parameter in parameters]):
            return function(*states, *(parameter.variable for parameter in parameters))
    except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
        raise _miscalled(declared, function, error) from error


def _miscalled(declared: Declaration | Action, function: Callable[..., object], error: Exception) -> SpecificationError:
    file = function.__code__.co_filename
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    where = Where(file, lines[-1]) if lines else declared.where
    advice = ""
    if isinstance(error, AttributeError) and isinstance(error.obj, Expr):
        advice = f" A value has no parts; read a field of the state: `s.{error.name}[...]`."
    return SpecificationError(f"{where}: `{declared.name}` cannot be traced: {error}.{advice}")


def _parameters(declared: Declaration, function: Callable[..., object], skip: int) -> tuple[Parameter, ...]:
    signature = list(inspect.signature(function).parameters.values())
    if len(signature) < skip or _names_sort(declared, signature[0].annotation):
        raise SpecificationError(
            f"{declared.where}: `{declared.name}` takes no state. Write `def {declared.name}(s, ...)`."
        )
    found = []
    for level, parameter in enumerate(signature[skip:]):
        annotation = parameter.annotation
        if isinstance(annotation, str):
            annotation = _evaluated(declared, function, annotation)
        if annotation is inspect.Parameter.empty:
            raise SpecificationError(
                f"{declared.where}: parameter `{parameter.name}` of `{declared.name}` needs a sort: "
                f"`{parameter.name}: VM`."
            )
        try:
            sort = sort_of(annotation)
        except SortMismatch as error:
            raise SortMismatch(
                f"{declared.where}: parameter `{parameter.name}` of `{declared.name}`: {str(error).partition(': ')[2]}"
            ) from error
        found.append(Parameter(parameter.name, variable(sort, level)))
    return tuple(found)


def _names_sort(declared: Declaration, annotation: object) -> bool:
    if isinstance(annotation, str):
        annotation = {**declared.function.__globals__, **declared.scope}.get(annotation)
    return isinstance(annotation, type) and issubclass(annotation, Element | Enum)


def _evaluated(declared: Declaration, function: Callable[..., object], annotation: str) -> Any:
    names = {**getattr(function, "__globals__", {}), **declared.scope}
    try:
        return eval(annotation, names)
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        raise SpecificationError(
            f"{declared.where}: `{declared.name}` is annotated with `{annotation}`, which is no sort: {error}."
        ) from error


def conjuncts(formula: Expr, origin: Expr | None = None) -> list[tuple[Expr, Expr]]:
    """Split a formula into conjuncts, through ∀ and →; each comes with the part that its line is known by."""
    if formula.op is Op.AND:
        return [pair for part in formula.args for pair in conjuncts(part)]
    if formula.op is Op.FORALL:
        pieces = conjuncts(formula.args[0])
        if len(pieces) > 1:
            return [(node(Op.FORALL, BOOLEAN, (piece,), formula.payload), part) for piece, part in pieces]
    if formula.op is Op.IMPLIES:
        pieces = conjuncts(formula.args[1])
        if len(pieces) > 1:
            return [(node(Op.IMPLIES, BOOLEAN, (formula.args[0], piece)), part) for piece, part in pieces]
    return [(formula, origin or formula)]
