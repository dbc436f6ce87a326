"""``attorn mutate``: what the specification is worth, by the small mistakes that its properties notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, painter, width

if TYPE_CHECKING:
    from attorn.checker.mutate import Judgement, MutationReport

__all__ = ["mutate"]

HOLDS, HOLES, UNDETERMINED = 0, 1, 2
SIZES = ((1, 1, 2, 2, 1), (1, 2, 2, 2, 2), (2, 1, 2, 2, 1), (2, 2, 2, 1, 2))


@click.command(short_help="What the properties are worth: mutants of every action.")
@click.option("--sample", type=Count(), help="Judge only so many mutants, spread evenly over all.")
@click.option("--jobs", type=Count(), help="Mutants judged at a time [default: the cores].")
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/mutation"), show_default=True)
def mutate(sample: int | None, jobs: int | None, out: Path) -> int:
    """Break every action of the claim in every simple way, and say which property notices.

    A mutant is killed if an instance refutes a property, misses a goal or the like, or if the proof for any size fails.
    A survivor is shown to be equivalent, or is a hole: a freedom that the properties leave, shown with a step that only
    the mutant makes.

    \b
    attorn mutate                all mutants; some minutes
    attorn mutate --sample 40    forty of them, spread over all
    """
    import json
    import os

    from attorn.checker.mutate import score
    from attorn.checker.report import output_folder, write_files
    from attorn.checker.report.live import counting_line
    from attorn.model.migration import CLAIM
    from attorn.spec.language import Instance

    names = ("VM", "Segment", "Partition", "Word", "Address")
    instances = [Instance.of(CLAIM, "claim", **dict(zip(names, sizes, strict=True))) for sizes in SIZES]
    with output_folder(out), counting_line("mutants") as progress:
        found = score(CLAIM, instances, progress, jobs or os.cpu_count() or 1, sample=sample)
        write_files(out, {"mutation.json": json.dumps(found.document(), indent=1, ensure_ascii=False) + "\n"})
    _print(found)
    click.echo(f"report  {out / 'mutation.json'}")
    if found.stopped or found.counts["undetermined"]:
        return UNDETERMINED
    return HOLES if found.holes else HOLDS


def _print(found: MutationReport) -> None:
    paint = painter()
    click.echo(f"{paint(found.machine, 'strong')} · specification {found.digest[:12]}")
    click.echo(f"  {len(found.judgements)} of {found.total} mutants judged · {found.seconds:.1f} s")
    for name, number in found.counts.items():
        click.echo(f"  {number:5}  {name}")
    click.echo("\n  killed  only by it")
    alone = found.killed_only_by
    for name, number in found.killed_by.items():
        click.echo(f"  {number:6}  {alone.get(name, 0):10}  {name}")
    if found.holes:
        click.echo(f"\n  {paint('HOLES: steps that no property forbids', 'bad')}")
        for each in found.holes:
            _survivor(each)
    if found.unproved:
        click.echo(f"\n  note: {found.unproved}")
    if found.stopped:
        click.echo(f"\n  {paint('UNDETERMINED', 'doubt')}: {found.stopped}")


def _survivor(each: Judgement) -> None:
    import textwrap

    text = f"{each.sentence} ({each.where})"
    click.echo(textwrap.fill(text, width(), initial_indent="    ", subsequent_indent="      "))
    if each.example:
        click.echo(
            textwrap.fill(f"for example {each.example}", width(), initial_indent="      ", subsequent_indent="      ")
        )
