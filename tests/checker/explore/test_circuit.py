"""Circuits are simplified, placed in buffers and looked up; none of that may change what they mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attorn.checker.explore.circuit import Circuit, Gate, Node, Value
from attorn.checker.explore.components import Component, Table
from attorn.checker.explore.kernel import Column, Input, Kernel
from attorn.checker.explore.lowering import Lowered

SIZES = (2, 3, 2, 4, 1, 3)
STATES = list(itertools.product(*map(range, SIZES)))
COLUMNS = np.array(STATES)

Meaning = Callable[[Sequence[int]], int]
Pair = tuple[Value, Meaning]


@st.composite
def formulas(draw: st.DrawFn) -> tuple[Circuit, Value, Meaning]:
    """A truth value made by a circuit, and beside it what it means, state by state, in plain Python."""
    circuit = Circuit(SIZES)

    def number(depth: int) -> Pair:
        kind = draw(st.integers(0, 2 if depth == 0 else 5))
        if kind == 0:
            constant = draw(st.integers(0, 4))
            return constant, lambda state: constant
        if kind <= 2:
            cell = draw(st.integers(0, len(SIZES) - 1))
            return circuit.cell(cell), lambda state: state[cell]
        (a, left), (b, right) = number(depth - 1), number(depth - 1)
        if kind == 3:
            return circuit.added(a, b), lambda state: left(state) + right(state)
        if kind == 4:
            return circuit.subtracted(a, b), lambda state: left(state) - right(state)
        c, condition = truth(depth - 1)
        return circuit.select(c, a, b), lambda state: left(state) if condition(state) else right(state)

    def truth(depth: int) -> Pair:
        kind = draw(st.integers(0, 1 if depth == 0 else 5))
        if kind <= 1:
            (a, left), (b, right) = number(max(depth - 1, 0)), number(max(depth - 1, 0))
            if kind:
                return circuit.less(a, b), lambda state: left(state) < right(state)
            return circuit.equal(a, b), lambda state: left(state) == right(state)
        parts = [truth(depth - 1) for _ in range(draw(st.integers(1, 4)))]
        values, meanings = [value for value, _ in parts], [meaning for _, meaning in parts]
        if kind == 2:
            return circuit.negation(values[0]), lambda state: not meanings[0](state)
        if kind == 3:
            return circuit.disjunction(values), lambda state: any(meaning(state) for meaning in meanings)
        if kind == 4 and len(parts) > 1:
            known, assumed = values[0], meanings[0]
            rest = circuit.assuming(known, values[1:])
            # Only where what is assumed holds does the rest have to say the same.
            return (
                circuit.conjunction((known, rest)),
                lambda state: assumed(state) and all(meaning(state) for meaning in meanings[1:]),
            )
        return circuit.conjunction(values), lambda state: all(meaning(state) for meaning in meanings)

    value, meaning = truth(4)
    return circuit, value, meaning


def expected(meaning: Meaning) -> list[bool]:
    return [bool(meaning(state)) for state in STATES]


def constant_or(value: Value, compute: Callable[[Node], Column]) -> list[bool]:
    return [bool(value)] * len(STATES) if isinstance(value, int) else [bool(each) for each in compute(value)]


@settings(deadline=None, derandomize=True, database=None, max_examples=400)
@given(formulas())
def test_simplified_formulas_mean_the_same(drawn):
    _, value, meaning = drawn
    table = Table({cell: COLUMNS[:, cell] for cell in range(len(SIZES))})
    assert constant_or(value, lambda node: table[node]) == expected(meaning)


@settings(deadline=None, derandomize=True, database=None, max_examples=300)
@given(formulas())
def test_kernels_compute_what_formulas_mean(drawn):
    circuit, value, meaning = drawn
    inputs: dict[int, Input] = {}
    columns: list[Column] = []
    for cell, size in enumerate(SIZES):
        node = circuit.cell(cell)
        if isinstance(node, Node):
            inputs[node.ident] = Input(len(columns), bit=0 if size == 2 else None)
            columns.append(COLUMNS[:, cell].astype(np.uint8))

    def compute(node: Node) -> Column:
        kernel = Kernel([node, node], inputs, {})
        first, second = (answer.copy() for answer in kernel(len(STATES), columns))
        assert (first == second).all()
        return first

    assert constant_or(value, compute) == expected(meaning)


@settings(deadline=None, derandomize=True, database=None, max_examples=300)
@given(formulas(), st.sampled_from([[[0, 1], [2, 3, 4], [5]], [[0, 3], [1, 5], [2], [4]], [[0, 1, 2, 3, 4, 5]]]))
def test_lowered_formulas_mean_the_same_however_cells_are_grouped(drawn, groups):
    circuit, value, meaning = drawn
    components = [Component(group, SIZES) for group in groups]
    for component in components:
        component.admit(component.joint(COLUMNS))
        component.number()
    lowered = Lowered(circuit, components, [value])
    codes = [component.code[component.joint(COLUMNS)] for component in components]
    answer = next(lowered(len(STATES), codes))
    found = [bool(answer)] * len(STATES) if isinstance(answer, int) else answer.tolist()
    assert found == expected(meaning)


@settings(deadline=None, derandomize=True, database=None, max_examples=200)
@given(formulas(), st.integers(0, 5), st.integers(0, 3))
def test_replacing_a_cell_is_to_look_at_another_state(drawn, cell, number):
    circuit, value, meaning = drawn
    node = circuit.cell(cell)
    number = min(number, SIZES[cell] - 1)
    if isinstance(node, Node):
        value = circuit.replacing({node: number})(value)
    table = Table({each: COLUMNS[:, each] for each in range(len(SIZES))})
    found = constant_or(value, lambda root: table[root])
    assert found == [bool(meaning([*state[:cell], number, *state[cell + 1 :]])) for state in STATES]


def test_equal_formulas_are_one_node():
    circuit = Circuit((3, 3))
    a, b = circuit.cell(0), circuit.cell(1)
    assert circuit.conjunction((circuit.equal(a, 1), circuit.equal(b, 2))) is circuit.conjunction(
        (circuit.equal(b, 2), circuit.equal(a, 1))
    )


def test_what_contradicts_itself_is_no_node():
    circuit = Circuit((3, 2))
    a, b = circuit.cell(0), circuit.cell(1)
    assert circuit.conjunction((circuit.equal(a, 1), circuit.equal(a, 2))) == 0
    assert circuit.conjunction((b, circuit.negation(b))) == 0
    # From p and (not p or q) follows q.
    q = circuit.equal(a, 0)
    assert circuit.conjunction((b, circuit.disjunction((circuit.negation(b), q)))) is circuit.conjunction((b, q))


def test_a_state_makes_a_difference_to_what_is_not_decided():
    circuit = Circuit((3, 2))
    value = circuit.conjunction((circuit.equal(circuit.cell(0), 1), circuit.cell(1)))
    assert isinstance(value, Node)
    assert value.gate is Gate.AND
