"""``attorn list``: what there is to check, show and explain."""

from __future__ import annotations

from collections.abc import Iterator

import click

from attorn.commands.words import echo, painter, width

__all__ = ["listing"]

KINDS = ("machines", "instances", "properties", "actions", "goals")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS), required=False)
def listing(kind: str | None) -> None:
    """List machines, instances, properties, actions and goals, or one kind of them.

    \b
    attorn list
    attorn list instances
    """
    from attorn.checker.report import wrapped

    paint, columns = painter(), width()
    for each in [kind] if kind else KINDS:
        rows = list(_rows(each))
        names, words = (max(len(row[part]) for row in rows) for part in (0, 1))
        indent = " " * (2 + names + 2 + (words + 2 if words else 0))
        if kind is None:
            echo([paint(each, "strong")])
        for name, word, *texts in rows:
            lead = f"  {name:{names}}  " + (f"{word:{words}}  " if words else "")
            for text in texts:
                echo(wrapped(text, columns, indent, lead))
                lead = indent
        if kind is None and each != KINDS[-1]:
            echo([""])


def _rows(kind: str) -> Iterator[tuple[str, ...]]:
    """For each: its name, a word on it, and what it says."""
    from attorn.checker.report import listed
    from attorn.model.instances import INSTANCES, MACHINES

    seen: set[str] = set()
    if kind == "instances":
        for named in INSTANCES.values():
            yield (
                named.name,
                "default" if named.default else "",
                named.says,
                listed(named.build().shape().split(" × "), "×"),
            )
    for machine in MACHINES.values():
        match kind:
            case "machines":
                rows = [(machine.name, "", machine.says)]
            case "properties":
                rows = [(p.name, "step" if p.two_state else "state", p.sentence) for p in machine.properties]
                rows += [("no_deadlock", "state", "Every state has a way on, or is a legal end.")]
                rows += [(each.name, "lemma", each.sentence) for each in machine.lemmas]
                rows += [(each.name, "progress", each.sentence) for each in machine.progress]
                rows += [(each.name, "always possible", each.sentence) for each in machine.always_possible]
            case "actions":
                rows = [(each.name, each.party, each.sentence) for each in machine.actions]
            case "goals":
                rows = [(each.name, "", each.sentence) for each in machine.goals]
            case _:
                rows = []
        yield from (row for row in rows if row[0] not in seen)
        seen |= {row[0] for row in rows}
