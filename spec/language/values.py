"""Values as traces write them: names and JSON's own values for the numbers of states and arguments."""

from __future__ import annotations

from attorn.spec.errors import BadInput
from attorn.spec.language import Instance, value_name
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort

__all__ = ["NotAValue", "Value", "value_data", "value_number", "values_said"]

Value = bool | int | str | None
"""True or false, a number, the name of an element or member, or null for nothing."""

FEW = 8


class NotAValue(BadInput):
    """A value that its sort does not have; the text says what was expected."""


def value_data(sort: Sort, number: int) -> Value:
    """A value of a sort, by its number, as traces write it."""
    match sort:
        case BooleanSort():
            return bool(number)
        case RangeSort():
            return number
        case OptionSort():
            return None if number == 0 else value_data(sort.of, number - 1)
        case _:
            return value_name(sort, number)


def value_number(instance: Instance, sort: Sort, value: Value) -> int:
    """The number of a value that a trace writes; raises NotAValue."""
    number = _number(sort, value)
    if number is None or not 0 <= number < instance.size(sort) or value_data(sort, number) != value:
        raise NotAValue(f"expected {values_said(instance, sort)}")
    return number


def _number(sort: Sort, value: Value) -> int | None:
    """The number that a value has if its sort is large enough to have it."""
    match sort:
        case BooleanSort() if isinstance(value, bool):
            return int(value)
        case RangeSort() if isinstance(value, int) and not isinstance(value, bool):
            return value
        case OptionSort():
            inner = -1 if value is None else _number(sort.of, value)
            return None if inner is None else inner + 1
        case EnumerationSort() if value in sort.members:
            return sort.members.index(str(value))
        case ElementSort() if isinstance(value, str):
            if value in sort.constants:
                return sort.constants.index(value)
            digits = value.removeprefix(sort.name.lower())
            return int(digits) if digits.isdecimal() and len(digits) < 20 else None
    return None


def values_said(instance: Instance, sort: Sort) -> str:
    """The values of a sort as a trace writes them, in words."""
    size = instance.size(sort)
    if isinstance(sort, RangeSort):
        return f"a number from 0 to {size - 1}"
    names = [_json(value_data(sort, number)) for number in range(min(size, FEW))]
    if size > FEW:
        names.append("…")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _json(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case _:
            return str(value)
