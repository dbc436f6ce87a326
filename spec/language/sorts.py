"""Sorts: what values are, and how each value is numbered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

__all__ = [
    "BOOLEAN",
    "INTEGER",
    "BooleanSort",
    "Budget",
    "ElementSort",
    "EnumerationSort",
    "IntegerSort",
    "OptionSort",
    "RangeSort",
    "Sort",
]


@dataclass(frozen=True)
class Budget:
    """A named bound that an instance sets, such as how many crashes may happen."""

    name: str
    says: str = ""


@dataclass(frozen=True)
class Sort:
    """A set of values, which every engine numbers from 0."""

    name: str

    @property
    def is_number(self) -> bool:
        """Whether values can be added and ordered."""
        return False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class BooleanSort(Sort):
    """Truth values: 0 is false, 1 is true."""


@dataclass(frozen=True)
class IntegerSort(Sort):
    """Whole numbers, as results of counting and adding; never stored in a state."""

    @property
    def is_number(self) -> bool:
        return True


class Named(Protocol):
    """A class by which an author names a sort.

    constants_declared: the names of its distinguished individuals, and what is said of each.
    """

    constants_declared: ClassVar[dict[str, str]]


@dataclass(frozen=True)
class ElementSort(Sort):
    """Interchangeable individuals; an instance says how many, a proof leaves it open.

    python: the class by which the author names the sort; it keeps the names of distinguished individuals.
    """

    python: type[Named]

    @property
    def constants(self) -> tuple[str, ...]:
        """Names of the distinguished, pairwise different individuals; they have the first numbers."""
        return tuple(self.python.constants_declared)

    @property
    def says(self) -> str:
        """The sentence that the author gave the sort."""
        return (self.python.__doc__ or "").strip()


@dataclass(frozen=True)
class EnumerationSort(Sort):
    """The members of a Python enumeration, numbered in their order."""

    members: tuple[str, ...]
    python: type[Enum]


@dataclass(frozen=True)
class OptionSort(Sort):
    """Nothing (0), or a value of another sort (its number plus one)."""

    of: Sort


@dataclass(frozen=True)
class RangeSort(Sort):
    """Whole numbers from 0 to a limit, both included."""

    limit: int | Budget

    @property
    def is_number(self) -> bool:
        return True


BOOLEAN = BooleanSort("Bool")
INTEGER = IntegerSort("Integer")
