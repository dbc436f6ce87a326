"""``attorn simulate``: random runs of an instance, however large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, echo, painter, size_options, width

if TYPE_CHECKING:
    from attorn.checker.conform.simulation import Simulation
    from attorn.commands.targets import Target

__all__ = ["simulate"]

REFUTED, UNDETERMINED = 1, 2
NOT_SHORTEST = "shortened: no part of it can be left out; a shorter run by other steps may exist · checked again"


@click.command()
@click.argument("target", metavar="INSTANCE|FILE.py[:NAME]")
@size_options
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same runs for the same seed."
)
@click.option("--runs", type=Count(), default=10_000, show_default=True, help="How many runs.")
@click.option("--depth", type=Count(), default=100, show_default=True, help="Steps of a run, unless it ends before.")
@click.option("--property", "names", multiple=True, metavar="ID", help="Look for violations of this only; repeatable.")
def simulate(target: str, sizes: Mapping[str, int], seed: int, runs: int, depth: int, names: tuple[str, ...]) -> int:
    """Walk random runs of an instance, and look for violations in every state that they come to.

    For instances too large to be searched whole. What no run showed is not excluded: nothing is ever said to hold.

    \b
    attorn simulate claim-vms --segments 4
    attorn simulate my_machine.py --seed 7 --runs 100000

    Exit codes: 1 a violation was found, 2 none was found, 3 bad input.
    """
    from attorn.checker.conform.simulation import simulate
    from attorn.commands.status_line import status_line
    from attorn.commands.targets import resolve_one

    found = resolve_one(target, sizes)
    with status_line() as say:
        simulation = simulate(
            found.instance,
            seed,
            runs,
            depth,
            names or None,
            lambda done, total, states: say(f"{done:,} of {total:,} runs · {states:,} states"),
        )
    given = [f"--seed {seed} --runs {runs} --depth {depth}", *(f"--property {name}" for name in names)]
    again = " ".join([f"attorn simulate {found.said}", *found.options, *given])
    echo(_lines(simulation, found, again))
    return REFUTED if simulation.refuted else UNDETERMINED


def _lines(simulation: Simulation, target: Target, again: str) -> list[str]:
    from attorn.checker.report import wrapped
    from attorn.checker.report.lines import listed

    paint, columns = painter(), width()

    def told(lead: str, text: str) -> list[str]:
        return wrapped(text, columns, "  " + " " * 13, f"  {lead:13}")

    instance = simulation.instance
    lines = [paint(instance.name, "strong")]
    lines += wrapped(listed(instance.shape().split(" × "), "×"), columns, "  ")
    lines += ["", *_refutations(simulation, target, again)]
    quiet = [verdict.name for verdict in simulation.verdicts if verdict.path is None]
    if quiet:
        lines += ["  " + paint("observed: violated in none of these runs, which proves nothing", "doubt")]
        lines += [*wrapped(listed(quiet), columns, "    "), ""]
    fresh, late = simulation.fresh
    lines += told("runs", f"{simulation.runs:,} of up to {simulation.depth:,} steps, seed {simulation.seed}")
    if simulation.stopped:
        lines += told("stopped", simulation.stopped)
    lines += told(
        "states",
        f"{simulation.states:,} distinct, in {simulation.steps:,} steps; of the last {late:,} visits "
        f"{100 * fresh / max(late, 1):.1f} % were to states not met before",
    )
    lines += told("steps", f"{simulation.taken:,} of {simulation.known:,} were taken, all arguments counted")
    never = [name for name, times in simulation.fired.items() if not times]
    if never:
        lines += told("never taken", listed(never))
    lines += told("clauses", _clauses(simulation))
    for goal in simulation.goals:
        reached = "not reached" if goal.path is None else f"reached, in {len(goal.path):,} steps once shortened"
        lines += told("goal", f"{goal.name} {reached}")
    return [*lines, "", *wrapped(again, columns, "          ", "again     ")]


def _clauses(simulation: Simulation) -> str:
    total = sum(len(action.clauses) for action in simulation.instance.machine.actions)
    silent = [f"{each.action}: {each.text}" for each in simulation.silent]
    text = f"{total - len(silent)} of {total} were seen to decide alone"
    shown = "; ".join(silent[:3]) + (f"; and {len(silent) - 3} more" if silent[3:] else "")
    return f"{text}; not seen: {shown}" if silent else text


def _refutations(simulation: Simulation, target: Target, again: str) -> list[str]:
    """Every violation found, in full."""
    from attorn.checker.report import Commands, View, instance_account, machine_account
    from attorn.checker.verdicts import Exploration
    from attorn.commands.targets import claim_elements

    broken = tuple(verdict for verdict in simulation.verdicts if verdict.path is not None)
    if not broken:
        return []
    exploration = Exploration(
        instance=simulation.instance,
        engine="simulation",
        levels=(simulation.states,),
        transitions=simulation.steps,
        finished=False,
        stopped="random runs exclude nothing",
        verdicts=broken,
        goals=(),
        fired=simulation.fired,
    )
    account = instance_account(exploration, Commands(target.check(), again))
    machine = simulation.instance.machine
    elements = machine_account(machine, [each.name for each in broken], claim_elements(machine)).elements
    view = View(account, elements, False, width(), painter())
    lines: list[str] = []
    for stated in account.properties:
        lines += [*replace(view, note=NOT_SHORTEST).refutation(stated), ""]
    return lines
