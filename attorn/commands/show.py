"""``attorn show``: one action, property, goal, field, sort or machine, readably."""

from __future__ import annotations

import click

from attorn.commands.words import nearest, painter, width

__all__ = ["show"]


@click.command()
@click.argument("name", metavar="ID")
def show(name: str) -> None:
    """Show an action, property, goal, field, sort, assumption, machine or instance.

    ID is a name; MACHINE/NAME chooses the machine where several have it.

    \b
    attorn show resume              an action
    attorn show firmware/resume     the same of another machine
    attorn show at_most_one_runner  a property
    attorn show claim               a machine
    """
    from attorn.commands.pages import pages
    from attorn.model.instances import INSTANCES, MACHINES
    from attorn.spec.errors import UnknownName

    chosen, _, rest = name.rpartition("/")
    if chosen and chosen not in MACHINES:
        raise UnknownName(f"no machine is called `{chosen}`. {nearest(chosen, MACHINES)}")
    machines = [MACHINES[chosen]] if chosen else list(MACHINES.values())
    found = pages(rest, machines, INSTANCES.values(), width(), painter())
    click.echo("\n\n".join("\n".join(page) for page in found))
