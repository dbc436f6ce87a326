"""Proof of progress for any size: discharge what a machine's rankings ask, and say what follows for each property."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from attorn.checker.prove.induction import Discharge, Proof, ProofOptions, discharged
from attorn.checker.prove.obligations import inductive_set
from attorn.checker.prove.ranking import ranking_companions, ranking_obligations
from attorn.checker.prove.solving import Cache
from attorn.checker.verdicts import Evidence
from attorn.spec.language import Progress, Ranking

__all__ = ["ProgressProof", "Ranked", "prove_progress"]


@dataclass(frozen=True)
class Ranked:
    """A progress property and what became of its proof.

    ranking: from which it follows, None where the machine has none that shows it.
    undone:  what is not discharged of the ranking or of its consequence, failed or not known.
    """

    stated: Progress
    ranking: Ranking | None
    evidence: Evidence
    undone: tuple[Discharge, ...]


@dataclass(frozen=True)
class ProgressProof:
    """The account of one attempt to prove what must happen, on top of a proof of what never happens."""

    discharges: tuple[Discharge, ...]
    companions: tuple[Discharge, ...]
    properties: tuple[Ranked, ...]
    stopped: str
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether every property that some ranking is to show is proved, and no companion fails."""
        ranked = [each for each in self.properties if each.ranking is not None]
        return all(each.evidence is Evidence.PROVED for each in ranked) and all(each.done for each in self.companions)


def prove_progress(
    proof: Proof,
    options: ProofOptions | None = None,
    cache: Cache | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProgressProof:
    """Prove the progress properties that the machine's rankings show, for any size and any budgets.

    Only conjuncts that the proof has found to be inductive are used; after an interrupted proof nothing is asked.
    ``ranking`` says what is shown, and why progress follows from it.
    progress: called with the number of obligations settled and their total.
    """
    begun = time.perf_counter()
    machine = proof.machine
    rankings = () if proof.stopped else machine.rankings
    known = [conjunct for conjunct in inductive_set(machine) if conjunct.name in proof.inductive]
    wanted = [each for ranking in rankings for each in ranking_obligations(machine, ranking, known)]
    checks = [each for ranking in rankings for each in ranking_companions(machine, ranking, known)]
    settled, stopped = discharged([*wanted, *checks], options or ProofOptions(), cache, progress)
    discharges, companions = tuple(settled[: len(wanted)]), tuple(settled[len(wanted) :])
    return ProgressProof(
        discharges,
        companions,
        tuple(_judged(stated, machine.rankings, discharges, proof.stopped or stopped) for stated in machine.progress),
        proof.stopped or stopped,
        time.perf_counter() - begun,
    )


def _judged(stated: Progress, rankings: tuple[Ranking, ...], discharges: tuple[Discharge, ...], stopped: str) -> Ranked:
    best: Ranked | None = None
    for ranking in rankings:
        if stated.name not in ranking.shows:
            continue
        others = {f"{ranking.name}.{name}" for name in ranking.shows if name != stated.name}
        own = [
            each
            for each in discharges
            if each.obligation.conjunct.partition(".")[0] == ranking.name and each.obligation.conjunct not in others
        ]
        undone = tuple(each for each in own if not each.done)
        evidence = Evidence.UNDETERMINED if undone or stopped else Evidence.PROVED
        found = Ranked(stated, ranking, evidence, undone)
        if best is None or len(undone) < len(best.undone):
            best = found
    return best or Ranked(stated, None, Evidence.UNDETERMINED, ())
