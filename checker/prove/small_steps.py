"""Steps of an instance that leave a set of formulas, found by an incremental solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attorn.checker.prove.finite import FixedSize
from attorn.checker.prove.z3_solver import z3
from attorn.spec.language import Action, Expr, Instance, Op, Step, Values
from attorn.spec.language.expressions import node
from attorn.spec.language.substitution import cell_after, initial_formula
from attorn.spec.language.traced import fields_read

__all__ = ["Left", "SmallSteps", "Undecided", "Wanted"]


class Undecided(Exception):
    """The solver ran out of time; never shown, the search turns it into an account."""


@dataclass(frozen=True)
class Wanted:
    """A formula that every step must keep true, or, if it speaks of two states, must satisfy."""

    formula: Expr
    two_state: bool = False


@dataclass(frozen=True)
class Left:
    """A step from a state that satisfies all assumptions to one where some wanted formulas are false."""

    step: Step
    before: Values
    violated: tuple[str, ...]


class SmallSteps:
    """All steps of an instance, one incremental solver an action; assumptions about the state before can be dropped.

    What an action was found to preserve is remembered until an assumption is dropped.
    """

    def __init__(self, instance: Instance, seconds_left: Callable[[], float]) -> None:
        self._sizes = FixedSize(instance)
        self._seconds_left = seconds_left
        self._before = self._sizes.state("before")
        self._interpret = self._sizes.interpreter(self._before)
        self._actions = [_Action(self._sizes, self._before, action) for action in instance.machine.actions]
        self.instance = instance
        self._assumed: dict[str, Any] = {}
        self._asked = 0

    def assume(self, name: str, formula: Expr) -> None:
        """Only look at steps from states where the formula is true."""
        term = self._sizes.boolean(self._interpret(formula, {}))
        switch = self._assumed[name] = z3.Bool(f"assume.{name}", self._sizes.context)
        for each in self._actions:
            each.solver.add(z3.Implies(switch, term))

    def drop(self, name: str) -> None:
        """Assume a formula no longer."""
        del self._assumed[name]
        for each in self._actions:
            each.preserved.clear()

    def holds_initially(self, formula: Expr) -> bool:
        """Whether all initial states of the instance satisfy a formula."""
        denied = z3.Not(self._sizes.boolean(self._interpret(formula, {})))
        return bool(self._check(self._start, denied) == z3.unsat)

    def left(self, wanted: Mapping[str, Wanted]) -> Left | None:
        """Some step after which wanted formulas are false, or None if there is none; raises Undecided."""
        for each in self._actions:
            terms = each.after_terms({name: goal for name, goal in wanted.items() if name not in each.preserved})
            if not terms:
                continue
            self._asked += 1
            query = z3.Bool(f"query.{self._asked}", self._sizes.context)
            each.solver.add(z3.Implies(query, z3.Or([z3.Not(term) for term in terms.values()])))
            result = self._check(each.solver, query, *self._assumed.values())
            if result == z3.sat:
                model = each.solver.model()
                violated = [
                    name for name, term in terms.items() if z3.is_false(model.eval(term, model_completion=True))
                ]
                step = Step(each.action, self._sizes.values(model, each.arguments))
                return Left(step, self._sizes.values(model, self._before), tuple(violated))
            each.preserved.update(terms)
        return None

    @cached_property
    def _start(self) -> Any:
        solver = z3.SolverFor("QF_BV", ctx=self._sizes.context)
        initial = self.instance.machine.initial
        given = {
            each.variable.payload: self._sizes.variable(f"initial.{each.name}", each.sort)
            for each in initial.parameters
        }
        solver.add([self._sizes.inside(given[each.variable.payload], each.sort) for each in initial.parameters])
        solver.add(self._sizes.typed(self._before))
        solver.add(self._sizes.boolean(self._interpret(initial_formula(initial), given)))
        return solver

    def _check(self, solver: Any, *assumptions: Any) -> Any:
        left = self._seconds_left()
        if left <= 0:
            raise Undecided("the time is up")
        solver.set("timeout", max(1, int(left * 1000)))
        result = solver.check(*assumptions)
        if result == z3.unknown:
            if "interrupt" in solver.reason_unknown():
                raise KeyboardInterrupt
            raise Undecided(f"the solver gave up: {solver.reason_unknown()}")
        return result


class _Action:
    """One action: its solver, the cells after it as terms, and the names of what it was found to preserve."""

    def __init__(self, sizes: FixedSize, before: list[Any], action: Action) -> None:
        self.action = action
        self.preserved: set[str] = set()
        self.solver = z3.SolverFor("QF_BV", ctx=sizes.context)
        self._sizes = sizes
        self._written = {write.field for write in action.writes}
        given = {
            each.variable.payload: sizes.variable(f"{action.name}.{each.name}", each.sort) for each in action.parameters
        }
        self.arguments = list(given.values())
        interpret = sizes.interpreter(before)
        self.solver.add(sizes.typed(before))
        for each in action.parameters:
            self.solver.add(sizes.boolean(sizes.inside(given[each.variable.payload], each.sort)))
        self.solver.add(sizes.boolean(interpret(action.guard, given)))
        after = list(before)
        for position, cell in enumerate(sizes.instance.cells):
            if cell.field in self._written:
                index = tuple(
                    node(Op.CONSTANT, sort, (), number)
                    for sort, number in zip(cell.field.domain, cell.index, strict=True)
                )
                after[position] = interpret(cell_after(action.writes, cell.field, index), given)
        self._after = sizes.interpreter(after)
        self._both = sizes.interpreter(before, after)

    def after_terms(self, wanted: Mapping[str, Wanted]) -> dict[str, Any]:
        """The wanted formulas as terms over the state after; those that the action cannot touch are left out."""
        terms = {}
        for name, goal in wanted.items():
            if goal.two_state:
                terms[name] = self._sizes.boolean(self._both(goal.formula, {}))
            elif self._written.isdisjoint(fields_read(goal.formula)):
                self.preserved.add(name)
            else:
                terms[name] = self._sizes.boolean(self._after(goal.formula, {}))
        return terms
