"""The plain meaning of every operator, against Python's own on drawn states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attorn.spec.language import (
    ANY,
    NONE,
    Budget,
    Concrete,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Map,
    Op,
    Option,
    Relation,
    State,
    Variable,
    all_of,
    any_of,
    constant,
    count,
    exists,
    forall,
    initial,
    invariant,
    ite,
    one_of,
    some,
    subset,
    two_state,
)
from attorn.spec.language.expressions import walk

LIMIT = Budget("LIMIT")
SIZE, MOST = 3, 2


class Node(Element):
    """A node."""


class Mode(Enum):
    """A mode."""

    IDLE = "idle"
    BUSY = "busy"
    DONE = "done"


HOME = constant(Node, "home")


class Graph(State):
    """A bit of everything."""

    edge = Relation(Node, Node)
    next = Map(Node, to=Node)
    mode = Map(Node, to=Mode)
    parent = Map(Node, to=Option(Node))
    dirty = Variable(bool)
    tries = Counter(LIMIT)


@initial
def anything(s: Graph) -> None:
    s.edge[...] = False
    s.next[...] = ANY
    s.mode[...] = Mode.IDLE
    s.parent[...] = NONE
    s.dirty = False
    s.tries = 0


@dataclass(frozen=True)
class Plain:
    """A state as Python sees it: options are None or a number, modes are members."""

    edge: list[list[bool]]
    next: list[int]
    mode: list[Mode]
    parent: list[int | None]
    dirty: bool
    tries: int

    @property
    def values(self) -> tuple[int, ...]:
        """The cells in the order of the fields, numbered as sorts say."""
        return (
            *(int(each) for row in self.edge for each in row),
            *self.next,
            *(list(Mode).index(each) for each in self.mode),
            *(0 if each is None else 1 + each for each in self.parent),
            int(self.dirty),
            self.tries,
        )


NODES = range(SIZE)
nodes = st.integers(0, SIZE - 1)


def three(each: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(each, min_size=SIZE, max_size=SIZE)


PLAIN = st.builds(
    Plain, three(three(st.booleans())), three(nodes), three(st.sampled_from(Mode)), three(st.none() | nodes),
    st.booleans(), st.integers(0, MOST),
)  # fmt: skip

# What is written in the language, and what it must mean.
MEANINGS: dict[str, tuple[Callable[[Any], Any], Callable[[Plain], bool]]] = {
    "constant": (lambda s: True, lambda p: True),
    "variable read": (lambda s: s.dirty, lambda p: p.dirty),
    "map read": (lambda s: s.edge[HOME, HOME], lambda p: p.edge[0][0]),
    "nested read": (
        lambda s: s.edge[s.next[HOME], s.next[s.next[HOME]]],
        lambda p: p.edge[p.next[0]][p.next[p.next[0]]],
    ),
    "limit": (lambda s: s.tries == LIMIT, lambda p: p.tries == MOST),
    "equal elements": (lambda s: s.next[HOME] == HOME, lambda p: p.next[0] == 0),
    "equal modes": (lambda s: s.mode[HOME] == Mode.DONE, lambda p: p.mode[0] is Mode.DONE),
    "unequal modes": (lambda s: s.mode[HOME] != s.mode[s.next[HOME]], lambda p: p.mode[0] is not p.mode[p.next[0]]),
    "equal truths": (lambda s: s.dirty == s.edge[HOME, HOME], lambda p: p.dirty == p.edge[0][0]),
    "equal options": (lambda s: s.parent[HOME] == s.parent[s.next[HOME]], lambda p: p.parent[0] == p.parent[p.next[0]]),
    "option that is absent": (lambda s: s.parent[HOME] == NONE, lambda p: p.parent[0] is None),
    "option that holds a value": (lambda s: s.parent[HOME] == s.next[HOME], lambda p: p.parent[0] == p.next[0]),
    "some": (
        lambda s: some(s.parent[HOME], lambda x: s.edge[x, HOME]),
        lambda p: p.parent[0] is not None and p.edge[p.parent[0]][0],
    ),
    "and": (
        lambda s: s.dirty & s.edge[HOME, HOME] & (s.tries == 1),
        lambda p: p.dirty and p.edge[0][0] and p.tries == 1,
    ),
    "or": (lambda s: s.dirty | s.edge[HOME, HOME] | (s.tries == 1), lambda p: p.dirty or p.edge[0][0] or p.tries == 1),
    "all_of nothing": (lambda s: all_of(), lambda p: True),
    "any_of nothing": (lambda s: any_of(), lambda p: False),
    "not": (lambda s: ~s.dirty, lambda p: not p.dirty),
    "implies": (lambda s: s.dirty >> s.edge[HOME, HOME], lambda p: not p.dirty or p.edge[0][0]),
    "one_of": (
        lambda s: one_of(s.mode[HOME], Mode.IDLE, Mode.DONE),
        lambda p: p.mode[0] in (Mode.IDLE, Mode.DONE),
    ),
    "ite": (
        lambda s: ite(s.dirty, s.next[HOME], s.next[s.next[HOME]]) == HOME,
        lambda p: (p.next[0] if p.dirty else p.next[p.next[0]]) == 0,
    ),
    "ite of truths": (lambda s: ite(s.dirty, s.edge[HOME, HOME], True), lambda p: not p.dirty or p.edge[0][0]),
    "ite of options": (
        lambda s: ite(s.dirty, NONE, s.parent[HOME]) == HOME,
        lambda p: not p.dirty and p.parent[0] == 0,
    ),
    "less": (lambda s: s.tries < 2, lambda p: p.tries < 2),
    "less or equal": (lambda s: s.tries <= 1, lambda p: p.tries <= 1),
    "greater": (lambda s: s.tries > 0, lambda p: p.tries > 0),
    "greater or equal": (lambda s: s.tries >= 2, lambda p: p.tries >= 2),
    "sum": (lambda s: s.tries + 1 == LIMIT, lambda p: p.tries + 1 == MOST),
    "difference": (lambda s: 2 - s.tries < s.tries, lambda p: 2 - p.tries < p.tries),
    "forall": (
        lambda s: forall(Node, Node, lambda a, b: s.edge[a, b] >> s.edge[b, a]),
        lambda p: all(not p.edge[a][b] or p.edge[b][a] for a in NODES for b in NODES),
    ),
    "exists": (
        lambda s: exists(Node, lambda a: s.edge[a, a] & (s.mode[a] == Mode.BUSY)),
        lambda p: any(p.edge[a][a] and p.mode[a] is Mode.BUSY for a in NODES),
    ),
    "forall exists": (
        lambda s: forall(Node, lambda a: exists(Node, lambda b: s.edge[a, b] & (a != b))),
        lambda p: all(any(p.edge[a][b] and a != b for b in NODES) for a in NODES),
    ),
    "quantified modes": (
        lambda s: exists(Mode, lambda m: forall(Node, lambda a: s.mode[a] == m)),
        lambda p: len(set(p.mode)) == 1,
    ),
    "quantified truths": (
        lambda s: forall(bool, lambda b: exists(Node, lambda a: s.edge[HOME, a] == b)),
        lambda p: set(p.edge[0]) == {False, True},
    ),
    "count": (
        lambda s: count(Node, lambda a: s.edge[a, HOME]) > s.tries,
        lambda p: sum(p.edge[a][0] for a in NODES) > p.tries,
    ),
    "count of what is known": (lambda s: count(Node, lambda a: a == HOME) == 1, lambda p: True),
    "subset": (
        lambda s: subset(Node, lambda a: s.edge[HOME, a], lambda a: s.mode[a] == Mode.IDLE),
        lambda p: all(not p.edge[0][a] or p.mode[a] is Mode.IDLE for a in NODES),
    ),
}


CONCRETE: dict[str, tuple[Concrete, Expr]] = {}


def concrete_of(formula: Callable[[Any], Any]) -> tuple[Concrete, Expr]:
    @invariant
    def stated(s: Graph) -> Any:
        """What is stated."""
        return formula(s)

    instance = Instance.of(Machine("graph", Graph, anything, (), (stated,)), Node=SIZE, LIMIT=MOST)
    return Concrete(instance), instance.machine.property("stated").formula


@pytest.mark.parametrize("name", MEANINGS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(state=PLAIN)
def test_a_formula_means_what_python_means(name: str, state: Plain) -> None:
    formula, meaning = MEANINGS[name]
    concrete, stated = CONCRETE.setdefault(name, concrete_of(formula))
    assert bool(concrete.value(stated, (), state.values)) == bool(meaning(state))


def test_every_operator_of_the_language_is_among_them() -> None:
    used = {part.op for formula, _ in MEANINGS.values() for part in walk(concrete_of(formula)[1])}
    assert used == set(Op)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(before=PLAIN, after=PLAIN)
def test_a_two_state_property_reads_both_states(before: Plain, after: Plain) -> None:
    @two_state
    def stated(old: Graph, new: Graph) -> Expr:
        """Edges stay, and tries grow."""
        return forall(Node, Node, lambda a, b: old.edge[a, b] >> new.edge[a, b]) & (old.tries < new.tries)

    instance = Instance.of(Machine("graph", Graph, anything, (), (stated,)), Node=SIZE, LIMIT=MOST)
    expected = before.tries < after.tries and all(
        not before.edge[a][b] or after.edge[a][b] for a in NODES for b in NODES
    )
    held = Concrete(instance).holds(instance.machine.property("stated"), before.values, after.values)
    assert held == expected


def test_initial_states_are_all_combinations_of_what_is_open() -> None:
    # SIZE nodes with SIZE possible successors each, and nothing else is open: 3 ** 3 states.
    states = concrete_of(lambda s: True)[0].initial_states()
    assert len(states) == 27
    assert states == sorted(set(states))
