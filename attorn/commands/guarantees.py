"""``attorn guarantees``: which guarantees hold under which faults, for which choices of a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, painter

if TYPE_CHECKING:
    from attorn.checker.survey import Proven

__all__ = ["guarantees"]

SHOWN = (
    "at_most_one_runner",
    "no_rollback_after_commit",
    "runs_on_its_own_state",
    "truthful_outcome",
    "lost_only_by_a_crash",
    "eventually_runs",
)
COLUMNS = ("memory", "journal")


@click.command()
@click.option("--segments", type=Count(), default=1, show_default=True, help="Segments of the VM in every cell.")
@click.option("--memory", "memories", multiple=True, help="Only protocols with this memory semantics.")
@click.option("--fault", "faults", multiple=True, help="Only this class of faults.")
@click.option("--property", "shown", multiple=True, help="Show this property [default: six of them].")
@click.option("--by", "columns", multiple=True, help="A choice that makes columns [default: memory, journal].")
@click.option("--jobs", type=Count(), help="Cells decided at a time [default: the cores].")
@click.option("--max-states", type=Count(), default=2_000_000, show_default=True, help="Bound of one cell.")
@click.option(
    "--prove/--no-prove",
    "proving",
    default=None,
    help="Say what is proved for any size; minutes at first.  [default: if all cells are asked for]",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/guarantees"), show_default=True)
def guarantees(
    segments: int,
    memories: tuple[str, ...],
    faults: tuple[str, ...],
    shown: tuple[str, ...],
    columns: tuple[str, ...],
    jobs: int | None,
    max_states: int,
    proving: bool | None,
    out: Path,
) -> int:
    """Survey every combination of memory semantics, exit order, answer, journal and fence under every class of faults.

    Cells are kept in OUT/cells.jsonl as they are decided: what was interrupted goes on where it stopped, and what the
    specification did not change is not done again.

    \b
    attorn guarantees                                 all cells; minutes at first
    attorn guarantees --memory shared --fault loss    a part of the table
    attorn guarantees --by journal --by answer        other columns
    """
    import json
    import os

    from attorn.checker.report.live import counting_line
    from attorn.checker.report.survey import Words, properties, survey_data, survey_lines, survey_markdown
    from attorn.checker.survey import survey, with_proofs
    from attorn.commands.recording import Clock, record, recording
    from attorn.commands.targets import promised
    from attorn.model.survey import FAULT_CLASSES, cells, keys, specification
    from attorn.spec.errors import UnknownName

    every = [key for key, _, _ in keys()]
    chosen = columns or COLUMNS
    for name in chosen:
        if name not in every[0] or name == "fault":
            raise UnknownName(
                f"`{name}` is no choice. Choices: {', '.join(each for each in every[0] if each != 'fault')}."
            )
    for kind, asked in (("memory", memories), ("fault", faults)):
        there = list(dict.fromkeys(key[kind] for key in every))
        for each in asked:
            if each not in there:
                raise UnknownName(f"no {kind} is called `{each}`; there are: {', '.join(f'`{one}`' for one in there)}.")
    only = {name: given for name, given in (("memory", memories), ("fault", faults)) if given}
    wanted = list(cells(segments, **only))
    if not wanted:
        raise UnknownName(f"no cell has memory {' or '.join(memories)} and a fault of class {' or '.join(faults)}.")
    clock = Clock()
    with recording(out, "guarantees"), counting_line("cells") as progress:
        found = survey(wanted, out / "cells.jsonl", max_states, jobs or os.cpu_count() or 1, progress)
    if proving or (proving is None and not only and not found.stopped):
        found = with_proofs(found, _proofs(jobs or os.cpu_count() or 1))
    known = properties(found.known)
    for name in shown:
        if name not in known:
            raise UnknownName(f"no cell decides `{name}`. Properties: {', '.join(known)}.")
    click.echo(f"{len(wanted)} cells · {segments} segment(s) · {found.reused} known before")
    for line in survey_lines(found, shown or tuple(name for name in SHOWN if name in known), chosen, painter()):
        click.echo(line)
    stated = {name: each for _, instance in wanted for name, each in promised(instance.machine).items()}
    words = Words(
        {fault.name: fault.says for fault in FAULT_CLASSES},
        {name: each.sentence for name, each in stated.items()}
        | {"no_deadlock": "Every state has a way on, or is a legal end."},
        specification(),
        {name: str(each.where) for name, each in stated.items()},
    )
    texts = {
        "guarantees.md": survey_markdown(found, chosen, words) + "\n",
        "guarantees.json": json.dumps(survey_data(found, chosen, words), indent=1, ensure_ascii=False) + "\n",
    }
    given = [f"--memory {each}" for each in memories] + [f"--fault '{each}'" for each in faults]
    command = " ".join(["attorn guarantees", f"--segments {segments}", *given])
    record(out, "guarantees", command, {"survey": words.specification}, clock.facts(jobs or os.cpu_count() or 1), texts)
    click.echo(f"\nreport  {out / 'report.html'}   (all properties)")
    lacking = [each for each in found.known if not each.guarantees["at_most_one_runner"].holds]
    if any(each.key["memory"] == "shared" for each in lacking):
        click.echo("next    attorn explain memfd/at_most_one_runner   (one of the refuted, step by step)")
    return 2 if found.stopped else 0


def _proofs(jobs: int) -> list[Proven]:
    """What is proved for any size of machines that are cells of the survey."""
    from attorn.checker.prove.induction import ProofOptions, prove
    from attorn.checker.prove.progress import prove_progress
    from attorn.checker.prove.solving import Cache, default_cache
    from attorn.checker.survey import Proven
    from attorn.checker.verdicts import Evidence
    from attorn.commands.status_line import status_line
    from attorn.model.survey import provable

    options, cache, proofs = ProofOptions(jobs=jobs), Cache(default_cache()), []
    with status_line() as say:
        for machine, covers in provable():
            say(f"a proof of {machine.name} for any size")
            proof = prove(machine, options, cache)
            ranked = prove_progress(proof, options, cache)
            proved = {each.stated.name for each in proof.properties if each.evidence is Evidence.PROVED}
            proved |= {each.stated.name for each in ranked.properties if each.evidence is Evidence.PROVED}
            proofs.append(Proven(machine.name, frozenset(proved), covers))
    return proofs
