"""Judging mutants: by exploring small instances, by the obligations of a proof, and by comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from attorn.checker.explore import Options, explore
from attorn.checker.mutate.difference import Difference, Reach, difference, reach
from attorn.checker.mutate.mutants import Mutant
from attorn.checker.mutate.solver import possible
from attorn.checker.progress import check_always_possible, check_progress
from attorn.checker.prove.induction import Proof
from attorn.checker.prove.obligations import Conjunct, Kind, Obligation, inductive_set, obligations, two_state_conjuncts
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Action, Declaration, Goal, Instance, Machine, Property
from attorn.spec.language.source import Where

__all__ = ["Court", "Fate", "Judgement", "unjudged"]


COMPARED = 15_000
"""States of the largest instance on which the steps of a mutant are compared with those of its original."""


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
    missed:   what else is noticed in instances: goals out of reach, actions that never happen or never change
              anything, states without a way on.
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
        baselines = [_explored(self._traced, instance, True, max_states) for instance in instances]
        self._small = [each for each in baselines if each.states <= COMPARED]
        self._large = [each for each in baselines if each.states > COMPARED]
        self._lemmas = frozenset(lemma.name for lemma in machine.lemmas)
        self._conjuncts, self._edges = _proved(machine, proof)
        self._known = {
            action.name: {each.conjunct: each for each in self._obligations(action)} for action in machine.actions
        }
        self._not_kept = [_not_kept(baseline.instance) for baseline in self._small]
        self._reaches: list[Reach] | None = None

    def prepare(self) -> None:
        """Visit the instances for comparison, before workers are forked."""
        self._reaches = [reach(baseline.instance) for baseline in self._small]

    def judge(self, mutant: Mutant) -> Judgement:
        """Try a mutant before the explorer and the proof, and compare it with its original if it survives both."""
        judgement = unjudged(mutant)
        if mutant.stillborn:
            return replace(judgement, fate=Fate.STILLBORN, why=mutant.stillborn)
        try:
            return self._tried(judgement, mutant.action)
        except SpecificationError as error:
            return replace(judgement, fate=Fate.STILLBORN, why=str(error))

    def _tried(self, judgement: Judgement, action: Action) -> Judgement:
        machine = self._mutated(action)
        search = _searched(machine, self._small, self._max_states)
        failed, unknown = self._by_proof(action)
        found = None
        if not search.noticed and not failed:
            found = self._difference(action)
            if found.none_for_any_size and self._as_fair(action):
                return replace(judgement, fate=Fate.EQUIVALENT, why=found.said)
        if not search.noticed:
            search = search.followed_by(_searched(machine, self._large, self._max_states))
        judgement = replace(
            judgement, refuted=search.refuted, missed=search.missed, unproved=failed,
            lemmas=tuple(name for name in failed if name in self._lemmas),
        )  # fmt: skip
        if judgement.by_explorer or judgement.by_proof:
            return replace(judgement, fate=Fate.KILLED, why="")
        if search.unfinished or unknown:
            return replace(judgement, why=search.unfinished or unknown)
        return self._compared(judgement, action, found or self._difference(action), search.alike)

    def _compared(self, judgement: Judgement, action: Action, found: Difference, alike: bool) -> Judgement:
        """Whether what neither explorer nor proof notices is nothing, or nothing bad, or still lost by somebody."""
        missed = [f"inert {action.name}"] if found.inert else []
        if found.kinds or not self._as_fair(action):
            missed += self._by_progress(action)
        if missed:
            return replace(judgement, fate=Fate.KILLED, missed=tuple(missed), why="")
        judgement = replace(judgement, example=found.example, why=found.said)
        if judgement.sentence in self.freedoms:
            return replace(judgement, fate=Fate.HARMLESS, why=self.freedoms[judgement.sentence])
        if found.kinds:
            return replace(judgement, fate=Fate.HOLE if found.adds_steps else Fate.HARMLESS)
        if alike:
            return replace(judgement, fate=Fate.EQUIVALENT)
        return replace(judgement, fate=Fate.HOLE, why="it makes other steps in the larger instances only")

    def _difference(self, action: Action) -> Difference:
        if self._reaches is None:
            self.prepare()
        assert self._reaches is not None
        return difference(self.machine, action, self._conjuncts, self._reaches, self._timeout)

    def _as_fair(self, action: Action) -> bool:
        return action.fair == self.machine.action(action.name).fair

    def _by_progress(self, action: Action) -> list[str]:
        """What no longer must happen, or no longer stays possible, in the instances for comparison."""
        machine = self._mutated(action)
        missed: set[str] = set()
        for baseline, known in zip(self._small, self._not_kept, strict=True):
            sizes = baseline.instance
            missed |= _not_kept(Instance(machine, sizes.sizes, sizes.limits, sizes.name)) - known
        return sorted(missed)

    def _mutated(self, action: Action) -> Machine:
        steps = tuple(action if each.name == action.name else each for each in self.machine.actions)
        return replace(self._traced, steps=steps)

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
        wanted = [each for each in self._obligations(action) if not _follows(each, known.get(each.conjunct))]
        given = [formula for _, formula in wanted[0].hypotheses] if wanted else []
        answers = possible(given, [each.refuted for each in wanted], action.parameters, self._timeout)
        failed = {
            each.conjunct.rpartition(".")[0]: None for each, answer in zip(wanted, answers, strict=True) if answer
        }
        unknown = [each.name for each, answer in zip(wanted, answers, strict=True) if answer is None]
        return tuple(failed), f"the solver does not know {unknown[0]}" if unknown else ""


def _traced(machine: Machine) -> Machine:
    """The same machine for the explorer, with nothing left to trace for each mutant again."""
    kinds = ("legal_end", "progress", "always_possible")
    others = (each for each in machine.statements if isinstance(each, Declaration) and each.kind in kinds)
    statements: tuple[Declaration | Property | Goal, ...] = (*machine.properties, *machine.goals, *others)
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


@dataclass(frozen=True)
class _Search:
    """What instances say of a mutant, up to the first that notices it.

    unfinished: why an instance was not searched to the end, or nothing.
    alike:      whether all counts of states and transitions are those of the original.
    """

    refuted: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    unfinished: str = ""
    alike: bool = True

    @property
    def noticed(self) -> bool:
        return bool(self.refuted or self.missed)

    def followed_by(self, other: _Search) -> _Search:
        return replace(other, unfinished=self.unfinished or other.unfinished, alike=self.alike and other.alike)


def _searched(machine: Machine, baselines: Sequence[Exploration], max_states: int) -> _Search:
    """Explore a mutated machine; goals are asked for only where nothing else is noticed, as they take their time."""
    search = _Search()
    for baseline in baselines:
        for goals in (False, True):
            found = _explored(machine, baseline.instance, goals, max_states)
            noticed = _noticed(baseline, found)
            if noticed.noticed:
                return noticed
        search = search.followed_by(noticed)
    return search


def _explored(machine: Machine, sizes: Instance, goals: bool, max_states: int) -> Exploration:
    instance = Instance(machine, sizes.sizes, sizes.limits, sizes.name)
    return explore(instance, Options(goals=goals, max_states=max_states, threads=1))


def _noticed(baseline: Exploration, found: Exploration) -> _Search:
    """What a search says of a mutant that it does not say of the original."""
    sound = {each.name for each in baseline.verdicts if each.evidence is not Evidence.REFUTED}
    refuted = [each for each in found.verdicts if each.evidence is Evidence.REFUTED and each.name in sound]
    missed = [each.name for each in refuted if each.kind == "deadlock"]
    if found.finished:
        reached = {goal.name for goal in baseline.goals if goal.reached}
        missed += [f"goal {goal.name}" for goal in found.goals if not goal.reached and goal.name in reached]
        missed += [f"dead {name}" for name in found.dead_actions if name not in baseline.dead_actions]
    return _Search(
        tuple(each.name for each in refuted if each.kind != "deadlock"),
        tuple(missed),
        found.stopped,
        (found.levels, found.fired) == (baseline.levels, baseline.fired),
    )


def _not_kept(instance: Instance) -> set[str]:
    """The progress properties that an instance does not keep, and what does not stay possible in it."""
    lost = {each.name for each in check_progress(instance) if each.evidence is Evidence.REFUTED}
    return lost | {each.name for each in check_always_possible(instance) if each.evidence is Evidence.REFUTED}
