"""The explorer as a whole: from an instance to the account of all its reachable states."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property, partial

from attorn.checker.explore.expand import Expander
from attorn.checker.explore.options import DEFAULT, Options, Progress
from attorn.checker.explore.paths import shortest
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.questions import Broken, Decides, Question, Reached, Stuck
from attorn.checker.explore.search import Search
from attorn.checker.explore.stages import shortest_through
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence, Exploration, GoalVerdict, Move, Path, SilentClause, Verdict
from attorn.spec.errors import UnknownName, Unsound
from attorn.spec.language import Goal, Instance, Property, render

__all__ = ["explore"]

NO_DEADLOCK = "no_deadlock"


def explore(
    instance: Instance,
    options: Options = DEFAULT,
    progress: Callable[[Progress], None] | None = None,
) -> Exploration:
    """Visit every reachable state of an instance and answer for its properties and goals.

    progress: called before every level, and now and then within large ones.

    The answers are the same for any number of threads. Raises UnknownName for a property that the machine lacks,
    TooLarge for an instance that cannot be packed or cannot fit the memory budget, BadInput, DoubleWrite or OutOfRange
    where the machine is not well defined, Unsound if the plain meaning of the machine contradicts a run found.
    """
    began = time.perf_counter()
    if options.cluster is None:
        return _Exploring(instance, options, progress).account(began)
    from attorn.checker.explore.cluster import gathered

    with gathered(options) as there:
        return _Exploring(instance, there, progress).account(began)


class _Exploring:
    """One search and its evaluation."""

    def __init__(self, instance: Instance, options: Options, progress: Callable[[Progress], None] | None) -> None:
        self._instance, self._machine, self._options = instance, instance.machine, options
        self._names = self._chosen()
        self._prepared = Prepared.of(instance)
        self._meaning, self._concrete = self._prepared.meaning, self._prepared.concrete
        self._search = self._begun(progress)

    @spends(Phase.BUILDING)
    def _begun(self, progress: Callable[[Progress], None] | None) -> Search:
        return Search(self._prepared, dict(self._questions()), self._options, progress)

    def _chosen(self) -> list[str]:
        """The names of the properties to check, in order."""
        known = [*(stated.name for stated in self._machine.properties), NO_DEADLOCK]
        wanted = self._options.properties
        for name in wanted or ():
            if name not in known:
                raise UnknownName(f"machine {self._machine.name} has no property `{name}`. It has: {', '.join(known)}.")
        return [name for name in known if wanted is None or name in wanted]

    def _questions(self) -> Iterator[tuple[str, Question]]:
        """What to ask of every state, by names that the search keeps apart."""
        for stated in self._machine.properties:
            if stated.name in self._names:
                yield stated.name, Broken(stated)
        if NO_DEADLOCK in self._names:
            yield NO_DEADLOCK, Stuck()
        for goal in self._instance.goals if self._options.goals else ():
            if len(goal.stages) == 1:
                yield _goal(goal), Reached(goal)
        for action in self._machine.actions:
            for number in range(len(action.clauses)):
                yield _clause(action.name, number), Decides(action, number)

    def account(self, began: float) -> Exploration:
        """Search, and say what was found."""
        search = self._search
        search.run()
        self._paths = self._shortest()
        verdicts = tuple(self._verdict(name) for name in self._names)
        goals = tuple(self._goal(goal) for goal in self._instance.goals) if self._options.goals else ()
        fired = dict.fromkeys((action.name for action in self._machine.actions), 0)
        for effect, times in zip(search.expander.effects, search.fired.tolist(), strict=True):
            fired[effect.step.action.name] += times
        return Exploration(
            instance=self._instance,
            engine="explorer",
            levels=tuple(search.stand_for),
            transitions=sum(fired.values()),
            finished=not search.stopped,
            stopped=search.stopped,
            interrupted=search.interrupted,
            verdicts=verdicts,
            goals=goals,
            fired=fired,
            silent=tuple(self._silent()) if not search.stopped else (),
            orbits=search.states if self._options.symmetry else None,
            seconds=time.perf_counter() - began,
            bytes_per_state=search.peak / max(search.states, 1),
            by=search.by,
        )

    @cached_property
    def _rechecker(self) -> Rechecker:
        """Confirms what is shown by the plain meaning of the machine."""
        return Rechecker(self._instance)

    @cached_property
    def _expander(self) -> Expander:
        """Takes steps and asks nothing."""
        return Expander(self._meaning, self._prepared.layout, {}, self._search.expander.symmetry)

    def _shortest(self) -> dict[str, Path]:
        """Runs to what was found, except for clauses, of which it is enough to know that they decide."""
        found = {name: found for name, found in self._search.found.items() if not name.startswith("clause ")}
        if not found:
            return {}
        return shortest(found, partial(self._search.before, self._expander), self._expander, self._concrete)

    @spends(Phase.RUNS)
    def _verdict(self, name: str) -> Verdict:
        if name == NO_DEADLOCK:
            sentence, where, kind, stated = "Every state has a way on, or is a legal end.", None, "deadlock", None
        else:
            stated = self._machine.property(name)
            sentence, where, kind = stated.sentence, stated.where, "two_state" if stated.two_state else "invariant"
        if name not in self._search.found:
            evidence = Evidence.UNDETERMINED if self._search.stopped else Evidence.EXHAUSTED
            return Verdict(name, sentence, where, kind, evidence)
        path, failure = self._paths[name], None
        if stated is not None:
            if stated.two_state:
                path = self._with_bad_step(path, stated)
            failure = self._concrete.failure(stated, *path.states[-2 if stated.two_state else -1 :])
        verdict = Verdict(name, sentence, where, kind, Evidence.REFUTED, path, failure)
        self._rechecker.violation(verdict, stated)
        return verdict

    def _with_bad_step(self, path: Path, stated: Property) -> Path:
        """A run, and the first step from its end that violates a two-state property."""
        before = path.states[-1]
        for step, after in self._concrete.successors(before):
            if not self._concrete.holds(stated, before, after):
                return Path(path.start, (*path.moves, Move(step, after)))
        raise Unsound(f"the explorer found {stated.name} violated where it holds; please report this.")

    @spends(Phase.RUNS)
    def _goal(self, goal: Goal) -> GoalVerdict:
        if len(goal.stages) == 1:
            path, certain = self._paths.get(_goal(goal)), True
        else:
            depth = len(self._search.levels) - 1 if self._search.stopped else None
            path, certain = shortest_through(goal, self._prepared, depth, self._room())
        if path is None:
            reached = False if certain and not self._search.stopped else None
            return GoalVerdict(goal.name, goal.sentence, goal.where, reached)
        verdict = GoalVerdict(goal.name, goal.sentence, goal.where, True, path)
        self._rechecker.witness(verdict, goal)
        return verdict

    def _room(self) -> int | None:
        """How many states a search for a goal may meet, so that it takes no more memory than this one did or may."""
        if self._options.memory is None:
            return None
        return max(self._options.memory - self._search.held, 0) // (3 * self._prepared.layout.bytes)

    def _silent(self) -> Iterator[SilentClause]:
        for action in self._machine.actions:
            names = {each.variable.payload: each.name for each in action.parameters}
            for number, clause in enumerate(action.clauses):
                if _clause(action.name, number) not in self._search.found:
                    yield SilentClause(action.name, number, clause, render(clause.formula, names))


def _goal(goal: Goal) -> str:
    return f"goal {goal.name}"


def _clause(action: str, number: int) -> str:
    return f"clause {action} {number}"
