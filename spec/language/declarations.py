"""Decorators: how an author declares actions, properties, goals and assumptions."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast, overload

from attorn.spec.errors import SpecificationError
from attorn.spec.language.expressions import Expr, lift
from attorn.spec.language.sorts import BOOLEAN
from attorn.spec.language.source import Where, here

__all__ = [
    "Assumption",
    "Declaration",
    "Fairness",
    "Kind",
    "LeadsTo",
    "Sequence",
    "action",
    "always_possible",
    "assumption",
    "goal",
    "initial",
    "invariant",
    "leads_to",
    "legal_end",
    "lemma",
    "progress",
    "ranking",
    "then",
    "two_state",
]

Fairness = Literal["none", "weak", "strong"]
Kind = Literal[
    "action",
    "initial",
    "invariant",
    "lemma",
    "two_state",
    "goal",
    "progress",
    "always_possible",
    "legal_end",
    "ranking",
]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Declaration:
    """A function of the author's, and what it is for; traced later against the state of a machine.

    party:   who acts, for actions.            fair: which fairness its firing is assumed to have.
    claim:   letters of the claim's elements.  hazards: ids of known failures that it speaks about.
    shows:   names of the progress properties that follow, for rankings.
    needs:   sort or budget → the least size of instances that are asked for a goal.
    """

    name: str
    kind: Kind
    function: Callable[..., object]
    sentence: str
    where: Where
    scope: dict[str, Any]
    party: str = ""
    fair: Fairness = "none"
    claim: str = ""
    hazards: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    needs: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the plain function, so that one property can be used inside another."""
        return self.function(*args, **kwargs)


@dataclass(frozen=True)
class Assumption:
    """Something taken for granted, with the id by which reports list it."""

    name: str
    sentence: str
    where: Where


@dataclass(frozen=True, eq=False)
class LeadsTo:
    """Whenever the premise holds, the conclusion holds then or later, if the fair actions are fair."""

    premise: Expr
    conclusion: Expr


@dataclass(frozen=True, eq=False)
class Sequence:
    """Formulas that hold one after the other, with any number of steps between."""

    stages: tuple[Expr, ...]


def assumption(name: str, sentence: str) -> Assumption:
    """Declare what a machine takes for granted."""
    return Assumption(name, sentence, here())


def leads_to(premise: object, conclusion: object) -> LeadsTo:
    """The meaning of a progress property: see LeadsTo."""
    return LeadsTo(
        lift(premise, BOOLEAN, "the premise of leads_to"), lift(conclusion, BOOLEAN, "the conclusion of leads_to")
    )


def then(*stages: object) -> Sequence:
    """The meaning of a goal that is reached by way of others: see Sequence."""
    return Sequence(tuple(lift(stage, BOOLEAN, "a stage of then") for stage in stages))


@overload
def action(function: F, /) -> Declaration: ...
@overload
def action(
    *, party: str = ..., fair: Fairness = ..., claim: str = ..., hazards: tuple[str, ...] = ...
) -> Callable[[F], Declaration]: ...
def action(function: Any = None, **about: Any) -> Any:
    """Declare a step of the machine; its parameters, annotated with sorts, are all the choice that it has."""
    return _declared("action", function, about)


@overload
def initial(function: F, /) -> Declaration: ...
@overload
def initial() -> Callable[[F], Declaration]: ...
def initial(function: Any = None) -> Any:
    """Declare the initial states: every field is written, with ANY where all values are possible."""
    return _declared("initial", function, {})


@overload
def invariant(function: F, /) -> Declaration: ...
@overload
def invariant(*, claim: str = ..., hazards: tuple[str, ...] = ...) -> Callable[[F], Declaration]: ...
def invariant(function: Any = None, **about: Any) -> Any:
    """Declare what holds in every reachable state; the function returns a formula, or several."""
    return _declared("invariant", function, about)


@overload
def lemma(function: F, /) -> Declaration: ...
@overload
def lemma(*, claim: str = ..., hazards: tuple[str, ...] = ...) -> Callable[[F], Declaration]: ...
def lemma(function: Any = None, **about: Any) -> Any:
    """Declare an invariant that only serves proofs: it makes others inductive; its sentence says why it is true."""
    return _declared("lemma", function, about)


@overload
def two_state(function: F, /) -> Declaration: ...
@overload
def two_state(*, claim: str = ..., hazards: tuple[str, ...] = ...) -> Callable[[F], Declaration]: ...
def two_state(function: Any = None, **about: Any) -> Any:
    """Declare what holds of every step: the function takes the state before and the state after."""
    return _declared("two_state", function, about)


@overload
def goal(function: F, /) -> Declaration: ...
@overload
def goal(
    *, claim: str = ..., hazards: tuple[str, ...] = ..., needs: Mapping[str, int] = ...
) -> Callable[[F], Declaration]: ...
def goal(function: Any = None, **about: Any) -> Any:
    """Declare what must be possible: a formula, or ``then(...)``, reached for some value of the parameters.

    needs: sort or budget → the least size with which it is possible; smaller instances are not asked for it.
    """
    return _declared("goal", function, about)


@overload
def progress(function: F, /) -> Declaration: ...
@overload
def progress(*, claim: str = ..., hazards: tuple[str, ...] = ...) -> Callable[[F], Declaration]: ...
def progress(function: Any = None, **about: Any) -> Any:
    """Declare what must happen: ``leads_to(...)``, for all values of the parameters."""
    return _declared("progress", function, about)


@overload
def always_possible(function: F, /) -> Declaration: ...
@overload
def always_possible(*, claim: str = ..., hazards: tuple[str, ...] = ...) -> Callable[[F], Declaration]: ...
def always_possible(function: Any = None, **about: Any) -> Any:
    """Declare what never gets out of reach: from every reachable state a state where the formula holds can be reached.

    It holds for all values of the parameters, and says nothing of whether the steps that lead there happen.
    """
    return _declared("always_possible", function, about)


def ranking(*, shows: tuple[str, ...]) -> Callable[[F], Declaration]:
    """Declare why progress properties hold for any size: the function returns ``rank(...)``, see there."""
    return cast("Callable[[F], Declaration]", _declared("ranking", None, {"shows": shows}))


@overload
def legal_end(function: F, /) -> Declaration: ...
@overload
def legal_end() -> Callable[[F], Declaration]: ...
def legal_end(function: Any = None) -> Any:
    """Declare states in which it is right that no action is enabled."""
    return _declared("legal_end", function, {})


def _declared(kind: Kind, function: Any, about: dict[str, Any]) -> Any:
    scope = sys._getframe(2).f_locals
    if function is None:
        return lambda inner: _declaration(kind, inner, about, scope)
    return _declaration(kind, function, about, scope)


def _declaration(kind: Kind, function: Any, about: dict[str, Any], scope: dict[str, Any]) -> Declaration:
    code = function.__code__
    where = Where(code.co_filename, code.co_firstlineno)
    sentence = inspect.getdoc(function)
    if not sentence and kind not in ("initial", "legal_end"):
        raise SpecificationError(
            f"{where}: {kind} `{function.__name__}` needs a docstring: one sentence that reports print."
        )
    declared = Declaration(function.__name__, kind, function, " ".join((sentence or "").split()), where, scope, **about)
    _refuse_rebinding(declared)
    return declared


def _refuse_rebinding(declared: Declaration) -> None:
    """Assigning to a parameter only renames a local; authors mean a write to the state."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(declared.function)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return
    parameters = set(declared.function.__code__.co_varnames[: declared.function.__code__.co_argcount])
    for found in ast.walk(tree):
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store) and found.id in parameters:
            line = declared.where.line + found.lineno - 1
            raise SpecificationError(
                f"{Where(declared.where.file, line)}: `{declared.name}` assigns to its parameter `{found.id}`, "
                "which changes nothing. Write to a field: `s.field[index] = value`."
            )
