"""Agreement: the explorer and the oracle answer alike, or it is said where they do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from attorn.checker.verdicts import Evidence, Exploration, Path, Verdict
from attorn.spec.language import Concrete, Goal, Instance, Values

__all__ = ["Agreement", "agree", "differences"]


@dataclass(frozen=True)
class Agreement:
    """Two explorations of one instance, and every point in which they differ.

    A search that did not finish is a difference too: what was not compared is never called equal.
    """

    explorer: Exploration
    oracle: Exploration
    differences: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether both engines finished and no point differs."""
        return not self.differences


def agree(
    instance: Instance,
    properties: Collection[str] | None = None,
    goals: bool = True,
    max_states: int = 1_000_000,
    threads: int = 1,
) -> Agreement:
    """Search an instance with both engines and compare all that they say.

    Raises what the engines raise for a machine that is not well defined or a property that it lacks.
    """
    from attorn.checker import oracle
    from attorn.checker.explore import Options, explore

    names = None if properties is None else tuple(properties)
    first = explore(instance, Options(names, goals, max_states, threads=threads))
    second = oracle.explore(instance, properties, goals, max_states)
    return Agreement(first, second, differences(first, second))


def differences(first: Exploration, second: Exploration) -> tuple[str, ...]:
    """Every point in which two explorations of one instance differ, and every run in them that does not show it."""
    return tuple(_compared(first, second))


def _compared(first: Exploration, second: Exploration) -> Iterator[str]:
    for each in (first, second):
        if not each.finished:
            yield f"{each.engine} did not finish ({each.stopped}), so agreement is not known"
        yield from _false_runs(each)
    points = [_points(each) for each in (first, second)]
    for point in {**points[0], **points[1]}:
        said = [each.get(point, "nothing") for each in points]
        if said[0] != said[1]:
            yield f"{point}: {first.engine} says {said[0]}, {second.engine} says {said[1]}"


def _points(each: Exploration) -> dict[str, str]:
    """All that is compared of an exploration, as statements by what they are about."""
    points = {"states by level": str(list(each.levels)), "transitions": str(each.transitions)}
    points |= {f"transitions by {name}": str(times) for name, times in each.fired.items()}
    points |= {f"{silent.action}: {silent.text}": "that it never decides" for silent in each.silent}
    for verdict in each.verdicts:
        points[verdict.name] = verdict.evidence.value + _length(verdict.path)
    for goal in each.goals:
        points[f"goal {goal.name}"] = {True: "reached", False: "out of reach", None: "unknown"}[goal.reached]
        points[f"goal {goal.name}"] += _length(goal.path)
    return points


def _length(path: Path | None) -> str:
    return "" if path is None else f" in {len(path)} steps"


def _false_runs(each: Exploration) -> Iterator[str]:
    """What the plain meaning of the machine does not confirm of the runs that an exploration shows."""
    concrete = Concrete(each.instance)
    starts = frozenset(concrete.initial_states())
    goals = {goal.name: goal for goal in each.instance.machine.goals}
    for verdict in each.verdicts:
        if verdict.path is None:
            faults = ["is missing"] if verdict.evidence is Evidence.REFUTED else []
        else:
            faults = [*_faults(concrete, starts, verdict.path)]
            faults += [] if _violates(concrete, verdict, verdict.path) else ["ends in no violation"]
        yield from (f"{verdict.name}: the run of {each.engine} {fault}" for fault in faults)
    for goal in each.goals:
        if goal.path is None:
            faults = ["is missing"] if goal.reached else []
        else:
            faults = [*_faults(concrete, starts, goal.path)]
            faults += [] if _reaches(concrete, goals[goal.name], goal.path) else ["does not reach its goal"]
        yield from (f"goal {goal.name}: the run of {each.engine} {fault}" for fault in faults)


def _faults(concrete: Concrete, starts: frozenset[Values], path: Path) -> Iterator[str]:
    if path.start not in starts:
        yield "begins in no initial state"
    for number, (before, move) in enumerate(zip(path.states, path.moves, strict=False), start=1):
        if not concrete.enabled(before, move.step) or concrete.apply(before, move.step) != move.state:
            yield f"cannot take step {number}, {concrete.label(move.step)}"


def _violates(concrete: Concrete, verdict: Verdict, path: Path) -> bool:
    last = path.states[-1]
    if verdict.kind == "deadlock":
        return not concrete.value(concrete.instance.machine.legal_end, (), last) and not any(concrete.successors(last))
    stated = concrete.instance.machine.property(verdict.name)
    if not stated.two_state:
        return not concrete.holds(stated, last)
    return len(path) > 0 and not concrete.holds(stated, *path.states[-2:])


def _reaches(concrete: Concrete, goal: Goal, path: Path) -> bool:
    """Whether the states of a run meet the stages in order, for some values of the goal's parameters."""
    for arguments in concrete.instance.arguments(goal.parameters):
        stage = 0
        for state in path.states:
            while stage < len(goal.stages) and concrete.reaches(goal, stage, arguments, state):
                stage += 1
        if stage == len(goal.stages):
            return True
    return False
