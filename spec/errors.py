"""Every error that attorn raises on purpose, as one tree.

AttornError
├── SpecificationError        the author of a machine made a mistake; names file:line
│   ├── SymbolicTruth         a symbolic value was used as a Python bool
│   ├── SortMismatch          a value, index or argument has the wrong sort or arity
│   ├── UnknownField          the state has no such field
│   ├── DoubleWrite           an action writes one cell twice
│   └── OutOfRange            a counter left its range
├── BadInput                  what the user asked for cannot be done as asked
│   ├── UnknownName           no machine, instance, property or action of that name
│   └── TooLarge              the instance does not fit the limits given
└── Unsound                   two parts of attorn disagree: a fault of attorn itself
"""

from __future__ import annotations

__all__ = [
    "AttornError",
    "BadInput",
    "DoubleWrite",
    "OutOfRange",
    "SortMismatch",
    "SpecificationError",
    "SymbolicTruth",
    "TooLarge",
    "UnknownField",
    "UnknownName",
    "Unsound",
]


class AttornError(Exception):
    """Base of all errors that attorn raises on purpose: the text says what, where, and what to do."""


class SpecificationError(AttornError):
    """The author of a machine made a mistake; the text starts with the file and line."""


class SymbolicTruth(SpecificationError):
    """A symbolic value was used where Python needs a plain truth value."""


class SortMismatch(SpecificationError):
    """A value, an index or an argument has the wrong sort or arity."""


class UnknownField(SpecificationError):
    """The state has no field of that name."""


class DoubleWrite(SpecificationError):
    """An action writes one cell twice."""


class OutOfRange(SpecificationError):
    """A counter left its range."""


class BadInput(AttornError):
    """What the user asked for cannot be done as asked."""


class UnknownName(BadInput):
    """No machine, instance, property or action has that name."""


class TooLarge(BadInput):
    """The instance does not fit the limits given."""


class Unsound(AttornError):
    """Two parts of attorn disagree; this is a fault of attorn, never of its user."""
