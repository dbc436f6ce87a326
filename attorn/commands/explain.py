"""``attorn explain``: one run in full, a counterexample or the witness of a goal."""

from __future__ import annotations

from collections.abc import Mapping

import click

from attorn.commands.words import painter, search_options, size_options, width

__all__ = ["explain"]


@click.command()
@click.argument("what", metavar="INSTANCE/PROPERTY")
@size_options
@search_options
@click.option("--ghosts", is_flag=True, help="Show all ghost fields, not only those that the failure is about.")
def explain(
    what: str,
    sizes: Mapping[str, int],
    max_states: int | None,
    memory: int | None,
    threads: int | None,
    ghosts: bool,
) -> int:
    """Search again and print one counterexample, or how a goal is reached, in full.

    INSTANCE may also be FILE.py or FILE.py:NAME.
    """
    import sys

    from attorn.checker.explore import Options, explore
    from attorn.checker.report import (
        Commands,
        instance_account,
        machine_account,
        progress_line,
        refutation_lines,
        witness_lines,
    )
    from attorn.commands.targets import checked_names, claim_elements, resolve_one
    from attorn.spec.errors import BadInput

    place, _, name = what.rpartition("/")
    if not place or name.endswith(".py"):
        raise BadInput(f"`{what}` names no property or goal. Write INSTANCE/PROPERTY, such as claim/there_and_back.")
    target = resolve_one(place, sizes)
    machine = target.instance.machine
    checked_names([machine], [name])
    is_goal = name in {goal.name for goal in machine.goals}
    options = Options(
        properties=() if is_goal else (name,), goals=is_goal, max_states=max_states, memory=memory, threads=threads
    )
    with progress_line(target.instance.name, sys.stderr.isatty()) as draw:
        exploration = explore(target.instance, options, draw)
    account = instance_account(exploration, Commands(target.check(), target.explain()))
    elements = machine_account(machine, [name], claim_elements(machine)).elements
    paint, columns = painter(), width()
    searched = f"{account.states:,} states to depth {account.depth}"
    if is_goal:
        goal = next(each for each in account.goals if each.name == name)
        if goal.trace is not None:
            lines = witness_lines(account, goal, elements=elements, ghosts=ghosts, width=columns, paint=paint)
            code = 0
        elif goal.reached is None:
            lines, code = [f"{name} is undetermined on {account.name}: stopped by {account.stopped}; {searched}."], 2
        else:
            lines, code = [f"{name} is REFUTED on {account.name}: it cannot be reached; {searched}, no more exist."], 1
    else:
        stated = next(each for each in account.properties if each.name == name)
        found = stated.counterexample
        if found is not None:
            lines = refutation_lines(
                account, stated, found, elements=elements, ghosts=ghosts, width=columns, paint=paint
            )
            code = 1
        elif not account.finished:
            lines, code = [f"{name} is undetermined on {account.name}: stopped by {account.stopped}; {searched}."], 2
        else:
            lines, code = [f"{name} is {stated.evidence.value} on {account.name}: it holds in all {searched}."], 0
    for line in lines:
        click.echo(line.rstrip())
    return code
