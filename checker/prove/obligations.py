"""What has to be shown so that properties hold for any size: one obligation for each action and conjunct."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from attorn.checker.prove.smtlib import Script, script
from attorn.spec.language import Action, Clause, Expr, Machine, Op, Parameter, after_step, any_of, primed
from attorn.spec.language.expressions import node
from attorn.spec.language.sorts import BOOLEAN
from attorn.spec.language.substitution import initial_formula, step_formula
from attorn.spec.language.traced import fields_read

__all__ = [
    "Conjunct",
    "Kind",
    "Obligation",
    "companions",
    "completeness",
    "guard_of",
    "inductive_set",
    "named",
    "obligations",
    "relation",
    "two_state_conjuncts",
]


class Kind(Enum):
    """What an obligation is for."""

    INITIAL = "the initial states satisfy the conjunct"
    STEP = "the action preserves the conjunct"
    EDGE = "every step of the action satisfies the two-state conjunct"
    RANK_FOUNDED = "the numbers of the rank are natural"
    RANK_ENABLED = "some step that makes the rank fall is enabled, as long as it has not ended"
    RANK_KEPT = "no step of the action makes the rank rise"
    RANK_FALLS = "every step of the action makes the rank fall"
    RANK_STAYS = "a step that makes the rank fall stays enabled until it falls, whatever step of the action comes first"
    RANK_COVERS = "wherever the premise of the progress property holds, its conclusion holds or the ranking applies"
    RANK_LEAVES = "until the conclusion holds, the ranking applies after every step of the action"
    COMPLETE = "no action is forgotten: every step is a step of one of the actions"
    POSSIBLE_START = "some initial state exists, so that the proofs about them are not empty"
    POSSIBLE_STEP = "some state satisfies all conjuncts and enables the action, so that its proofs are not empty"
    POSSIBLE_CASE = "some state satisfies all conjuncts and the premise, so that the conjunct is not empty"


@dataclass(frozen=True)
class Conjunct:
    """One conjunct of a property or lemma, counted from 0."""

    owner: str
    number: int
    clause: Clause
    lemma: bool = False

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.owner}.{self.number}"


@dataclass(frozen=True, eq=False)
class Obligation:
    """One question to a solver, with the answer that is expected."""

    kind: Kind
    action: str
    conjunct: str
    parameters: tuple[Parameter, ...]
    hypotheses: tuple[tuple[str, Expr], ...]
    refuted: Expr
    unchanged: bool = False

    @property
    def name(self) -> str:
        """A name that is also a path: kind, action, conjunct."""
        return "/".join(part for part in (self.kind.name.lower(), self.action, self.conjunct) if part)

    @property
    def expected(self) -> str:
        """The solver's answer that discharges it."""
        return "sat" if self.kind.name.startswith("POSSIBLE") else "unsat"

    @cached_property
    def script(self) -> Script:
        """The question as text: all hypotheses, and what must be impossible (or possible, for a companion)."""
        return script([formula for _, formula in self.hypotheses], [self.refuted], self.parameters)

    @cached_property
    def text(self) -> str:
        """The question as a whole SMT-LIB file."""
        about = " ".join(part for part in (self.action, self.conjunct) if part)
        return self.script.text(self.expected, f"{self.kind.value}{f': {about}' if about else ''}")


def inductive_set(machine: Machine) -> tuple[Conjunct, ...]:
    """All conjuncts of the invariants and lemmas of a machine."""
    return tuple(
        Conjunct(stated.name, number, clause, stated in machine.lemmas)
        for stated in (*machine.properties, *machine.lemmas)
        if not stated.two_state
        for number, clause in enumerate(stated.conjuncts)
    )


def two_state_conjuncts(machine: Machine) -> tuple[Conjunct, ...]:
    """All conjuncts of the two-state properties of a machine."""
    return tuple(
        Conjunct(stated.name, number, clause)
        for stated in machine.properties
        if stated.two_state
        for number, clause in enumerate(stated.conjuncts)
    )


def obligations(
    machine: Machine, conjuncts: Sequence[Conjunct], edges: Sequence[Conjunct], goals: Sequence[Conjunct] | None = None
) -> Iterator[Obligation]:
    """Everything that makes the conjuncts inductive, and the two-state conjuncts consequences of them.

    goals: the conjuncts to be shown, if not all of those that may be used as hypotheses.
    """
    shown = conjuncts if goals is None else goals
    start = initial_formula(machine.initial)
    for conjunct in shown:
        refuted = ~conjunct.clause.formula
        yield Obligation(Kind.INITIAL, "", conjunct.name, machine.initial.parameters, (("initial", start),), refuted)
    known = named(conjuncts)
    for action in machine.actions:
        given = (*known, *guard_of(action))
        written = {write.field for write in action.writes}
        for conjunct in shown:
            formula = conjunct.clause.formula
            after = after_step(primed(formula), action.writes)
            unchanged = written.isdisjoint(fields_read(formula))
            yield Obligation(Kind.STEP, action.name, conjunct.name, action.parameters, given, ~after, unchanged)
        for edge in edges:
            after = after_step(edge.clause.formula, action.writes)
            yield Obligation(Kind.EDGE, action.name, edge.name, action.parameters, given, ~after)


def companions(machine: Machine, conjuncts: Sequence[Conjunct]) -> Iterator[Obligation]:
    """Questions that must have an answer, so that no proof is about nothing."""
    start = initial_formula(machine.initial)
    yield Obligation(Kind.POSSIBLE_START, "", "", machine.initial.parameters, (), start)
    known = named(conjuncts)
    for action in machine.actions:
        yield Obligation(Kind.POSSIBLE_STEP, action.name, "", action.parameters, known, action.guard)
    for conjunct in conjuncts:
        premise = _premise(conjunct.clause.formula)
        if premise is not None:
            yield Obligation(Kind.POSSIBLE_CASE, "", conjunct.name, (), known, premise)


def completeness(machine: Machine, actions: Iterable[Action]) -> Obligation:
    """Every step of the machine is a step of one of the given actions."""
    following = any_of(*(relation(machine, action) for action in machine.actions))
    covered = any_of(*(relation(machine, action) for action in actions))
    return Obligation(Kind.COMPLETE, "", "", (), (("next", following),), ~covered)


def named(conjuncts: Sequence[Conjunct]) -> tuple[tuple[str, Expr], ...]:
    """Conjuncts as hypotheses."""
    return tuple((conjunct.name, conjunct.clause.formula) for conjunct in conjuncts)


def guard_of(action: Action) -> tuple[tuple[str, Expr], ...]:
    """The clauses of an action as hypotheses."""
    return tuple((f"guard of {action.name}, clause {i}", clause.formula) for i, clause in enumerate(action.clauses))


def _premise(formula: Expr) -> Expr | None:
    """The premise of a universally quantified implication, existentially quantified."""
    if formula.op is Op.IMPLIES:
        return formula.args[0]
    if formula.op is Op.FORALL:
        inner = _premise(formula.args[0])
        return None if inner is None else node(Op.EXISTS, BOOLEAN, (inner,), formula.payload)
    return None


def relation(machine: Machine, action: Action) -> Expr:
    """The action as a relation between the state before and the state after, its arguments quantified away."""
    step = step_formula(action, machine.state.fields.values())
    if not action.parameters:
        return step
    variables = tuple(each.variable for each in action.parameters)
    return node(Op.EXISTS, BOOLEAN, (step,), (variables, tuple(each.name for each in action.parameters)))
