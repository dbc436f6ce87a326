"""The court: each mutant is tried by small instances and by the proof, and compared with its original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attorn.checker.mutate.difference import Difference, difference, reach
from attorn.checker.mutate.judgement import Fate, Judgement, unjudged
from attorn.checker.mutate.mutants import Mutant
from attorn.checker.mutate.searching import explored, lost_progress, not_kept, search
from attorn.checker.mutate.solver import possible
from attorn.checker.prove.induction import Proof
from attorn.checker.prove.obligations import Conjunct, Kind, Obligation, inductive_set, obligations, two_state_conjuncts
from attorn.checker.verdicts import Evidence
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Action, Declaration, Goal, Instance, Machine, Property

__all__ = ["Court"]

COMPARED = 15_000
"""States of the largest instance in which the steps of a mutant are compared with those of its original."""


class Court:
    """Everything that is asked of each mutant, prepared once for the original.

    instances:  sizes that are explored, smallest first, until one of them notices a mutant.
    proof:      of the original: what it leaves unproved is asked of no mutant. Without one only instances count.
    freedoms:   sentence of a mutant → why it is right that nothing notices it.
    max_states: where the exploration of an instance ends, unfinished.
    timeout:    seconds for one question to the solver.
    """

    def __init__(
        self,
        machine: Machine,
        instances: Sequence[Instance],
        proof: Proof | None,
        freedoms: Mapping[str, str],
        max_states: int,
        timeout: float = 2.0,
    ) -> None:
        self._machine, self._freedoms = machine, freedoms
        self._max_states, self._timeout = max_states, timeout
        self._traced = _traced(machine)
        self._baselines = [explored(instance, True, max_states) for instance in instances]
        self._small = [each for each in self._baselines if each.states <= COMPARED]
        self._not_kept = [not_kept(each.instance) for each in self._small]
        self._reaches = [reach(each.instance) for each in self._small]
        self._lemmas = frozenset(lemma.name for lemma in machine.lemmas)
        self._conjuncts, self._edges = _proved(machine, proof)
        self._discharged = {
            action.name: {each.conjunct: each for each in self._obligations(action)} for action in machine.actions
        }

    def judge(self, mutant: Mutant) -> Judgement:
        """Try a mutant; where neither an instance nor the proof notices it, say how it differs from its original."""
        judgement = unjudged(mutant)
        if mutant.stillborn:
            return replace(judgement, fate=Fate.STILLBORN, why=mutant.stillborn)
        try:
            return self._tried(judgement, mutant.action)
        except SpecificationError as error:  # an instance reached a state where the action is not well defined
            return replace(judgement, fate=Fate.STILLBORN, why=str(error))

    def _tried(self, judgement: Judgement, action: Action) -> Judgement:
        """Ask the smallest instance and the proof; the larger instances only of what differs and is not noticed yet."""
        machine = self._mutated(action)
        noticed = search(machine, self._baselines[:1], self._max_states)
        failed, unknown = self._failed(action)
        found = None
        if not noticed.noticed and not failed:
            found = self._difference(action)
            if found.none_for_any_size and self._as_fair(action):
                return replace(judgement, fate=Fate.EQUIVALENT, why=found.said)
        if not noticed.noticed:
            noticed = noticed.then(search(machine, self._baselines[1:], self._max_states))
        judgement = replace(
            judgement, refuted=noticed.refuted, missed=noticed.missed, unproved=failed,
            lemmas=tuple(name for name in failed if name in self._lemmas),
        )  # fmt: skip
        if judgement.by_instances or judgement.by_proof:
            return replace(judgement, fate=Fate.KILLED, why="")
        if noticed.unfinished or unknown:
            return replace(judgement, why=noticed.unfinished or unknown)
        return self._survived(judgement, action, found or self._difference(action), noticed.alike)

    def _survived(self, judgement: Judgement, action: Action, found: Difference, alike: bool) -> Judgement:
        """Judge what keeps all safety properties: is it nothing, or nothing new, or does it lose something else?"""
        missed: tuple[str, ...] = (f"inert {action.name}",) if found.inert else ()
        if found.kinds or not self._as_fair(action):
            missed += lost_progress(self._mutated(action), self._small, self._not_kept)
        if missed:
            return replace(judgement, fate=Fate.KILLED, missed=missed, why="")
        judgement = replace(judgement, example=found.example, why=found.said)
        if judgement.sentence in self._freedoms:
            return replace(judgement, fate=Fate.HARMLESS, why=self._freedoms[judgement.sentence])
        if found.kinds:
            return replace(judgement, fate=Fate.HOLE if found.adds_steps else Fate.HARMLESS)
        if alike:
            return replace(judgement, fate=Fate.EQUIVALENT)
        return replace(judgement, fate=Fate.HOLE, why="it makes other steps in the larger instances only")

    def _difference(self, action: Action) -> Difference:
        return difference(self._machine, action, self._conjuncts, self._reaches, self._timeout)

    def _as_fair(self, action: Action) -> bool:
        return action.fair == self._machine.action(action.name).fair

    def _mutated(self, action: Action) -> Machine:
        steps = tuple(action if each.name == action.name else each for each in self._machine.actions)
        return replace(self._traced, steps=steps)

    def _obligations(self, action: Action) -> list[Obligation]:
        """The obligations of one action, save those of what it cannot touch."""
        alone = Machine(self._machine.name, self._machine.state, self._machine.initial, (action,))
        return [
            each
            for each in obligations(alone, self._conjuncts, self._edges)
            if each.kind in (Kind.STEP, Kind.EDGE) and not each.unchanged
        ]

    def _failed(self, action: Action) -> tuple[tuple[str, ...], str]:
        """The properties and lemmas with an obligation that fails, and why that may not be all of them."""
        discharged = self._discharged[action.name]
        wanted = [each for each in self._obligations(action) if not _follows(each, discharged.get(each.conjunct))]
        given = [formula for _, formula in wanted[0].hypotheses] if wanted else []
        answers = possible(given, [each.refuted for each in wanted], action.parameters, self._timeout)
        owners = [each.conjunct.rpartition(".")[0] for each in wanted]
        failed = dict.fromkeys(owner for owner, answer in zip(owners, answers, strict=True) if answer)
        unknown = [each.name for each, answer in zip(wanted, answers, strict=True) if answer is None]
        return tuple(failed), f"the solver does not know {unknown[0]}" if unknown else ""


def _traced(machine: Machine) -> Machine:
    """The same machine for instances, with hardly anything left to trace for each mutant again."""
    kinds = ("legal_end", "progress", "always_possible")
    others = (each for each in machine.statements if isinstance(each, Declaration) and each.kind in kinds)
    statements: tuple[Declaration | Property | Goal, ...] = (*machine.properties, *machine.goals, *others)
    return replace(machine, start=machine.initial, steps=machine.actions, statements=statements)


def _proved(machine: Machine, proof: Proof | None) -> tuple[tuple[Conjunct, ...], tuple[Conjunct, ...]]:
    """The conjuncts that are inductive together, and the two-state ones that follow from them."""
    if proof is None:
        return (), ()
    proved = {each.stated.name for each in proof.properties if each.evidence is Evidence.PROVED}
    conjuncts = tuple(each for each in inductive_set(machine) if each.name in proof.inductive)
    return conjuncts, tuple(each for each in two_state_conjuncts(machine) if each.owner in proved)


def _follows(wanted: Obligation, discharged: Obligation | None) -> bool:
    """Whether an obligation is one of the original, or the same from more hypotheses."""
    if discharged is None or discharged.refuted is not wanted.refuted:
        return False
    given = {formula.ident for _, formula in wanted.hypotheses}
    return all(formula.ident in given for _, formula in discharged.hypotheses)
