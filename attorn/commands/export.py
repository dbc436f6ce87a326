"""``attorn export``: a machine in the language of another checker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from attorn.commands.words import echo, size_options

__all__ = ["export"]


@click.command()
@click.argument("instance", metavar="INSTANCE|FILE.py|HAZARD")
@size_options
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="DIR", help="[default: here]"
)
def export(instance: str, sizes: Mapping[str, int], out: Path) -> int:
    """Write a machine as a TLA+ module, and an instance of it as a configuration for TLC.

    Actions, properties and progress become operators, with their sentences as comments. TLC finds as many states as
    attorn does, and as many steps, with which it counts the initial states. It is told by -deadlock not to look for
    states without a step: NoDeadlock does, which knows which of them are a right end.

    \b
    attorn export claim --out tla
    attorn export H3 --out tla
    java -cp tla2tools.jar tlc2.TLC -deadlock -config claim.cfg claim.tla

    Exit codes: 0 written, 3 bad input.
    """
    from attorn.checker.report import write_files
    from attorn.checker.tla.module import configuration, module, module_name
    from attorn.commands.targets import resolve_one

    chosen = resolve_one(instance, sizes).instance
    name = module_name(chosen.machine)
    files = {f"{name}.tla": module(chosen.machine), f"{name}.cfg": configuration(chosen)}
    if chosen.machine.progress:
        files[f"{name}.progress.cfg"] = configuration(chosen, progress=True)
    write_files(out, files)
    echo([f"{chosen.name}: {chosen.shape()}", *(f"wrote   {out / file}" for file in files)])
    echo([f"next    java -cp tla2tools.jar tlc2.TLC -deadlock -config {name}.cfg {name}.tla"])
    return 0
