"""What ``attorn prove`` does: one function for each way to ask the solver, which prints and gives the exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from attorn.checker.prove.bounded import check_bounded
from attorn.checker.prove.counterexample import reachability, smallest_escape, violating_run
from attorn.checker.prove.fragment import check_fragment
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.checker.prove.kinduction import prove_by_k_induction
from attorn.checker.prove.lemma_search import Outcome, SearchOptions, find_lemmas, small_instances
from attorn.checker.prove.minimize import minimize
from attorn.checker.prove.pack import refuse_folder, write_pack
from attorn.checker.prove.progress import prove_progress
from attorn.checker.prove.solving import Cache, default_cache
from attorn.checker.report import Commands, Timing
from attorn.checker.report.lemmas import minimal_data, minimal_lines, search_data, search_lines
from attorn.checker.report.progress_proof import progress_data, progress_lines
from attorn.checker.report.proof import Failing, failing_lines, proof_data, proof_lines
from attorn.checker.report.solver_runs import SolverRuns, runs_data, runs_lines
from attorn.checker.verdicts import Evidence
from attorn.commands.recording import Clock, record, recording
from attorn.commands.status_line import status_line
from attorn.commands.targets import Target, claim_elements, resolve_machine, resolve_one
from attorn.commands.words import echo, painter, width

__all__ = ["Asking", "minimal_proof", "of_instance", "proof", "search_for_lemmas"]

HOLDS, REFUTED, UNDETERMINED = 0, 1, 2


@dataclass(frozen=True)
class Asking:
    """How the solver is asked, and how it is told.

    timeout: seconds for one question.  jobs: processes, as many as cores when None.
    """

    solver: str
    timeout: float
    jobs: int | None
    cached: bool
    form: str

    @cached_property
    def cache(self) -> Cache:
        """Answers to questions asked before, if they may be used."""
        return Cache(default_cache() if self.cached else None)

    @property
    def options(self) -> ProofOptions:
        """The same for proofs."""
        return ProofOptions(self.solver, self.timeout, self.jobs or ProofOptions().jobs)

    def forgotten(self) -> str:
        """Forget all answers kept; says how many there were."""
        cache = Cache(default_cache())
        return f"{cache.clear()} answers forgotten ({cache.path})"

    def tell(self, lines: list[str], data: dict[str, Any]) -> None:
        """Print the one or the other."""
        if self.cache.trouble:
            click.echo(f"note: {self.cache.trouble}", err=True)
        if self.form == "json":
            click.echo(json.dumps(data, indent=1, ensure_ascii=False))
        else:
            echo(lines)

    def next(self, *commands: str) -> None:
        """What to do next, for people."""
        for title, command in zip(("next", "or  "), commands, strict=False):
            click.echo(f"{title}    {command}", err=self.form == "json")


def proof(name: str, pack: Path | None, asking: Asking, out: Path | None = None) -> int:
    """Prove a machine for any size; of what fails, show the smallest step out of it, and whether it can happen.

    out: a run folder that the proof is written into as well.
    """
    machine, said = resolve_machine(name)
    if pack is not None:
        refuse_folder(pack)
    clock = Clock()
    with recording(out, _part(machine.name)), status_line() as say:
        found = prove(
            machine,
            asking.options,
            asking.cache,
            lambda done, total: say(f"{done:,} of {total:,} obligations"),
        )
        ranked = prove_progress(
            found,
            asking.options,
            asking.cache,
            lambda done, total: say(f"{done:,} of {total:,} obligations of rankings"),
        )
        failing = [] if found.stopped else list(_failing(found, say))
    fragment = check_fragment(machine)
    lines = [
        *proof_lines(found, fragment, width(), painter(), {each.stated.name for each in failing if each.refuted}),
        *progress_lines(ranked, width(), painter()),
        *failing_lines(failing, width(), painter()),
        "",
    ]
    data = proof_data(found, fragment, failing) | {"progress": progress_data(ranked)}
    asking.tell(lines, data)
    if out is not None:
        _record(out, said, data, clock)
        click.echo(f"report  {(out / 'report.html').as_posix()}", err=asking.form == "json")
    proved = found.proved and ranked.proved
    if pack is not None:
        click.echo(f"pack    {pack}: {write_pack(found, pack, ranked)} files and verify.py", err=asking.form == "json")
        machine_option = "" if said == machine.name else f" --machine {said}"
        asking.next(f"attorn verify {pack}{machine_option} --solver cvc5")
    elif proved:
        asking.next(f"attorn prove {said} --pack DIR   (evidence for others)")
    elif found.stopped or ranked.stopped:
        asking.next(f"attorn prove {said}" + ("   (goes on: answers are kept)" if asking.cached else ""))
    elif any(each.refuted for each in failing):
        asking.next(f"attorn check {said}")
    elif any(each.open for each in found.properties):
        asking.next(f"attorn prove {said} --timeout {4 * asking.options.timeout:g}   (more time for what is undecided)")
    else:
        asking.next(f"attorn prove {said} --find-lemmas")
    if any(each.refuted for each in failing):
        return REFUTED
    return HOLDS if proved else UNDETERMINED


def _part(machine: str) -> str:
    """What the part of a run folder is called that has the proof of a machine."""
    return f"proof-{machine}"


def _record(out: Path, said: str, data: dict[str, Any], clock: Clock) -> None:
    """Leave a proof in a run folder: what it took in the manifest, everything else in a file."""
    took = data["run"]["obligations"]
    timings = [Timing(name, seconds) for name, seconds in took.items()]
    kept = {key: value for key, value in data.items() if key != "run"}
    kept["progress"] = {key: value for key, value in data["progress"].items() if key != "run"}
    kept["obligations"] = [{k: v for k, v in each.items() if k != "attempts"} for each in data["obligations"]]
    name = _part(data["machine"])
    texts = {f"{name}.json": json.dumps(kept, indent=1, ensure_ascii=False) + "\n"}
    record(out, name, f"attorn prove {said}", {data["machine"]: data["digest"]}, clock.facts(1, timings), texts)


def _failing(found: Proof, say: Any) -> Iterator[Failing]:
    """For each property and lemma that is not kept, the first obligation that fails, with its smallest step."""
    for each in found.properties:
        for discharge in each.failed[:1]:
            say(f"the smallest step out of {each.stated.name}")
            escape = smallest_escape(found.machine, discharge.obligation)
            if escape is None:
                yield Failing(each.stated, discharge.obligation, None, None)
                continue
            known = reachability(escape)
            run = None if known.reachable else violating_run(escape.instance, each.stated)
            yield Failing(each.stated, discharge.obligation, escape, known, run)


def minimal_proof(name: str, asking: Asking) -> int:
    """Say which lemmas a proof needs."""
    machine, said = resolve_machine(name)
    with status_line() as say:
        found = minimize(
            machine,
            asking.options,
            asking.cache,
            lambda stage, done, total: say(f"{stage}: {done:,} of {total:,}"),
        )
    asking.tell([*minimal_lines(found, width(), painter()), ""], minimal_data(found))
    asking.next(f"attorn prove {said}" if found.proved else f"attorn prove {said} --find-lemmas")
    return HOLDS if found.proved else UNDETERMINED


def search_for_lemmas(name: str, asking: Asking) -> int:
    """Find lemmas, and print them as Python to paste."""
    machine, said = resolve_machine(name)
    with status_line() as say:
        say("small instances to learn from")
        instances = small_instances(machine)
        found = find_lemmas(machine, instances, SearchOptions(proof=asking.options), asking.cache, say)
    asking.tell([*search_lines(found, instances, width(), painter()), ""], search_data(found, instances))
    asking.next(f"attorn prove {said}" if found.outcome is Outcome.FOUND else f"attorn check {said}")
    return HOLDS if found.outcome is Outcome.FOUND else UNDETERMINED


def of_instance(
    name: str, sizes: Mapping[str, int], bounded: int | None, k_induction: int | None, asking: Asking
) -> int:
    """Check all runs of one instance, those of up to so many steps or all, without visiting its states."""
    target = resolve_one(name, sizes)
    with status_line() as say:
        runs = _bounded(target, bounded, asking, say) if bounded else _by_k(target, k_induction or 1, asking, say)
    elements = tuple(claim_elements(target.instance.machine).items())
    commands = Commands(target.check(), target.explain())
    asking.tell([*runs_lines(runs, commands, elements, width(), painter()), ""], runs_data(runs, commands))
    asking.next(target.check())
    if any(each.evidence is Evidence.REFUTED for each in runs.verdicts):
        return REFUTED
    return UNDETERMINED if any(each.evidence is Evidence.UNDETERMINED for each in runs.verdicts) else HOLDS


def _bounded(target: Target, depth: int, asking: Asking, say: Any) -> SolverRuns:
    found = check_bounded(
        target.instance,
        depth,
        timeout=asking.timeout,
        progress=lambda at, seconds: say(f"{target.instance.name}: runs of {at} of {depth} steps, {seconds:.1f} s"),
    )
    return SolverRuns(
        target.instance,
        f"all runs of up to {depth} steps",
        tuple(each.verdict for each in found.verdicts),
        {each.verdict.name: f"bounded({each.depth})" for each in found.verdicts},
        f"bounded({depth}): no run of up to {depth} steps violates it",
        found.stopped,
        found.seconds,
    )


def _by_k(target: Target, largest: int, asking: Asking, say: Any) -> SolverRuns:
    found = prove_by_k_induction(
        target.instance,
        largest,
        timeout=asking.timeout,
        progress=lambda k, still: say(f"{target.instance.name}: k = {k}, {still} open"),
    )
    return SolverRuns(
        target.instance,
        f"runs of any length, by k-induction up to k = {largest}",
        tuple(each.verdict for each in found.verdicts),
        {each.verdict.name: f"k = {each.k}" for each in found.verdicts if each.k},
        "exhausted: no run of any length violates it, of this instance",
        found.stopped or f"k-induction up to k = {largest} does not show it, which is not yet a violation",
        found.seconds,
    )
