"""``attorn graph``: the states and steps of an instance, for other tools or to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import Count, size_options

if TYPE_CHECKING:
    from attorn.checker.report.map_model import StateMap
    from attorn.spec.language import Instance

__all__ = ["graph"]


@click.command()
@click.argument("instance", metavar="INSTANCE")
@size_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["aut", "graphml", "dot", "svg", "mermaid"]),
    default="aut",
    show_default=True,
    help="All states and steps: aut, graphml, dot; the map of them: svg, mermaid, and dot with --map.",
)
@click.option("--map", "mapped", is_flag=True, help="With dot: the map, which puts like states together.")
@click.option("--limit", type=Count(), default=50_000, show_default=True, help="Most states that are written.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="[default: print it]")
def graph(instance: str, sizes: Mapping[str, int], form: str, mapped: bool, limit: int, out: Path | None) -> int:
    """Write the states and steps of an instance.

    \b
    attorn graph claim-tiny --format aut --out claim.aut     mCRL2, CADP, LTSmin
    attorn graph claim-tiny --format graphml                 Gephi, Cytoscape, yEd
    attorn graph claim-tiny --format dot | dot -Tsvg         graphviz
    attorn graph memfd --format svg --out memfd.svg          a map to look at

    Exit codes: 0 written, 3 bad input, among it an instance too large for the form.
    """
    from attorn.checker.report import graph_files, write_files
    from attorn.commands.targets import resolve_one

    chosen = resolve_one(instance, sizes).instance
    if form in ("svg", "mermaid") or mapped:
        text = _drawn(_map(chosen), form, chosen)
    else:
        from attorn.checker.explore import graph as states

        found = states(chosen, limit)
        write = {"aut": graph_files.aldebaran, "graphml": graph_files.graphml, "dot": graph_files.states_dot}
        text = write[form](found)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_files(out.parent, {out.name: text})
    return 0


def _map(instance: Instance) -> StateMap:
    from attorn.checker.explore import Options, explore
    from attorn.checker.report.state_map import mapped
    from attorn.spec.errors import TooLarge

    found = mapped(explore(instance, Options(goals=False)), None)
    if found is None:
        raise TooLarge(
            f"{instance.name} has no map that could be looked at: its states are too many, or do not fall into few "
            "classes. Take a smaller instance, or declare `classes` in the machine's picture."
        )
    return found


def _drawn(found: StateMap, form: str, instance: Instance) -> str:
    from attorn.checker.report.graph_files import map_dot, map_mermaid
    from attorn.checker.report.map_svg import map_svg
    from attorn.checker.report.templates import asset
    from attorn.spec.errors import BadInput

    match form:
        case "dot":
            return map_dot(found)
        case "mermaid":
            return map_mermaid(found)
        case "svg":
            style = f"<style>{asset('colours.css')}{asset('chart.css')}</style>"
            text = str(map_svg(found, f"The states of {instance.name} {found.by}".strip()))
            head, _, rest = text.partition(">")
            return f"{head}>{style}{rest}\n"
        case _:
            raise BadInput(f"{form} has all states and steps, not a map. Leave out --map, or write dot.")
