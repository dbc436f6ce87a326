"""Agreement depth by depth: the solver finds the same states and violations as the explorer, at the same depths."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from attorn.checker.explore import Options, explore
from attorn.checker.prove.bounded import Bounded, check_bounded
from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.transition import Transition
from attorn.checker.prove.z3_solver import z3
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.language import Instance, Values

__all__ = ["DepthAgreement", "agree_by_depth"]


@dataclass(frozen=True)
class DepthAgreement:
    """An exploration, a bounded check and the solver's own levels of one instance, and where they differ.

    levels:         how many states the solver found to be first reached at each depth.
    contradictions: where one says something else than the other.
    unknown:        what was not compared, because it was too much or took too long.
    """

    explorer: Exploration
    bounded: Bounded
    levels: tuple[int, ...]
    contradictions: tuple[str, ...]
    unknown: tuple[str, ...]
    seconds: float

    @property
    def differences(self) -> tuple[str, ...]:
        """All that keeps the two from being the same; what was not compared is a difference too."""
        return (*self.contradictions, *self.unknown)

    @property
    def complete(self) -> bool:
        """Whether everything up to the depth was compared and nothing differs."""
        return not self.differences


def agree_by_depth(
    instance: Instance,
    depth: int | None = None,
    timeout: float = 60.0,
    max_states: int = 10_000,
    progress: Callable[[int, int], None] | None = None,
) -> DepthAgreement:
    """Compare the solver with the explorer: which states are new at each depth, and which property fails there.

    depth:      how far to compare; None is one step beyond the deepest state, and then the comparison is total.
    timeout:    seconds for one question to the solver.
    max_states: how many states the solver is let enumerate.
    progress:   called after each depth with its number and how many states were new there.

    The solver searches breadth-first by itself: of one symbolic step it asks for a model that leads from a state of
    the level before to a state not met yet, and blocks what it finds, until there is no other. So "is a new state
    reached at depth k" is answered by the solver alone, over the formula that bounded checking unrolls; by induction
    over k the answer is that for a run of k steps, at a fraction of its price. The plain interpreter confirms each
    model, so the solver's level is part of the true one, and as it has as many states as the explorer's it is that
    one. The verdicts and the lengths of shortest violations come from an ordinary bounded check.
    """
    began = time.perf_counter()
    explorer = explore(instance, Options(goals=False))
    limit = explorer.depth + 1 if depth is None else depth
    bounded = check_bounded(instance, limit, timeout=timeout)
    levels, trouble = _levels(instance, limit, timeout, max_states, progress)
    contradictions = (*_level_differences(explorer, levels), *_verdict_differences(explorer, bounded))
    unknown = tuple(_not_compared(explorer, bounded, levels, trouble))
    return DepthAgreement(explorer, bounded, tuple(levels), contradictions, unknown, time.perf_counter() - began)


def _levels(
    instance: Instance, depth: int, timeout: float, max_states: int, progress: Callable[[int, int], None] | None
) -> tuple[list[int], str]:
    """The sizes of the solver's levels, and why there are not more of them."""
    search = _Enumeration(instance, timeout, max_states)
    sizes: list[int] = []
    try:
        level = search.initial()
        while not search.trouble:
            sizes.append(len(level))
            if progress is not None:
                progress(len(sizes) - 1, len(level))
            if not level or len(sizes) > depth:
                break
            level = search.following(level)
    except KeyboardInterrupt:
        search.trouble = "interrupted"
    return sizes, search.trouble


class _Enumeration:
    """Two solvers that give one new state after the other: one for initial states, one for steps."""

    def __init__(self, instance: Instance, timeout: float, max_states: int) -> None:
        self.trouble = ""
        self._instance, self._left = instance, max_states
        self._transition = Transition(instance)
        self._recheck = Rechecker(instance)
        self._starts, self._steps = (Incremental(self._transition.sizes.context, timeout) for _ in range(2))
        self._starts.add(self._transition.at(self._transition.start, 1))
        self._steps.add(self._transition.at(self._transition.step, 0))
        self._depth = 0

    def initial(self) -> list[Values]:
        """All initial states."""
        found = []
        for model in self._models(self._starts):
            found.append(self._transition.state(model, 1))
            self._recheck.start(found[-1], f"{self._instance.name}: z3's initial state")
        return found

    def following(self, level: list[Values]) -> list[Values]:
        """All states that one step leads to from a level, and that were not met before."""
        self._depth += 1
        here = z3.Bool(f"from level {self._depth - 1}", self._transition.sizes.context)
        self._steps.add(z3.Implies(here, z3.Or([self._transition.is_state(values, 0) for values in level])))
        found = []
        for model in self._models(self._steps, here):
            path = self._transition.path(model, 1)
            self._recheck.moves(path.start, path.moves, f"{self._instance.name}: z3's run")
            found.append(path.states[-1])
        self._steps.add(z3.Not(here))
        return found

    def _models(self, solver: Incremental, *assumed: z3.BoolRef) -> Iterator[z3.ModelRef]:
        """One model after the other; the state that it leads to is never the same again."""
        while isinstance(said := solver.ask_assuming(*assumed), z3.ModelRef):
            if self._left == 0:
                self.trouble = "there are more states than the solver was let enumerate"
                return
            self._left -= 1
            yield said
            another = z3.Not(self._transition.is_state(self._transition.state(said, 1), 1))
            for each in {solver, self._steps}:
                each.add(another)
        if said is not None:
            self.trouble = f"z3 gave no answer at depth {self._depth}: {said}"


def _not_compared(explorer: Exploration, bounded: Bounded, levels: list[int], trouble: str) -> Iterator[str]:
    if trouble:
        yield f"levels from depth {len(levels)} on were not compared: {trouble}"
    if not explorer.finished:
        yield f"{explorer.engine} did not finish ({explorer.stopped}), so agreement is not known"
    for each in bounded.verdicts:
        if each.verdict.evidence is Evidence.UNDETERMINED:
            yield f"{each.verdict.name} was not compared: {bounded.stopped}"


def _level_differences(explorer: Exploration, levels: list[int]) -> Iterator[str]:
    if not explorer.finished:
        return
    for number, size in enumerate(levels):
        known = explorer.levels[number] if number < len(explorer.levels) else 0
        if size != known:
            yield f"depth {number}: z3 finds {size:,} new states, {explorer.engine} {known:,}"


def _verdict_differences(explorer: Exploration, bounded: Bounded) -> Iterator[str]:
    for each in explorer.verdicts:
        steps = None if each.path is None or len(each.path) > bounded.depth else len(each.path)
        found = bounded.verdict(each.name).verdict
        if found.evidence is Evidence.UNDETERMINED:
            continue
        if (None if found.path is None else len(found.path)) != steps:
            said = [
                "no violation" if length is None else f"a violation in {length} steps"
                for length in (steps, None if found.path is None else len(found.path))
            ]
            yield f"{each.name}, up to depth {bounded.depth}: {explorer.engine} finds {said[0]}, z3 {said[1]}"
