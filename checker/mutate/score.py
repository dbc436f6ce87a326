"""The mutation score: all mutants of a machine judged in parallel, and the table that they make."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attorn.checker.mutate.judging import Court, Fate, Judgement, unjudged
from attorn.checker.mutate.mutants import Mutant, mutants
from attorn.checker.prove.induction import ProofOptions, prove
from attorn.spec.language import Instance, Machine

__all__ = ["MutationReport", "score"]


@dataclass(frozen=True)
class MutationReport:
    """All mutants of a machine with what became of them.

    instances: the sizes explored, smallest first.  total: how many mutants there are, if only a sample was judged.
    stale:     explanations of freedoms that no surviving mutant has any more.
    stopped:   why not all mutants were judged, or nothing.
    """

    machine: str
    digest: str
    instances: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    total: int
    properties: tuple[str, ...]
    stale: tuple[str, ...]
    stopped: str
    seconds: float

    def of(self, fate: Fate) -> tuple[Judgement, ...]:
        """The mutants of one fate."""
        return tuple(each for each in self.judgements if each.fate is fate)

    @property
    def holes(self) -> tuple[Judgement, ...]:
        """The mutants that nothing notices and nobody has explained."""
        return self.of(Fate.HOLE)

    @property
    def counts(self) -> dict[str, int]:
        """How many mutants came to which end; the killed ones by who noticed them."""
        killed = self.of(Fate.KILLED)
        both = sum(each.by_explorer and each.by_proof for each in killed)
        found = {
            "killed by both": both,
            "killed by the explorer only": sum(each.by_explorer for each in killed) - both,
            "killed by the proof only": sum(each.by_proof for each in killed) - both,
        }
        return found | {fate.name.lower(): len(self.of(fate)) for fate in Fate if fate is not Fate.KILLED}

    @property
    def killed_by(self) -> dict[str, int]:
        """For each property, how many mutants it notices; then whatever else notices any, most first."""
        return self._ranked(Counter(name for each in self.of(Fate.KILLED) for name in each.killers))

    @property
    def killed_only_by(self) -> dict[str, int]:
        """For each property, how many mutants nothing else notices; then whatever else is alone in noticing any."""
        alone = (each.killers for each in self.of(Fate.KILLED) if len(each.killers) == 1)
        return self._ranked(Counter(name for killers in alone for name in killers))

    def _ranked(self, found: Counter[str]) -> dict[str, int]:
        others = sorted(set(found) - set(self.properties), key=lambda name: (-found[name], name))
        return {name: found[name] for name in (*self.properties, *others)}

    def document(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return {
            "machine": self.machine,
            "digest": self.digest,
            "instances": list(self.instances),
            "total": self.total,
            "counts": self.counts,
            "killed_by": self.killed_by,
            "killed_only_by": self.killed_only_by,
            "stale": list(self.stale),
            "stopped": self.stopped,
            "seconds": round(self.seconds, 2),
            "mutants": [_document(each) for each in self.judgements],
        }


def _document(each: Judgement) -> dict[str, Any]:
    return {
        "mutant": each.mutant,
        "action": each.action,
        "operator": each.operator,
        "sentence": each.sentence,
        "where": str(each.where),
        "ghost": each.ghost,
        "fate": each.fate.name.lower(),
        "refuted": list(each.refuted),
        "missed": list(each.missed),
        "unproved": list(each.unproved),
        "why": each.why,
        "example": each.example,
    }


def score(
    machine: Machine,
    instances: Sequence[Instance],
    progress: Callable[[int, int], None] | None = None,
    jobs: int = os.cpu_count() or 1,
    freedoms: Mapping[str, str] | None = None,
    sample: int | None = None,
    max_states: int = 400_000,
) -> MutationReport:
    """Judge the mutants of a machine and make the report.

    instances:  small sizes of the machine, smallest first; a mutant is explored until one of them kills it.
    progress:   called with the number of mutants judged and their total.
    freedoms:   sentence of a mutant → why it is right that nothing notices it; all other survivors that add steps
                are holes.
    sample:     judge only so many mutants, spread evenly over all.
    max_states: the explorer gives up an instance of a mutant before it has more states than this.

    An interrupt keeps what is known; the rest is undetermined, never killed. Raises what the explorer raises for the
    machine itself.
    """
    begun = time.perf_counter()
    everything = mutants(machine)
    chosen = _spread(everything, sample)
    proof = prove(machine, ProofOptions(jobs=jobs))
    court = Court(machine, instances, proof, freedoms or {}, max_states)
    court.prepare()
    settled: dict[int, Judgement] = {}
    stopped = ""
    try:
        for number, judgement in _judged(court, chosen, jobs):
            settled[number] = judgement
            if progress is not None:
                progress(len(settled), len(chosen))
    except KeyboardInterrupt:
        stopped = f"interrupted: {len(chosen) - len(settled)} of {len(chosen)} mutants were not judged"
    judgements = tuple(settled.get(number) or unjudged(each) for number, each in enumerate(chosen))
    complete = not stopped and len(chosen) == len(everything)
    survivors = {each.sentence for each in judgements if each.fate is Fate.HARMLESS}
    return MutationReport(
        machine.name,
        machine.digest,
        tuple(instance.shape() for instance in instances),
        judgements,
        len(everything),
        tuple(stated.name for stated in machine.properties),
        tuple(sentence for sentence in freedoms or {} if complete and sentence not in survivors),
        stopped,
        time.perf_counter() - begun,
    )  # fmt: skip


def _spread(everything: tuple[Mutant, ...], sample: int | None) -> tuple[Mutant, ...]:
    if sample is None or sample >= len(everything):
        return everything
    return tuple(everything[(2 * number + 1) * len(everything) // (2 * sample)] for number in range(sample))


_task: Callable[[int], Judgement] | None = None


def _run(number: int) -> tuple[int, Judgement]:
    assert _task is not None
    return number, _task(number)


def _ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _judged(court: Court, chosen: Sequence[Mutant], jobs: int) -> Iterator[tuple[int, Judgement]]:
    """Number and judgement of each mutant, as they come; workers are forked, so that nothing is prepared twice."""
    global _task
    if jobs > 1 and hasattr(os, "fork") and len(chosen) > 1:
        import multiprocessing

        def task(number: int) -> Judgement:
            return court.judge(chosen[number])

        _task = task
        try:
            with multiprocessing.get_context("fork").Pool(jobs, initializer=_ignore_interrupt) as pool:
                yield from pool.imap_unordered(_run, range(len(chosen)), chunksize=2)
        finally:
            _task = None
    else:
        for number, mutant in enumerate(chosen):
            yield number, court.judge(mutant)
