"""Seeking: the shortest run from a state to a condition, or to where a goal or a property is decided."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from attorn.checker.expected import decide
from attorn.checker.explore import Options, Progress, explore
from attorn.checker.explorer.world import World
from attorn.checker.starting import starting_in
from attorn.checker.verdicts import Evidence, Exploration, Path, Verdict
from attorn.spec.errors import UnknownName
from attorn.spec.language import TRUE, Expr, Goal, Instance, Machine, Values
from attorn.spec.language.expressions import Op, node
from attorn.spec.language.reading import read_formula

__all__ = ["Bounds", "Found", "Outcome", "condition", "landmark", "seek"]

FIRST_TRY = 20_000  # states: most of what is asked for is near, and a small search is done at once


class Outcome(Enum):
    """What became of a search; one that was stopped has found nothing and excludes nothing."""

    FOUND = "found"
    NONE = "none"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Found:
    """Where a search has come to.

    start, labels: the run, from an initial state, or from the state where the search began.
    loop:  after how many of its steps that begins which is repeated for ever; None where the run ends.
    says:  the outcome in words.
    """

    outcome: Outcome
    says: str
    start: int = 0
    labels: tuple[str, ...] = ()
    loop: int | None = None


@dataclass
class Bounds:
    """How long and how far to search; ``stop`` ends it from elsewhere."""

    states: int = 3_000_000
    memory: int = 2**30
    seconds: float = 20.0
    stop: threading.Event = field(default_factory=threading.Event)

    def watcher(self) -> Callable[[Progress], None]:
        """What ends a search at its next level once the time is over."""
        until = time.monotonic() + self.seconds

        def watch(progress: Progress) -> None:
            if self.stop.is_set() or time.monotonic() > until:
                raise KeyboardInterrupt

        return watch


def condition(world: World, text: str) -> Expr:
    """The condition that a text states; the names of goals and properties of states are conditions too.

    Raises BadInput where it cannot be read.
    """
    machine = world.instance.machine
    named = {each.name: each.formula for each in machine.properties if not each.two_state}
    named |= {goal.name: _reached(goal) for goal in machine.goals if len(goal.stages) == 1}
    fields = machine.state.fields
    return read_formula(text, world.instance, {name: each for name, each in named.items() if name not in fields})


def _reached(goal: Goal) -> Expr:
    """That a goal of one stage is reached for some arguments."""
    if not goal.parameters:
        return goal.stages[0]
    variables = tuple(each.variable for each in goal.parameters)
    names = tuple(each.name for each in goal.parameters)
    return node(Op.EXISTS, TRUE.sort, (goal.stages[0],), (variables, names))


def seek(world: World, state: Values, wanted: Expr, bounds: Bounds) -> Found:
    """The shortest run from a state to one where a formula holds, by exhaustive breadth-first search."""
    if world.concrete.value(wanted, (), state):
        return Found(Outcome.FOUND, "It holds here.")
    instance = _from(world.instance, state, wanted)
    watch, exploration = bounds.watcher(), None
    for most in (min(FIRST_TRY, bounds.states), bounds.states):
        exploration = explore(instance, Options((), max_states=most, memory=bounds.memory), watch)
        path = exploration.goals[0].path
        if path is not None:
            labels = tuple(world.labels_of(path))
            return Found(Outcome.FOUND, f"The shortest run from here has {_steps(len(labels))}.", labels=labels)
        if exploration.finished:
            return Found(
                Outcome.NONE, f"It holds in none of the {exploration.states:,} states that can be reached from here."
            )
        if bounds.stop.is_set():
            break
    assert exploration is not None
    return Found(Outcome.UNDETERMINED, f"Not found {_extent(exploration)}; it may hold further on.")


def landmark(world: World, name: str, bounds: Bounds) -> Found:
    """A shortest run that decides a goal or refutes a property, from an initial state.

    Raises UnknownName for what the machine does not state.
    """
    machine = world.instance.machine
    if any(goal.name == name for goal in machine.goals):
        return _witness(world, name, bounds)
    known = [
        *(each.name for each in machine.properties),
        "no_deadlock",
        *(promises := [*(p.name for p in machine.progress), *(p.name for p in machine.always_possible)]),
    ]
    if name not in known:
        goals = [goal.name for goal in machine.goals]
        raise UnknownName(f"{world.instance.name} has no `{name}`. It has: {', '.join((*known, *goals))}.")
    if name in promises:
        return _broken_promise(world, name)
    options = Options((name,), goals=False, max_states=bounds.states, memory=bounds.memory)
    exploration = explore(world.instance, options, bounds.watcher())
    return _violation(world, exploration, exploration.verdict(name))


def _witness(world: World, name: str, bounds: Bounds) -> Found:
    goal, machine = world.instance.goal(name), world.instance.machine
    instance = _sized(world.instance, Machine(machine.name, machine.state, machine.initial, machine.actions, (goal,)))
    exploration = explore(instance, Options((), max_states=bounds.states, memory=bounds.memory), bounds.watcher())
    verdict = exploration.goals[0]
    if verdict.path is not None:
        return _run(world, verdict.path, f"{name} is reached in {_steps(len(verdict.path))}; no run is shorter.")
    if verdict.reached is None:
        return Found(Outcome.UNDETERMINED, f"{name} is undetermined: not reached {_extent(exploration)}.")
    return Found(Outcome.NONE, f"{name} is refuted: none of the {exploration.states:,} states reaches it.")


def _violation(world: World, exploration: Exploration, verdict: Verdict) -> Found:
    name = verdict.name
    if verdict.path is not None:
        says = f"{name} is refuted in {_steps(len(verdict.path))}; no run is shorter."
        return _run(world, verdict.path, says)
    if verdict.evidence is Evidence.UNDETERMINED:
        return Found(Outcome.UNDETERMINED, f"{name} is undetermined: no violation {_extent(exploration)}.")
    return Found(Outcome.NONE, f"{name} holds: {exploration.states:,} states and all their steps were examined.")


def _broken_promise(world: World, name: str) -> Found:
    """Where a promise is not kept: a run, and what is then repeated for ever."""
    verdict = decide(world.instance, name)
    lasso = getattr(verdict, "lasso", None)
    if lasso is not None:
        moves = (*lasso.stem.moves, *lasso.loop)
        says = f"{name} is refuted: after {_steps(len(lasso.stem))}, {lasso.ending.value}."
        return _run(world, Path(lasso.stem.start, moves), says, len(lasso.stem))
    path = getattr(verdict, "path", None)
    if path is not None:
        return _run(world, path, f"{name} is refuted: after {_steps(len(path))} it is out of reach.")
    if verdict.evidence is Evidence.UNDETERMINED:
        return Found(Outcome.UNDETERMINED, f"{name} is undetermined: the search did not finish.")
    return Found(Outcome.NONE, f"{name} holds in every fair run of this instance.")


def _run(world: World, path: Path, says: str, loop: int | None = None) -> Found:
    return Found(Outcome.FOUND, says, world.start_of(path.start), tuple(world.labels_of(path)), loop)


def _from(instance: Instance, state: Values, wanted: Expr) -> Instance:
    """The instance that begins in a state, and has a formula for its only goal."""
    goal = Goal("sought", "The condition holds.", instance.machine.initial.where, (), (wanted,))
    return starting_in(instance, state, [goal])


def _sized(instance: Instance, machine: Machine) -> Instance:
    return Instance(machine, instance.sizes, instance.limits, instance.name)


def _extent(exploration: Exploration) -> str:
    return f"in {exploration.states:,} states to depth {exploration.depth}, where the search was stopped"


def _steps(number: int) -> str:
    return f"{number} step{'' if number == 1 else 's'}"
