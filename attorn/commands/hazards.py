"""``attorn hazards``: known failures of real systems, and how the checker finds each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, echo, painter, width

if TYPE_CHECKING:
    from attorn.checker.expected import Finding, Standing
    from attorn.checker.report import RunFacts
    from attorn.model.hazards import Hazard

__all__ = ["hazards"]

STEPS = "n+m: n steps, then m for ever; n+0: nothing more happens after n steps"


@click.command()
@click.argument("name", metavar="[ID]", required=False)
@click.option("--check", is_flag=True, help="Check that each is found as expected, and not without its change.")
@click.option("--chart", is_flag=True, help="Of the hazard named, print the sequence chart only, as Mermaid text.")
@click.option("--jobs", type=Count(), help="Hazards examined at a time.  [default: the cores]")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write the table into a run folder too.")
def hazards(name: str | None, check: bool, chart: bool, jobs: int | None, out: Path | None) -> int:
    """List known failures of real systems, each a protocol with one thing changed for the worse, and search for each.

    \b
    attorn hazards             all, with the length of the shortest counterexample
    attorn hazards H3          what happened, how the checker finds it, and what removes it
    attorn hazards --check     exit with 1 if any is not found as expected
    attorn hazards --out runs/hazards      for attorn report
    """
    from attorn.spec.errors import BadInput

    if name is None:
        if chart:
            raise BadInput("--chart draws one hazard. Name it: attorn hazards H3 --chart.")
        return _table(check, jobs or os.cpu_count() or 1, out)
    if out is not None:
        raise BadInput("--out writes the table of all hazards. Leave out the name.")
    if check:
        raise BadInput("--check is for all hazards at once. Leave out the name, or leave out --check.")
    return _told(name, chart)


@dataclass(frozen=True)
class _Row:
    """What became of one hazard, as a worker process can tell it."""

    id: str
    standing: Standing
    steps: str
    stem: int
    loop: int | None


def _table(check: bool, jobs: int, out: Path | None) -> int:
    from attorn.commands.recording import Clock, recording

    clock = Clock()
    with recording(out, "hazards"):
        rows = _searched(check, jobs)
        if out is not None:
            _record(out, rows, check, clock.facts(jobs))
    return _printed(rows, check)


def _searched(check: bool, jobs: int) -> dict[str, _Row]:
    from attorn.checker.report.live import counting_line
    from attorn.model.hazards import HAZARDS

    rows: dict[str, _Row] = {}
    with counting_line("hazards") as draw:
        for row in _examined(tuple(HAZARDS), check, jobs):
            rows[row.id] = row
            if draw is not None:
                draw(len(rows), len(HAZARDS))
    return {name: rows[name] for name in HAZARDS}


def _record(out: Path, rows: Mapping[str, _Row], whole: bool, run: RunFacts) -> None:
    """Leave the table in a run folder."""
    import msgspec

    from attorn.checker.report.documents import HazardRow, Hazards
    from attorn.commands.recording import record
    from attorn.model.hazards import HAZARDS, OUT_OF_MODEL

    told = Hazards(
        tuple(
            HazardRow(
                each.id,
                each.name,
                each.system,
                each.sentence,
                each.caught_by,
                each.changed,
                each.fixed_by,
                rows[each.id].standing.value,
                rows[each.id].stem,
                rows[each.id].loop,
                tuple(source.text for source in each.sources),
                _line(each),
            )
            for each in HAZARDS.values()
        ),
        whole,
        tuple(OUT_OF_MODEL.items()),
    )
    text = msgspec.json.format(msgspec.json.encode(told), indent=1).decode() + "\n"
    machines = {each.mutated.name: each.mutated.digest for each in HAZARDS.values()}
    record(out, "hazards", f"attorn hazards{' --check' if whole else ''}", machines, run, {"hazards.json": text})


def _line(each: Hazard) -> str:
    """Where the property is that catches a hazard; nothing where it is none that is written down."""
    from attorn.commands.targets import promised

    stated = promised(each.mutated).get(each.caught_by)
    return "" if stated is None else str(stated.where)


def _printed(rows: Mapping[str, _Row], check: bool) -> int:
    from attorn.checker.expected import Standing
    from attorn.checker.report import wrapped
    from attorn.model.hazards import CATALOGUE, HAZARDS, OUT_OF_MODEL

    paint, columns = painter(), width()
    echo(_lines([(HAZARDS[name], rows[name]) for name in HAZARDS]))
    amiss = [row for row in rows.values() if row.standing is not Standing.FOUND]
    echo(["", *wrapped(STEPS, columns, "")])
    for row in amiss:
        echo(wrapped(f"{row.id} is {row.standing.value}.", columns, "    ", "  " + paint("✗", "bad") + " "))
    echo(["", f"out of the model: {len(OUT_OF_MODEL)} of {len(CATALOGUE)}"])
    for name, why in OUT_OF_MODEL.items():
        echo(wrapped(why, columns, " " * 7, f"  {name:5}"))
    proved = "and none without its change" if check else "attorn hazards --check also searches without the changes"
    word = paint("found as expected", "good") if not amiss else paint(f"{len(amiss)} not found as expected", "bad")
    echo(["", *wrapped(f"({proved})", columns, "  ", f"{len(HAZARDS)} hazards: {word} ")])
    echo(["next    attorn hazards H3    what happened, the run, and what removes it"])
    if any(row.standing is not Standing.UNDETERMINED for row in amiss):
        return 1
    return 2 if amiss else 0


def _lines(found: Sequence[tuple[Hazard, _Row]]) -> Iterator[str]:
    """The table."""
    from attorn.checker.report import wrapped

    table = [("id", "steps", "caught by")] + [(each.id, row.steps, each.caught_by) for each, row in found]
    last = ["name (system)"] + [f"{each.name} ({each.system})" for each, _ in found]
    widths = [max(len(line[column]) for line in table) for column in range(3)]
    paint = painter()
    for number, (cells, text) in enumerate(zip(table, last, strict=True)):
        lead = "  ".join(f"{cell:{space}}" for cell, space in zip(cells, widths, strict=True)) + "  "
        for line in wrapped(text, width(), " " * len(lead), lead):
            yield paint(line, "strong") if number == 0 else line


def _examined(names: Sequence[str], whole: bool, jobs: int) -> Iterator[_Row]:
    """Examine hazards, several at a time, in any order."""
    if jobs < 2 or not hasattr(os, "fork"):
        yield from (_examine(name, whole) for name in names)
        return
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for done in as_completed([pool.submit(_examine, name, whole) for name in names]):
            yield done.result()


def _examine(name: str, whole: bool) -> _Row:
    """Search for one hazard; ``whole`` searches without its change too."""
    from attorn.checker.expected import Standing, judge, sought
    from attorn.model.hazards import HAZARDS

    each = HAZARDS[name]
    changed = each.instance(each.mutated)
    finding = judge(each.instance(each.sound), changed, each.caught_by) if whole else sought(changed, each.caught_by)
    steps = _steps(finding) if finding.standing is not Standing.MISSED else "-"
    return _Row(name, finding.standing, steps, *finding.steps)


def _steps(finding: Finding) -> str:
    stem, loop = finding.steps
    return str(stem) if loop is None else f"{stem}+{loop}"


def _told(name: str, chart: bool) -> int:
    from attorn.checker.expected import Standing, judge
    from attorn.checker.report import counted, wrapped
    from attorn.checker.report.sequence import sequence_chart
    from attorn.model.hazards import hazard
    from attorn.spec.language import Concrete

    each = hazard(name)
    instance = each.instance(each.mutated)
    finding = judge(each.instance(each.sound), instance, each.caught_by)
    if finding.run is None:
        echo(wrapped(f"{each.id} is {finding.standing.value}.", width(), "  "))
        return 2 if finding.standing is Standing.UNDETERMINED else 1
    drawing = sequence_chart(Concrete(instance), finding.run, f"{each.caught_by} is violated", finding.loop)
    if chart:
        click.echo(drawing, nl=False)
        return 0
    paint, columns = painter(), width()

    def section(title: str, text: str) -> list[str]:
        return ["", paint(title, "strong"), *wrapped(text, columns, "  ")]

    echo([f"{paint(each.id, 'strong')}  {paint(each.name, 'strong')}  ({each.system})"])
    echo(["", *wrapped(each.sentence, columns, "  ")])
    echo(section("what happened", each.story))
    for source in each.sources:
        echo(wrapped(source.text + ("" if source.read else "  (an excerpt was read)"), columns, "      ", "    - "))
    echo(section("what is changed", each.changed))
    echo(wrapped(_choices(each), columns, "    ", "  protocol: "))
    echo(["", paint("how it is found", "strong"), *_refutation(each, finding)])
    echo(["", paint("as a sequence chart", "strong"), "", "```mermaid", *drawing.splitlines(), "```"])
    echo(section("what removes it", each.fixed_by))
    if finding.standing is Standing.FOUND:
        stem, loop = finding.steps
        told = f"Without the change, {each.caught_by} holds in the same instance; with it, it fails after "
        told += counted(stem, "step") + ("." if loop is None else ", and then for ever.")
        echo(["", *wrapped(told, columns, "  ")])
        return 0
    echo(["", *wrapped(f"{each.id} is {finding.standing.value}.", columns, "  ")])
    return 1


def _choices(each: Hazard) -> str:
    """The choices of the protocol, and which of them is another in the mutated one."""
    from attorn.checker.report import listed

    chosen, instead = each.base.choices, (each.instead or each.base).choices
    told = [
        f"{name} {value}" if instead[name] == value else f"{name} {instead[name]} instead of {value}"
        for name, value in chosen.items()
    ]
    return listed(told)


def _refutation(each: Hazard, finding: Finding) -> list[str]:
    """The run, as ``attorn explain`` shows runs."""
    from attorn.checker.explore import Options, explore
    from attorn.checker.report import Commands, View, instance_account, machine_account
    from attorn.checker.verdicts import Verdict
    from attorn.commands.targets import claim_elements

    instance = each.instance(each.mutated)
    stated = isinstance(finding.verdict, Verdict)
    exploration = explore(instance, Options(properties=(each.caught_by,) if stated else (), goals=False))
    account = instance_account(
        exploration,
        Commands("attorn hazards --check", f"attorn hazards {each.id}"),
        progress=() if isinstance(finding.verdict, Verdict) else (finding.verdict,),
    )
    elements = machine_account(each.mutated, [each.caught_by], claim_elements(each.mutated)).elements
    return View(account, elements, False, width(), painter()).refutation(account.properties[0])
