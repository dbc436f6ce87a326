"""The oracle: a second engine of plain sets and networkx, which shares no search code with the explorer."""

from __future__ import annotations

import functools
import itertools
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from attorn.checker.verdicts import Evidence, Exploration, GoalVerdict, Move, Path, SilentClause, Verdict
from attorn.spec.errors import UnknownName
from attorn.spec.language import Concrete, Goal, Instance, Property, Step, Values, render

if TYPE_CHECKING:
    import networkx

__all__ = ["explore"]

NO_DEADLOCK = "no_deadlock"
START: Values = (-1,)  # never a state: cells hold numbers from 0


def explore(
    instance: Instance,
    properties: Collection[str] | None = None,
    goals: bool = True,
    max_states: int = 1_000_000,
) -> Exploration:
    """Visit every reachable state of a small instance and answer for all properties and goals.

    properties: names to check, ``no_deadlock`` among them; all when None.
    max_states: the search stops, unfinished, before the level that would bring more states than this.

    Raises UnknownName for a property that the machine lacks; BadInput, DoubleWrite or OutOfRange where the machine
    is not well defined.
    """
    began = time.perf_counter()
    known = [*(stated.name for stated in instance.machine.properties), NO_DEADLOCK]
    for name in properties or ():
        if name not in known:
            raise UnknownName(f"machine {instance.machine.name} has no property `{name}`. It has: {', '.join(known)}.")
    search = _Search(instance, max_states)
    return Exploration(
        instance=instance,
        engine="oracle",
        levels=tuple(len(level) for level in search.levels),
        transitions=sum(search.fired.values()),
        finished=search.finished,
        stopped="" if search.finished else f"the limit of {max_states:,} states",
        verdicts=tuple(search.verdict(name) for name in known if properties is None or name in properties),
        goals=tuple(search.goal(goal) for goal in instance.goals) if goals else (),
        fired=search.fired,
        silent=tuple(search.silent()),
        seconds=time.perf_counter() - began,
    )


class _Search:
    """All states met, level by level, and a graph with one edge for every pair of states that a step connects.

    graph:   states, and ``START`` with an edge to every initial state; an edge between states carries its first step.
    decided: for each action, the numbers of the clauses that alone stood in its way somewhere.
    """

    def __init__(self, instance: Instance, max_states: int) -> None:
        import networkx

        self.concrete = Concrete(instance)
        self.machine = instance.machine
        self.levels: list[list[Values]] = []
        self.fired = {action.name: 0 for action in self.machine.actions}
        self.decided: dict[str, set[int]] = {action.name: set() for action in self.machine.actions}
        self.graph: networkx.DiGraph[Values] = networkx.DiGraph()
        met: set[Values] = set()
        level = self.concrete.initial_states()
        self.graph.add_edges_from((START, state) for state in level)
        while level and len(met) + len(level) <= max_states:
            self.levels.append(level)
            met.update(level)
            reached = dict.fromkeys(after for state in level for after in self._expand(state))
            level = [state for state in reached if state not in met]
        self.finished = not level

    def _expand(self, state: Values) -> Iterator[Values]:
        """Take every enabled step from a state; yields where each leads."""
        for step in self.concrete.steps:
            if self._enabled(state, step):
                after = self.concrete.apply(state, step)
                self.fired[step.action.name] += 1
                if not self.graph.has_edge(state, after):
                    self.graph.add_edge(state, after, step=step)
                yield after

    def _enabled(self, state: Values, step: Step) -> bool:
        """Whether all clauses hold; where just one does not, note that it decides."""
        blocking = -1
        for number, clause in enumerate(step.action.clauses):
            if not self.concrete.value(clause.formula, step.arguments, state):
                if blocking >= 0:
                    return False
                blocking = number
        if blocking >= 0:
            self.decided[step.action.name].add(blocking)
        return blocking < 0

    def silent(self) -> Iterator[SilentClause]:
        """The clauses that never stood alone in the way of their action."""
        if self.finished:
            for action in self.machine.actions:
                names = {each.variable.payload: each.name for each in action.parameters}
                for number, clause in enumerate(action.clauses):
                    if number not in self.decided[action.name]:
                        yield SilentClause(action.name, number, clause, render(clause.formula, names))

    def verdict(self, name: str) -> Verdict:
        """What is known of one property, with a shortest run into its first violation."""
        if name == NO_DEADLOCK:
            sentence, where, kind = "Every state has a way on, or is a legal end.", None, "deadlock"
            run, failure = self._run_into_deadlock(), None
        else:
            stated = self.machine.property(name)
            sentence, where, kind = stated.sentence, stated.where, "two_state" if stated.two_state else "invariant"
            run = (self._run_into_bad_step if stated.two_state else self._run_into_bad_state)(stated)
            failure = self.concrete.failure(stated, *run[-2:] if stated.two_state else run[-1:]) if run else None
        if run:
            return Verdict(name, sentence, where, kind, Evidence.REFUTED, self._path(run), failure)
        return Verdict(name, sentence, where, kind, Evidence.EXHAUSTED if self.finished else Evidence.UNDETERMINED)

    def _run_into_deadlock(self) -> list[Values]:
        for state in self._states():
            if not self.graph.out_degree(state) and not self.concrete.value(self.machine.legal_end, (), state):
                return self._run_to(state)
        return []

    def _run_into_bad_state(self, stated: Property) -> list[Values]:
        for state in self._states():
            if not self.concrete.holds(stated, state):
                return self._run_to(state)
        return []

    def _run_into_bad_step(self, stated: Property) -> list[Values]:
        for state in self._states():
            for after in self.graph.successors(state):
                if not self.concrete.holds(stated, state, after):
                    return [*self._run_to(state), after]
        return []

    def _states(self) -> Iterator[Values]:
        """All states met, those of the fewest steps first."""
        for level in self.levels:
            yield from level

    def _run_to(self, state: Values) -> list[Values]:
        import networkx

        return networkx.shortest_path(self.graph, START, state)[1:]

    def _path(self, run: Sequence[Values]) -> Path:
        moves = (Move(self.graph.edges[edge]["step"], edge[1]) for edge in itertools.pairwise(run))
        return Path(run[0], tuple(moves))

    def goal(self, goal: Goal) -> GoalVerdict:
        """Whether a goal can be reached, with a shortest run for the best choice of its parameters."""
        choices = self.concrete.instance.arguments(goal.parameters)
        runs = [self._run_through(goal, arguments) for arguments in choices]
        run = min((run for run in runs if run), key=len, default=None)
        if run:
            return GoalVerdict(goal.name, goal.sentence, goal.where, True, self._path(run))
        return GoalVerdict(goal.name, goal.sentence, goal.where, False if self.finished else None)

    def _run_through(self, goal: Goal, arguments: tuple[int, ...]) -> list[Values]:
        """A shortest run that meets all stages in order, found breadth-first over states with the stages passed."""

        @functools.cache
        def met(stage: int, state: Values) -> bool:
            return self.concrete.reaches(goal, stage, arguments, state)

        def passed(stages: int, state: Values) -> tuple[int, Values]:
            while stages < len(goal.stages) and met(stages, state):
                stages += 1
            return stages, state

        starts = [passed(0, state) for state in self.graph.successors(START)]
        before: dict[tuple[int, Values], tuple[int, Values] | None] = dict.fromkeys(starts)
        queue = deque(starts)
        while queue:
            place = queue.popleft()
            if place[0] == len(goal.stages):
                run = [place[1]]
                while earlier := before[place]:
                    place = earlier
                    run.append(place[1])
                return run[::-1]
            for state in self.graph.successors(place[1]):
                following = passed(place[0], state)
                if following not in before:
                    before[following] = place
                    queue.append(following)
        return []
