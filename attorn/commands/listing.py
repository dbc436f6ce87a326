"""``attorn list``: what there is to check, show and explain."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from attorn.commands.words import painter, width

__all__ = ["listing"]

KINDS = ("machines", "instances", "properties", "actions", "goals")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS), required=False)
def listing(kind: str | None) -> None:
    """List machines, instances, properties, actions and goals."""
    paint, columns = painter(), width()
    for number, each in enumerate((kind,) if kind else KINDS):
        if number:
            click.echo()
        if kind is None:
            click.echo(paint(each, "strong"))
        rows = list(_rows(each))
        margin = 2 + max(len(name) for name, _, _ in rows)
        for name, title, text in rows:
            indent = " " * (2 + margin)
            lead = f"{title}: " if title else ""
            click.echo(
                "\n".join(
                    textwrap.wrap(lead + text, columns, initial_indent=f"  {name:{margin}}", subsequent_indent=indent)
                )
            )


def _rows(kind: str) -> Iterator[tuple[str, str, str]]:
    """Name, a word on it, and its sentence."""
    from attorn.model.instances import INSTANCES, MACHINES

    if kind == "machines":
        yield from ((each.name, "", each.says) for each in MACHINES.values())
        return
    if kind == "instances":
        for named in INSTANCES.values():
            shape = " × ".join(f"{size} {sort}" for sort, size in named.sizes.items())
            yield named.name, "", f"{named.says} {shape}{' (default)' if named.default else ''}"
        return
    seen = set()
    for machine in MACHINES.values():
        kinds = {"properties": (*machine.properties, *machine.progress), "actions": machine.actions}
        for each in kinds.get(kind, machine.goals):
            if each.name not in seen:
                seen.add(each.name)
                yield each.name, getattr(each, "party", ""), each.sentence
