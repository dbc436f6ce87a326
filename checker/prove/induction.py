"""Proof for any size: discharge every obligation, and say what follows for each property."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from attorn.checker.prove.obligations import (
    Conjunct,
    Kind,
    Obligation,
    companions,
    completeness,
    inductive_set,
    obligations,
    two_state_conjuncts,
)
from attorn.checker.prove.solving import Answer, Cache, ask_all
from attorn.checker.verdicts import Evidence
from attorn.spec.language import Machine, Property

__all__ = ["Discharge", "Proof", "ProofOptions", "PropertyProof", "discharged", "prove"]


@dataclass(frozen=True)
class ProofOptions:
    """How to prove: which solver, how long for one attempt (seconds), how many processes."""

    solver: str = "z3"
    timeout: float = 10.0
    jobs: int = os.cpu_count() or 1


@dataclass(frozen=True)
class Discharge:
    """An obligation and what became of it; ``answer`` is None where it never was asked."""

    obligation: Obligation
    answer: Answer | None

    @property
    def done(self) -> bool:
        """Whether the solver gave the expected answer, or the action touches nothing that the conjunct reads."""
        if self.obligation.unchanged:
            return True
        return self.answer is not None and self.answer.result == self.obligation.expected

    @property
    def failed(self) -> bool:
        """Whether the solver gave the opposite answer; not to know is neither."""
        return (
            not self.obligation.unchanged
            and self.answer is not None
            and self.answer.result in ("sat", "unsat")
            and not self.done
        )


@dataclass(frozen=True)
class PropertyProof:
    """What the proof says of one property or lemma.

    failed: its obligations that do not hold.  open: those that the solver did not decide.
    leans:  conjuncts that the proof of it would need, but that are not proved themselves.
    """

    stated: Property
    evidence: Evidence
    lemma: bool
    failed: tuple[Discharge, ...]
    open: tuple[Discharge, ...]
    leans: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """The account of one attempt to prove a machine for any size."""

    machine: Machine
    options: ProofOptions
    discharges: tuple[Discharge, ...]
    companions: tuple[Discharge, ...]
    properties: tuple[PropertyProof, ...]
    inductive: tuple[str, ...]
    stopped: str
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether every property and lemma is proved and no companion fails."""
        return (
            not self.stopped
            and all(each.evidence is Evidence.PROVED for each in self.properties)
            and all(each.done for each in self.companions)
        )


def prove(
    machine: Machine,
    options: ProofOptions | None = None,
    cache: Cache | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Proof:
    """Prove the invariants, lemmas and two-state properties of a machine for any size of its sorts.

    A conjunct that is not inductive is taken out of the hypotheses and the rest is tried again, until what
    remains is inductive by itself: only that counts as proved.
    progress: called with the number of obligations settled and their total.
    """
    options = options or ProofOptions()
    begun = time.perf_counter()
    conjuncts, edges = inductive_set(machine), two_state_conjuncts(machine)
    first = list(obligations(machine, conjuncts, edges))
    checks = [*companions(machine, conjuncts), completeness(machine, machine.actions)]
    settled, stopped = discharged([*first, *checks], options, cache, progress)
    discharges, companion_answers = settled[: len(first)], settled[len(first) :]

    remaining = _without_undone(conjuncts, discharges)
    current = discharges
    while len(remaining) < len(conjuncts) and remaining and not stopped:
        again = list(obligations(machine, remaining, edges))
        current, stopped = discharged(again, options, cache, None)
        smaller = _without_undone(remaining, current)
        if len(smaller) == len(remaining):
            break
        remaining = smaller
    kept = {conjunct.name for conjunct in remaining}
    judged = [
        _judged(machine, stated, discharges, current, kept, stopped)
        for stated in (*machine.properties, *machine.lemmas)
    ]
    return Proof(
        machine,
        options,
        tuple(discharges),
        tuple(companion_answers),
        tuple(judged),
        tuple(sorted(kept)),
        stopped,
        time.perf_counter() - begun,
    )  # fmt: skip


def discharged(
    wanted: list[Obligation],
    options: ProofOptions,
    cache: Cache | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[Discharge], str]:
    """Ask what has to be asked of some obligations; also says what an interrupt has left unasked."""
    asked = [number for number, obligation in enumerate(wanted) if not obligation.unchanged]
    answers: dict[int, Answer] = {}
    stopped = ""
    questions = [(lambda each=wanted[number]: each.text, wanted[number].expected) for number in asked]
    try:
        for position, answer in ask_all(questions, options.solver, options.timeout, options.jobs, cache):
            answers[asked[position]] = answer
            if progress is not None:
                progress(len(wanted) - len(asked) + len(answers), len(wanted))
    except KeyboardInterrupt:
        stopped = f"interrupted: {len(asked) - len(answers)} of {len(asked)} obligations were not asked"
    return [Discharge(obligation, answers.get(number)) for number, obligation in enumerate(wanted)], stopped


def _without_undone(conjuncts: tuple[Conjunct, ...], discharges: list[Discharge]) -> tuple[Conjunct, ...]:
    undone = {
        each.obligation.conjunct for each in discharges if not each.done and each.obligation.kind is not Kind.EDGE
    }
    return tuple(conjunct for conjunct in conjuncts if conjunct.name not in undone)


def _judged(
    machine: Machine,
    stated: Property,
    first: list[Discharge],
    last: list[Discharge],
    kept: set[str],
    stopped: str,
) -> PropertyProof:
    names = {f"{stated.name}.{number}" for number in range(len(stated.conjuncts))}
    own = [each for each in first if each.obligation.conjunct in names]
    failed = tuple(each for each in own if each.failed)
    unsettled = tuple(each for each in own if not each.done and not each.failed)
    if stated.two_state:
        proved = all(each.done for each in last if each.obligation.conjunct in names)
    else:
        proved = names <= kept
    leans: tuple[str, ...] = ()
    if not proved and not failed and not unsettled:
        leans = tuple(
            sorted(each.obligation.conjunct for each in last if not each.done and each.obligation.conjunct in names)
        )
    evidence = Evidence.PROVED if proved and not stopped else Evidence.UNDETERMINED
    return PropertyProof(stated, evidence, stated in machine.lemmas, failed, unsettled, leans)
