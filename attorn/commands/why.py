"""``attorn why``: why a step can, or cannot, be taken in a state; and when on a run a goal got out of reach."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from attorn.commands.words import echo, nearest, painter, size_options, width

if TYPE_CHECKING:
    from attorn.checker.verdicts import Path
    from attorn.commands.state_argument import Place
    from attorn.spec.language import Concrete, Goal, Instance, Step, Values

__all__ = ["why"]

SHOWN = 3  # choices of arguments
UNDETERMINED = 2


@click.command()
@click.argument("what", metavar="ACTION|GOAL|CONDITION")
@click.option(
    "--in",
    "where",
    metavar="STATE",
    required=True,
    help="INSTANCE (its first initial state), INSTANCE/ID@STEP, or for a goal a run, INSTANCE/ID.",
)
@click.option("--state", "changes", metavar="JSON|FILE", help="Cells of that state that are to be otherwise.")
@size_options
def why(what: str, where: str, changes: str | None, sizes: Mapping[str, int]) -> int:
    """Say which clauses forbid a step in a state, with their values, and how many steps away it is enabled.

    For a goal or a condition: until when on a run it could still have been reached, and which step lost it.

    \b
    attorn why resume --in claim/there_and_back@7
    attorn why 'execute(vm0, segment0, word1)' --in claim
    attorn why resume --in claim-small --state '{"phase": {"vm0": "CREATED"}}'
    attorn why-not 'phase[vm0] = RUNNING & source[vm0] = partition1' --in memfd/at_most_one_runner

    Exit codes: 0 answered, 2 not found within the limits, 3 bad input.
    """
    from attorn.checker.verdicts import Path
    from attorn.commands.state_argument import is_run, named_run, named_state
    from attorn.spec.errors import BadInput

    if changes is None and is_run(where):
        target, run = named_run(where, sizes)
        place = None
    else:
        place = named_state(where, changes, sizes)
        target, run = place.target, Path(place.state)
    if any(re.match(rf"\s*{action.name}\s*(\(|$)", what) for action in target.instance.machine.actions):
        if place is None:
            raise BadInput(f"`{where}` names a run. Say after which of its steps: {where}@0 is its first state.")
        return _action(what, place)
    return _goal(_sought(what.strip(), target.instance), target.instance, run, where)


def _sought(what: str, instance: Instance) -> Goal:
    """The goal that is meant: by name, what is always possible by name, or a condition. Raises BadInput."""
    from attorn.spec.errors import UnknownName
    from attorn.spec.language import Goal
    from attorn.spec.language.reading import read_formula

    machine = instance.machine
    if any(goal.name == what for goal in machine.goals):
        return instance.goal(what)
    for each in machine.always_possible:
        if each.name == what:
            return Goal(each.name, each.sentence, each.where, each.parameters, (each.formula,))
    if re.fullmatch(r"\w+(\(.*\))?", what) and what not in machine.state.fields:
        known = [each.name for each in machine.actions] + [each.name for each in machine.goals]
        known += [each.name for each in machine.always_possible]
        raise UnknownName(f"machine {machine.name} has no action or goal `{what}`. {nearest(what, known)}")
    return Goal(what, what, machine.initial.where, (), (read_formula(what, instance),))


def _action(what: str, place: Place) -> int:
    from attorn.checker.conform.reach import enabling, reached
    from attorn.checker.explorer.reasons import Reasons
    from attorn.checker.report import progress_line, wrapped
    from attorn.commands.state_argument import named_steps
    from attorn.spec.language import Concrete

    instance = place.target.instance
    concrete, paint = Concrete(instance), painter()
    steps = sorted(named_steps(place.target, what), key=lambda step: len(concrete.blocking(place.state, step)))
    enabled = [step for step in steps if concrete.enabled(place.state, step)]
    reasons = Reasons(concrete)
    code = 0
    for step in (enabled or steps)[:SHOWN]:
        verdict = paint("is enabled", "good") if enabled else paint("is not enabled", "bad")
        echo([f"{paint(concrete.label(step), 'strong')} {verdict} in {place.said}"])
        echo(_clauses(concrete, reasons, place.state, step))
        if not enabled:
            with progress_line(instance.name, sys.stderr.isatty()) as draw:
                found = reached(instance, place.state, enabling(step), watch=draw)
            if found.path is not None:
                count = len(found.path)
                echo(["", f"  it is enabled {count} step{'' if count == 1 else 's'} from here, at the least, after"])
                echo(_run(instance, found.path))
            elif found.certain:
                echo(["", f"  it is enabled in none of the {found.states:,} states that can be reached from here"])
            else:
                echo(["", f"  it is enabled in none of {found.states:,} states from here, where the search ended"])
                code = UNDETERMINED
        echo([""])
    more = len(enabled or steps) - SHOWN
    if more > 0:
        alike = "also enabled" if enabled else "not enabled either, with as many clauses against them or more"
        names = [concrete.label(step) for step in (enabled or steps)[SHOWN:]]
        echo(wrapped(f"{more} more {alike}: {', '.join(names)}", width(), ""))
    return code


def _clauses(concrete: Concrete, reasons: object, state: Values, step: Step) -> Iterator[str]:
    """The clauses that decide: those that forbid the step, or else all, with what they read."""
    from attorn.checker.explorer.reasons import Reasons
    from attorn.checker.report import wrapped
    from attorn.checker.report.lines import formula, listed

    assert isinstance(reasons, Reasons)
    names = [each.name for each in step.action.parameters]
    for clause in concrete.blocking(state, step) or step.action.clauses:
        found = reasons.why(clause.formula, step.arguments, names, state)
        yield from wrapped(formula(found.text), width(), "      ", "    ")
        where = [f"{name}={value}" for name, value in found.witness]
        with_names = [_named(text, names, step, concrete) for text, _ in found.values]
        told = [f"{text} is {value}" for text, (_, value) in zip(with_names, found.values, strict=True)]
        lead = f"        {f'for {chr(32).join(where)}: ' if where else ''}"
        yield from wrapped(listed(told), width(), "        ", lead)
        yield from wrapped(str(clause.where), width(), "        ")


def _named(text: str, names: list[str], step: Step, concrete: Concrete) -> str:
    """A cell by the arguments of the step instead of the parameters' names."""
    from attorn.spec.language import value_name

    values = {
        each.name: value_name(each.sort, number)
        for each, number in zip(step.action.parameters, step.arguments, strict=True)
    }
    return re.sub(r"\w+", lambda found: values.get(found[0], found[0]), text)


def _run(instance: Instance, path: Path) -> Iterator[str]:
    wide = max((len(move.step.action.party) for move in path.moves), default=0)
    for number, move in enumerate(path.moves, start=1):
        label = instance.call(move.step.action.name, move.step.action.parameters, move.step.arguments)
        yield f"    {number:2}  {move.step.action.party:{wide}}  {label}"


def _goal(goal: Goal, instance: Instance, run: Path, where: str) -> int:
    """Until when on a run a goal was in reach."""
    from attorn.checker.conform.reach import last_chance
    from attorn.checker.report import progress_line

    paint = painter()
    with progress_line(instance.name, sys.stderr.isatty()) as draw:
        found = last_chance(instance, run, goal, watch=draw)
    shown = list(_run(instance, run))
    if found.lost_by > len(run):
        echo([f"{paint(goal.name, 'strong')} {paint('is still in reach', 'good')} at the end of {where}"])
    elif not found.certain:
        echo(
            [f"{paint(goal.name, 'strong')} {paint('was not found', 'doubt')} from state {found.lost_by} of {where} on"]
        )
    elif found.lost_by == 0:
        echo([f"{paint(goal.name, 'strong')} {paint('is out of reach', 'bad')} from the start of {where}"])
    else:
        echo([f"{paint(goal.name, 'strong')} {paint('is lost', 'bad')} by step {found.lost_by} of {where}:"])
        echo(["", *shown[: found.lost_by - 1], shown[found.lost_by - 1] + paint("   ✗ the last chance", "bad")])
        echo(shown[found.lost_by :])
    if found.way is not None:
        from_here = "there" if found.lost_by <= len(run) else "the end"
        echo(["", f"  from {from_here} it could be reached by" if len(found.way) else "  it is reached there already"])
        echo(_run(instance, found.way))
    return 0 if found.certain or found.lost_by > len(run) else UNDETERMINED
