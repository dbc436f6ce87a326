"""Reach: the shortest run from a state to where something holds, and when on a run that became impossible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from attorn.checker.explore import Options, Progress, explore
from attorn.checker.starting import starting_in
from attorn.checker.verdicts import Path
from attorn.spec.language import Concrete, Goal, Instance, Op, Step, Values, all_of
from attorn.spec.language.expressions import node

__all__ = ["LastChance", "Reached", "enabling", "last_chance", "reached"]

FIRST_TRY = 20_000  # states: most of what is asked for is near, and a small search is done at once
MOST_STATES = 3_000_000

Watch = Callable[[Progress], None] | None


@dataclass(frozen=True)
class Reached:
    """Whether something can come about: by this shortest run, or not (certain), or not found within the limits."""

    path: Path | None
    certain: bool
    states: int


@dataclass(frozen=True)
class LastChance:
    """How long on a run a goal could still be reached.

    lost_by: the number of the step, from 1, after which it could not any more; 0 where it never could, and one more
             than the run has steps where it still can at the end.
    way:     the run to the goal from the last state from which there is one.
    certain: whether the searches that found no way were finished.
    """

    lost_by: int
    way: Path | None
    certain: bool


def enabling(step: Step) -> Goal:
    """The goal that a step with its arguments be enabled."""
    action = step.action
    same = [
        each.variable == node(Op.CONSTANT, each.sort, (), number)
        for each, number in zip(action.parameters, step.arguments, strict=True)
    ]
    return Goal(
        "enabled", f"{action.name} is enabled.", action.where, action.parameters, (all_of(action.guard, *same),)
    )


def reached(instance: Instance, state: Values, goal: Goal, most: int = MOST_STATES, watch: Watch = None) -> Reached:
    """The shortest run from a state that meets the stages of a goal in order, for some arguments of it."""
    begun = starting_in(instance, state, [goal])
    found = None
    for limit in (min(FIRST_TRY, most), most):
        found = explore(begun, Options((), max_states=limit), watch)
        if found.goals[0].path is not None or found.finished:
            break
    assert found is not None
    return Reached(found.goals[0].path, found.finished, found.states)


def last_chance(instance: Instance, run: Path, goal: Goal, most: int = MOST_STATES, watch: Watch = None) -> LastChance:
    """Until when on a run a goal was in reach. Once it is out of reach it stays so, so few states need be searched.

    Stages that the run has passed by then count, save the last: it must come about from there on.
    """
    states = run.states
    goals = [_left(Concrete(instance), goal, states[: number + 1]) for number in range(len(states))]
    good, bad, certain = -1, len(states), True
    way: Path | None = None
    while bad - good > 1:
        middle = (good + bad) // 2
        found = reached(instance, states[middle], goals[middle], most, watch)
        if found.path is not None:
            good, way = middle, found.path
        else:
            bad, certain = middle, certain and found.certain
    return LastChance(bad, way, certain)


def _left(concrete: Concrete, goal: Goal, passed: tuple[Values, ...]) -> Goal:
    """The stages that are left once some states were passed, the last one always, for the best arguments."""
    most = 0
    for arguments in concrete.instance.arguments(goal.parameters):
        stage = 0
        for state in passed:
            while stage < len(goal.stages) and concrete.reaches(goal, stage, arguments, state):
                stage += 1
        most = max(most, stage)
    return replace(goal, stages=goal.stages[min(most, len(goal.stages) - 1) :])
