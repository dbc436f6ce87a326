"""Agreement: the explorer and the oracle answer alike, or it is said where they do not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence, Exploration, Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Instance

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
    recheck, machine = Rechecker(each.instance), each.instance.machine
    properties = {stated.name: stated for stated in machine.properties}
    goals = {goal.name: goal for goal in machine.goals}
    for verdict in each.verdicts:
        if verdict.path is not None or verdict.evidence is Evidence.REFUTED:
            yield from _faults(each.engine, partial(recheck.violation, verdict, properties.get(verdict.name)))
    for aim in each.goals:
        if aim.path is not None or aim.reached:
            yield from _faults(each.engine, partial(recheck.witness, aim, goals[aim.name]))


def _faults(engine: str, confirm: Callable[[], None]) -> Iterator[str]:
    try:
        confirm()
    except Unsound as error:
        yield f"{engine} shows a false run: {error}"
