"""The mutation score: all mutants of a machine judged in parallel, and the table that they make."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from attorn.checker.mutate.judgement import Fate, Judgement, unjudged
from attorn.checker.mutate.judging import Court
from attorn.checker.mutate.mutants import Mutant, mutants
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Instance, Machine

__all__ = ["MutationReport", "score"]


@dataclass(frozen=True)
class MutationReport:
    """All mutants of a machine with what became of them.

    instances:  the sizes explored, smallest first.
    total:      how many mutants there are; fewer are judged if only a sample was asked for.
    properties: names of the invariants and two-state properties.
    stale:      sentences of explained freedoms that are not, or no longer, those of a survivor.
    unproved:   why the proof takes no part, or only part of the properties are asked of it; or nothing.
    stopped:    why not all mutants were judged, or nothing.
    """

    machine: str
    digest: str
    instances: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    total: int
    properties: tuple[str, ...]
    stale: tuple[str, ...]
    unproved: str
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
        both = sum(each.by_instances and each.by_proof for each in killed)
        found = {
            "killed by both": both,
            "killed by instances only": sum(each.by_instances for each in killed) - both,
            "killed by the proof only": sum(each.by_proof for each in killed) - both,
        }
        return found | {fate.name.lower(): len(self.of(fate)) for fate in Fate if fate is not Fate.KILLED}

    @property
    def killed_by(self) -> dict[str, int]:
        """For each property, how many mutants it notices; then for whatever else notices any, most first."""
        return self._ranked(name for each in self.of(Fate.KILLED) for name in each.killers)

    @property
    def killed_only_by(self) -> dict[str, int]:
        """For each property, how many mutants nothing else notices; then the same for whatever else is ever alone."""
        return self._ranked(name for each in self.of(Fate.KILLED) if len(each.killers) == 1 for name in each.killers)

    def _ranked(self, names: Iterator[str]) -> dict[str, int]:
        found = Counter(names)
        others = sorted(set(found) - set(self.properties), key=lambda name: (-found[name], name))
        return {name: found[name] for name in (*self.properties, *others)}


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

    instances:  small sizes of the machine, smallest first; a mutant is explored until one of them notices it.
    progress:   called with the number of mutants judged and their total.
    freedoms:   sentence of a mutant → why it is right that nothing notices it.
    sample:     judge only so many mutants, spread evenly over all.
    max_states: where the exploration of an instance ends, unfinished.

    An interrupt keeps what is known; the rest is undetermined, never killed. Raises what the explorer raises for the
    machine itself.
    Cost: for the core machine about 0.3 s of one core a mutant.
    """
    begun = time.perf_counter()
    explained = freedoms or {}
    everything = mutants(machine)
    chosen = _spread(everything, sample)
    settled: dict[int, Judgement] = {}
    unproved = stopped = ""
    try:
        proof, unproved = _proof(machine, jobs)
        court = Court(machine, instances, proof, explained, max_states)
        for number, judgement in _judged(court, chosen, jobs):
            settled[number] = judgement
            if progress is not None:
                progress(len(settled), len(chosen))
    except KeyboardInterrupt:
        stopped = f"interrupted: {len(chosen) - len(settled)} of {len(chosen)} mutants were not judged"
    judgements = tuple(settled.get(number) or unjudged(each) for number, each in enumerate(chosen))
    survivors = {each.sentence for each in judgements if each.fate in (Fate.HARMLESS, Fate.UNDETERMINED)}
    stale = [sentence for sentence in explained if sentence not in survivors]
    return MutationReport(
        machine=machine.name,
        digest=machine.digest,
        instances=tuple(instance.shape() for instance in instances),
        judgements=judgements,
        total=len(everything),
        properties=tuple(stated.name for stated in machine.properties),
        stale=tuple(stale) if len(chosen) == len(everything) else (),
        unproved=unproved,
        stopped=stopped,
        seconds=time.perf_counter() - begun,
    )


def _proof(machine: Machine, jobs: int) -> tuple[Proof | None, str]:
    """A proof of the original, and what it does not cover."""
    try:
        proof = prove(machine, ProofOptions(jobs=jobs))
    except SpecificationError as error:  # such as count(...), which has no meaning for sorts of unknown size
        return None, str(error)
    if proof.stopped:
        raise KeyboardInterrupt
    missing = [each.stated.name for each in proof.properties if each.evidence.name != "PROVED"]
    return proof, f"not proved, and so asked of instances only: {', '.join(missing)}" if missing else ""


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

    def task(number: int) -> Judgement:
        return court.judge(chosen[number])

    if jobs > 1 and hasattr(os, "fork") and len(chosen) > 1:
        import multiprocessing

        _task = task
        try:
            with multiprocessing.get_context("fork").Pool(jobs, initializer=_ignore_interrupt) as pool:
                yield from pool.imap_unordered(_run, range(len(chosen)), chunksize=2)
        finally:
            _task = None
    else:
        for number in range(len(chosen)):
            yield number, task(number)
