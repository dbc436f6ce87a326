"""What instances say of a mutant that they do not say of the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from attorn.checker import oracle
from attorn.checker.explore import Options, explore
from attorn.checker.progress import check_always_possible, check_progress
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.language import Concrete, Instance, Machine

__all__ = ["Search", "explored", "lost_progress", "not_kept", "search"]

PLAIN = 500
"""States of an instance up to which the plain engine is the faster one."""


@dataclass(frozen=True)
class Search:
    """What instances say of a mutant, up to the first that notices it.

    refuted:    properties that it violates.
    missed:     goals out of reach, actions that never happen, ``no_deadlock``.
    unfinished: why an instance was not searched to the end, or nothing.
    alike:      whether all counts of states and transitions are those of the original.
    """

    refuted: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    unfinished: str = ""
    alike: bool = True

    @property
    def noticed(self) -> bool:
        """Whether anything is said against the mutant."""
        return bool(self.refuted or self.missed)

    def then(self, other: Search) -> Search:
        """This search, which noticed nothing, followed by another one."""
        return replace(other, unfinished=self.unfinished or other.unfinished, alike=self.alike and other.alike)


def search(machine: Machine, baselines: Sequence[Exploration], max_states: int) -> Search:
    """Explore a mutated machine in the instances of the original, up to the first that notices it.

    Goals are asked for only where nothing else is noticed and a run that reached one of them is a run no more: they
    take twice as long as all the rest. The smallest instances go to the plain engine, which is done before the other
    one has prepared its arrays.
    """
    found = Search()
    for baseline in baselines:
        instance = _sized(machine, baseline.instance)
        if baseline.states <= PLAIN:
            here = _against(baseline, oracle.explore(instance, max_states=max_states))
        else:
            here = _against(baseline, explored(instance, False, max_states))
            if not here.noticed and not _runs_as_before(instance, baseline):
                here = _against(baseline, explored(instance, True, max_states))
        found = found.then(here)
        if found.noticed:
            break
    return found


def explored(instance: Instance, goals: bool, max_states: int) -> Exploration:
    """Explore in this process alone: others judge other mutants. An interrupt ends everything, not just this search."""
    found = explore(instance, Options(goals=goals, max_states=max_states, threads=1))
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def not_kept(instance: Instance) -> frozenset[str]:
    """The progress properties that an instance does not keep, and what does not stay possible in it."""
    progress, possibilities = check_progress(instance), check_always_possible(instance)
    return frozenset(
        [each.name for each in progress if each.evidence is Evidence.REFUTED]
        + [each.name for each in possibilities if each.evidence is Evidence.REFUTED]
    )


def lost_progress(
    machine: Machine, baselines: Sequence[Exploration], known: Sequence[frozenset[str]]
) -> tuple[str, ...]:
    """What a mutated machine does not keep in the instances of the original, save what the original does not keep.

    known: for each of the baselines, what the original does not keep.
    """
    lost = (
        not_kept(_sized(machine, baseline.instance)) - already
        for baseline, already in zip(baselines, known, strict=True)
    )
    return tuple(sorted(frozenset().union(*lost)))


def _sized(machine: Machine, like: Instance) -> Instance:
    return Instance(machine, like.sizes, like.limits, like.name)


def _runs_as_before(instance: Instance, baseline: Exploration) -> bool:
    """Whether every run by which the original reaches a goal is a run of the mutated machine too, and so reaches it."""
    concrete = Concrete(instance)
    paths = [goal.path for goal in baseline.goals if goal.path is not None]
    return all(
        any(after == then for _, then in concrete.successors(before))
        for before, after in {pair for path in paths for pair in pairwise(path.states)}
    )


def _against(baseline: Exploration, found: Exploration) -> Search:
    sound = {each.name for each in baseline.verdicts if each.evidence is not Evidence.REFUTED}
    refuted = [each for each in found.verdicts if each.evidence is Evidence.REFUTED and each.name in sound]
    missed = [each.name for each in refuted if each.kind == "deadlock"]
    if found.finished:
        reached = {goal.name for goal in baseline.goals if goal.reached}
        missed += [f"goal {goal.name}" for goal in found.goals if not goal.reached and goal.name in reached]
        missed += [f"dead {name}" for name in found.dead_actions if name not in baseline.dead_actions]
    return Search(
        tuple(each.name for each in refuted if each.kind != "deadlock"),
        tuple(missed),
        found.stopped,
        (found.levels, found.fired) == (baseline.levels, baseline.fired),
    )
