"""Random machines: a strategy that draws small well-formed machines, written in the public language.

A drawn formula is a function from states and the values of variables to what the language makes of them, so that
every machine goes the way of an author's: its functions are declared, traced, and refused if they are wrong.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from attorn.spec.errors import BadInput
from attorn.spec.language import (
    ANY,
    Concrete,
    Counter,
    Declaration,
    Expr,
    Field,
    Instance,
    Machine,
    Map,
    Relation,
    State,
    Values,
    Variable,
    action,
    goal,
    initial,
    invariant,
    legal_end,
    then,
    two_state,
)
from attorn.spec.language.expressions import sort_of
from attorn.spec.language.sorts import OptionSort, RangeSort, Sort
from tests.machines.random_formulas import (
    INDEXES,
    TRIES,
    VALUES,
    Agent,
    Formula,
    Item,
    Mode,
    Node,
    Scope,
    Update,
    cell_of,
    constants_of,
    different,
    draw_coincidence,
    draw_comparison,
    draw_known,
    draw_truth,
    draw_value,
    flip,
    given,
    same,
    size_of,
)

__all__ = ["instances", "wide_instances"]


@dataclass(frozen=True)
class At:
    """An index that is a value."""

    formula: Formula


@dataclass(frozen=True)
class With:
    """An index that stands for all elements with a property; none given means all."""

    formula: Formula | None = None


ALL = With()
MOST_MOVING = 6


def instances() -> st.SearchStrategy[Instance]:
    """Draw instances with few cells, of machines that use all of the language."""
    return st.randoms(use_true_random=True).map(_small)


def wide_instances() -> st.SearchStrategy[Instance]:
    """Draw instances whose states take more than 64 bits, and often more than 128."""
    return st.randoms(use_true_random=True).map(_wide)


def _small(chance: Random) -> Instance:
    sizes = {"Node": chance.randint(1, 3), "Item": chance.randint(1, 2), "Agent": 2, "TRIES": chance.randint(0, 2)}
    return _instance(chance, [_field(chance, most=3) for _ in range(chance.randint(2, 4))], sizes)


def _wide(chance: Random) -> Instance:
    sizes = {"Node": chance.randint(4, 5), "Item": 4, "Agent": 4, "TRIES": 2}
    fields: list[Field] = [Relation(Node, Item, Agent)]
    if flip(chance):
        fields.append(Map(Agent, Node, Item, to=Mode))
    fields += [_field(chance, most=1) for _ in range(chance.randint(1, 2))]
    return _instance(chance, chance.sample(fields, len(fields)), sizes)


def _instance(chance: Random, fields: Sequence[Field], sizes: dict[str, int]) -> Instance:
    state = type("Drawn", (State,), {f"f{number}": field for number, field in enumerate(fields)})
    everything = Scope(tuple(fields))
    ordinary = Scope(tuple(field for field in fields if not field.ghost))
    machine = Machine(
        "drawn",
        state,
        _initial(chance, everything, sizes),
        tuple(_action(chance, f"step{number}", ordinary, everything, sizes) for number in range(chance.randint(3, 5))),
    )
    try:
        start = Concrete(_sized(machine, sizes)).initial_states()[0]
    except BadInput:
        reject()
    statements = _statements(chance, everything, partial(_starts_with, machine, sizes, start))
    return _sized(machine.variant("drawn", add=statements), sizes)


def _sized(machine: Machine, sizes: dict[str, int]) -> Instance:
    names = [*(sort.name for sort in machine.sorts), *(budget.name for budget in machine.budgets)]
    return Instance.of(machine, **{name: sizes[name] for name in names})


def _starts_with(machine: Machine, sizes: dict[str, int], start: Values, scope: Scope, formula: Formula) -> bool:
    """Whether a formula is true of an initial state, or of standing still there."""
    kind = invariant if scope.states == 1 else two_state
    concrete = Concrete(_sized(machine.variant("drawn", add=[_stated(kind, "asked", formula)]), sizes))
    return concrete.holds(concrete.instance.machine.property("asked"), start, start)


def _cells(field: Field, sizes: dict[str, int]) -> int:
    return math.prod(size_of(sort, sizes) for sort in field.domain)


def _field(chance: Random, most: int) -> Field:
    domain = chance.choices(INDEXES, k=chance.randint(0, most))
    ghost = chance.randint(0, 4) == 4
    if domain:
        return Map(*domain, to=chance.choice(VALUES), ghost=ghost)
    if flip(chance):
        return Counter(chance.choice((2, TRIES)), ghost=ghost)
    return Variable(chance.choice(VALUES), ghost=ghost)


def _declare(kind: Callable[[Any], Any], name: str, sorts: Sequence[Sort], body: Callable[..., Any]) -> Declaration:
    """Declare a function of a state and of parameters of the given sorts."""

    def declared(*given: Any) -> Any:
        return body(*given)

    one = inspect.Parameter("s", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    states = [one.replace(name="before"), one.replace(name="after")] if kind is two_state else [one]
    others = [one.replace(name=f"x{number}", annotation=sort) for number, sort in enumerate(sorts)]
    declared.__signature__ = inspect.Signature([*states, *others])  # type: ignore[attr-defined]
    declared.__name__, declared.__doc__ = name, f"Drawn as {name}."
    return kind(declared)


def _initial(chance: Random, everything: Scope, sizes: dict[str, int]) -> Declaration:
    """Every field gets any value, or one that constants, the parameter and the fields before it make up."""
    parameters = (sort_of(Node),)
    updates = []
    choices = 1
    for number, field in enumerate(everything.fields):
        here = size_of(field.codomain, sizes) ** _cells(field, sizes)
        if choices * here <= 64 and chance.randint(0, 3) == 0:
            choices *= here
            updates.append(_assignment(field, [ALL] * len(field.domain), None))
        else:
            known = Scope(everything.fields[:number], parameters)
            constants = constants_of(field.codomain)
            plain = constants and chance.randint(0, 2)
            value = same(constants[0]) if plain else draw_value(chance, known.inside(*field.domain), field.codomain, 1)
            assert value is not None, "the parameter gives a value to sorts without constants"
            updates.append(_assignment(field, [ALL] * len(field.domain), value))
    clauses = [draw_truth(chance, replace(everything, variables=parameters), 1)] if choices > 1 else []

    def body(s: Any, *given: Expr) -> None:
        for update in updates:
            update(s, given)
        s.require(*(clause((s,), given) for clause in clauses))

    return _declare(initial, "begin", parameters, body)


def _action(chance: Random, name: str, ordinary: Scope, everything: Scope, sizes: dict[str, int]) -> Declaration:
    """The parameters are indices of some fields, its subjects; each subject's cell is moved on or at least asked for.

    Fields of many cells are no subjects: cells that move one by one make more states than can be searched. Ghosts are
    written like other fields, but read only for ghosts.
    """
    few = [field for field in ordinary.fields if _cells(field, sizes) <= MOST_MOVING]
    subjects = chance.sample(few, min(chance.randint(0, 2), len(few)))
    parameters = tuple(sort for field in subjects for sort in field.domain)
    scope = replace(ordinary, variables=parameters)
    clauses: list[Formula] = []
    updates: list[Update] = []
    written: list[Field] = []
    taken = 0
    for field in subjects:
        index = [given(taken + number) for number in range(len(field.domain))]
        taken += len(index)
        cell = cell_of(field, index, 0)
        move = _move(chance, replace(scope, fields=()), cell, field.codomain) if chance.randint(0, 2) else None
        if move is None:
            clauses.append(draw_comparison(chance, replace(scope, fields=()), cell, field.codomain))
        else:
            clauses.append(move[0])
            updates.append(_assignment(field, [At(part) for part in index], move[1]))
            written.append(field)
    clauses += [draw_truth(chance, scope, chance.randint(0, 2)) for _ in range(chance.randint(0, 1))]
    others = [field for field in everything.fields if not any(field is done for done in written)]
    most = 1 if written else 3
    for field in chance.sample(others, min(chance.randint(not written, most), len(others))):
        known = replace(everything, variables=parameters) if field.ghost else scope
        twins = [number for number, sort in enumerate(parameters) if (sort,) == field.domain][:2]
        if len(twins) == 2:
            clauses.append(different(*twins))
            values = [draw_value(chance, known, field.codomain, 1) for _ in twins]
            pairs = zip(twins, values, strict=True)
            updates += [_assignment(field, [At(given(number))], value) for number, value in pairs if value]
        else:
            updates += _update(chance, known, field)

    def body(s: Any, *given: Expr) -> None:
        s.require(*(clause((s,), given) for clause in clauses))
        for update in updates:
            update(s, given)

    return _declare(action, name, parameters, body)


def _move(chance: Random, scope: Scope, cell: Formula, sort: Sort) -> tuple[Formula, Formula] | None:
    """A clause about a cell, and a new value for it that differs from the old; None where too few values are known."""
    if isinstance(sort, RangeSort):
        most = sort.limit
        return lambda states, given: cell(states, given) < most, lambda states, given: cell(states, given) + 1
    values = [same(value) for value in constants_of(sort)]
    if isinstance(sort, OptionSort):
        values += [value for value in [draw_known(chance, scope, sort.of, 0)] if value]
    if len(values) < 2:
        return None
    first = chance.randint(0, len(values) - 1)
    old, new = values[first], values[(first + 1) % len(values)]
    return lambda states, given: cell(states, given) == old(states, given), new


def _statements(
    chance: Random, everything: Scope, starts_with: Callable[[Scope, Formula], bool]
) -> Iterator[Declaration]:
    """Properties that are mostly true at first, and goals that are not, so that the search has to find out."""

    def drawn(scope: Scope, wanted: bool) -> Formula:
        formula = draw_truth(chance, scope, 2) if chance.randint(0, 2) == 0 else draw_coincidence(chance, scope)
        return formula if starts_with(scope, formula) == wanted or chance.randint(0, 5) == 0 else _denied(formula)

    for number in range(chance.randint(0, 3)):
        yield _stated(invariant, f"holds{number}", drawn(everything, True))
    for number in range(chance.randint(0, 2)):
        yield _stated(two_state, f"keeps{number}", drawn(replace(everything, states=2), True))
    for number in range(chance.randint(0, 2)):
        sorts = chance.choice(((), (sort_of(Agent),), (sort_of(Mode),)))
        stages = [draw_coincidence(chance, everything.inside(*sorts)) for _ in range(chance.randint(0, 2))]
        stages.append(_closed(drawn(everything, False)))
        yield _declare(goal, f"reaches{number}", sorts, partial(_in_turn, stages))
    if flip(chance):
        ends = draw_truth(chance, everything, 1)
        yield _declare(legal_end, "ends", (), lambda s: ends((s,), ()))


def _in_turn(stages: Sequence[Formula], s: Any, *given: Expr) -> Any:
    return then(*(stage((s,), given) for stage in stages))


def _stated(kind: Callable[[Any], Any], name: str, formula: Formula) -> Declaration:
    return _declare(kind, name, (), lambda *states: formula(states, ()))


def _closed(formula: Formula) -> Formula:
    return lambda states, given: formula(states, ())


def _denied(formula: Formula) -> Formula:
    return lambda states, given: ~formula(states, given)


def _update(chance: Random, scope: Scope, field: Field) -> list[Update]:
    """A write to one cell, or to all cells that conditions on some positions of the index leave; none if impossible."""
    parts: list[At | With] = []
    for sort in field.domain:
        point = draw_value(chance, scope, sort, 1) if flip(chance) else None
        parts.append(At(point) if point else chance.choice((ALL, None)) or With(_inside(chance, scope, sort)))
    opened = [sort for sort, part in zip(field.domain, parts, strict=True) if isinstance(part, With)]
    value = draw_value(chance, scope.inside(*opened), field.codomain, 1)
    if value is None:
        return []
    if len(opened) == len(field.domain) > 1 and flip(chance):
        return [_assignment(field, parts, value, draw_truth(chance, scope.inside(*opened), 1))]
    return [_assignment(field, parts, value)]


def _inside(chance: Random, scope: Scope, sort: Sort) -> Formula:
    return draw_truth(chance, scope.inside(sort), 1)


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
