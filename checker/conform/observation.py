"""Observations: what a system shows of its state, as numbers of cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from enum import Enum
from functools import cached_property
from typing import Any

from attorn.spec.errors import BadInput, UnknownName
from attorn.spec.language import Field, Instance, Values
from attorn.spec.language.sorts import BooleanSort
from attorn.spec.language.text import value_name
from attorn.spec.language.values import NotAValue, Value, value_data, value_number, values_said

__all__ = ["Observed", "Observer"]

Observed = dict[int, int]
"""The number of each cell that is seen → its value's number."""


class Observer:
    """Reads what is said of states of one instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._numbers: dict[tuple[int, type, object], int] = {}
        self._places: dict[tuple[Field, tuple[object, ...]], int] = {}

    def read(self, said: object) -> Observed:
        """The cells that are spoken of; raises BadInput where one cannot be understood.

        said: field → value, mapping by index, or set of indices; or cell → value, as ``Adapter.observe`` says.
        """
        if not isinstance(said, Mapping):
            raise BadInput(f"expected a mapping from fields or cells to values, got {_shown(said)}")
        found: Observed = {}
        for name, value in said.items():
            for cell, number in self._read(name, value):
                if found.setdefault(cell, number) != number:
                    raise BadInput(f"{self._instance.cells[cell].name} has two values")
        return found

    def told(self, state: Values) -> dict[str, Value]:
        """A state as cell → value."""
        return {
            cell.name: value_data(cell.field.codomain, number)
            for cell, number in zip(self._instance.cells, state, strict=True)
        }

    def name(self, cell: int) -> str:
        """What a cell is called."""
        return self._instance.cells[cell].name

    def value(self, cell: int, number: int) -> str:
        """What a cell's value is called."""
        return value_name(self._instance.cells[cell].field.codomain, number)

    @cached_property
    def _cells(self) -> dict[str, int]:
        return {cell.name: number for number, cell in enumerate(self._instance.cells)}

    def _read(self, name: object, value: object) -> Iterator[tuple[int, int]]:
        if name in self._cells:
            cell = self._cells[str(name)]
            yield cell, self._number(cell, value)
            return
        field = self._instance.machine.state.fields.get(str(name))
        if field is None:
            fields = ", ".join(self._instance.machine.state.fields)
            raise UnknownName(f"there is no field or cell `{name}`; there are: {fields}")
        if isinstance(value, Set):
            yield from self._members(field, value)
        elif isinstance(value, Mapping):
            yield from self._indexed(field, (), value)
        else:
            raise BadInput(f"`{name}` has an index; expected a mapping from it to values, got {_shown(value)}")

    def _members(self, field: Field, members: Set[Any]) -> Iterator[tuple[int, int]]:
        """All cells of a relation: those that are in the set are true."""
        if not isinstance(field.codomain, BooleanSort):
            raise BadInput(f"`{field.name}` is no relation; expected a mapping from its index to values, got a set")
        inside = {self._cell(field, each if isinstance(each, tuple) else (each,)) for each in members}
        first = self._instance.offsets[field]
        for cell in range(first, first + math.prod(map(self._instance.size, field.domain))):
            yield cell, int(cell in inside)

    def _indexed(self, field: Field, index: tuple[object, ...], value: object) -> Iterator[tuple[int, int]]:
        if len(index) < len(field.domain) and isinstance(value, Mapping):
            for key, inner in value.items():
                yield from self._indexed(field, (*index, *(key if isinstance(key, tuple) else (key,))), inner)
        else:
            cell = self._cell(field, index)
            yield cell, self._number(cell, value)

    def _cell(self, field: Field, index: tuple[object, ...]) -> int:
        try:
            return self._places[field, index]
        except (KeyError, TypeError):
            found = self._found(field, index)
        self._places[field, index] = found
        return found

    def _found(self, field: Field, index: tuple[object, ...]) -> int:
        name = f"{field.name}[{', '.join(_word(part) for part in index)}]" if index else field.name
        if name not in self._cells:
            sizes = " × ".join(f"{self._instance.size(sort)} {sort}" for sort in field.domain)
            raise UnknownName(f"there is no cell `{name}`; the index of `{field.name}` is {sizes}")
        return self._cells[name]

    def _number(self, cell: int, value: object) -> int:
        place = self._instance.cells[cell]
        if isinstance(value, Enum):
            value = value.name
        if not isinstance(value, bool | int | str | None):
            raise BadInput(
                f"{place.name}: expected {values_said(self._instance, place.field.codomain)}, got {_shown(value)}"
            )
        key = cell, type(value), value
        if key not in self._numbers:
            try:
                self._numbers[key] = value_number(self._instance, place.field.codomain, value)
            except NotAValue as error:
                raise BadInput(f"{place.name}: {error}, got {_shown(value)}") from None
        return self._numbers[key]


def _word(part: object) -> str:
    if isinstance(part, bool):
        return "yes" if part else "no"
    return part.name if isinstance(part, Enum) else "none" if part is None else str(part)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
