"""``attorn schedule``: a counterexample or a known failure as orders that make it happen on a running system."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.words import echo, painter, size_options, width

if TYPE_CHECKING:
    from attorn.checker.conform.schedule import Schedule
    from attorn.spec.language import Instance

__all__ = ["schedule"]

HAPPENED = 1


@click.command()
@click.argument("what", metavar="INSTANCE/ID|HAZARD|FILE.json")
@size_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it as JSON.")
@click.option("--adapter", metavar="MODULE:CLASS", help="Lead this system through it.")
@click.option("--on-reference", is_flag=True, help="Lead the reference implementation through it, on real memory.")
def schedule(what: str, sizes: Mapping[str, int], out: Path | None, adapter: str | None, on_reference: bool) -> int:
    """Turn a run into a schedule, or read one that was written, and lead a system through it.

    The orders say who takes the next step, who has to be held back before which step, and what is to fail. A system
    that follows them to the end lets that run happen; one that declines a step does not.

    \b
    attorn schedule memfd/at_most_one_runner
    attorn schedule H3 --out h3.json
    attorn schedule h3.json --adapter my_vmm:MyVmm
    attorn schedule h3.json --on-reference

    Exit codes: 0 written; or the system declined a violation, or went all the way to a goal; 1 it did otherwise; 3 bad
    input.
    """
    from attorn.checker.conform.schedule import as_json, told
    from attorn.checker.conform.schedule import schedule as scheduled
    from attorn.checker.report import write_files
    from attorn.commands.run_argument import a_run

    if what.endswith(".json"):
        plan, instance = _saved(Path(what), sizes)
        title = f"{what}, {plan.about}" if plan.about else what
    else:
        found = a_run(what, sizes)
        instance, title = found.instance, found.title
        plan = scheduled(instance, found.run, found.about)
    if out is not None:
        write_files(out.parent, {out.name: as_json(plan)})
    paint = painter()
    steps = sum(each.do != "hold" for each in plan.orders)
    echo([f"{paint(title, 'strong')}: {steps} steps on {instance.name} ({instance.shape()})", ""])
    echo(f"  {line}" for line in told(plan))
    if on_reference:
        return _on_reference(plan, instance)
    if adapter is None:
        return 0
    return _led(plan, instance, adapter)


def _is_goal(plan: Schedule, instance: Instance) -> bool:
    """Whether it is good if a system goes all the way."""
    return any(goal.name == plan.about for goal in instance.machine.goals)


def _on_reference(plan: Schedule, instance: Instance) -> int:
    """Lead processes of the reference implementation through the orders."""
    from attorn.checker.report import wrapped
    from attorn.commands.leading import lead

    found = lead(plan, instance)
    paint, orders = painter(), sum(each.do != "hold" for each in plan.orders)
    told = [f"real processes on {found.memory.name.lower()} memory followed {len(found.done)} of {orders} orders"]
    if found.judged and not found.departed:
        told.append("and the specification allows all that they did")
    if found.declined:
        told.append(f"and declined {found.declined}")
    if found.others:
        told.append(f"and is not where the run is: {found.others}")
    if found.departed:
        told.append(f"and departed from the specification: {found.departed}")
    for each in found.executed:
        objects = f", until its guest objected: {each.objects}" if each.objects else ""
        told.append(f"{each.vm} was executed in {each.partition}{objects}")
    echo([""])
    for text in told:
        echo(wrapped(text, width(), "    ", "  "))
    twice = len({each.partition for each in found.executed}) > 1
    if twice:
        echo([paint("  ✗ two VMMs executed one VM on the same memory", "bad")])
    good = found.to_the_end == _is_goal(plan, instance) and not found.departed and not twice
    says = f"it goes all the way to {plan.about}" if good else f"it comes about: {plan.about} is violated"
    if found.to_the_end:
        echo([paint(f"  {'✓' if good else '✗'} {says}", "good" if good else "bad")])
    elif good:
        echo([paint("  ✓ it does not let this run happen", "good")])
    return 0 if good else HAPPENED


def _led(plan: Schedule, instance: Instance, adapter: str) -> int:
    from attorn.checker.conform.schedule import follow
    from attorn.checker.conform.session import Binding
    from attorn.checker.report import wrapped
    from attorn.commands.adapters import named_adapter

    found = follow(plan, Binding(instance, named_adapter(adapter)))
    paint = painter()
    if found.to_the_end and _is_goal(plan, instance):
        echo(["", *wrapped(f"{adapter} goes all the way to {plan.about}", width(), "    ", paint("  ✓ ", "good"))])
        return 0
    if found.to_the_end:
        text = f"{adapter} follows it to the end: {plan.about or 'the run'} comes about in it"
        echo(["", *wrapped(text, width(), "    ", paint("  ✗ ", "bad"))])
        return HAPPENED
    assert found.departure is not None
    echo(["", *wrapped(f"{adapter} follows {found.done} of {found.total} steps", width(), "    ", "  ")])
    for line in str(found.departure).splitlines():
        echo(wrapped(line.strip(), width(), "      ", "    "))
    if found.declined and not _is_goal(plan, instance):
        echo([paint("  ✓ it does not let this run happen", "good")])
        return 0
    return HAPPENED


def _saved(file: Path, sizes: Mapping[str, int]) -> tuple[Schedule, Instance]:
    """A schedule that was written, with its whole initial state, and its instance; raises BadInput for what is none."""
    from msgspec.structs import replace

    from attorn.checker.conform.observation import Observer
    from attorn.checker.conform.schedule import read_schedule, start_of, steps_of
    from attorn.commands.targets import check_sizes, is_hazard
    from attorn.model.hazards.catalogue import hazard
    from attorn.model.instances import MACHINES
    from attorn.spec.errors import BadInput
    from attorn.spec.language import Instance

    if sizes:
        raise BadInput(f"{file} has its sizes in it; give none.")
    try:
        plan = read_schedule(file.read_bytes(), str(file))
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}.") from error
    if plan.machine in MACHINES:
        machine = MACHINES[plan.machine]
    elif is_hazard(plan.machine):
        machine = hazard(plan.machine).mutated
    else:
        raise BadInput(
            f"{file} is of machine `{plan.machine}`, which is neither one of attorn's nor a hazard. Name the run that "
            "it was made from, as FILE.py/ID."
        )
    check_sizes(machine, plan.sizes, plan.sizes)
    instance = Instance.of(machine, machine.name, **plan.sizes)
    steps_of(plan, instance)
    return replace(plan, start=Observer(instance).told(start_of(plan, instance))), instance
