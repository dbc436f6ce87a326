"""Goals of several stages: a search through states and the stages that were passed on the way to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.lowering import Lowered
from attorn.checker.explore.paths import path_through
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.steps import blocks, predecessors
from attorn.checker.explore.symmetry import Symmetry
from attorn.checker.explore.visited import Visited, distinct, joined
from attorn.checker.verdicts import Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Goal, Instance, Values
from attorn.spec.language.sorts import ElementSort, OptionSort, Sort

__all__ = ["choices", "shortest_through"]


def choices(instance: Instance, goal: Goal) -> Iterator[tuple[int, ...]]:
    """Arguments of a goal, one for each way in which they differ.

    Individuals that are not named as constants are interchangeable: no formula can tell one from another. So what can
    be reached for some of them can be reached for others, in as many steps.
    """
    for arguments in instance.arguments(goal.parameters):
        met: dict[Sort, set[int]] = {}
        for parameter, number in zip(goal.parameters, arguments, strict=True):
            sort: Sort = parameter.sort
            while isinstance(sort, OptionSort):
                sort, number = sort.of, number - 1
            if isinstance(sort, ElementSort) and number >= len(sort.constants):
                earlier = met.setdefault(sort, set())
                if number > len(sort.constants) + len(earlier):
                    break
                earlier.add(number)
        else:
            yield arguments


@spends(Phase.RUNS, held=True)
def shortest_through(goal: Goal, prepared: Prepared, depth: int | None, states: int | None) -> tuple[Path | None, bool]:
    """A shortest run that meets all stages in order, for the best choice of arguments.

    States that differ only in the names of individuals other than the arguments are met once.

    depth:  longer runs are not looked for, if given.
    states: the search for one choice is given up at this many states, if given.
    Returns the run, if there is one; and whether, if there is none, that is certain up to the depth.
    """
    best: Path | None = None
    certain = True
    for arguments in choices(prepared.meaning.instance, goal):
        expander = _keeping(goal, arguments, prepared)
        search = _Staged(goal, arguments, prepared, expander)
        end = search.run(depth if best is None else len(best) - 1, states)
        if end is not None:
            best = path_through(search.walk_back(end), expander, prepared.concrete)
        certain &= search.certain
    return best, certain


def _keeping(goal: Goal, arguments: tuple[int, ...], prepared: Prepared) -> Expander:
    """An expander under the renamings that keep the arguments of a goal."""
    kept: set[tuple[Sort, int]] = set()
    for parameter, number in zip(goal.parameters, arguments, strict=True):
        sort: Sort = parameter.sort
        while isinstance(sort, OptionSort):
            sort, number = sort.of, number - 1
        kept.add((sort, number))
    symmetry = Symmetry(prepared.meaning.instance, prepared.layout, kept)
    return Expander(prepared.meaning, prepared.layout, {}, symmetry)


class _Staged:
    """The search for one choice of arguments.

    visited: by the number of stages passed, the states met so; a state is left out if it was met with as many stages
             or more before.
    depth:   how many steps the search went from the initial states.
    """

    def __init__(self, goal: Goal, arguments: tuple[int, ...], prepared: Prepared, expander: Expander) -> None:
        self._goal, self._arguments, self._prepared, self._expander = goal, arguments, prepared, expander
        meaning = prepared.meaning
        roots = [meaning.reached(goal, stage, arguments) for stage in range(len(goal.stages))]
        self._lowered = Lowered(meaning.circuit, expander.layout.components, roots)
        self.visited = [Visited() for _ in range(len(goal.stages) + 1)]
        self.depth = -1
        self.certain = True

    def run(self, depth: int | None, states: int | None) -> Rows | None:
        """The first state in which all stages are passed, or None."""
        reached = {0: self._expander.reduced([word.copy() for word in self._prepared.initial])}
        while reached and (depth is None or self.depth < depth):
            self.depth += 1
            level = self._passed(reached)
            if len(self._goal.stages) in level:
                return [word[:1] for word in level[len(self._goal.stages)]]
            if states is not None and sum(map(len, self.visited)) > states:
                self.certain = False
                return None
            reached = {stage: self._successors(rows) for stage, rows in level.items()}
            reached = {stage: rows for stage, rows in reached.items() if len(rows[0])}
        return None

    def _successors(self, rows: Rows) -> Rows:
        """What some states lead to, in order, each once."""
        parts = [self._expander.reduced(self._expander(block).successors) for _, block in blocks(rows)]
        return distinct(joined(parts))

    def _passed(self, reached: dict[int, Rows]) -> dict[int, Rows]:
        """States by the stages that they pass after those passed before, without those that are no progress."""
        parts: dict[int, list[Rows]] = {}
        for stage, rows in reached.items():
            for _, block in blocks(rows):
                after = self._advanced(stage, block)
                for each in np.unique(after).tolist():
                    parts.setdefault(each, []).append([word[after == each] for word in block])
        level = {}
        for stage in sorted(parts, reverse=True):
            rows = distinct(joined(parts[stage]))
            for visited in self.visited[stage:]:
                rows = visited.new(rows)
            if len(rows[0]):
                self.visited[stage].add(rows, self.depth)
                self.visited[stage].settle()
                level[stage] = rows
        return level

    def _advanced(self, stage: int, block: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """For each state of a block, the number of stages passed when it has been."""
        count = len(block[0])
        after = np.full(count, stage)
        for number, truth in enumerate(self._lowered(count, self._expander.layout.codes(block))):
            after += (after == number) & np.asarray(truth, np.bool_)
        return after

    def walk_back(self, end: Rows) -> Sequence[Values]:
        """The states of a run that ends in a state of the last level."""
        stage, run = len(self._goal.stages), [end]
        for depth in range(self.depth - 1, -1, -1):
            state = self._expander.layout.values(run[-1])[0]
            for earlier in range(stage + 1):
                if self._after(earlier, state) == stage and (row := self._before(earlier, depth, run[-1])):
                    run.append(row)
                    stage = earlier
                    break
            else:
                raise Unsound("the explorer met a stage of a goal that no step leads to; please report this.")
        return [state for row in reversed(run) for state in self._expander.layout.values(row)]

    def _before(self, stage: int, depth: int, state: Rows) -> Rows | None:
        """A state met at a depth with so many stages passed from which a step leads to another state."""
        if not self.visited[stage].runs:
            return None
        try:
            return predecessors(self._expander, self.visited[stage].level(depth), [state])[0]
        except Unsound:
            return None

    def _after(self, stage: int, state: Values) -> int:
        while stage < len(self._goal.stages) and self._prepared.concrete.reaches(
            self._goal, stage, self._arguments, state
        ):
            stage += 1
        return stage
