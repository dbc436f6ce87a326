"""An instance as terms: its initial states, one step, and what is wrong with a step, at any time of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from attorn.checker.prove.finite import FixedSize, numeric
from attorn.checker.prove.z3_solver import z3
from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Action, Expr, Field, Instance, Op, Step, Values, Write, all_of, any_of
from attorn.spec.language.expressions import equal, node
from attorn.spec.language.sorts import BOOLEAN, Sort
from attorn.spec.language.substitution import cell_after, initial_formula, substituted

__all__ = ["Transition"]


class Transition:
    """One step of an instance, made once over the cells before and after it, and renamed for each time of a run.

    The choice of a step is symbolic: a number says which action, and its arguments are terms that all actions share,
    one for each sort and place. (One number for each action with its arguments is as fast to solve, but larger.)
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.sizes = FixedSize(instance)
        self._actions = instance.machine.actions
        self._before, self._after = self.sizes.state("before"), self.sizes.state("after")
        self._interpret = self.sizes.interpreter(self._before, self._after)
        self._action = z3.BitVec("action", len(self._actions).bit_length() or 1, self.sizes.context)
        self._slots: dict[tuple[Sort, int], Any] = {}
        self._given = [self._arguments(action) for action in self._actions]
        self._states: dict[int, list[Any]] = {}
        self._packed: dict[int, Any] = {}
        self._renamed: dict[int, list[tuple[Any, Any]]] = {}

    @cached_property
    def start(self) -> Any:
        """The state before is an initial state."""
        initial = self.instance.machine.initial
        sorts = {each.variable.payload: each.sort for each in initial.parameters}
        given = {level: self.sizes.variable(f"initial.{level}", sort) for level, sort in sorts.items()}
        inside = [self.sizes.inside(given[level], sort) for level, sort in sorts.items()]
        return self._and(*inside, *self.sizes.typed(self._before), self.formula(initial_formula(initial), given))

    @cached_property
    def step(self) -> Any:
        """The chosen action is enabled, and the state after is what it makes of the state before."""
        guards = [
            z3.Implies(self._action == number, self.formula(action.guard, given))
            for number, (action, given) in enumerate(zip(self._actions, self._given, strict=True))
        ]
        cells = [
            self.sizes.equal(cell.field.codomain, self._after[position], self._next(position, cell.field, cell.index))
            for position, cell in enumerate(self.instance.cells)
        ]
        return self._and(self._choice_typed, *guards, *cells, *self.sizes.typed(self._after))

    @cached_property
    def ill_defined(self) -> Any | None:
        """The chosen action is enabled, but leaves the range of a cell or writes one twice; None if none ever can."""
        faults = []
        for number, (action, given) in enumerate(zip(self._actions, self._given, strict=True)):
            wrong = self._or(*self._leaving(action, given), *self._twice(action, given))
            if not z3.is_false(wrong):
                faults.append(self._and(self._action == number, self.formula(action.guard, given), wrong))
        return self._and(self._choice_typed, self._or(*faults)) if faults else None

    @cached_property
    def stuck(self) -> Any:
        """No action is enabled in the state before, and it is no legal end."""
        return z3.Not(self.formula(any_of(*map(_enabled, self._actions), self.instance.machine.legal_end)))

    @cached_property
    def typed(self) -> Any:
        """Every cell of the state before holds one of its values."""
        return self._and(*self.sizes.typed(self._before))

    def formula(self, formula: Expr, given: Mapping[int, Any] | None = None) -> Any:
        """A formula as a term over the states before and after; ``given`` has terms for its free variables."""
        return self.sizes.boolean(self._interpret(formula, given or {}))

    def at(self, term: Any, time: int) -> Any:
        """A term about a step or its state before, said of the step that a run takes at a time, counted from 0."""
        return term if isinstance(term, int) else z3.substitute(term, *self._names(time))

    def same_state(self, one: int, other: int) -> Any:
        """The states of a run at two times are equal."""
        return self.sizes.boolean(self._whole(one) == self._whole(other))

    def is_state(self, values: Values, time: int) -> Any:
        """A run is in a given state at a time."""
        number = self.sizes.number(values, self._state(time))
        return self.sizes.boolean(number is not None and (self._whole(time) == number))

    def path(self, model: z3.ModelRef, length: int, first: int = 0) -> Path:
        """The run of so many steps that a model describes, from a time on."""
        states = [self.state(model, time) for time in range(first, first + length + 1)]
        steps = [self.chosen(model, time) for time in range(first, first + length)]
        return Path(states[0], tuple(map(Move, steps, states[1:])))

    def state(self, model: z3.ModelRef, time: int) -> Values:
        """The state that a run of the model is in at a time."""
        return self.sizes.unpacked(model, self._state(time), self._whole(time))

    def chosen(self, model: z3.ModelRef, time: int) -> Step:
        """The step that a model chooses at a time."""
        number, *arguments = self.sizes.values(model, self._choice(time))
        action = self._actions[number]
        given = dict(zip(self._slots, arguments, strict=True))
        return Step(action, tuple(given[place] for place in _places(action)))

    def _arguments(self, action: Action) -> dict[int, Any]:
        given: dict[int, Any] = {}
        for each, place in zip(action.parameters, _places(action), strict=True):
            if place not in self._slots:
                self._slots[place] = self.sizes.variable(f"argument.{place[0]}.{place[1]}", each.sort)
            given[each.variable.payload] = self._slots[place]
        return given

    @cached_property
    def _choice_typed(self) -> Any:
        inside = [self.sizes.inside(term, sort) for (sort, _), term in self._slots.items()]
        return self._and(z3.ULT(self._action, len(self._actions)), *inside)

    def _next(self, position: int, field: Field, index: tuple[int, ...]) -> Any:
        """The value of a cell after the chosen action."""
        value = self._before[position]
        for number, (action, given) in enumerate(zip(self._actions, self._given, strict=True)):
            if any(write.field is field for write in action.writes):
                then = self._interpret(cell_after(action.writes, field, _constants(field, index)), given)
                value = self.sizes.choice(field.codomain, self._action == number, then, value)
        return value

    def _leaving(self, action: Action, given: Mapping[int, Any]) -> Iterator[Any]:
        """For each write of a number, that it leaves the range of its cell."""
        for write in action.writes:
            sort = write.field.codomain
            if not numeric(sort):
                continue
            for index in self.instance.indices(write.field.domain):
                touched, value = _touched(write, _constants(write.field, index))
                number = self._interpret(value, given)
                if isinstance(number, int):
                    outside: Any = not 0 <= number < self.instance.size(sort)
                else:
                    low, high, number = self.sizes.widened(0, self.instance.size(sort), number)
                    outside = z3.Or(number < low, number >= high)
                yield self._and(outside, self._interpret(touched, given))

    def _twice(self, action: Action, given: Mapping[int, Any]) -> Iterator[Any]:
        """For each two writes to one field, that they meet in a cell; one write never meets itself."""
        for place, write in enumerate(action.writes):
            for earlier in action.writes[:place]:
                if earlier.field is write.field:
                    for index in self.instance.indices(write.field.domain):
                        cell = _constants(write.field, index)
                        both = all_of(_touched(earlier, cell)[0], _touched(write, cell)[0])
                        yield self._interpret(both, given)

    def _state(self, time: int) -> list[Any]:
        if time not in self._states:
            self._states[time] = self.sizes.state(str(time))
        return self._states[time]

    def _whole(self, time: int) -> Any:
        """The state at a time as one bit-vector."""
        if time not in self._packed:
            self._packed[time] = self.sizes.packed(self._state(time))
        return self._packed[time]

    def _choice(self, time: int) -> list[Any]:
        """The terms for the action and its arguments at a time."""
        symbolic = [self._action, *self._slots.values()]
        return [each if isinstance(each, int) else z3.Const(f"{time}.{each}", each.sort()) for each in symbolic]

    def _names(self, time: int) -> list[tuple[Any, Any]]:
        if time not in self._renamed:
            old = [*self._before, *self._after, self._action, *self._slots.values()]
            new = [*self._state(time), *self._state(time + 1), *self._choice(time)]
            self._renamed[time] = [(a, b) for a, b in zip(old, new, strict=True) if not isinstance(a, int)]
        return self._renamed[time]

    def _and(self, *parts: Any) -> Any:
        known = [part for part in parts if not isinstance(part, int)]
        if any(isinstance(part, int) and not part for part in parts):
            return self.sizes.boolean(False)
        return z3.And(known) if known else self.sizes.boolean(True)

    def _or(self, *parts: Any) -> Any:
        return z3.simplify(z3.Not(self._and(*(z3.Not(self.sizes.boolean(part)) for part in parts))))


def _places(action: Action) -> list[tuple[Sort, int]]:
    """For each parameter its sort, and how many parameters of that sort come before it."""
    sorts = [each.sort for each in action.parameters]
    return [(sort, sorts[:number].count(sort)) for number, sort in enumerate(sorts)]


def _constants(field: Field, index: tuple[int, ...]) -> tuple[Expr, ...]:
    return tuple(node(Op.CONSTANT, sort, (), number) for sort, number in zip(field.domain, index, strict=True))


def _touched(write: Write, cell: tuple[Expr, ...]) -> tuple[Expr, Expr]:
    """Whether a write touches a cell, and the value that it gives it."""
    assert write.value is not None
    given = {part.payload: at for part, at in zip(write.index, cell, strict=True) if _is_binder(part, write)}
    matches = [equal(part, at) for part, at in zip(write.index, cell, strict=True) if not _is_binder(part, write)]
    return all_of(*matches, substituted(write.condition, given)), substituted(write.value, given)


def _is_binder(part: Expr, write: Write) -> bool:
    return any(part is binder for binder in write.binders)


def _enabled(action: Action) -> Expr:
    """Whether an action is enabled for some arguments."""
    if not action.parameters:
        return action.guard
    variables, names = zip(*((each.variable, each.name) for each in action.parameters), strict=True)
    return node(Op.EXISTS, BOOLEAN, (action.guard,), (variables, names))
