"""What tracing yields: actions, initial states, properties and goals as data that engines read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from attorn.spec.errors import SpecificationError
from attorn.spec.language.declarations import Fairness
from attorn.spec.language.expressions import Expr, Op, all_of, walk
from attorn.spec.language.sorts import Sort
from attorn.spec.language.source import Where
from attorn.spec.language.state import Clause, Field, Write

__all__ = [
    "Action",
    "Goal",
    "Initial",
    "Parameter",
    "Possibility",
    "Progress",
    "Property",
    "fields_read",
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
    """What must be reachable for some value of the parameters, stage after stage, in instances of sizes that it needs.

    needs: names of sorts and budgets, each with its least size.
    """

    name: str
    sentence: str
    where: Where
    parameters: tuple[Parameter, ...]
    stages: tuple[Expr, ...]
    claim: str = ""
    needs: tuple[tuple[str, int], ...] = ()


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


def fields_read(formula: Expr) -> set[Field]:
    """All fields that a formula reads."""
    return {part.payload[0] for part in walk(formula) if part.op is Op.READ}
