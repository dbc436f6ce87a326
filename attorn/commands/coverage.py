"""``attorn coverage``: what share of an instance some logs have visited, and what they have not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, echo, painter, size_options, width

if TYPE_CHECKING:
    from attorn.checker.conform.coverage import Coverage
    from attorn.checker.report import Paint
    from attorn.spec.language import Instance

__all__ = ["coverage"]

MOST_SHOWN = 10


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@click.option("--instance", "machine", metavar="NAME|FILE.py", help="The instance; that of the first log by default.")
@click.option("--mapping", metavar="FILE.py", help="What lines mean, as for attorn trace.")
@click.option("--hidden", metavar="ACTIONS", default="", help="Actions that may leave no line, with commas between.")
@click.option("--max-states", type=Count(), default=50_000, show_default=True, help="States the instance may have.")
@click.option("--all", "everything", is_flag=True, help="List everything that was never visited.")
@size_options
def coverage(
    logs: tuple[str, ...],
    machine: str | None,
    mapping: str | None,
    hidden: str,
    max_states: int,
    everything: bool,
    sizes: Mapping[str, int],
) -> int:
    """Say what share of the states, transitions, steps and clauses of an instance some logs have visited.

    All of the instance is searched, so the shares are exact. What was never visited is listed, the nearest first, with
    the way to it from what was visited.

    \b
    attorn coverage runs/*.jsonl --instance claim-small
    """
    from attorn.checker.conform.coverage import CoverageMeter
    from attorn.checker.conform.trace_check import TraceChecker
    from attorn.commands.trace import instance_of, mapping_of, open_log

    sources = [open_log(log) for log in logs]
    instance = instance_of(sources[0].header, machine, sizes)
    meter = CoverageMeter(instance, max_states)
    refused = []
    for source in sources:
        checker = TraceChecker(instance, mapping_of(source.header, mapping, hidden), listener=meter.line)
        verdict = checker.check(source)
        if verdict.refusal is not None:
            refused.append(f"{source.name}:{verdict.refusal.bad.line.number} is no behaviour; it counts up to there")
    echo(_lines(instance, meter.coverage(), None if everything else MOST_SHOWN, painter()))
    for text in refused:
        click.echo(text, err=True)
    return 1 if refused else 0


def _lines(instance: Instance, found: Coverage, most: int | None, paint: Paint) -> Iterator[str]:
    from attorn.checker.report import counted, formula, listed, wrapped

    yield from wrapped(f"{instance.name} ({instance.shape()})", width(), "  ", "")
    for each in found.shares:
        role = "good" if each.visited == each.total else ""
        yield paint(f"  {each.what:22}{each.visited:>9,} of {each.total:>9,}  {100 * each.share:6.2f} %", role)
    if found.unclear:
        text = (
            f"{counted(found.unclear, 'line')}, after which more than one state or step was possible, count for nothing"
        )
        yield from wrapped(text, width(), " " * 22, f"  {'unclear':20}")
    if found.states:
        far = listed(f"{count:,} at {distance}" for distance, count in found.states[:MOST_SHOWN])
        more = " · …" if len(found.states) > MOST_SHOWN else ""
        yield from wrapped(
            f"{far}{more} steps from what was visited", width(), "                      ", "  states not visited  "
        )
    if found.missing:
        yield "\n  never taken, the nearest first, with the way from what was visited"
    for missing in found.missing[:most]:
        way = " → ".join(missing.way[:-1])
        yield from wrapped(f"{missing.label}{f'   after {way}' if way else ''}", width(), "        ", "    ")
    yield from _more(found.missing, most)
    if found.clauses:
        yield "\n  clauses that never decided"
    for clause in found.clauses[:most]:
        text = f"clause {clause.number} of {clause.action} ({clause.clause.where}): {formula(clause.text)}"
        yield from wrapped(text, width(), "        ", "    ")
    yield from _more(found.clauses, most)


def _more(items: tuple[object, ...], most: int | None) -> Iterator[str]:
    if most is not None and len(items) > most:
        yield f"    … and {len(items) - most:,} more (--all lists them)"
