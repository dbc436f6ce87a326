"""The graph in arrays has just the states and steps that the plain meaning of a machine has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings

from attorn.checker.progress import Graph, Limits, build
from attorn.checker.progress.graph import Region
from attorn.model.instances import instance
from attorn.spec.errors import DoubleWrite, OutOfRange
from attorn.spec.language import Concrete, Instance, Machine, State, Step, UpTo, Values, Variable, action, initial
from attorn.spec.language.expressions import TRUE
from tests.checker.progress.tables import Table
from tests.machines.random_machines import instances

Arrow = tuple[Values, Step, Values]


def arrows_in(graph: Graph) -> list[Arrow]:
    """All transitions of a graph."""
    values = [graph.states.values(number) for number in range(len(graph))]
    return [
        (values[graph.source[number]], graph.steps[graph.step[number]], values[graph.target[number]])
        for number in range(len(graph.target))
    ]


def plain_arrows(machine: Instance) -> tuple[list[list[Values]], list[Arrow]]:
    """All states by their depth, and all transitions, found one by one."""
    concrete = Concrete(machine)
    levels, arrows = [concrete.initial_states()], []
    seen = set(levels[0])
    while levels[-1]:
        following: dict[Values, None] = {}
        for state in levels[-1]:
            for step, after in concrete.successors(state):
                arrows.append((state, step, after))
                if after not in seen:
                    following[after] = None
        seen.update(following)
        levels.append(list(following))
    return levels[:-1], arrows


def agrees(machine: Instance, graph: Graph) -> None:
    """Compare the graph in arrays with what is found one by one."""
    levels, arrows = plain_arrows(machine)
    assert len(graph) == sum(map(len, levels))
    found = arrows_in(graph)
    assert len(found) == len(arrows)
    assert set(found) == set(arrows)
    first = 0
    for level in levels:  # states are numbered level by level
        assert {graph.states.values(number) for number in range(first, first + len(level))} == set(level)
        first += len(level)
    assert graph.initial.tolist() == list(range(len(levels[0])))


@pytest.mark.parametrize("name", ["claim-tiny", "claim-small"])
def test_the_graph_of_the_core_machine_is_the_plain_one(name: str) -> None:
    agrees(instance(name), build(instance(name), Limits()))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(machine=instances())
def test_the_graph_of_a_random_machine_is_the_plain_one(machine: Instance) -> None:
    try:
        graph = build(machine, Limits(max_states=1_000, max_transitions=4_000))
    except (DoubleWrite, OutOfRange):
        reject()
    assume(graph.finished)
    agrees(machine, graph)


class Line(State):
    at = Variable(UpTo(9))


@initial
def at_zero(s: Line) -> None:
    s.at = 0


@action(fair="weak")
def onward(s: Line) -> None:
    """One place further."""
    s.require(s.at < 9)
    s.at = s.at + 1


@action(fair="weak")
def beyond(s: Line) -> None:
    """One place further, even from the last."""
    s.at = s.at + 1


def test_a_graph_that_a_limit_ends_has_one_state_for_all_that_it_lacks() -> None:
    line = Instance.of(Machine("line", Line, at_zero, (onward,)))
    graph = build(line, Limits(max_states=4))
    assert not graph.finished
    assert graph.stopped
    assert (graph.expanded, len(graph)) == (4, 5)
    assert graph.target.tolist() == [1, 2, 3, 4]
    assert graph.states.holds(TRUE, ()).tolist() == [True, True, True, True, False]


def test_too_many_transitions_end_a_graph_too() -> None:
    line = Instance.of(Machine("line", Line, at_zero, (onward,)))
    graph = build(line, Limits(max_transitions=3))
    assert "3" in graph.stopped
    assert graph.expanded == 4
    assert graph.target.tolist() == [1, 2, 3, 4]


def test_a_limit_that_is_just_large_enough_ends_nothing() -> None:
    line = Instance.of(Machine("line", Line, at_zero, (onward,)))
    assert build(line, Limits(max_states=10, max_transitions=9)).finished


def test_a_step_that_leaves_its_range_is_reported_with_its_line() -> None:
    with pytest.raises(OutOfRange, match="beyond"):
        build(Instance.of(Machine("line", Line, at_zero, (beyond,))), Limits())


def test_what_is_reachable_stays_inside() -> None:
    graph = build(Instance.of(Machine("line", Line, at_zero, (onward,))), Limits())
    inside = np.arange(10) != 7
    assert np.flatnonzero(graph.reachable(np.array([3]), inside)).tolist() == [3, 4, 5, 6]


def test_steps_between_the_same_states_do_not_keep_components_from_being_found() -> None:
    """scipy 1.17 runs for ever on a graph in which an edge is named twice in a row."""
    twice = Table(
        starts=(0,),
        steps=(("none", {0: 1, 1: 0}), ("none", {0: 1, 1: 0}), ("weak", {1: 0})),
        premise=frozenset({0}),
        conclusion=frozenset({2}),
    )
    graph = build(twice.instance(), Limits())
    assert graph.repeated.tolist() == [False, True, False, True, True]
    count, label = Region(graph, np.ones(2, np.bool_)).components()
    assert (count, label[0]) == (1, label[1])


def test_a_graph_turned_round_has_the_same_transitions_the_other_way() -> None:
    graph = build(instance("claim-tiny"), Limits())
    forwards = set(zip(graph.source.tolist(), graph.step.tolist(), graph.target.tolist(), strict=True))
    back = graph.backwards
    assert forwards == set(zip(back.target.tolist(), back.step.tolist(), back.source.tolist(), strict=True))
