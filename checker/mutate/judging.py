"""Judging mutants: by exploring small instances, by the obligations of a proof, and by comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from attorn.checker.explore import Options, explore
from attorn.checker.mutate.difference import Difference, Reach, difference, reach
from attorn.checker.mutate.mutants import Mutant
from attorn.checker.prove.induction import Proof
from attorn.checker.prove.obligations import Conjunct, Kind, Obligation, inductive_set, obligations, two_state_conjuncts
from attorn.checker.prove.solving import ask
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Action, Declaration, Goal, Instance, Machine, Property
from attorn.spec.language.source import Where

__all__ = ["Court", "Fate", "Judgement", "unjudged"]


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "a property, a goal or an obligation of the proof notices it"
    EQUIVALENT = "it makes the same steps as the original"
    HARMLESS = "nothing notices it, and it is known why that is right"
    HOLE = "nothing notices it, and nobody has said why that is right"
    STILLBORN = "it is not well formed"
    UNDETERMINED = "it was not judged to the end"


@dataclass(frozen=True)
class Judgement:
    """A mutant and all that is known of it.

    refuted:  properties that the explorer refutes.
    missed:   what else the explorer notices: goals out of reach, actions that never happen, states without a way on.
    unproved: properties and lemmas with an obligation of the mutated action that fails.
    lemmas:   those of ``unproved`` that are lemmas.
    why:      for a survivor, what freedom it has; for others what stopped it, if there is something to say.
    """

    mutant: str
    action: str
    operator: str
    sentence: str
    where: Where
    ghost: bool
    fate: Fate
    refuted: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    why: str = ""
    example: str = ""

    @property
    def by_explorer(self) -> bool:
        """Whether the explorer notices it."""
        return bool(self.refuted or self.missed)

    @property
    def by_proof(self) -> bool:
        """Whether the proof notices it."""
        return bool(self.unproved)

    @property
    def killers(self) -> frozenset[str]:
        """All properties, and all that else an explorer notices; lemmas only serve proofs and do not count."""
        return frozenset((*self.refuted, *self.missed, *(name for name in self.unproved if name not in self.lemmas)))


def unjudged(mutant: Mutant) -> Judgement:
    """What is known of a mutant before anything is asked."""
    return Judgement(
        mutant.name, mutant.action.name, mutant.operator, mutant.sentence, mutant.where, mutant.ghost,
        Fate.UNDETERMINED, why="not judged",
    )  # fmt: skip


class Court:
    """Everything that is asked of each mutant, prepared once for the original."""

    def __init__(
        self,
        machine: Machine,
        instances: Sequence[Instance],
        proof: Proof | None,
        freedoms: Mapping[str, str],
        max_states: int,
        timeout: float = 2.0,
    ) -> None:
        self.machine, self.freedoms, self._timeout = machine, freedoms, timeout
        self._traced = _traced(machine)
        self._max_states = max_states
        self._baselines = [(instance, self._explored(instance)) for instance in instances]
        self._lemmas = frozenset(lemma.name for lemma in machine.lemmas)
        self._conjuncts, self._edges = _proved(machine, proof)
        self._known = {
            action.name: {each.conjunct: each for each in self._obligations(action)} for action in machine.actions
        }
        self._reaches: list[Reach] | None = None

    def prepare(self) -> None:
        """Visit the instances for comparison, before workers are forked."""
        self._reaches = [reach(instance) for instance, _ in self._baselines]

    def judge(self, mutant: Mutant) -> Judgement:
        """Try a mutant before the explorer and the proof, and compare it with its original if it survives both."""
        judgement = unjudged(mutant)
        if mutant.stillborn:
            return replace(judgement, fate=Fate.STILLBORN, why=mutant.stillborn)
        try:
            refuted, missed, finished = self._by_explorer(mutant.action)
        except SpecificationError as error:
            return replace(judgement, fate=Fate.STILLBORN, why=str(error))
        failed, unknown = self._by_proof(mutant.action)
        judgement = replace(
            judgement, refuted=refuted, missed=missed, unproved=failed,
            lemmas=tuple(name for name in failed if name in self._lemmas),
        )  # fmt: skip
        if judgement.by_explorer or judgement.by_proof:
            return replace(judgement, fate=Fate.KILLED, why="")
        if not finished or unknown:
            return replace(judgement, why=unknown or f"the limit of {self._max_states:,} states")
        return self._compared(judgement, mutant)

    def _compared(self, judgement: Judgement, mutant: Mutant) -> Judgement:
        if self._reaches is None:
            self.prepare()
        assert self._reaches is not None
        found = difference(self.machine, mutant.action, self._conjuncts, self._reaches, self._timeout)
        judgement = replace(judgement, example=found.example, why=_freedom(found))
        if not found.kinds:
            return replace(judgement, fate=Fate.EQUIVALENT)
        if mutant.sentence in self.freedoms:
            return replace(judgement, fate=Fate.HARMLESS, why=self.freedoms[mutant.sentence])
        return replace(judgement, fate=Fate.HOLE if found.adds_steps else Fate.HARMLESS)

    def _explored(self, instance: Instance) -> Exploration:
        return explore(instance, Options(max_states=self._max_states, threads=1))

    def _by_explorer(self, action: Action) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """What the smallest instance that notices the mutant says of it, and whether all were searched to the end."""
        steps = tuple(action if each.name == action.name else each for each in self.machine.actions)
        machine = replace(self._traced, steps=steps)
        finished = True
        for instance, baseline in self._baselines:
            found = self._explored(Instance(machine, instance.sizes, instance.limits, instance.name))
            finished &= found.finished
            refuted, missed = _noticed(baseline, found)
            if refuted or missed:
                return refuted, missed, True
        return (), (), finished

    def _obligations(self, action: Action) -> list[Obligation]:
        """The obligations of one action, those that its updates cannot touch left out."""
        alone = Machine(self.machine.name, self.machine.state, self.machine.initial, (action,))
        return [
            each
            for each in obligations(alone, self._conjuncts, self._edges)
            if each.kind in (Kind.STEP, Kind.EDGE) and not each.unchanged
        ]

    def _by_proof(self, action: Action) -> tuple[tuple[str, ...], str]:
        """The properties and lemmas with an obligation that fails, and why the answer is not complete."""
        known = self._known[action.name]
        failed: dict[str, None] = {}
        unknown = ""
        for each in self._obligations(action):
            if _follows(each, known.get(each.conjunct)):
                continue
            try:
                answer = ask(each.text, timeout=self._timeout, seeds=(0,))
            except SpecificationError as error:
                return tuple(failed), str(error)
            if answer.result == "sat":
                failed[each.conjunct.rpartition(".")[0]] = None
            elif answer.result != "unsat":
                unknown = f"the solver does not know {each.name} ({answer.reason})"
        return tuple(failed), unknown


def _traced(machine: Machine) -> Machine:
    """The same machine for the explorer, with nothing left to trace for each mutant again."""
    ends = (each for each in machine.statements if isinstance(each, Declaration) and each.kind == "legal_end")
    statements: tuple[Declaration | Property | Goal, ...] = (*machine.properties, *machine.goals, *ends)
    return replace(machine, start=machine.initial, steps=machine.actions, statements=statements)


def _proved(machine: Machine, proof: Proof | None) -> tuple[tuple[Conjunct, ...], tuple[Conjunct, ...]]:
    """The conjuncts that are inductive together, and the two-state ones that follow from them."""
    if proof is None:
        return (), ()
    kept = {each.stated.name for each in proof.properties if each.evidence is Evidence.PROVED}
    conjuncts = tuple(each for each in inductive_set(machine) if each.name in proof.inductive)
    return conjuncts, tuple(each for each in two_state_conjuncts(machine) if each.owner in kept)


def _follows(wanted: Obligation, known: Obligation | None) -> bool:
    """Whether an obligation asks the same as one of the original, which is discharged, or less."""
    if known is None or known.refuted is not wanted.refuted:
        return False
    return {formula.ident for _, formula in known.hypotheses} <= {formula.ident for _, formula in wanted.hypotheses}


def _noticed(baseline: Exploration, found: Exploration) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a search says of a mutant that it does not say of the original: properties refuted, and all else."""
    sound = {each.name for each in baseline.verdicts if each.evidence is not Evidence.REFUTED}
    refuted = [each for each in found.verdicts if each.evidence is Evidence.REFUTED and each.name in sound]
    missed = [each.name for each in refuted if each.kind == "deadlock"]
    if found.finished:
        reached = {goal.name for goal in baseline.goals if goal.reached}
        missed += [f"goal {goal.name}" for goal in found.goals if not goal.reached and goal.name in reached]
        missed += [f"dead {name}" for name in found.dead_actions if name not in baseline.dead_actions]
    return tuple(each.name for each in refuted if each.kind != "deadlock"), tuple(missed)


def _freedom(found: Difference) -> str:
    if not found.kinds:
        return "the same steps for any size" if found.proved else "the same steps in the instances"
    return "; ".join(sorted(found.kinds))
