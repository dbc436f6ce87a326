"""Questions: what a search asks of every state, whichever engine answers."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.spec.language import Action, Goal, Property

__all__ = ["Broken", "Decides", "IllDefined", "Question", "Reached", "Stuck"]


@dataclass(frozen=True, eq=False)
class Broken:
    """Does the state violate an invariant, or some step from it a two-state property?"""

    stated: Property


@dataclass(frozen=True, eq=False)
class Stuck:
    """Is no step enabled in a state that is not a legal end?"""


@dataclass(frozen=True, eq=False)
class Reached:
    """Is a goal of one stage true for some value of its parameters?"""

    goal: Goal


@dataclass(frozen=True, eq=False)
class Decides:
    """Do, for some arguments of an action, all clauses hold but the one of a number?"""

    action: Action
    number: int


@dataclass(frozen=True, eq=False)
class IllDefined:
    """Does some enabled step write a cell twice, or a number out of its range?"""


Question = Broken | Stuck | Reached | Decides | IllDefined
