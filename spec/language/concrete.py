"""The concrete algebra: plain numbers; the meaning of a machine, one state at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange, TooLarge
from attorn.spec.language.expressions import Expr, Op
from attorn.spec.language.instance import Instance, Values
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.sorts import Budget, RangeSort, Sort
from attorn.spec.language.state import Clause, Field, Write
from attorn.spec.language.text import render, value_name
from attorn.spec.language.tracing import Action, Goal, Property

__all__ = ["Concrete", "Failure", "Step"]

Closure = Callable[[Values, Values, list[int]], int]


@dataclass(frozen=True)
class Step:
    """An action with the numbers of its arguments."""

    action: Action
    arguments: tuple[int, ...]


@dataclass(frozen=True)
class Failure:
    """Which conjunct of a property is false, for which values of its outer quantifiers."""

    conjunct: int
    clause: Clause
    text: str
    witness: tuple[tuple[str, str], ...]


class _Closures:
    """Values are functions from the state before, the state after and the values of variables to a number."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def constant(self, sort: Sort, number: int) -> Closure:
        return lambda before, after, variables: number

    def limit(self, budget: Budget) -> Closure:
        number = self._instance.limits[budget]
        return lambda before, after, variables: number

    def variable(self, level: int) -> Closure:
        return lambda before, after, variables: variables[level]

    def read(self, field: Field, index: tuple[Closure, ...], after: bool) -> Closure:
        first = self._instance.offsets[field]
        sizes = [self._instance.size(sort) for sort in field.domain]
        if len(index) == 1:
            only = index[0]
            if after:
                return lambda before, after, variables: after[first + only(before, after, variables)]
            return lambda before, after, variables: before[first + only(before, after, variables)]

        def cell(before: Values, later: Values, variables: list[int]) -> int:
            number = 0
            for size, part in zip(sizes, index, strict=True):
                number = number * size + part(before, later, variables)
            return (later if after else before)[first + number]

        return cell

    def equal(self, sort: Sort, left: Closure, right: Closure) -> Closure:
        return lambda b, a, v: left(b, a, v) == right(b, a, v)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Closure]]) -> Closure:
        known = [part() for part in parts]
        if conjunction:
            return lambda b, a, v: all(part(b, a, v) for part in known)
        return lambda b, a, v: any(part(b, a, v) for part in known)

    def negation(self, part: Closure) -> Closure:
        return lambda b, a, v: not part(b, a, v)

    def implication(self, premise: Callable[[], Closure], conclusion: Callable[[], Closure]) -> Closure:
        left, right = premise(), conclusion()
        return lambda b, a, v: not left(b, a, v) or right(b, a, v)

    def choice(self, sort: Sort, condition: Closure, then: Closure, otherwise: Closure) -> Closure:
        return lambda b, a, v: then(b, a, v) if condition(b, a, v) else otherwise(b, a, v)

    def less(self, left: Closure, right: Closure) -> Closure:
        return lambda b, a, v: left(b, a, v) < right(b, a, v)

    def added(self, left: Closure, right: Closure) -> Closure:
        return lambda b, a, v: left(b, a, v) + right(b, a, v)

    def subtracted(self, left: Closure, right: Closure) -> Closure:
        return lambda b, a, v: left(b, a, v) - right(b, a, v)

    def some(self, sort: Sort, value: Closure) -> Closure:
        return lambda b, a, v: 1 + value(b, a, v)

    def quantified(
        self,
        op: Op,
        variables: tuple[Expr, ...],
        names: tuple[str, ...],
        body: Callable[[tuple[Closure, ...]], Closure],
    ) -> Closure:
        inner = body(tuple(self.variable(bound.payload) for bound in variables))
        levels = [bound.payload for bound in variables]
        ranges = [range(self._instance.size(bound.sort)) for bound in variables]

        def truths(b: Values, a: Values, v: list[int]) -> Iterator[int]:
            saved = [v[level] for level in levels]
            try:
                for numbers in itertools.product(*ranges):
                    for level, number in zip(levels, numbers, strict=True):
                        v[level] = number
                    yield inner(b, a, v)
            finally:
                for level, number in zip(levels, saved, strict=True):
                    v[level] = number

        if op is Op.FORALL:
            return lambda b, a, v: all(truths(b, a, v))
        if op is Op.EXISTS:
            return lambda b, a, v: any(truths(b, a, v))
        return lambda b, a, v: sum(map(bool, truths(b, a, v)))


class Concrete:
    """The plain meaning of an instance: its initial states, steps and verdicts, one state at a time."""

    VARIABLES = 64

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._closures = _Closures(instance)
        self._interpret = Interpreter(self._closures)
        self._environment = {level: self._closures.variable(level) for level in range(self.VARIABLES)}
        self._compiled: dict[int, tuple[Expr, Closure]] = {}

    def value(self, formula: Expr, arguments: Sequence[int], before: Values, after: Values = ()) -> int:
        """The number that an expression has in a state (or over a step), for values of its free variables."""
        found = self._compiled.get(formula.ident)
        if found is None:
            found = self._compiled[formula.ident] = formula, self._interpret(formula, self._environment)
        return int(found[1](before, after, [*arguments, *(0 for _ in range(self.VARIABLES - len(arguments)))]))

    def initial_states(self, limit: int = 1_000_000) -> list[Values]:
        """All initial states, sorted and distinct.

        Raises TooLarge beyond ``limit`` choices, BadInput when there is none.
        """
        initial, instance = self.instance.machine.initial, self.instance
        blank: Values = tuple(-1 for _ in instance.cells)
        found: set[Values] = set()
        for arguments in instance.arguments(initial.parameters):
            given = _Assigned(self, arguments, blank, initial.writes)
            missing = [cell.name for cell, value in zip(instance.cells, given.choices, strict=True) if not value]
            if missing:
                raise BadInput(f"{initial.where}: the initial state leaves {missing[0]} without a value.")
            total = 1
            for values in given.choices:
                total *= len(values)
            if total > limit:
                raise TooLarge(
                    f"{initial.where}: more than {limit:,} initial states; make ANY rarer or the instance smaller."
                )
            for state in given.states():
                if all(self.value(clause.formula, arguments, state) for clause in initial.clauses):
                    found.add(state)
        if not found:
            raise BadInput(
                f"{initial.where}: no state satisfies the initial conditions; the machine has no initial state."
            )
        return sorted(found)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All actions with all arguments, in order."""
        return tuple(
            Step(action, arguments)
            for action in self.instance.machine.actions
            for arguments in self.instance.arguments(action.parameters)
        )

    def enabled(self, state: Values, step: Step) -> bool:
        """Whether every clause of the action's guard holds."""
        return all(self.value(clause.formula, step.arguments, state) for clause in step.action.clauses)

    def blocking(self, state: Values, step: Step) -> list[Clause]:
        """The clauses that keep the action from happening."""
        return [clause for clause in step.action.clauses if not self.value(clause.formula, step.arguments, state)]

    def apply(self, state: Values, step: Step) -> Values:
        """The state after the step; raises DoubleWrite or OutOfRange where the action is not well defined."""
        after = list(state)
        written: dict[int, Write] = {}
        for write in step.action.writes:
            sort = write.field.codomain
            for position, variables in self._cells(write, step.arguments, state):
                if position in written:
                    raise DoubleWrite(
                        f"{write.where}: {self.label(step)} writes {self.instance.cells[position].name} twice, "
                        f"also at {written[position].where}. Write each cell once."
                    )
                assert write.value is not None
                number = self.value(write.value, variables, state)
                if isinstance(sort, RangeSort) and not 0 <= number < self.instance.size(sort):
                    raise OutOfRange(
                        f"{write.where}: {self.label(step)} sets {self.instance.cells[position].name} to {number}, "
                        f"outside 0..{self.instance.size(sort) - 1}. Guard the action, for example by "
                        f"`s.{write.field.name} {'> 0' if number < 0 else '< limit'}`."
                    )
                after[position] = number
                written[position] = write
        return tuple(after)

    def successors(self, state: Values) -> Iterator[tuple[Step, Values]]:
        """All steps that are enabled in a state, and where they lead."""
        for step in self.steps:
            if self.enabled(state, step):
                yield step, self.apply(state, step)

    def holds(self, stated: Property, before: Values, after: Values = ()) -> bool:
        """Whether a property is true of a state, or of a step if it speaks of two states."""
        return all(self.value(clause.formula, (), before, after) for clause in stated.conjuncts)

    def failure(self, stated: Property, before: Values, after: Values = ()) -> Failure | None:
        """The first conjunct that is false and the first witness against it, or None if the property holds."""
        for number, clause in enumerate(stated.conjuncts):
            if not self.value(clause.formula, (), before, after):
                return Failure(number, clause, render(clause.formula), self._witness(clause.formula, before, after))
        return None

    def reaches(self, goal: Goal, stage: int, arguments: Sequence[int], state: Values) -> bool:
        """Whether a stage of a goal is true of a state."""
        return bool(self.value(goal.stages[stage], arguments, state))

    def label(self, step: Step) -> str:
        """The step as reports print it."""
        return self.instance.call(step.action.name, step.action.parameters, step.arguments)

    def _witness(self, formula: Expr, before: Values, after: Values) -> tuple[tuple[str, str], ...]:
        if formula.op is not Op.FORALL:
            return ()
        variables, names = formula.payload
        given = [0] * self.VARIABLES
        for numbers in self.instance.indices(tuple(bound.sort for bound in variables)):
            for bound, number in zip(variables, numbers, strict=True):
                given[bound.payload] = number
            if not self.value(formula.args[0], given, before, after):
                return tuple(
                    (name, value_name(bound.sort, number))
                    for name, bound, number in zip(names, variables, numbers, strict=True)
                )
        return ()

    def _cells(self, write: Write, arguments: Sequence[int], state: Values) -> Iterator[tuple[int, list[int]]]:
        """The cells that a write touches, each with the values of all variables."""
        for numbers in self.instance.indices(tuple(binder.sort for binder in write.binders)):
            variables = [*arguments, *([0] * (self.VARIABLES - len(arguments)))]
            for binder, number in zip(write.binders, numbers, strict=True):
                variables[binder.payload] = number
            if self.value(write.condition, variables, state):
                index = tuple(self.value(part, variables, state) for part in write.index)
                yield self.instance.position(write.field, index), variables


class _Assigned:
    """The values that the description of the initial states leaves open for each cell."""

    def __init__(self, concrete: Concrete, arguments: Sequence[int], blank: Values, writes: Sequence[Write]) -> None:
        self._concrete = concrete
        self.choices: list[tuple[int, ...]] = [() for _ in blank]
        self._later: list[tuple[int, Write, list[int]]] = []
        for write in writes:
            for position, variables in concrete._cells(write, arguments, blank):
                if self.choices[position]:
                    raise DoubleWrite(
                        f"{write.where}: the initial state gives {concrete.instance.cells[position].name} twice."
                    )
                if write.value is None:
                    self.choices[position] = tuple(range(concrete.instance.cells[position].size))
                else:
                    self.choices[position] = (0,)
                    self._later.append((position, write, variables))

    def states(self) -> Iterator[Values]:
        """All states; values that read other cells are computed once those are known."""
        for chosen in itertools.product(*self.choices):
            state = list(chosen)
            for position, write, variables in self._later:
                assert write.value is not None
                state[position] = self._concrete.value(write.value, variables, tuple(state))
            yield tuple(state)
