"""Runs to what was found are shortest and confirmed, goals are met stage after stage, and the graph is the truth."""

from __future__ import annotations

import dataclasses
import itertools
import os
import signal

import networkx
import pytest

from attorn.checker.explore import Options, explore, graph, reachable_blocks, team
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.paths import path_through
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.stages import choices
from attorn.model.migration import CLAIM
from attorn.spec.errors import TooLarge, Unsound
from attorn.spec.language import (
    Concrete,
    Element,
    Instance,
    Machine,
    Map,
    State,
    Variable,
    action,
    constant,
    goal,
    initial,
    then,
)
from tests.machines.known import BROKEN, KNOWN

TINY = Instance.of(CLAIM, "tiny", VM=1, Segment=1, Partition=2, Word=2, Address=1)


def test_four_litres_take_six_steps():
    # The puzzle of the jugs of three and five litres, as solved in the film Die Hard 3.
    found = explore(KNOWN["jugs"].instance)
    reached = next(each for each in found.goals if each.name == "four")
    assert reached.reached
    assert reached.path is not None
    assert len(reached.path) == 6


@pytest.mark.parametrize("name", BROKEN)
def test_every_run_shown_is_a_run_of_the_machine_that_cannot_be_shorter(name):
    instance = BROKEN[name].instance
    found = explore(instance)
    drawn = graph(instance)
    number = {about["values"]: node for node, about in drawn.nodes(data=True)}
    starts = [node for node, about in drawn.nodes(data=True) if about["depth"] == 0]
    distance = networkx.multi_source_dijkstra_path_length(drawn, starts)
    refuted = [(verdict.kind, verdict.path) for verdict in found.verdicts if verdict.path is not None]
    assert refuted
    for kind, path in refuted:
        states = path.states
        for (before, after), move in zip(itertools.pairwise(states), path.moves, strict=True):
            label = instance.call(move.step.action.name, move.step.action.parameters, move.step.arguments)
            assert drawn.has_edge(number[before], number[after], label)
        end = states[-2] if kind == "two_state" else states[-1]
        assert distance[number[end]] == len(path) - (kind == "two_state")


def test_the_graph_has_the_states_and_transitions_that_the_explorer_counts():
    found = explore(TINY, Options(goals=False))
    drawn = graph(TINY)
    assert (len(drawn), drawn.number_of_edges()) == (found.states, found.transitions) == (118, 222)
    depths = [about["depth"] for _, about in drawn.nodes(data=True)]
    assert tuple(depths.count(depth) for depth in range(found.depth + 1)) == found.levels
    start = next(about for _, about in drawn.nodes(data=True) if about["depth"] == 0)
    assert start["state"]["phase[vm0]"] == "ABSENT"
    _, _, label, about = next(iter(drawn.edges(keys=True, data=True)))
    assert label == about["label"] == f"{about['action']}({', '.join(about['arguments'])})"


def test_every_edge_of_the_graph_is_a_step_of_the_machine():
    concrete = Concrete(TINY)
    drawn = graph(TINY)
    for node, about in drawn.nodes(data=True):
        expected = {(concrete.label(step), after) for step, after in concrete.successors(about["values"])}
        assert {(label, drawn.nodes[to]["values"]) for _, to, label in drawn.out_edges(node, keys=True)} == expected


def test_a_graph_of_too_many_states_is_refused():
    with pytest.raises(TooLarge, match="more states than asked for"):
        graph(TINY, limit=117)
    assert len(graph(TINY, limit=118)) == 118


def test_the_reachable_states_are_listed_each_once():
    states = [tuple(state) for block in reachable_blocks(TINY) for state in block.tolist()]
    assert len(states) == len(set(states)) == 118
    assert set(states) == {about["values"] for _, about in graph(TINY).nodes(data=True)}


def test_a_run_that_the_machine_does_not_have_is_not_shown():
    concrete = Concrete(TINY)
    start = concrete.initial_states()[0]
    step, after = next(concrete.successors(start))
    prepared = Prepared.of(TINY)
    expander = Expander(prepared.meaning, prepared.layout, {})
    assert path_through([start, after], expander, concrete).moves[0].step == step
    with pytest.raises(Unsound, match="a step that the machine does not have"):
        path_through([start, start], expander, concrete)


def test_a_violation_that_is_none_is_not_believed(monkeypatch):
    monkeypatch.setattr(Meaning, "broken", lambda self, stated: 1)
    with pytest.raises(Unsound, match="does not violate it"):
        explore(TINY)


class Place(Element):
    """Somewhere."""


HOME = constant(Place, "home")


class Walk(State):
    at = Variable(Place)
    visits = Map(Place, to=bool)


@initial
def at_home(s: Walk):
    s.at = HOME
    s.visits[...] = False


@action
def go(s: Walk, to: Place):
    """Walk to another place."""
    s.require(s.at != to)
    s.at = to
    s.visits[to] = True


@goal
def there_and_back(s: Walk, place: Place):
    """Home is left for some place, and reached again."""
    return then(s.at == HOME, (s.at == place) & (place != HOME), s.at == HOME)


@goal
def at_once(s: Walk):
    """Stages may all be met in one state."""
    return then(s.at == HOME, s.at == HOME, s.visits[HOME] >> (s.at == HOME))


@goal
def seen_before_the_first_visit(s: Walk, place: Place):
    """What was visited is not visited: the stages hold, but never in this order."""
    return then(s.visits[place], ~s.visits[place])


WALK = Machine("walk", Walk, at_home, (go,), (there_and_back, at_once, seen_before_the_first_visit))


def test_stages_are_met_one_after_the_other():
    goals = explore(Instance.of(WALK, Place=3)).goals
    assert [(each.name, each.reached, None if each.path is None else len(each.path)) for each in goals] == [
        ("there_and_back", True, 2),
        ("at_once", True, 0),
        ("seen_before_the_first_visit", False, None),
    ]


def test_a_goal_that_an_unfinished_search_did_not_meet_is_undetermined():
    goals = {each.name: each for each in explore(Instance.of(WALK, Place=3), Options(max_states=1)).goals}
    assert goals["there_and_back"].reached is None
    assert goals["at_once"].reached is True


def test_goals_are_left_out_if_not_asked_for():
    assert explore(Instance.of(WALK, Place=3), Options(goals=False)).goals == ()


def test_arguments_that_differ_only_in_names_are_tried_once():
    instance = Instance.of(WALK, Place=4)
    two_places = dataclasses.replace(WALK.goals[0], parameters=WALK.goals[0].parameters * 2)
    # Home has a name, the other places have none: (home, home), (home, a), (a, home), (a, a), (a, b).
    assert list(choices(instance, two_places)) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]


needs_fork = pytest.mark.skipif(not team.available(), reason="this system cannot fork")


@needs_fork
def test_a_team_returns_what_its_tasks_do_in_their_order():
    done = []
    assert team.together([lambda: 1, lambda: "two", lambda: [3.0]], lambda: done.append("meanwhile")) == [
        1,
        "two",
        [3.0],
    ]
    assert done == ["meanwhile"]


@needs_fork
def test_an_error_in_a_team_is_raised():
    def fails():
        raise TooLarge("as asked")

    with pytest.raises(TooLarge, match="as asked"):
        team.together([fails, lambda: 1], lambda: None)


@needs_fork
def test_a_worker_that_is_killed_is_missed():
    with pytest.raises(team.WorkerLost, match="memory exhausted"):
        team.together([lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1], lambda: None)


@needs_fork
def test_an_interrupted_team_leaves_no_process_behind():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        team.together([signal.pause, signal.pause], interrupt)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
