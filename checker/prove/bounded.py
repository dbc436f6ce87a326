"""Bounded model checking: every run of up to so many steps, by a solver, breadth by depth."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.transition import Transition
from attorn.checker.prove.z3_solver import z3
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence, Path, Verdict
from attorn.spec.errors import BadInput, UnknownName, Unsound
from attorn.spec.language import Instance, Property

__all__ = ["INTERRUPTED", "Bounded", "BoundedVerdict", "Search", "check_bounded", "stated_properties"]

NO_DEADLOCK = "no_deadlock"
DEADLOCK_SENTENCE = "Every state has a way on, or is a legal end."
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class BoundedVerdict:
    """What is known of one property: the verdict, and the number of steps up to which no run violates it.

    depth: -1 where not even the initial states are known to satisfy it.
    """

    verdict: Verdict
    depth: int


@dataclass(frozen=True)
class Bounded:
    """The account of one bounded check; a property that did not hold up to ``depth`` is never called bounded.

    reached: the depth up to which every property is settled.  stopped: why not up to ``depth``; empty if it is.
    spent:   seconds for each depth.
    """

    instance: Instance
    depth: int
    reached: int
    verdicts: tuple[BoundedVerdict, ...]
    stopped: str
    spent: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Time of the whole check."""
        return sum(self.spent)

    def verdict(self, name: str) -> BoundedVerdict:
        """The verdict of one property."""
        return next(each for each in self.verdicts if each.verdict.name == name)


def check_bounded(
    instance: Instance,
    depth: int,
    properties: Collection[str] | None = None,
    timeout: float = 60.0,
    progress: Callable[[int, float], None] | None = None,
) -> Bounded:
    """Look for violations in all runs of up to ``depth`` steps, shortest first.

    properties: names to check, ``no_deadlock`` among them; all when None.
    timeout:    seconds for one question to the solver; there is at least one a depth.
    progress:   called after each depth with its number and its seconds.

    Depth by depth one step is added and the solver is asked for a run of just so many steps that ends in a violation
    of any property; what it excludes it may use from then on, so that a depth costs about what the one before did.
    A run found is taken again by the plain interpreter. A property whose question is not answered in time, and all
    properties after an interrupt, stay undetermined.

    An action that leaves the range of a counter or writes a cell twice ends the check, as it ends the explorer's: the
    machine has no meaning then. It is looked for in the states of less than ``depth`` steps, which are those that the
    runs leave. Initial states are those that satisfy their description.

    Raises UnknownName for a property that the machine lacks; BadInput, DoubleWrite or OutOfRange where the machine is
    not well defined; Unsound where the plain interpreter does not confirm a run.
    """
    search = Search(instance, stated_properties(instance, properties), timeout)
    spent: list[float] = []
    try:
        for step in range(depth + 1):
            began = time.perf_counter()
            search.deepen(step)
            spent.append(time.perf_counter() - began)
            if progress is not None:
                progress(step, spent[-1])
            if search.done:
                break
    except KeyboardInterrupt:
        search.stopped = INTERRUPTED
    verdicts = tuple(search.verdict(name, depth) for name in search.stated)
    settled = [depth if each.verdict.evidence is Evidence.REFUTED else each.depth for each in verdicts]
    return Bounded(instance, depth, min(settled, default=depth), verdicts, search.stopped, tuple(spent))


def stated_properties(instance: Instance, names: Collection[str] | None) -> dict[str, Property | None]:
    """The properties of those names, all when None; None stands for the absence of deadlock."""
    known: dict[str, Property | None] = {each.name: each for each in instance.machine.properties}
    known[NO_DEADLOCK] = None
    for name in names or ():
        if name not in known:
            raise UnknownName(f"machine {instance.machine.name} has no property `{name}`. It has: {', '.join(known)}.")
    return {name: stated for name, stated in known.items() if names is None or name in names}


class Search:
    """The solver with all steps so far, and what is known of each property; None is the absence of deadlock.

    open:   properties that no run so far violates, and about which every question was answered.
    depths: for each property, the number of steps up to which no run violates it.
    """

    def __init__(self, instance: Instance, stated: dict[str, Property | None], timeout: float) -> None:
        self.instance, self.stated = instance, stated
        self.runs = Rechecker(instance)
        self.transition = Transition(instance)
        self.open = list(stated)
        self.depths = dict.fromkeys(stated, -1)
        self.paths: dict[str, Path] = {}
        self.stopped = ""
        self._violations = {name: self._violated(each) for name, each in stated.items()}
        self._solver = Incremental(self.transition.sizes.context, timeout)

    @property
    def done(self) -> bool:
        """Whether nothing is left to find out by going deeper."""
        return not self.open and (bool(self.stopped) or self.transition.ill_defined is None)

    def deepen(self, depth: int) -> None:
        """Add the states of one more step, and look for violations in them."""
        if depth == 0:
            self._solver.add(self.transition.at(self.transition.start, 0))
            self._refuse_no_start()
        else:
            self._refuse_ill_defined(depth - 1)
            self._solver.add(self.transition.at(self.transition.step, depth - 1))
        self._settle(self.open, depth)
        self._solver.add(z3.Not(self.violation(self.open, depth)))
        self.depths |= dict.fromkeys(self.open, depth)

    def _refuse_no_start(self) -> None:
        said = self._solver.ask()
        if said is None:
            raise BadInput(
                f"{self.instance.machine.initial.where}: no state satisfies the initial conditions; "
                "the machine has no initial state."
            )
        if isinstance(said, str):
            self._give_up(self.open, 0, said)

    def _refuse_ill_defined(self, time: int) -> None:
        """Let the plain interpreter say what is wrong with a step that the solver calls ill-defined."""
        if self.transition.ill_defined is None:
            return
        said = self._solver.ask(self.transition.at(self.transition.ill_defined, time))
        if isinstance(said, str):
            self._give_up(self.open, time, said)
        elif said is not None:
            path = self.transition.path(said, time)
            self.runs.path(path, f"{self.instance.name}: z3's run")
            step = self.transition.chosen(said, time)
            self.runs.concrete.apply(path.states[-1], step)
            raise Unsound(
                f"{self.instance.name}: z3 calls {self.runs.concrete.label(step)} ill-defined, but it is not."
            )

    def _settle(self, asked: Collection[str], depth: int) -> None:
        """Find all properties that runs of this length violate: ask for any of them, and for each if need be."""
        while asked := [name for name in asked if name in self.open]:
            said = self._solver.ask(self.violation(asked, depth))
            if said is None:
                return
            if isinstance(said, str):
                if len(asked) == 1:
                    self._give_up(asked, depth, said)
                else:
                    for name in asked:
                        self._settle([name], depth)
                return
            path = self.transition.path(said, depth)
            self.runs.path(path, f"{self.instance.name}: z3's run")
            found = [name for name in asked if self.runs.violates(path, self.stated[name])]
            if not found:
                raise Unsound(f"{self.instance.name}: a run of {depth} steps violates nothing, though z3 says so.")
            self.paths |= dict.fromkeys(found, path)
            self.open = [name for name in self.open if name not in found]

    def _give_up(self, names: Collection[str], depth: int, reason: str) -> None:
        self.stopped = self.stopped or f"z3 gave no answer at depth {depth}: {reason}"
        self.open = [name for name in self.open if name not in names]

    def _of_steps(self, name: str) -> bool:
        stated = self.stated[name]
        return stated is not None and stated.two_state

    def violation(self, names: Collection[str], depth: int) -> Any:
        """The state at a depth, or the step to it, violates one of the properties."""
        context = self.transition.sizes.context
        of_steps = [self._violations[name] for name in names if self._of_steps(name)]
        of_states = [self._violations[name] for name in names if not self._of_steps(name)]
        ends = self.transition.at(z3.Or(of_states, context), depth)
        steps = self.transition.at(z3.Or(of_steps, context), depth - 1) if of_steps and depth else None
        return ends if steps is None else z3.Or(ends, steps)

    def _violated(self, stated: Property | None) -> Any:
        return self.transition.stuck if stated is None else z3.Not(self.transition.formula(stated.formula))

    def verdict(self, name: str, depth: int) -> BoundedVerdict:
        """What is known of one property after the search up to a depth."""
        stated, path = self.stated[name], self.paths.get(name)
        held = self.depths[name]
        if path is not None:
            evidence = Evidence.REFUTED
        else:
            evidence = Evidence.BOUNDED if held == depth else Evidence.UNDETERMINED
        if stated is None:
            return BoundedVerdict(Verdict(name, DEADLOCK_SENTENCE, None, "deadlock", evidence, path), held)
        ends = path.states[-2 if stated.two_state else -1 :] if path else ()
        failure = self.runs.concrete.failure(stated, *ends) if ends else None
        kind = "two_state" if stated.two_state else "invariant"
        return BoundedVerdict(Verdict(name, stated.sentence, stated.where, kind, evidence, path, failure), held)
