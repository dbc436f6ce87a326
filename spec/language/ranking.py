"""Rankings: why something must end whatever the sizes: what falls meanwhile, and the steps that make it fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attorn.spec.errors import SpecificationError
from attorn.spec.language.expressions import Expr, lift, sort_of
from attorn.spec.language.quantifiers import bound_variables, parameter_names
from attorn.spec.language.scopes import binding, naming
from attorn.spec.language.sorts import BOOLEAN, INTEGER
from attorn.spec.language.source import Where
from attorn.spec.language.traced import Parameter

__all__ = ["Fall", "Help", "Rank", "Ranking", "each", "helps", "rank"]


@dataclass(frozen=True)
class Fall:
    """One component of a rank: a number, or one number for each element of some sorts, which counts as their sum."""

    variables: tuple[Expr, ...]
    names: tuple[str, ...]
    value: Expr


@dataclass(frozen=True)
class Help:
    """A fair action that makes the rank fall, as far as a condition on the ranking's parameters holds.

    Its parameters of the same name and sort as parameters of the ranking are those; the others are free.
    """

    action: str
    when: Expr


@dataclass(frozen=True)
class Rank:
    """What a function declared as a ranking returns: see ``rank``."""

    during: Expr
    falls: tuple[Fall, ...]
    by: tuple[Help, ...]


@dataclass(frozen=True)
class Ranking:
    """Why nothing can stay as ``during`` says for ever, for any values of the parameters, in a fair run.

    falls: components of the rank, natural numbers, the first of which counts most.
    by:    fair actions that make it fall.  shows: names of the progress properties that follow.
    """

    name: str
    sentence: str
    where: Where
    parameters: tuple[Parameter, ...]
    during: Expr
    falls: tuple[Fall, ...]
    by: tuple[Help, ...]
    shows: tuple[str, ...]


def each(*parts: Any) -> Fall:
    """A number for each element: ``each(Segment, lambda segment: ite(...))``; the rank counts their sum."""
    *declared, body = parts
    sorts = tuple(sort_of(one) for one in declared)
    names = parameter_names(body, len(sorts), "each")
    with binding(len(sorts)) as first:
        variables = bound_variables(sorts, first)
        with naming(first, names):
            return Fall(variables, names, lift(body(*variables), INTEGER, "the number of each element"))


def helps(action: Any, when: object = True) -> Help:
    """A declared action, or the name of one, that makes the rank fall; ``when`` restricts it."""
    return Help(action if isinstance(action, str) else action.name, lift(when, BOOLEAN, "the condition of a help"))


def rank(during: object, falls: Sequence[object], by: Sequence[object]) -> Rank:
    """What a ranking says.

    during: what cannot last.
    falls:  natural numbers, the first of which counts most, each an expression or ``each(...)``.
    by:     fair actions, or their names, or ``helps(...)``: each step of theirs makes the rank fall.

    Proofs ask that no step makes the rank rise as long as ``during`` holds, that some step of ``by`` is always enabled
    then, and that it stays enabled until the rank falls: see ``checker/prove/ranking.py``.
    """
    return Rank(
        lift(during, BOOLEAN, "what cannot last"),
        tuple(one if isinstance(one, Fall) else Fall((), (), lift(one, INTEGER, "a rank")) for one in falls),
        tuple(one if isinstance(one, Help) else helps(one) for one in by),
    )


def traced(
    name: str,
    sentence: str,
    where: Where,
    parameters: tuple[Parameter, ...],
    result: object,
    shows: tuple[str, ...],
) -> Ranking:
    """The ranking that a declared function has returned; raises SpecificationError where it is none."""
    if not isinstance(result, Rank):
        raise SpecificationError(f"{where}: ranking `{name}` must return rank(during, falls, by).")
    if not result.falls or not result.by:
        raise SpecificationError(f"{where}: ranking `{name}` needs something that falls, and steps that make it fall.")
    return Ranking(name, sentence, where, parameters, result.during, result.falls, result.by, shows)
