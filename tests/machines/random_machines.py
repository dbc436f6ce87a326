"""Random machines: a strategy that draws small well-formed machines, written in the public language.

A drawn formula is a function from states and the values of variables to what the language makes of them, so that
every machine goes the way of an author's: its functions are declared, traced, and refused if they are wrong.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from attorn.spec.errors import BadInput
from attorn.spec.language import (
    ANY,
    NONE,
    Budget,
    Concrete,
    Counter,
    Declaration,
    Element,
    Expr,
    Field,
    Instance,
    Machine,
    Map,
    Option,
    Relation,
    State,
    UpTo,
    Variable,
    action,
    all_of,
    constant,
    count,
    exists,
    forall,
    goal,
    initial,
    invariant,
    ite,
    legal_end,
    one_of,
    some,
    subset,
    then,
    two_state,
)
from attorn.spec.language.expressions import sort_of
from attorn.spec.language.sorts import BooleanSort, ElementSort, EnumerationSort, OptionSort, RangeSort, Sort

__all__ = ["instances", "wide_instances"]


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

Draw = Callable[[st.SearchStrategy[Any]], Any]
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


@dataclass(frozen=True)
class At:
    """An index that is a value."""

    formula: Formula


@dataclass(frozen=True)
class With:
    """An index that stands for all elements with a property; none given means all."""

    formula: Formula | None = None


ALL = With()


@st.composite
def instances(draw: Draw) -> Instance:
    """Instances with few cells, of machines that use all of the language."""
    sizes = {"Node": draw(st.integers(1, 3)), "Item": draw(st.integers(1, 2)), "Agent": 2, "TRIES": draw(_upto(2))}
    return _instance(draw, [_field(draw, most=3) for _ in range(draw(st.integers(2, 4)))], sizes)


@st.composite
def wide_instances(draw: Draw) -> Instance:
    """Instances whose states take more than 64 bits, and often more than 128."""
    sizes = {"Node": draw(st.integers(4, 5)), "Item": 4, "Agent": 4, "TRIES": 2}
    fields: list[Field] = [Relation(Node, Item, Agent)]
    if draw(st.booleans()):
        fields.append(Map(Agent, Node, Item, to=Mode))
    fields += [_field(draw, most=1) for _ in range(draw(st.integers(1, 2)))]
    return _instance(draw, draw(st.permutations(fields)), sizes)


def _upto(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


def _instance(draw: Draw, fields: Sequence[Field], sizes: dict[str, int]) -> Instance:
    state = type("Drawn", (State,), {f"f{number}": field for number, field in enumerate(fields)})
    everything = Scope(tuple(fields))
    ordinary = Scope(tuple(field for field in fields if not field.ghost))
    machine = Machine(
        "drawn",
        state,
        _initial(draw, everything, sizes),
        tuple(_action(draw, f"step{number}", ordinary, everything) for number in range(draw(st.integers(3, 5)))),
    )
    statements = _statements(draw, everything, partial(_starts_with, machine, sizes))
    return _sized(machine.variant("drawn", add=statements), sizes)


def _sized(machine: Machine, sizes: dict[str, int]) -> Instance:
    names = [*(sort.name for sort in machine.sorts), *(budget.name for budget in machine.budgets)]
    return Instance.of(machine, **{name: sizes[name] for name in names})


def _starts_with(machine: Machine, sizes: dict[str, int], scope: Scope, formula: Formula) -> bool:
    """Whether a formula is true of an initial state, or of standing still there; the draw is void if none exists."""
    kind = invariant if scope.states == 1 else two_state
    concrete = Concrete(_sized(machine.variant("drawn", add=[_stated(kind, "asked", formula)]), sizes))
    try:
        start = concrete.initial_states()[0]
    except BadInput:
        reject()
    return concrete.holds(concrete.instance.machine.property("asked"), start, start)


def _field(draw: Draw, most: int) -> Field:
    domain = draw(st.lists(st.sampled_from(INDEXES), max_size=most))
    ghost = draw(_upto(4)) == 4
    if domain:
        return Map(*domain, to=draw(st.sampled_from(VALUES)), ghost=ghost)
    if draw(st.booleans()):
        return Counter(draw(st.sampled_from((2, TRIES))), ghost=ghost)
    return Variable(draw(st.sampled_from(VALUES)), ghost=ghost)


def _declare(kind: Callable[[Any], Any], name: str, sorts: Sequence[Sort], body: Callable[..., Any]) -> Declaration:
    """Declare a function of a state and of parameters of the given sorts."""

    def declared(*given: Any) -> Any:
        return body(*given)

    first = inspect.Parameter("s", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    others = [first.replace(name=f"x{number}", annotation=sort) for number, sort in enumerate(sorts)]
    declared.__signature__ = inspect.Signature([first, *others])  # type: ignore[attr-defined]
    declared.__name__, declared.__doc__ = name, f"Drawn as {name}."
    return kind(declared)


def _initial(draw: Draw, everything: Scope, sizes: dict[str, int]) -> Declaration:
    """Every field gets any value, or one that constants, the parameter and the fields before it make up."""
    parameters = (sort_of(Node),)
    updates = []
    choices = 1
    for number, field in enumerate(everything.fields):
        here = _size(field.codomain, sizes) ** math.prod(_size(sort, sizes) for sort in field.domain)
        if choices * here <= 64 and draw(_upto(3)) == 0:
            choices *= here
            updates.append(_assignment(field, [ALL] * len(field.domain), None))
        else:
            known = Scope(everything.fields[:number], parameters)
            constants = _constants(field.codomain)
            plain = constants and draw(_upto(2))
            value = _same(constants[0]) if plain else _value(draw, known.inside(*field.domain), field.codomain, 1)
            assert value is not None, "the parameter gives a value to sorts without constants"
            updates.append(_assignment(field, [ALL] * len(field.domain), value))
    clauses = [_truth(draw, replace(everything, variables=parameters), 1)] if choices > 1 else []

    def body(s: Any, *given: Expr) -> None:
        for update in updates:
            update(s, given)
        s.require(*(clause((s,), given) for clause in clauses))

    return _declare(initial, "begin", parameters, body)


def _action(draw: Draw, name: str, ordinary: Scope, everything: Scope) -> Declaration:
    """The parameters are indices of some fields, its subjects; each subject's cell is moved on or at least asked for.

    Ghosts are written like other fields, but read only for ghosts.
    """
    subjects = draw(st.lists(st.sampled_from(ordinary.fields), max_size=2, unique=True)) if ordinary.fields else []
    parameters = tuple(sort for field in subjects for sort in field.domain)
    scope = replace(ordinary, variables=parameters)
    clauses: list[Formula] = []
    updates: list[Update] = []
    written: list[Field] = []
    taken = 0
    for field in subjects:
        index = [_given(taken + number) for number in range(len(field.domain))]
        taken += len(index)
        cell = _cell(field, index, 0)
        move = _move(draw, replace(scope, fields=()), cell, field.codomain) if draw(_upto(2)) else None
        if move is None:
            clauses.append(_comparison(draw, replace(scope, fields=()), cell, field.codomain))
        else:
            clauses.append(move[0])
            updates.append(_assignment(field, [At(part) for part in index], move[1]))
            written.append(field)
    clauses += [_truth(draw, scope, draw(_upto(2))) for _ in range(draw(_upto(1)))]
    others = [field for field in everything.fields if not any(field is done for done in written)]
    most = 1 if written else 3
    for field in draw(st.lists(st.sampled_from(others), min_size=not written, max_size=most)) if others else []:
        if any(field is done for done in written):
            continue
        written.append(field)
        known = replace(everything, variables=parameters) if field.ghost else scope
        twins = [number for number, sort in enumerate(parameters) if (sort,) == field.domain][:2]
        if len(twins) == 2:
            clauses.append(_different(*twins))
            values = [_value(draw, known, field.codomain, 1) for _ in twins]
            pairs = zip(twins, values, strict=True)
            updates += [_assignment(field, [At(_given(number))], value) for number, value in pairs if value]
        else:
            updates += _update(draw, known, field)

    def body(s: Any, *given: Expr) -> None:
        s.require(*(clause((s,), given) for clause in clauses))
        for update in updates:
            update(s, given)

    return _declare(action, name, parameters, body)


def _move(draw: Draw, scope: Scope, cell: Formula, sort: Sort) -> tuple[Formula, Formula] | None:
    """A clause about a cell, and a new value for it that differs from the old; None where too few values are known."""
    if isinstance(sort, RangeSort):
        most = sort.limit
        return lambda states, given: cell(states, given) < most, lambda states, given: cell(states, given) + 1
    values = [_same(value) for value in _constants(sort)]
    if isinstance(sort, OptionSort):
        values += [value for value in [_known(draw, scope, sort.of, 0)] if value]
    if len(values) < 2:
        return None
    first = draw(_upto(len(values) - 1))
    old, new = values[first], values[(first + 1) % len(values)]
    return lambda states, given: cell(states, given) == old(states, given), new


def _statements(draw: Draw, everything: Scope, starts_with: Callable[[Scope, Formula], bool]) -> Iterator[Declaration]:
    """Properties that are mostly true at first, and goals that are not, so that the search has to find out."""

    def drawn(scope: Scope, wanted: bool) -> Formula:
        formula = _truth(draw, scope, 2) if draw(_upto(2)) == 0 else _coincidence(draw, scope)
        return formula if starts_with(scope, formula) == wanted or draw(_upto(5)) == 0 else _denied(formula)

    for number in range(draw(_upto(3))):
        yield _stated(invariant, f"holds{number}", drawn(everything, True))
    for number in range(draw(_upto(2))):
        yield _stated(two_state, f"keeps{number}", drawn(replace(everything, states=2), True))
    for number in range(draw(_upto(2))):
        sorts = draw(st.lists(st.sampled_from((sort_of(Agent), sort_of(Mode))), max_size=1))
        stages = [_coincidence(draw, everything.inside(*sorts)) for _ in range(draw(_upto(2)))]
        stages.append(_closed(drawn(everything, False)))
        yield _declare(goal, f"reaches{number}", sorts, partial(_in_turn, stages))
    if draw(st.booleans()):
        ends = _truth(draw, everything, 1)
        yield _declare(legal_end, "ends", (), lambda s: ends((s,), ()))


def _in_turn(stages: Sequence[Formula], s: Any, *given: Expr) -> Any:
    return then(*(stage((s,), given) for stage in stages))


def _stated(kind: Callable[[Any], Any], name: str, formula: Formula) -> Declaration:
    return _declare(kind, name, (), lambda *states: formula(states, ()))


def _closed(formula: Formula) -> Formula:
    return lambda states, given: formula(states, ())


def _denied(formula: Formula) -> Formula:
    return lambda states, given: ~formula(states, given)


def _coincidence(draw: Draw, scope: Scope) -> Formula:
    """That several things are true at once, of some elements."""
    first, second = draw(st.sampled_from(_indexes(scope))), draw(st.sampled_from(_indexes(scope)))
    parts = [_atom(draw, scope.inside(first, second)) for _ in range(draw(st.integers(2, 3)))]

    def together(states: Sequence[Any], given: Sequence[Any]) -> Any:
        return exists(first, second, lambda x, y: all_of(*(part(states, (*given, x, y)) for part in parts)))

    return together


def _indexes(scope: Scope) -> list[Any]:
    """The sorts that fields are indexed by, or some other."""
    return list(dict.fromkeys(sort for field in scope.fields for sort in field.domain)) or [sort_of(Mode)]


def _update(draw: Draw, scope: Scope, field: Field) -> list[Update]:
    """A write to one cell, or to all cells that conditions on some positions of the index leave; none if impossible."""
    parts: list[At | With] = []
    for sort in field.domain:
        point = _value(draw, scope, sort, 1) if draw(st.booleans()) else None
        parts.append(At(point) if point else draw(st.sampled_from((ALL, None))) or With(_inside(draw, scope, sort)))
    opened = [sort for sort, part in zip(field.domain, parts, strict=True) if isinstance(part, With)]
    value = _value(draw, scope.inside(*opened), field.codomain, 1)
    if value is None:
        return []
    if len(opened) == len(field.domain) > 1 and draw(st.booleans()):
        return [_assignment(field, parts, value, _truth(draw, scope.inside(*opened), 1))]
    return [_assignment(field, parts, value)]


def _inside(draw: Draw, scope: Scope, sort: Sort) -> Formula:
    return _truth(draw, scope.inside(sort), 1)


def _assignment(
    field: Field, parts: Sequence[At | With], value: Formula | None, condition: Formula | None = None
) -> Update:
    """An assignment to a field; the value (any, if None) sees the open positions as its last variables.

    condition: on all positions together, in place of the parts.
    """

    def update(s: Any, given: Sequence[Any]) -> None:
        def function(formula: Formula, arity: int) -> Callable[..., Any]:
            return _taking(arity, lambda *bound: formula((s,), (*given, *bound)))

        def index(part: At | With) -> Any:
            if isinstance(part, At):
                return part.formula((s,), given)
            return function(part.formula, 1) if part.formula else ...

        opened = sum(isinstance(part, With) for part in parts)
        result: Any = ANY
        if value is not None:
            result = function(value, opened) if opened else value((s,), given)
        if not parts:
            setattr(s, field.name, result)
        elif condition:
            getattr(s, field.name)[function(condition, len(parts))] = result
        else:
            getattr(s, field.name)[tuple(index(part) for part in parts)] = result

    return update


def _taking(arity: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with as many named parameters as it is given variables, as an author writes it."""
    return (
        lambda: function(),
        lambda x: function(x),
        lambda x, y: function(x, y),
        lambda x, y, z: function(x, y, z),
    )[arity]


def _given(number: int) -> Formula:
    return lambda states, given: given[number]


def _different(one: int, other: int) -> Formula:
    return lambda states, given: given[one] != given[other]


def _cell(field: Field, index: Sequence[Formula], which: int) -> Formula:
    def cell(states: Sequence[Any], given: Sequence[Any]) -> Any:
        found = getattr(states[which], field.name)
        return found[tuple(part(states, given) for part in index)] if field.domain else found

    return cell


def _value(draw: Draw, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A value of a sort, perhaps a plain Python one; None if none was found."""
    for kind in draw(st.permutations((_known, _optional, _read, _stepped, _chosen))):
        found = kind(draw, scope, sort, depth)
        if found is not None:
            return found
    return None


def _known(draw: Draw, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A variable or a constant."""
    found = [_given(number) for number, other in enumerate(scope.variables) if other == sort]
    found += [_same(value) for value in _constants(sort)]
    return draw(st.sampled_from(found)) if found else None


def _constants(sort: Sort) -> tuple[object, ...]:
    if isinstance(sort, OptionSort):
        return (NONE,)
    if isinstance(sort, RangeSort):
        return tuple(range(1 + sort.limit)) if isinstance(sort.limit, int) else (0,)
    return CONSTANTS.get(sort, ())


def _same(value: object) -> Formula:
    return lambda states, given: value


def _optional(draw: Draw, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A value that is there, for an option."""
    return _known(draw, scope, sort.of, depth) if isinstance(sort, OptionSort) else None


def _read(draw: Draw, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """The value of a cell whose index may be another one's value."""
    fields = [field for field in scope.fields if field.codomain == sort and (depth or not field.domain)]
    if not fields:
        return None
    field = draw(st.sampled_from(fields))
    index = [_value(draw, scope, part, depth - 1) for part in field.domain]
    if not all(index):
        return None
    return _cell(field, [part for part in index if part], draw(_upto(scope.states - 1)))


def _stepped(draw: Draw, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """A number that is one more or one less, within its range."""
    number = _read(draw, scope, sort, depth) if isinstance(sort, RangeSort) else None
    if number is None:
        return None
    if draw(st.booleans()):
        return lambda states, given: ite(number(states, given) > 0, number(states, given) - 1, number(states, given))
    most = sort.limit  # type: ignore[attr-defined]
    return lambda states, given: ite(number(states, given) < most, 1 + number(states, given), number(states, given))


def _chosen(draw: Draw, scope: Scope, sort: Sort, depth: int) -> Formula | None:
    """One of two values, by a condition."""
    one = _read(draw, scope, sort, depth) if depth else None
    other = _known(draw, scope, sort, depth)
    if one is None or other is None:
        return None
    test = _truth(draw, scope, 0)
    if draw(st.booleans()):
        one, other = other, one
    return lambda states, given: ite(test(states, given), one(states, given), other(states, given))


def _truth(draw: Draw, scope: Scope, depth: int) -> Formula:
    """A formula, with at most so many connectives and quantifiers one within the other."""
    if depth == 0:
        return _atom(draw, scope)
    shape = draw(st.sampled_from((_atom, _connective, _quantifier, _counted)))
    return shape(draw, scope) if shape is _atom else shape(draw, scope, depth)


def _atom(draw: Draw, scope: Scope) -> Formula:
    """Something about one cell or variable; over all or some elements of a sort where there is nothing to name one."""
    sorts = list(dict.fromkeys([*scope.variables, *(field.codomain for field in scope.fields)]))
    for sort in draw(st.permutations(sorts)):
        if sort in scope.variables and draw(st.booleans()):
            return _comparison(draw, scope, _given(scope.variables.index(sort)), sort)
        cell = _read(draw, scope, sort, 1)
        if cell is not None:
            return _comparison(draw, scope, cell, sort)
    return _quantifier(draw, scope, 1)


def _comparison(draw: Draw, scope: Scope, left: Formula, sort: Sort) -> Formula:
    """A cell or variable compared with a value; with all of its sort where no value can be named."""
    if isinstance(sort, RangeSort) and draw(st.booleans()):
        least = draw(_upto(2))
        return draw(st.sampled_from((lambda x, y: left(x, y) < least, lambda x, y: left(x, y) + 1 >= least)))
    if isinstance(sort, OptionSort) and scope.fields and draw(st.booleans()):
        inner = _truth(draw, scope.inside(sort.of), 0)
        return lambda states, given: some(left(states, given), lambda x: inner(states, (*given, x)))
    right = _known(draw, scope, sort, 0) if draw(st.booleans()) else _value(draw, scope, sort, 1)
    if right is None:
        return lambda states, given: exists(sort, lambda x: left(states, given) == x)  # type: ignore[call-overload]
    match draw(_upto(2)):
        case 0:
            return lambda states, given: left(states, given) != right(states, given)
        case 1 if _constants(sort):
            return lambda states, given: one_of(left(states, given), right(states, given), _constants(sort)[0])
        case _:
            return lambda states, given: left(states, given) == right(states, given)


def _connective(draw: Draw, scope: Scope, depth: int) -> Formula:
    one, other = _truth(draw, scope, depth - 1), _truth(draw, scope, depth - 1)
    test = _truth(draw, scope, 0)
    return draw(
        st.sampled_from(
            (
                lambda x, y: one(x, y) & other(x, y),
                lambda x, y: one(x, y) | other(x, y),
                lambda x, y: one(x, y) >> other(x, y),
                lambda x, y: one(x, y) == other(x, y),
                lambda x, y: ~one(x, y),
                lambda x, y: ite(test(x, y), one(x, y), other(x, y)),
            )
        )
    )


def _quantifier(draw: Draw, scope: Scope, depth: int) -> Formula:
    sorts = _indexes(scope)
    first, second = draw(st.sampled_from(sorts)), draw(st.sampled_from(sorts))
    quantify: Any = draw(st.sampled_from((forall, exists)))
    if draw(st.booleans()):
        body = _truth(draw, scope.inside(first), depth - 1)
        return lambda states, given: quantify(first, lambda x: body(states, (*given, x)))
    body = _truth(draw, scope.inside(first, second), depth - 1)
    return lambda states, given: quantify(first, second, lambda x, y: body(states, (*given, x, y)))


def _counted(draw: Draw, scope: Scope, depth: int) -> Formula:
    """How many elements satisfy something, or whether all of them satisfy something else."""
    sort: Any = draw(st.sampled_from(_indexes(scope)))
    inner, outer = _truth(draw, scope.inside(sort), depth - 1), _truth(draw, scope.inside(sort), 0)
    least = draw(_upto(2))
    if draw(st.booleans()):
        return lambda states, given: count(sort, lambda x: inner(states, (*given, x))) >= least
    return lambda states, given: subset(
        sort, lambda x: inner(states, (*given, x)), lambda x: outer(states, (*given, x))
    )


def _size(sort: Sort, sizes: dict[str, int]) -> int:
    match sort:
        case BooleanSort():
            return 2
        case EnumerationSort():
            return len(sort.members)
        case ElementSort():
            return sizes[sort.name]
        case OptionSort():
            return 1 + _size(sort.of, sizes)
        case RangeSort():
            return 1 + (sort.limit if isinstance(sort.limit, int) else sizes[sort.limit.name])
    raise AssertionError(sort)
