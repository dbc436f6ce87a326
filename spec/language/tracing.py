"""Tracing: a declared function is run once on symbolic arguments; what it said becomes data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from attorn.spec.errors import SortMismatch, SpecificationError
from attorn.spec.language.declarations import Declaration, Fairness, LeadsTo, Sequence
from attorn.spec.language.expressions import Expr, Op, all_of, lift, node, recording, sort_of, variable, walk
from attorn.spec.language.sorts import BOOLEAN, Sort
from attorn.spec.language.source import Where
from attorn.spec.language.state import Clause, Field, Recorder, State, Write

__all__ = [
    "Action",
    "Goal",
    "Initial",
    "Parameter",
    "Possibility",
    "Progress",
    "Property",
    "conjuncts",
    "fields_read",
    "strengthen_action",
    "trace_action",
    "trace_end",
    "trace_goal",
    "trace_initial",
    "trace_possibility",
    "trace_progress",
    "trace_property",
]


@dataclass(frozen=True)
class Parameter:
    """A named, symbolic argument."""

    name: str
    variable: Expr

    @property
    def sort(self) -> Sort:
        """What the argument ranges over."""
        return self.variable.sort


@dataclass(frozen=True)
class Action:
    """A step: enabled where all clauses hold, it makes all writes at once; its parameters are all its choice."""

    name: str
    sentence: str
    where: Where
    parameters: tuple[Parameter, ...]
    clauses: tuple[Clause, ...]
    writes: tuple[Write, ...]
    party: str = ""
    fair: Fairness = "none"
    claim: str = ""
    hazards: tuple[str, ...] = ()

    @property
    def guard(self) -> Expr:
        """The conjunction of all clauses."""
        return all_of(*(clause.formula for clause in self.clauses))

    def without_clause(self, number: int) -> Action:
        """The same action lacking one clause, counted from 0."""
        return replace(self, clauses=self.clauses[:number] + self.clauses[number + 1 :])

    def without_write(self, number: int) -> Action:
        """The same action lacking one write, counted from 0."""
        return replace(self, writes=self.writes[:number] + self.writes[number + 1 :])

    def without(self, *, reading: Iterable[Field] = (), writing: Iterable[Field] = ()) -> Action:
        """The same action lacking the clauses that read, and the writes that change, any of the fields given.

        Raises SpecificationError when a field given is neither read by a clause nor written: nothing would change.
        """
        read, written = set(reading), set(writing)
        clauses = tuple(each for each in self.clauses if read.isdisjoint(fields_read(each.formula)))
        writes = tuple(each for each in self.writes if each.field not in written)
        used = {field for each in self.clauses for field in fields_read(each.formula)}
        idle = [*(read - used), *(written - {each.field for each in self.writes})]
        if idle:
            raise SpecificationError(
                f"{self.where}: `{self.name}` lacks `{idle[0].name}` already; nothing to take away."
            )
        return replace(self, clauses=clauses, writes=writes)


@dataclass(frozen=True)
class Initial:
    """The initial states: one for each choice of the parameters and of the cells left open that fits the clauses."""

    where: Where
    sentence: str
    parameters: tuple[Parameter, ...]
    clauses: tuple[Clause, ...]
    writes: tuple[Write, ...]


@dataclass(frozen=True)
class Property:
    """An invariant, or a property of every step (``two_state``), as conjuncts that keep their lines.

    lemma: whether it only serves proofs.
    """

    name: str
    sentence: str
    where: Where
    conjuncts: tuple[Clause, ...]
    two_state: bool
    claim: str = ""
    hazards: tuple[str, ...] = ()
    lemma: bool = False

    @property
    def formula(self) -> Expr:
        """The conjunction of all conjuncts."""
        return all_of(*(clause.formula for clause in self.conjuncts))


@dataclass(frozen=True)
class Goal:
    """What must be reachable for some value of the parameters, stage after stage."""

    name: str
    sentence: str
    where: Where
    parameters: tuple[Parameter, ...]
    stages: tuple[Expr, ...]
    claim: str = ""


@dataclass(frozen=True)
class Progress:
    """Whenever the premise holds, the conclusion must follow, for all values of the parameters."""

    name: str
    sentence: str
    where: Where
    parameters: tuple[Parameter, ...]
    premise: Expr
    conclusion: Expr
    claim: str = ""
    hazards: tuple[str, ...] = ()


@dataclass(frozen=True)
class Possibility:
    """A formula that can be made true from every reachable state, for all values of the parameters."""

    name: str
    sentence: str
    where: Where
    parameters: tuple[Parameter, ...]
    formula: Expr
    claim: str = ""
    hazards: tuple[str, ...] = ()


def trace_action(declared: Declaration, state: type[State]) -> Action:
    """Run an action once; raises SpecificationError for every mistake that shows in it."""
    action = Action(
        declared.name, declared.sentence, declared.where, _parameters(declared, declared.function, skip=1), (), (),
        declared.party, declared.fair, declared.claim, declared.hazards,
    )  # fmt: skip
    traced = strengthen_action(action, declared.function, state)
    _check_parameters_used(traced)
    return traced


def strengthen_action(action: Action, function: Callable[..., object], state: type[State]) -> Action:
    """Add to an action the clauses and writes of a function of the same parameters."""
    recorder = Recorder(f"action `{action.name}`", may_write=True, may_require=True, writes=list(action.writes))
    lines: dict[int, Where] = {}
    with recording(lines, len(action.parameters)):
        _call(action, function, state(recorder), action.parameters)
    clauses = tuple(
        Clause(part, lines.get(part.ident, clause.where))
        for clause in recorder.clauses
        for part in (clause.formula.args if clause.formula.op is Op.AND else (clause.formula,))
    )
    stronger = replace(action, clauses=(*action.clauses, *clauses), writes=tuple(recorder.writes))
    _check_ghosts(stronger)
    return stronger


def trace_initial(declared: Declaration, state: type[State]) -> Initial:
    """Run the description of the initial states once."""
    recorder = Recorder("the initial state", may_write=True, may_require=True, initial=True)
    parameters = _parameters(declared, declared.function, skip=1)
    with recording({}, len(parameters)):
        _call(declared, declared.function, state(recorder), parameters)
    written = {write.field.name for write in recorder.writes}
    missing = [name for name in state.fields if name not in written]
    if missing:
        raise SpecificationError(
            f"{declared.where}: the initial state says nothing of {', '.join(f'`{name}`' for name in missing)}. "
            f"Write `s.{missing[0]}[...] = value`, or ANY for every value (`s.{missing[0]} = value` for a Variable)."
        )
    return Initial(declared.where, declared.sentence, parameters, tuple(recorder.clauses), tuple(recorder.writes))


def trace_property(declared: Declaration, state: type[State]) -> Property:
    """Run an invariant or a two-state property once."""
    two_state = declared.kind == "two_state"
    recorder = Recorder(f"property `{declared.name}`", may_write=False, may_require=False)
    lines: dict[int, Where] = {}
    with recording(lines, 0):
        states = (state(recorder), state(recorder, after=True)) if two_state else (state(recorder),)
        try:
            result = declared.function(*states)
        except TypeError as error:
            raise _miscalled(declared, declared.function, error) from error
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
    return Goal(declared.name, declared.sentence, declared.where, parameters, stages, declared.claim)


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


def trace_end(declared: Declaration, state: type[State]) -> Expr:
    """Run the description of legal end states once."""
    _, result = _run_formula(declared, state)
    return _formula(declared, result)


def _run_formula(declared: Declaration, state: type[State]) -> tuple[tuple[Parameter, ...], object]:
    recorder = Recorder(f"{declared.kind} `{declared.name}`", may_write=False, may_require=False)
    parameters = _parameters(declared, declared.function, skip=1)
    with recording({}, len(parameters)):
        return parameters, _call(declared, declared.function, state(recorder), parameters)


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
    declared: Declaration | Action, function: Callable[..., object], state: State, parameters: tuple[Parameter, ...]
) -> object:
    try:
        return function(state, *(parameter.variable for parameter in parameters))
    except TypeError as error:
        raise _miscalled(declared, function, error) from error


def _miscalled(declared: Declaration | Action, function: Callable[..., object], error: TypeError) -> SpecificationError:
    trace = error.__traceback__
    where = declared.where
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == declared.where.file:
            where = Where(declared.where.file, trace.tb_lineno)
        trace = trace.tb_next
    return SpecificationError(f"{where}: `{declared.name}` cannot be traced: {error}.")


def _parameters(declared: Declaration, function: Callable[..., object], skip: int) -> tuple[Parameter, ...]:
    signature = list(inspect.signature(function).parameters.values())
    if len(signature) < skip:
        raise SpecificationError(
            f"{declared.where}: `{declared.name}` takes no state. Write `def {declared.name}(s: ...)`."
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


def _evaluated(declared: Declaration, function: Callable[..., object], annotation: str) -> Any:
    names = {**getattr(function, "__globals__", {}), **declared.scope}
    try:
        return eval(annotation, names)
    except NameError as error:
        raise SpecificationError(
            f"{declared.where}: `{declared.name}` is annotated with `{annotation}`: {error}."
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


def fields_read(formula: Expr) -> set[Field]:
    """All fields that a formula reads."""
    return {part.payload[0] for part in walk(formula) if part.op is Op.READ}


def _check_ghosts(action: Action) -> None:
    for clause in action.clauses:
        for field in sorted(fields_read(clause.formula), key=lambda field: field.name):
            if field.ghost:
                raise SpecificationError(
                    f"{clause.where}: a guard of `{action.name}` reads the ghost field `{field.name}`. "
                    "Ghost state only watches; guard by ordinary state."
                )
    for write in action.writes:
        if write.field.ghost:
            continue
        parts = (*write.index, write.condition, *(() if write.value is None else (write.value,)))
        for field in sorted({field for part in parts for field in fields_read(part)}, key=lambda field: field.name):
            if field.ghost:
                raise SpecificationError(
                    f"{write.where}: `{action.name}` writes `{write.field.name}` by the ghost field `{field.name}`. "
                    "Ghost state only watches; nothing else may depend on it."
                )


def _check_parameters_used(action: Action) -> None:
    used: frozenset[int] = frozenset()
    for clause in action.clauses:
        used |= clause.formula.free
    for write in action.writes:
        used |= write.condition.free.union(*(part.free for part in write.index))
        if write.value is not None:
            used |= write.value.free
    for level, parameter in enumerate(action.parameters):
        if level not in used:
            raise SpecificationError(
                f"{action.where}: `{action.name}` never uses its parameter `{parameter.name}`. Remove it: "
                "every value of it would be the same step."
            )
