"""A state as the user names it: a step of a known run, an initial state, or either with some cells changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attorn.spec.errors import BadInput

if TYPE_CHECKING:
    from attorn.checker.verdicts import Path as Run
    from attorn.commands.targets import Target
    from attorn.spec.language import Step, Values

__all__ = ["Place", "is_run", "named_run", "named_state", "named_steps"]

INITIAL = "initial"


@dataclass(frozen=True)
class Place:
    """A state of an instance, and how the user calls it."""

    target: Target
    state: Values
    said: str


def is_run(where: str) -> bool:
    """Whether INSTANCE/ID is meant: a run, and no state of it."""
    return re.fullmatch(r".+/\w+", where) is not None and not where.endswith(f"/{INITIAL}")


def named_run(what: str, sizes: Mapping[str, int]) -> tuple[Target, Run]:
    """The run of INSTANCE/ID: the witness of a goal, or the counterexample of a property; raises BadInput."""
    from attorn.checker.expected import decide
    from attorn.checker.explore import Options
    from attorn.checker.verdicts import GoalVerdict, Path, Verdict
    from attorn.commands.examine import search
    from attorn.commands.targets import checked_names, resolve_one

    place, _, name = what.rpartition("/")
    if not place or name.endswith(".py"):
        raise BadInput(f"`{what}` names no run. Write INSTANCE/ID, such as claim/there_and_back.")
    target = resolve_one(place, sizes)
    machine = target.instance.machine
    checked_names([target.instance], [name])
    if name in [*(each.name for each in machine.progress), *(each.name for each in machine.always_possible)]:
        verdict: Any = decide(target.instance, name)
        lasso = getattr(verdict, "lasso", None)
        found = (
            getattr(verdict, "path", None)
            if lasso is None
            else Path(lasso.stem.start, (*lasso.stem.moves, *lasso.loop))
        )
    else:
        exploration = search(target, [name], Options(), None)
        verdicts: list[GoalVerdict | Verdict] = [*exploration.goals, *exploration.verdicts]
        found = next((each.path for each in verdicts if each.name == name), None)
    if found is None:
        raise BadInput(f"{what} has no run: the property holds there, or the goal is out of reach.")
    return target, found


def named_state(where: str, changes: str | None, sizes: Mapping[str, int]) -> Place:
    """The state that INSTANCE, INSTANCE/initial, or INSTANCE/ID@STEP stands for, with some cells changed.

    changes: JSON, or a file of it: cell or field → value, as adapters show states.
    Raises BadInput.
    """
    from attorn.checker.conform.observation import Observer
    from attorn.commands.targets import resolve_one
    from attorn.spec.language import Concrete

    found = re.fullmatch(r"(.+/\w+)@(\d+)", where)
    if found:
        target, run = named_run(found[1], sizes)
        step = int(found[2])
        if step > len(run):
            raise BadInput(f"{found[1]} has {len(run)} steps; there is no state after step {step}.")
        state = run.states[step]
    else:
        if is_run(where):
            raise BadInput(f"`{where}` names a run. Say after which of its steps: {where}@0 is its first state.")
        target = resolve_one(where.removesuffix(f"/{INITIAL}"), sizes)
        state = Concrete(target.instance).initial_states()[0]
    if changes is not None:
        cells = Observer(target.instance).read(_json(changes))
        state = tuple(cells.get(cell, number) for cell, number in enumerate(state))
        where += ", changed"
    return Place(target, state, where)


def named_steps(target: Target, text: str) -> list[Step]:
    """The steps that ACTION or ACTION(arguments) stands for; raises BadInput."""
    from attorn.spec.language import Concrete

    found = re.fullmatch(r"\s*(\w+)\s*(\(.*\))?\s*", text)
    if not found:
        raise BadInput(f"`{text}` names no action. Write one such as resume, or resume(vm0).")
    target.instance.machine.action(found[1])
    concrete = Concrete(target.instance)
    steps = [step for step in concrete.steps if step.action.name == found[1]]
    if found[2] is None:
        return steps
    wanted = "".join(found[2].split())
    chosen = [step for step in steps if "".join(concrete.label(step)[len(found[1]) :].split()) == wanted]
    if not chosen:
        raise BadInput(f"there is no step {text.strip()}. One is {concrete.label(steps[0])}.")
    return chosen


def _json(changes: str) -> Any:
    text, name = changes, "--state"
    if not changes.lstrip().startswith("{"):
        name = changes
        try:
            text = Path(changes).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read {changes}: {error}.") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"{name}: this is no JSON: {error}.") from error
