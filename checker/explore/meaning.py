"""What an instance means, as circuits: every step with its arguments, every property, every goal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from attorn.checker.explore.circuit import Circuit, Node, Value, conjuncts
from attorn.checker.explore.questions import Broken, Decides, IllDefined, Question, Reached, Stuck
from attorn.spec.language import Expr, Field, Goal, Instance, Interpreter, Op, Property, Step
from attorn.spec.language.sorts import Budget, Sort

__all__ = ["Effect", "Meaning"]


@dataclass(frozen=True)
class Effect:
    """A step as circuits over the state before it.

    clauses: one truth value for each clause of the action's guard.
    guard:   whether all clauses hold.
    after:   what the cells that it may write hold after it.
    fault:   whether it writes a cell twice, or a number out of its range.
    """

    step: Step
    clauses: tuple[Value, ...]
    guard: Value
    after: dict[int, Value]
    fault: Value


class Meaning:
    """All circuits of an instance, made on demand."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        sizes = [cell.size for cell in instance.cells]
        self.circuit = Circuit(sizes * 2)
        self._cells = [self.circuit.cell(number) for number in range(len(sizes))]
        self._later = [self.circuit.cell(len(sizes) + number) for number in range(len(sizes))]
        self._interpret = Interpreter(_Circuits(instance, self.circuit, self._cells, self._later))

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """All steps that some state might enable, in the order of actions and arguments."""
        found = (
            self._effect(Step(action, arguments))
            for action in self.instance.machine.actions
            for arguments in self.instance.arguments(action.parameters)
        )
        return tuple(found)

    def answer(self, question: Question) -> Value:
        """Whether a question is true of a state."""
        disjunction = self.circuit.disjunction
        match question:
            case Broken(stated):
                return self.broken(stated)
            case Stuck():
                return self.stuck
            case Reached(goal):
                choices = self.instance.arguments(goal.parameters)
                return disjunction(self.reached(goal, 0, each) for each in choices)
            case Decides(action, number):
                effects = [effect for effect in self.effects if effect.step.action is action]
                return disjunction(self.decides(effect, number) for effect in effects)
            case IllDefined():
                return disjunction(effect.fault for effect in self.effects)

    def broken(self, stated: Property) -> Value:
        """Whether a state violates an invariant, or some enabled step from it violates a two-state property."""
        circuit = self.circuit
        held = circuit.conjunction(self._interpret(clause.formula, {}) for clause in stated.conjuncts)
        if not stated.two_state:
            return circuit.negation(held)
        parts = conjuncts(held)
        at_rest = [*map(circuit.replacing(self._after({})), parts)]
        steps = []
        for effect in self.effects:
            if effect.guard == 0:
                continue
            after = circuit.replacing(self._after(effect.after))
            written = sum(1 << len(self._cells) + cell for cell in effect.after)
            kept = circuit.conjunction(
                after(part) if part.cells & written else resting for part, resting in zip(parts, at_rest, strict=True)
            )
            steps.append(circuit.conjunction((effect.guard, circuit.negation(kept if parts else held))))
        return circuit.disjunction(steps)

    def _after(self, written: dict[int, Value]) -> dict[Node, Value]:
        """What each cell after a step is, in terms of the state before it."""
        return {
            later: written.get(number, now)
            for number, (now, later) in enumerate(zip(self._cells, self._later, strict=True))
            if isinstance(later, Node)
        }

    @cached_property
    def stuck(self) -> Value:
        """Whether no step is enabled in a state that is not a legal end."""
        ended: Value = self._interpret(self.instance.machine.legal_end, {})
        return self.circuit.negation(self.circuit.disjunction((ended, *(effect.guard for effect in self.effects))))

    def reached(self, goal: Goal, stage: int, arguments: Sequence[int]) -> Value:
        """Whether a stage of a goal is true of a state."""
        return self.truth(goal.stages[stage], arguments)

    def truth(self, formula: Expr, arguments: Sequence[int]) -> Value:
        """Whether a formula is true of a state, for values of its free variables."""
        return self._interpret(formula, dict(enumerate(arguments)))

    def decides(self, effect: Effect, number: int) -> Value:
        """Whether of all clauses of a step just one, of that number, does not hold."""
        others = effect.clauses[:number] + effect.clauses[number + 1 :]
        return self.circuit.conjunction((*others, self.circuit.negation(effect.clauses[number])))

    def _effect(self, step: Step) -> Effect:
        circuit = self.circuit
        environment: dict[int, Value] = dict(enumerate(step.arguments))
        clauses = tuple(self._interpret(clause.formula, environment) for clause in step.action.clauses)
        guard = circuit.conjunction(clauses)
        after: dict[int, Value] = {}
        written: dict[int, Value] = {}
        faults: list[Value] = []
        if guard != 0:
            for write in step.action.writes:
                size = self.instance.size(write.field.codomain)
                for numbers in self.instance.indices(tuple(binder.sort for binder in write.binders)):
                    given = environment | {
                        binder.payload: number for binder, number in zip(write.binders, numbers, strict=True)
                    }
                    condition = self._interpret(write.condition, given)
                    index = tuple(self._interpret(part, given) for part in write.index)
                    assert write.value is not None
                    value = self._interpret(write.value, given)
                    for position, chosen in self._positions(write.field, index):
                        when = circuit.assuming(guard, (condition, chosen))
                        if when == 0:
                            continue
                        outside = circuit.disjunction((circuit.less(value, 0), circuit.less(size - 1, value)))
                        faults.append(circuit.conjunction((when, outside)))
                        if position in written:
                            faults.append(circuit.conjunction((when, written[position])))
                        written[position] = circuit.disjunction((when, written.get(position, 0)))
                        before = after.get(position, self._cells[position])
                        after[position] = circuit.select(when, value, before)
        return Effect(step, clauses, guard, after, circuit.conjunction((guard, circuit.disjunction(faults))))

    def _positions(self, field: Field, index: tuple[Value, ...]) -> list[tuple[int, Value]]:
        """The cells that an index may mean, each with the condition under which it does."""
        choices = [
            [(part, 1)]
            if isinstance(part, int)
            else [(number, self.circuit.equal(part, number)) for number in range(self.instance.size(sort))]
            for sort, part in zip(field.domain, index, strict=True)
        ]
        return [
            (
                self.instance.position(field, tuple(number for number, _ in chosen)),
                self.circuit.conjunction(condition for _, condition in chosen),
            )
            for chosen in itertools.product(*choices)
        ]


class _Circuits:
    """The algebra whose values are circuits; ``later`` are the cells after a step."""

    def __init__(self, instance: Instance, circuit: Circuit, cells: Sequence[Value], later: Sequence[Value]) -> None:
        self._instance, self._circuit, self._cells, self._later = instance, circuit, cells, later

    def constant(self, sort: Sort, number: int) -> Value:
        return number

    def limit(self, budget: Budget) -> Value:
        return self._instance.limits[budget]

    def read(self, field: Field, index: tuple[Value, ...], after: bool) -> Value:
        sizes = tuple(self._instance.size(sort) for sort in field.domain)
        return self._read(self._instance.offsets[field], sizes, index, after)

    def _read(self, first: int, sizes: tuple[int, ...], index: tuple[Value, ...], after: bool, at: int = 0) -> Value:
        if not index:
            return (self._later if after else self._cells)[first + at]
        part, rest = index[0], index[1:]
        if isinstance(part, int):
            return self._read(first, sizes[1:], rest, after, at * sizes[0] + part)
        values = [
            (number, self._read(first, sizes[1:], rest, after, at * sizes[0] + number))
            for number in range(max(part.low, 0), min(part.high, sizes[0] - 1) + 1)
        ]
        found = values[-1][1]
        for number, value in reversed(values[:-1]):
            found = self._circuit.select(self._circuit.equal(part, number), value, found)
        return found

    def equal(self, sort: Sort, left: Value, right: Value) -> Value:
        return self._circuit.equal(left, right)

    def joined(self, conjunction: bool, parts: Sequence[Callable[[], Value]]) -> Value:
        known = [part() for part in parts]
        return self._circuit.conjunction(known) if conjunction else self._circuit.disjunction(known)

    def negation(self, part: Value) -> Value:
        return self._circuit.negation(part)

    def implication(self, premise: Callable[[], Value], conclusion: Callable[[], Value]) -> Value:
        known = premise()
        return 1 if known == 0 else self._circuit.disjunction((self._circuit.negation(known), conclusion()))

    def choice(self, sort: Sort, condition: Value, then: Value, otherwise: Value) -> Value:
        return self._circuit.select(condition, then, otherwise)

    def less(self, left: Value, right: Value) -> Value:
        return self._circuit.less(left, right)

    def added(self, left: Value, right: Value) -> Value:
        return self._circuit.added(left, right)

    def subtracted(self, left: Value, right: Value) -> Value:
        return self._circuit.subtracted(left, right)

    def some(self, sort: Sort, value: Value) -> Value:
        return self._circuit.added(value, 1)

    def quantified(
        self, op: Op, variables: tuple[Expr, ...], names: tuple[str, ...], body: Callable[[tuple[Value, ...]], Value]
    ) -> Value:
        cases = (body(numbers) for numbers in self._instance.indices(tuple(bound.sort for bound in variables)))
        if op is Op.FORALL:
            return self._circuit.conjunction(cases)
        if op is Op.EXISTS:
            return self._circuit.disjunction(cases)
        total: Value = 0
        for case in cases:
            total = self._circuit.added(total, case)
        return total
