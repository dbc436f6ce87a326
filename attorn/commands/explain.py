"""``attorn explain``: one run in full, a counterexample or the witness of a goal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attorn.commands.words import echo, painter, search_options, size_options, width

if TYPE_CHECKING:
    from attorn.checker.report import View
    from attorn.checker.report.model import PropertyAccount

__all__ = ["explain"]


@click.command()
@click.argument("what", metavar="INSTANCE/ID")
@size_options
@search_options
@click.option("--ghosts", is_flag=True, help="Show all ghost fields, not only those that the run is about.")
@click.option("--itf", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the run as ITF.")
@click.option(
    "--trace", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the run as a trace."
)
def explain(
    what: str, sizes: Mapping[str, int], limits: Mapping[str, Any], ghosts: bool, itf: Path | None, trace: Path | None
) -> int:
    """Search again and print in full how a property is violated, or how a goal is reached.

    ID is a property or goal; INSTANCE may also be FILE.py or FILE.py:NAME.

    \b
    attorn explain claim/there_and_back
    attorn explain memfd/at_most_one_runner --itf runner.itf.json
    attorn explain my_machine.py/my_property --ghosts

    Exit codes: 0 it holds or is reached, 1 refuted, 2 undetermined, 3 bad input.
    """
    from attorn.checker.explore import Options
    from attorn.checker.report import Commands, View, instance_account, machine_account, progress_line, wrapped
    from attorn.commands.examine import search
    from attorn.commands.progress import decide_progress
    from attorn.commands.targets import checked_names, claim_elements, resolve_one
    from attorn.spec.errors import BadInput

    place, _, name = what.rpartition("/")
    if not place or name.endswith(".py"):
        raise BadInput(f"`{what}` names no property or goal. Write INSTANCE/ID, such as claim/there_and_back.")
    target = resolve_one(place, sizes)
    if limits["symmetry"]:
        target = replace(target, options=(*target.options, "--symmetry"))
    machine = target.instance.machine
    checked_names([target.instance], [name])
    with progress_line(target.instance.name, sys.stderr.isatty()) as draw:
        exploration = search(target, [name], Options(**limits), draw)
        promises = decide_progress(exploration, [name], True, limits["memory"])
    account = instance_account(
        exploration,
        Commands(target.check(), target.explain(), target.testgen()),
        progress=promises.verdicts,
        progress_stopped=promises.stopped,
    )
    elements = machine_account(machine, [name], claim_elements(machine)).elements
    if itf or trace:
        from attorn.commands.run_files import write_run

        write_run(name, exploration, promises, itf, trace)
    lines, code = _told(View(account, elements, ghosts, width(), painter()))
    echo(lines if len(lines) > 1 else wrapped(lines[0], width(), ""))
    return code


def _told(view: View) -> tuple[list[str], int]:
    """What there is to say of the one property or goal that was searched for, and the exit code."""
    from attorn.checker.verdicts import Evidence

    instance = view.instance
    searched = f"{instance.states:,} states to depth {instance.depth}"
    open_end = f"undetermined on {instance.name}: stopped: {instance.stopped}, after {searched}."
    for goal in instance.goals:
        if goal.trace is not None:
            return view.witness(goal), 0
        if goal.reached is None:
            return [f"{goal.name} is {open_end}"], 2
        return [f"{goal.name} is REFUTED on {instance.name}: none of its runs gets there ({searched})."], 1
    (stated,) = instance.properties
    if stated.counterexample is not None:
        return view.refutation(stated), 1
    if not instance.finished:
        return [f"{stated.name} is {open_end}"], 2
    if stated.evidence is Evidence.UNDETERMINED:
        return [f"{stated.name} is undetermined on {instance.name}: {instance.progress_stopped}."], 2
    return [f"{stated.name} is {stated.evidence.value} on {instance.name}: it {_holds(stated)} ({searched})."], 0


def _holds(stated: PropertyAccount) -> str:
    words = {"progress": "comes about in every fair run", "always_possible": "is in reach of every state"}
    return words.get(stated.kind, "holds everywhere")
