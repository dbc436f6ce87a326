"""The concrete algebra: plain numbers; the meaning of a machine, one state at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange, SpecificationError, TooLarge
from attorn.spec.language.expressions import Expr, Op
from attorn.spec.language.grounding import Grounded, Grounding
from attorn.spec.language.instance import Instance, Values
from attorn.spec.language.interpreter import Interpreter
from attorn.spec.language.state import Clause, Write
from attorn.spec.language.text import render, value_name
from attorn.spec.language.traced import Action, Goal, Property

__all__ = ["Concrete", "Failure", "Step"]


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


@dataclass(frozen=True)
class Update:
    """One write, for one choice of its binders: where its condition holds, the cell gets the value."""

    write: Write
    condition: Grounded
    position: Grounded
    value: Grounded | None


class Concrete:
    """The plain meaning of an instance: its initial states, steps and verdicts, one state at a time."""

    VARIABLES = 64

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._grounding = Grounding(instance)
        self._interpret = Interpreter(self._grounding)
        self._grounded: dict[tuple[int, tuple[int, ...]], Grounded] = {}
        self._updated: dict[tuple[int, tuple[int, ...]], tuple[Sequence[Write], list[Update]]] = {}

    def value(self, formula: Expr, arguments: Sequence[int], before: Values, after: Values = ()) -> int:
        """The number that an expression has in a state (or over a step), for values of its free variables."""
        key = formula.ident, tuple([arguments[level] for level in formula.free])
        found = self._grounded.get(key)
        if found is None:
            found = self._grounded[key] = self._interpret(formula, dict(enumerate(arguments)))
        return found if isinstance(found, int) else int(found(before, after))

    def initial_states(self, limit: int = 1_000_000, seen: Mapping[int, int] = MappingProxyType({})) -> list[Values]:
        """All initial states, sorted and distinct.

        seen: values of cells by position, which those cells have where the machine leaves them open.

        Raises TooLarge beyond ``limit`` choices, BadInput when there is none.
        """
        initial, instance = self.instance.machine.initial, self.instance
        found: set[Values] = set()
        for arguments in instance.arguments(initial.parameters):
            given = _Assigned(self, arguments, initial.writes, seen)
            missing = [cell.name for cell, value in zip(instance.cells, given.choices, strict=True) if not value]
            if missing:
                raise SpecificationError(
                    f"{initial.where}: the initial state leaves {missing[0]} without a value. "
                    "Write every cell, with ANY where all values are possible."
                )
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
        for update in self.updates(step.action.writes, step.arguments):
            if not _number(update.condition, state):
                continue
            position = _number(update.position, state)
            write = update.write
            if position in written:
                raise DoubleWrite(
                    f"{write.where}: {self.label(step)} writes {self.instance.cells[position].name} twice, "
                    f"also at {written[position].where}. Write each cell once."
                )
            assert update.value is not None
            number = _number(update.value, state)
            if not 0 <= number < self.instance.cells[position].size:
                raise OutOfRange(
                    f"{write.where}: {self.label(step)} sets {self.instance.cells[position].name} to {number}, "
                    f"outside 0..{self.instance.cells[position].size - 1}. Guard the action, for example by "
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

    def updates(self, writes: Sequence[Write], arguments: tuple[int, ...]) -> list[Update]:
        """The writes of an action for its arguments, one for each choice of binders that may take place."""
        key = id(writes), arguments
        if key not in self._updated:
            found = [update for write in writes for update in self._each(write, arguments)]
            self._updated[key] = writes, found
        return self._updated[key][1]

    def _each(self, write: Write, arguments: tuple[int, ...]) -> Iterator[Update]:
        for numbers in self.instance.indices(tuple(binder.sort for binder in write.binders)):
            given: dict[int, Grounded] = dict(enumerate(arguments))
            given |= {binder.payload: number for binder, number in zip(write.binders, numbers, strict=True)}
            condition = self._interpret(write.condition, given)
            if condition != 0:
                index = tuple(self._interpret(part, given) for part in write.index)
                position = self._grounding.position(write.field, index)
                value = None if write.value is None else self._interpret(write.value, given)
                yield Update(write, condition, position, value)


class _Assigned:
    """The values that the description of the initial states leaves open for each cell."""

    def __init__(
        self, concrete: Concrete, arguments: tuple[int, ...], writes: Sequence[Write], seen: Mapping[int, int]
    ) -> None:
        cells = self._cells = concrete.instance.cells
        self.choices: list[Sequence[int]] = [() for _ in cells]
        self._later: list[tuple[int, Grounded, Write]] = []
        for update in concrete.updates(writes, arguments):
            assert isinstance(update.position, int), "tracing refuses an initial state that is written by its own cells"
            if self.choices[update.position]:
                raise DoubleWrite(
                    f"{update.write.where}: the initial state gives {cells[update.position].name} twice. "
                    "Write each cell once."
                )
            known: Sequence[int] = (0,)
            if update.value is None:
                at = update.position
                known = (seen[at],) if at in seen else range(cells[at].size)
            self.choices[update.position] = known
            if update.value is not None:
                self._later.append((update.position, update.value, update.write))

    def states(self) -> Iterator[Values]:
        """All states; values that read other cells are computed in the order written, so that those are known."""
        for chosen in itertools.product(*self.choices):
            state = list(chosen)
            for position, value, write in self._later:
                number = state[position] = _number(value, state)
                if not 0 <= number < self._cells[position].size:
                    raise OutOfRange(
                        f"{write.where}: the initial state sets {self._cells[position].name} to {number}, "
                        f"outside 0..{self._cells[position].size - 1}."
                    )
            yield tuple(state)


def _number(value: Grounded, state: Sequence[int]) -> int:
    return value if isinstance(value, int) else int(value(state, ()))
