"""Tests from the model: they cover what they say, are near the fewest possible, and fail for a faulty system."""

from __future__ import annotations

import json
from functools import partial

import pytest

from attorn.checker.conform.aims import Aims, known_graph
from attorn.checker.conform.suite_files import as_json_lines
from attorn.checker.conform.suites import Cover, Suite, suite
from attorn.checker.explore import graph
from attorn.conform import Departure, session
from attorn.examples.small_vmm_adapter import SmallVmm
from attorn.model.instances import instance
from attorn.spec.errors import TooLarge, UnknownName
from attorn.spec.language import Clause, Concrete, Instance, Step
from tests.machines.known import KNOWN


def number_of(step: Step, clause: Clause) -> tuple[str, int]:
    """An action's name, and the number of one of its clauses."""
    return step.action.name, next(n for n, each in enumerate(step.action.clauses) if each is clause)


def walked(made: Suite) -> tuple[set[str], set[tuple[tuple[int, ...], str]], set[tuple[str, int]]]:
    """By the plain interpreter: steps taken, transitions taken, and clauses that forbade a step alone."""
    concrete = Concrete(made.instance)
    steps, transitions, clauses = set(), set(), set()
    for tour in made.tours:
        assert tour.start in concrete.initial_states()
        state = tour.start
        for attempt in tour.attempts:
            label = concrete.label(attempt.step)
            blocking = concrete.blocking(state, attempt.step)
            assert attempt.wanted is not bool(blocking)
            if blocking:
                if len(blocking) == 1:
                    clauses.add(number_of(attempt.step, blocking[0]))
            else:
                steps.add(label)
                transitions.add((state, label))
                state = concrete.apply(state, attempt.step)
    return steps, transitions, clauses


@pytest.mark.parametrize("small", [*(each.instance for each in KNOWN.values()), instance("claim-tiny")], ids=repr)
def test_a_suite_covers_what_the_graph_has_and_costs_no_less_than_the_bound(small: Instance) -> None:
    everything = graph(small)
    labels = {key for _, _, key in everything.edges(keys=True)}
    edges = {(everything.nodes[source]["values"], key) for source, _, key in everything.edges(keys=True)}
    for cover in Cover:
        made = suite(small, cover)
        steps, transitions, _ = walked(made)
        assert steps == labels
        if cover is Cover.TRANSITIONS:
            assert transitions == edges
        assert made.least <= made.cost


def test_every_clause_that_can_decide_decides_once() -> None:
    tiny = instance("claim-tiny")
    concrete = Concrete(tiny)
    wanted = set()
    for _, about in graph(tiny).nodes(data=True):
        for step in concrete.steps:
            blocking = concrete.blocking(about["values"], step)
            if len(blocking) == 1:
                wanted.add(number_of(step, blocking[0]))
    assert walked(suite(tiny, Cover.CLAUSES))[2] == wanted


def test_steps_of_a_small_puzzle_are_covered_by_nearly_the_fewest_attempts() -> None:
    # Each step is an attempt, and there is at least one start.
    made = suite(KNOWN["jugs"].instance, Cover.ACTIONS)
    assert made.least >= made.aims + 1
    assert made.cost <= made.least + 2


def test_runs_can_be_kept_short() -> None:
    made = suite(instance("claim-tiny"), Cover.CLAUSES, longest=20)
    assert len(made.tours) > 1
    assert max(map(len, made.tours)) < 40


def test_a_suite_finds_a_defect() -> None:
    def run(defect: str) -> None:
        for tour in suite(instance("claim-small"), Cover.CLAUSES).tours:
            with session("claim-small", partial(SmallVmm, defect=defect)) as system:
                for attempt in tour.attempts:
                    system.attempt(attempt.step)

    with pytest.raises(Departure):
        run("half-mapped")


def test_json_lines_say_what_must_be_declined() -> None:
    lines = [json.loads(line) for line in as_json_lines(suite(instance("claim-tiny"), Cover.CLAUSES)).splitlines()]
    assert {line["format"] for line in lines} == {"attorn-run"}
    attempts = [attempt for line in lines for attempt in line["attempts"]]
    assert {attempt["allowed"] for attempt in attempts} == {True, False}
    assert {attempt["action"] for attempt in attempts} == {each.name for each in instance("claim-tiny").machine.actions}


def test_only_the_actions_of_an_adapter_are_covered() -> None:
    made = suite(instance("claim-tiny"), Cover.ACTIONS, ["start", "stop"])
    assert {attempt.step.action.name for tour in made.tours for attempt in tour.attempts} == {"start", "stop"}
    with pytest.raises(UnknownName, match="no action of machine claim is called `begin`"):
        suite(instance("claim-tiny"), Cover.ACTIONS, ["begin"])


def test_an_instance_whose_graph_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge, match="more than 100 states"):
        suite(instance("claim-small"), Cover.ACTIONS, limit=100)
    assert known_graph(instance("claim-small"), 100) is None


def test_distances_are_those_of_breadth_first_search() -> None:
    tiny = instance("claim-tiny")
    found = known_graph(tiny)
    assert found is not None
    aims = Aims(found, tiny.machine.actions)
    resume = next(aim for aim in aims.all if aim.action == "resume" and aim.clause is None)
    # Without memory: start, suspend, describe, transfer, exit and create come before.
    assert min(aims.distance(resume)[number] for number in found.initial.tolist()) == 6
