"""Laws of the language: sharing of nodes, substitution against steps, and what two tracings have in common."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hypothesis import given, settings

from attorn.spec.language import (
    Concrete,
    Element,
    Instance,
    Machine,
    Map,
    State,
    Step,
    Values,
    action,
    after_step,
    all_of,
    exists,
    forall,
    initial,
    invariant,
    primed,
)
from attorn.spec.language.expressions import Op, equal, node, walk
from attorn.spec.language.substitution import initial_formula, step_formula
from attorn.spec.language.traced import Property
from tests.machines.random_machines import instances

FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None)
STATES = 12


class Node(Element):
    """A node."""


class Ring(State):
    """Nodes in a ring."""

    next = Map(Node, to=Node)


def traced(formula: object) -> Property:
    @initial
    def begin(s: Ring) -> None:
        s.next[...] = lambda a: a

    @invariant
    def stated(s: Ring) -> object:
        """What is stated."""
        return formula(s)  # type: ignore[operator]

    return Machine("ring", Ring, begin, (), (stated,)).property("stated")


def some_states(concrete: Concrete) -> list[Values]:
    """The first few reachable states, in the order of a plain search."""
    found = concrete.initial_states()[:STATES]
    for state in found:
        for _, after in concrete.successors(state):
            if after not in found and len(found) < STATES:
                found.append(after)
    return found


def some_steps(concrete: Concrete) -> Iterator[tuple[Values, Step, Values]]:
    """Transitions from those states."""
    for state in some_states(concrete):
        for step, after in islice(concrete.successors(state), 6):
            yield state, step, after


# Sharing


def test_equal_formulas_are_one_object() -> None:
    one = traced(lambda s: forall(Node, Node, lambda a, b: (s.next[a] == s.next[b]) >> (a == b)))
    other = traced(lambda s: forall(Node, Node, lambda a, b: (s.next[a] == s.next[b]) >> (a == b)))
    assert one.formula is other.formula


def test_formulas_that_differ_in_one_place_are_two_objects() -> None:
    one = traced(lambda s: exists(Node, lambda a: s.next[a] == a))
    other = traced(lambda s: exists(Node, lambda a: s.next[s.next[a]] == a))
    assert one.formula is not other.formula


def test_a_part_that_occurs_twice_is_one_node() -> None:
    formula = traced(lambda s: exists(Node, lambda a: (s.next[a] == a) | (s.next[s.next[a]] == s.next[a]))).formula
    reads = [part for part in walk(formula) if part.op is Op.READ]
    assert len(reads) == 2


def test_a_conjunction_repeats_nothing() -> None:
    one = traced(lambda s: exists(Node, lambda a: s.next[a] == a)).formula
    assert all_of(one, True, one) is one


@FEW
@given(instance=instances())
def test_tracing_twice_gives_the_same_nodes(instance: Instance) -> None:
    machine = instance.machine
    again = Machine("again", machine.state, machine.start, machine.steps, machine.statements)
    assert again is not machine
    for one, other in zip(machine.actions, again.actions, strict=True):
        assert one.guard is other.guard
        assert all(a.value is b.value for a, b in zip(one.writes, other.writes, strict=True))
    for stated, restated in zip(machine.properties, again.properties, strict=True):
        assert stated.formula is restated.formula


# Substitution


@FEW
@given(instance=instances())
def test_a_formula_pushed_through_a_step_says_what_it_says_after_it(instance: Instance) -> None:
    concrete = Concrete(instance)
    stated = [each.formula for each in instance.machine.properties if not each.two_state]
    for before, step, after in some_steps(concrete):
        for formula in stated:
            pushed = after_step(primed(formula), step.action.writes)
            assert concrete.value(pushed, step.arguments, before) == concrete.value(formula, (), after)


@FEW
@given(instance=instances())
def test_a_two_state_formula_pushed_through_a_step_speaks_of_both_states(instance: Instance) -> None:
    concrete = Concrete(instance)
    stated = [each.formula for each in instance.machine.properties if each.two_state]
    for before, step, after in some_steps(concrete):
        for formula in stated:
            pushed = after_step(formula, step.action.writes)
            assert concrete.value(pushed, step.arguments, before) == concrete.value(formula, (), before, after)


@FEW
@given(instance=instances())
def test_a_primed_formula_reads_the_state_after_alone(instance: Instance) -> None:
    concrete = Concrete(instance)
    states = some_states(concrete)
    for stated in instance.machine.properties:
        if not stated.two_state:
            for state in states:
                assert concrete.value(primed(stated.formula), (), states[0], state) == concrete.value(
                    stated.formula, (), state
                )


@FEW
@given(instance=instances())
def test_a_step_is_the_relation_that_its_formula_says(instance: Instance) -> None:
    concrete = Concrete(instance)
    states = some_states(concrete)
    fields = list(instance.machine.state.fields.values())
    formulas = {each.name: step_formula(each, fields) for each in instance.machine.actions}
    for step in islice(concrete.steps, 12):
        formula = formulas[step.action.name]
        for before in states[:6]:
            leads = concrete.apply(before, step) if concrete.enabled(before, step) else None
            for after in states:
                assert bool(concrete.value(formula, step.arguments, before, after)) == (after == leads)


@FEW
@given(instance=instances())
def test_initial_states_are_those_that_the_initial_formula_admits(instance: Instance) -> None:
    concrete = Concrete(instance)
    description = instance.machine.initial
    formula, starts = initial_formula(description), set(concrete.initial_states())
    choices = list(instance.arguments(description.parameters))
    for state in [*some_states(concrete), *starts]:
        admitted = any(concrete.value(formula, arguments, state) for arguments in choices)
        assert admitted == (state in starts)


def test_a_formula_that_the_writes_do_not_touch_stays_as_it_is() -> None:
    formula = traced(lambda s: exists(Node, lambda a: s.next[a] == a)).formula
    assert repr(after_step(formula, ())) == repr(formula)


def test_pushing_through_a_write_that_is_wrong_is_noticed() -> None:
    """The law above can fail: the writes of another action give another formula."""

    @initial
    def begin(s: Ring) -> None:
        s.next[...] = lambda a: a

    @action
    def join(s: Ring, a: Node, b: Node) -> None:
        """Let one node follow another."""
        s.next[a] = b

    @action
    def part(s: Ring, a: Node, b: Node) -> None:
        """Let a node follow itself."""
        s.require(a != b)
        s.next[a] = a

    instance = Instance.of(Machine("ring", Ring, begin, (join, part)), Node=2)
    concrete = Concrete(instance)
    one, other = instance.machine.actions
    state, step = concrete.initial_states()[0], Step(one, (0, 1))
    formula = traced(lambda s: forall(Node, lambda a: s.next[a] == a)).formula
    after = concrete.apply(state, step)
    assert concrete.value(after_step(primed(formula), one.writes), (0, 1), state) == concrete.value(formula, (), after)
    assert concrete.value(after_step(primed(formula), other.writes), (0, 1), state) != concrete.value(
        formula, (), after
    )


def test_equality_of_known_values_is_decided_at_once() -> None:
    here = node(Op.CONSTANT, Node.sort_declared, (), 0)
    there = node(Op.CONSTANT, Node.sort_declared, (), 1)
    assert equal(here, here).payload == 1
    assert equal(here, there).payload == 0


# Steps


@FEW
@given(instance=instances())
def test_what_no_write_names_stays(instance: Instance) -> None:
    concrete = Concrete(instance)
    for before, step, after in some_steps(concrete):
        written = {write.field for write in step.action.writes}
        for cell, old, new in zip(instance.cells, before, after, strict=True):
            assert old == new or cell.field in written


@FEW
@given(instance=instances())
def test_a_step_is_enabled_where_nothing_blocks_it(instance: Instance) -> None:
    concrete = Concrete(instance)
    for state in some_states(concrete)[:4]:
        for step in islice(concrete.steps, 20):
            assert concrete.enabled(state, step) == (not concrete.blocking(state, step))


@FEW
@given(instance=instances())
def test_a_property_fails_where_one_conjunct_does(instance: Instance) -> None:
    concrete = Concrete(instance)
    for stated in instance.machine.properties:
        for state in some_states(concrete):
            failure = concrete.failure(stated, state, state)
            assert (failure is None) == concrete.holds(stated, state, state)
            assert (failure is None) == bool(concrete.value(stated.formula, (), state, state))
