"""``attorn export``: a machine in the language of another checker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from attorn.commands.words import echo, size_options

__all__ = ["export"]


@click.command()
@click.argument("instance", metavar="INSTANCE|HAZARD")
@size_options
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="DIR", help="[default: here]"
)
def export(instance: str, sizes: Mapping[str, int], out: Path) -> int:
    """Write a machine as a TLA+ module, and an instance of it as a configuration for TLC.

    Actions, properties and progress become operators, with their sentences as comments. TLC finds as many states as
    attorn does, and as many steps: it counts the initial states with them.

    \b
    attorn export claim --out tla
    attorn export H3 --out tla
    java -cp tla2tools.jar tlc2.TLC -deadlock -config claim.cfg claim.tla

    Exit codes: 0 written, 3 bad input.
    """
    from attorn.checker.report import write_files
    from attorn.checker.tla.module import configuration, module, module_name
    from attorn.commands.targets import instance_or_hazard

    chosen = instance_or_hazard(instance, sizes)
    name = module_name(chosen.machine)
    write_files(out, {f"{name}.tla": module(chosen.machine), f"{name}.cfg": configuration(chosen)})
    echo(
        [
            f"wrote {out / name}.tla and {name}.cfg: {chosen.name}, {chosen.shape()}",
            "next    java -cp tla2tools.jar tlc2.TLC -deadlock "
            f"-config {name}.cfg {name}.tla   (in that folder; -deadlock as NoDeadlock is checked)",
        ]
    )
    return 0
