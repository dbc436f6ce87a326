"""Instances: a machine with a size for every sort, and the cells that its states are made of."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attorn.spec.errors import BadInput, SpecificationError, UnknownName
from attorn.spec.language.expressions import sort_of
from attorn.spec.language.machine import Machine
from attorn.spec.language.sorts import (
    BooleanSort,
    Budget,
    ElementSort,
    EnumerationSort,
    OptionSort,
    RangeSort,
    Sort,
)
from attorn.spec.language.state import Field
from attorn.spec.language.text import value_name
from attorn.spec.language.traced import Goal, Parameter

__all__ = ["Cell", "Instance", "Values"]

Values = tuple[int, ...]


@dataclass(frozen=True)
class Cell:
    """One place of a state: a field at one index, with the number of values that it can take."""

    field: Field
    index: tuple[int, ...]
    size: int

    @property
    def name(self) -> str:
        """How reports call it: ``owner[segment0]``."""
        if not self.index:
            return self.field.name
        names = (value_name(sort, number) for sort, number in zip(self.field.domain, self.index, strict=True))
        return f"{self.field.name}[{', '.join(names)}]"


@dataclass(frozen=True, eq=False)
class Instance:
    """A machine of a given size; a state of it is a tuple with one number a cell, in the order of ``cells``."""

    machine: Machine
    sizes: Mapping[ElementSort, int]
    limits: Mapping[Budget, int]
    name: str = ""

    def __repr__(self) -> str:
        return f"Instance({self.machine.name}: {self.shape()})"

    @staticmethod
    def of(machine: Machine, name: str = "", /, **sizes: int) -> Instance:
        """An instance by names of sorts and budgets: ``Instance.of(claim, VM=2, Segment=3, Partition=2)``.

        Raises BadInput when a size is missing, unknown, or too small for the sort's constants.
        """
        sorts = {sort.name: sort for sort in machine.sorts}
        budgets = {budget.name: budget for budget in machine.budgets}
        for given in sizes:
            if given not in sorts and given not in budgets:
                raise UnknownName(
                    f"machine {machine.name} has no sort or budget `{given}`. It has: {', '.join((*sorts, *budgets))}."
                )
        for wanted in (*sorts, *budgets):
            if wanted not in sizes:
                raise BadInput(f"machine {machine.name} needs a size for `{wanted}`, such as {wanted}=2.")
        for given, size in sizes.items():
            if not isinstance(size, int):
                raise BadInput(f"the size of {given} must be a whole number, got {size!r}.")
        for sort in sorts.values():
            least = max(1, len(sort.constants))
            if sizes[sort.name] < least:
                raise BadInput(f"{sort.name} must have at least {least} element(s), got {sizes[sort.name]}.")
        for budget in budgets:
            if sizes[budget] < 0:
                raise BadInput(f"{budget} cannot be negative, got {sizes[budget]}.")
        return Instance(
            machine,
            {sort: sizes[name_] for name_, sort in sorts.items()},
            {budget: sizes[name_] for name_, budget in budgets.items()},
            name or machine.name,
        )

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """What must be reachable in an instance of these sizes."""
        return tuple(goal for goal in self.machine.goals if not self.lacking(goal))

    def goal(self, name: str) -> Goal:
        """The goal of that name; raises UnknownName, and BadInput where this instance is too small for it."""
        goal = self.machine.goal(name)
        if lacking := self.lacking(goal):
            raise BadInput(f"{self.name} is too small for the goal `{name}`, which needs {' and '.join(lacking)}.")
        return goal

    def lacking(self, goal: Goal) -> list[str]:
        """What this instance has too little of for a goal, in words; nothing where the goal is asked."""
        sizes = self.described()
        for name, _ in goal.needs:
            if name not in sizes:
                raise SpecificationError(
                    f"{goal.where}: goal `{goal.name}` needs `{name}`, which is neither a sort nor a budget of machine "
                    f"{self.machine.name}. It has: {', '.join(sizes)}."
                )
        return [f"at least {least} {name}" for name, least in goal.needs if sizes[name] < least]

    def size(self, sort: Sort | object) -> int:
        """How many values a sort has here."""
        sort = sort_of(sort)
        match sort:
            case BooleanSort():
                return 2
            case EnumerationSort():
                return len(sort.members)
            case ElementSort():
                return self.sizes[sort]
            case OptionSort():
                return 1 + self.size(sort.of)
            case RangeSort():
                return 1 + (self.limits[sort.limit] if isinstance(sort.limit, Budget) else sort.limit)
            case _:
                raise BadInput(f"the values of {sort} are not bounded; it cannot be part of a state.")

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, field by field, the last index fastest."""
        return tuple(
            Cell(field, index, self.size(field.codomain))
            for field in self.machine.state.fields.values()
            for index in self.indices(field.domain)
        )

    @cached_property
    def offsets(self) -> dict[Field, int]:
        """The number of each field's first cell."""
        found: dict[Field, int] = {}
        for number, cell in enumerate(self.cells):
            found.setdefault(cell.field, number)
        return found

    def indices(self, sorts: tuple[Sort, ...]) -> Iterator[tuple[int, ...]]:
        """All combinations of values, the last fastest."""
        return itertools.product(*(range(self.size(sort)) for sort in sorts))

    def arguments(self, parameters: tuple[Parameter, ...]) -> Iterator[tuple[int, ...]]:
        """All argument tuples of an action or goal."""
        return self.indices(tuple(parameter.sort for parameter in parameters))

    def position(self, field: Field, index: tuple[int, ...]) -> int:
        """The number of a cell."""
        number = 0
        for sort, part in zip(field.domain, index, strict=True):
            number = number * self.size(sort) + part
        return self.offsets[field] + number

    def readable(self, values: Values) -> dict[str, str]:
        """A state as names and values, cell by cell."""
        return {
            cell.name: value_name(cell.field.codomain, number) for cell, number in zip(self.cells, values, strict=True)
        }

    def changes(self, before: Values, after: Values) -> list[tuple[str, str, str]]:
        """What a step changed: cell, old value, new value."""
        return [
            (cell.name, value_name(cell.field.codomain, old), value_name(cell.field.codomain, new))
            for cell, old, new in zip(self.cells, before, after, strict=True)
            if old != new
        ]

    def call(self, name: str, parameters: tuple[Parameter, ...], arguments: tuple[int, ...]) -> str:
        """An action with its arguments: ``reassign(vm0, segment1)``."""
        given = (value_name(each.sort, number) for each, number in zip(parameters, arguments, strict=True))
        return f"{name}({', '.join(given)})"

    def shape(self) -> str:
        """The sizes in words: ``2 VM × 3 Segment``."""
        parts = [f"{size} {sort.name}" for sort, size in self.sizes.items()]
        parts += [f"{budget.name} ≤ {size}" for budget, size in self.limits.items()]
        return " × ".join(parts)

    def described(self) -> dict[str, Any]:
        """The sizes as plain data."""
        return {
            **{sort.name: size for sort, size in self.sizes.items()},
            **{budget.name: size for budget, size in self.limits.items()},
        }
