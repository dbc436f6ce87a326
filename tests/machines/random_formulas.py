"""Random formulas: functions from states and the values of variables to what the language makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import Any

from attorn.spec.language import (
    NONE,
    Budget,
    Element,
    Field,
    Option,
    UpTo,
    all_of,
    constant,
    count,
    exists,
    forall,
    ite,
    one_of,
    some,
    subset,
)
from attorn.spec.language.expressions import sort_of
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort

__all__ = [
    "INDEXES",
    "TRIES",
    "VALUES",
    "Agent",
    "Formula",
    "Item",
    "Mode",
    "Node",
    "Scope",
    "Update",
    "cell_of",
    "constants_of",
    "different",
    "draw_coincidence",
    "draw_comparison",
    "draw_known",
    "draw_truth",
    "draw_value",
    "flip",
    "given",
    "same",
    "size_of",
]


class Node(Element):
    """A sort without constants."""


class Item(Element):
    """A sort with one distinguished individual."""


class Agent(Element):
    """A sort with two distinguished individuals."""


class Mode(Enum):
    """An enumeration."""

    IDLE = "idle"
    BUSY = "busy"
    DONE = "done"


BLANK = constant(Item, "blank")
ALICE, BOB = constant(Agent, "alice"), constant(Agent, "bob")
TRIES = Budget("TRIES")

INDEXES = (Node, Item, Agent, Mode)
VALUES = (bool, Node, Item, Agent, Mode, Option(Node), Option(Item), Option(Mode), UpTo(2))
CONSTANTS: dict[Sort, tuple[object, ...]] = {
    sort_of(bool): (False, True),
    sort_of(Item): (BLANK,),
    sort_of(Agent): (ALICE, BOB),
    sort_of(Mode): tuple(Mode),
}

NUMBERS_TO = {sort_of(UpTo(2)): 2, sort_of(UpTo(TRIES)): TRIES}

Formula = Callable[[Sequence[Any], Sequence[Any]], Any]
Update = Callable[[Any, Sequence[Any]], None]


@dataclass(frozen=True)
class Scope:
    """What a formula may speak of: fields of one state or of two, and variables by their sorts."""

    fields: tuple[Field, ...]
    variables: tuple[Sort, ...] = ()
    states: int = 1

    def inside(self, *sorts: Sort) -> Scope:
        """The scope within a binder of variables of these sorts."""
        return replace(self, variables=(*self.variables, *sorts))


def flip(chance: Random) -> bool:
    """One of two."""
    return chance.choice((False, True))


def draw_coincidence(chance: Random, scope: Scope) -> Formula:
    """That several things are true at once, of some elements."""
    first, second = chance.choices(indexes(scope), k=2)
    parts = [_atom(chance, scope.inside(first, second)) for _ in range(chance.randint(2, 3))]

    def together(states: Sequence[Any], given: Sequence[Any]) -> Any:
        return exists(first, second, lambda x, y: all_of(*(part(states, (*given, x, y)) for part in parts)))

    return together


def indexes(scope: Scope) -> list[Any]:
    """The sorts that fields are indexed by, or some other."""
    return list(dict.fromkeys(sort for field in scope.fields for sort in field.domain)) or [sort_of(Mode)]


def given(number: int) -> Formula:
    return lambda states, given: given[number]


def different(one: int, other: int) -> Formula:
    return lambda states, given: given[one] != given[other]


def cell_of(field: Field, index: Sequence[Formula], which: int) -> Formula:
    def cell(states: Sequence[Any], given: Sequence[Any]) -> Any:
        found = getattr(states[which], field.name)
        return found[tuple(part(states, given) for part in index)] if field.domain else found

    return cell


def draw_value(chance: Random, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A value of a sort, perhaps a plain Python one; None if none was found."""
    for kind in chance.sample((draw_known, _optional, _read, _stepped, _chosen), 5):
        found = kind(chance, scope, sort, depth)
        if found is not None:
            return found
    return None


def draw_known(chance: Random, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A variable or a constant."""
    found = [given(number) for number, other in enumerate(scope.variables) if other == sort]
    found += [same(value) for value in constants_of(sort)]
    return chance.choice(found) if found else None


def constants_of(sort: Sort) -> tuple[object, ...]:
    if isinstance(sort, OptionSort):
        return (NONE,)
    if isinstance(sort, RangeSort):
        return tuple(range(1 + sort.limit)) if isinstance(sort.limit, int) else (0,)
    return CONSTANTS.get(sort, ())


def same(value: object) -> Formula:
    return lambda states, given: value


def _optional(chance: Random, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A value that is there, for an option."""
    return draw_known(chance, scope, sort.of, depth) if isinstance(sort, OptionSort) else None


def _read(chance: Random, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """The value of a cell whose index may be another one's value."""
    fields = [field for field in scope.fields if field.codomain == sort and (depth or not field.domain)]
    if not fields:
        return None
    field = chance.choice(fields)
    index = [draw_value(chance, scope, part, depth - 1) for part in field.domain]
    if not all(index):
        return None
    return cell_of(field, [part for part in index if part], chance.randint(0, scope.states - 1))


def _stepped(chance: Random, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A number that is one more or one less, within its range."""
    number = _read(chance, scope, sort, depth) if isinstance(sort, RangeSort) else None
    if number is None:
        return None
    if flip(chance):
        return lambda states, given: ite(number(states, given) > 0, number(states, given) - 1, number(states, given))
    most = sort.limit  # type: ignore[attr-defined]
    return lambda states, given: ite(number(states, given) < most, 1 + number(states, given), number(states, given))


def _chosen(chance: Random, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """One of two values, by a condition."""
    one = _read(chance, scope, sort, depth) if depth else None
    other = draw_known(chance, scope, sort, depth)
    if one is None or other is None:
        return None
    test = draw_truth(chance, scope, 0)
    if flip(chance):
        one, other = other, one
    return lambda states, given: ite(test(states, given), one(states, given), other(states, given))


def draw_truth(chance: Random, scope: Scope, depth: int) -> Formula:
    """A formula, with at most so many connectives and quantifiers one within the other."""
    if depth == 0:
        return _atom(chance, scope)
    shape = chance.choice((None, _connective, _quantifier, _counted))
    return shape(chance, scope, depth) if shape else _atom(chance, scope)


def _atom(chance: Random, scope: Scope) -> Formula:
    """Something about one cell or variable; over all or some elements of a sort where there is nothing to name one."""
    sorts = list(dict.fromkeys([*scope.variables, *(field.codomain for field in scope.fields)]))
    for sort in chance.sample(sorts, len(sorts)):
        if sort in scope.variables and flip(chance):
            return draw_comparison(chance, scope, given(scope.variables.index(sort)), sort)
        cell = _read(chance, scope, sort, 1)
        if cell is not None:
            return draw_comparison(chance, scope, cell, sort)
    return _quantifier(chance, scope, 1)


def draw_comparison(chance: Random, scope: Scope, left: Formula, sort: Sort) -> Formula:
    """A cell or variable compared with a value; with all of its sort where no value can be named."""
    if isinstance(sort, RangeSort) and flip(chance):
        least = chance.randint(0, 2)
        return chance.choice((lambda x, y: left(x, y) < least, lambda x, y: left(x, y) + 1 >= least))
    if isinstance(sort, OptionSort) and scope.fields and flip(chance):
        inner = draw_truth(chance, scope.inside(sort.of), 0)
        return lambda states, given: some(left(states, given), lambda x: inner(states, (*given, x)))
    right = draw_known(chance, scope, sort, 0) if flip(chance) else draw_value(chance, scope, sort, 1)
    if right is None:
        return lambda states, given: exists(sort, lambda x: left(states, given) == x)  # type: ignore[call-overload]
    match chance.randint(0, 2):
        case 0:
            return lambda states, given: left(states, given) != right(states, given)
        case 1 if constants_of(sort):
            return lambda states, given: one_of(left(states, given), right(states, given), constants_of(sort)[0])
        case _:
            return lambda states, given: left(states, given) == right(states, given)


def _connective(chance: Random, scope: Scope, depth: int) -> Formula:
    one, other = draw_truth(chance, scope, depth - 1), draw_truth(chance, scope, depth - 1)
    test = draw_truth(chance, scope, 0)
    return chance.choice(
        (
            lambda x, y: one(x, y) & other(x, y),
            lambda x, y: one(x, y) | other(x, y),
            lambda x, y: one(x, y) >> other(x, y),
            lambda x, y: one(x, y) == other(x, y),
            lambda x, y: ~one(x, y),
            lambda x, y: ite(test(x, y), one(x, y), other(x, y)),
        )
    )


def _quantifier(chance: Random, scope: Scope, depth: int) -> Formula:
    sorts = indexes(scope)
    first, second = chance.choices(sorts, k=2)
    quantify: Any = chance.choice((forall, exists))
    if flip(chance):
        body = draw_truth(chance, scope.inside(first), depth - 1)
        return lambda states, given: quantify(first, lambda x: body(states, (*given, x)))
    body = draw_truth(chance, scope.inside(first, second), depth - 1)
    return lambda states, given: quantify(first, second, lambda x, y: body(states, (*given, x, y)))


def _counted(chance: Random, scope: Scope, depth: int) -> Formula:
    """How many elements satisfy something, or whether all of them satisfy something else."""
    sort: Any = chance.choice(indexes(scope))
    inner, outer = draw_truth(chance, scope.inside(sort), depth - 1), draw_truth(chance, scope.inside(sort), 0)
    least = chance.randint(0, 2)
    if flip(chance):
        return lambda states, given: count(sort, lambda x: inner(states, (*given, x))) >= least
    return lambda states, given: subset(
        sort, lambda x: inner(states, (*given, x)), lambda x: outer(states, (*given, x))
    )


def size_of(sort: Sort, sizes: dict[str, int]) -> int:
    match sort:
        case BooleanSort():
            return 2
        case EnumerationSort():
            return len(sort.members)
        case ElementSort():
            return sizes[sort.name]
        case OptionSort():
            return 1 + size_of(sort.of, sizes)
        case RangeSort():
            return 1 + (sort.limit if isinstance(sort.limit, int) else sizes[sort.limit.name])
    raise AssertionError(sort)
