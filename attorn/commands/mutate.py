"""``attorn mutate``: what the specification is worth, by the small mistakes that its properties notice."""

from __future__ import annotations

from pathlib import Path

import click

from attorn.commands.words import Count, echo, painter, width

__all__ = ["mutate"]

HOLDS, HOLES, UNDETERMINED = 0, 1, 2


@click.command()
@click.option("--sample", type=Count(), help="Judge only so many mutants, spread evenly over all.")
@click.option("--jobs", type=Count(), help="Mutants judged at a time [default: the cores].")
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/mutation"), show_default=True)
def mutate(sample: int | None, jobs: int | None, out: Path) -> int:
    """Break every action of the claim in every simple way, and say which property notices.

    A mutant is killed if an instance refutes a property, misses a goal or the like, or if the proof for any size fails.
    A survivor is shown to be equivalent, or harmless, with the freedom that it leaves; else it is a hole, shown with a
    step that only the mutant makes.

    \b
    attorn mutate                all mutants; some minutes
    attorn mutate --sample 40    forty of them, spread over all
    """
    import json
    import os

    from attorn.checker.mutate import score
    from attorn.checker.report.live import counting_line
    from attorn.checker.report.mutation import mutation_data, mutation_lines, mutation_markdown
    from attorn.commands.recording import Clock, record, recording
    from attorn.model.migration import CLAIM
    from attorn.model.mutation import FREEDOMS, INSTANCES

    clock = Clock()
    with recording(out, "mutation"), counting_line("mutants") as progress:
        found = score(CLAIM, INSTANCES, progress, jobs or os.cpu_count() or 1, FREEDOMS, sample)
        text = json.dumps(mutation_data(found), indent=1, ensure_ascii=False) + "\n"
        texts = {"mutation.md": mutation_markdown(found), "mutation.json": text}
        command = f"attorn mutate{'' if sample is None else f' --sample {sample}'}"
        run = clock.facts(jobs or os.cpu_count() or 1)
        record(out, "mutation", command, {found.machine: found.digest}, run, texts)
    echo(mutation_lines(found, width(), painter()))
    click.echo(f"\nreport  {out / 'report.html'}   (every mutant: mutation.json)")
    if found.stopped or found.counts["undetermined"]:
        return UNDETERMINED
    return HOLES if found.holes else HOLDS
