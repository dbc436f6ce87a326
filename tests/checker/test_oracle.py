"""The oracle against searches that are plainer still, and its manners: limits, names, runs that can be followed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import assume, given, settings

from attorn.checker import oracle
from attorn.checker.agreement import differences
from attorn.checker.verdicts import Evidence
from attorn.spec.errors import UnknownName
from attorn.spec.language import (
    Concrete,
    Counter,
    Expr,
    Goal,
    Instance,
    Machine,
    State,
    Values,
    action,
    goal,
    initial,
    invariant,
    legal_end,
    then,
    two_state,
)
from tests.machines.known import KNOWN
from tests.machines.random_machines import instances

MOST = 60


def depths(concrete: Concrete, starts: Iterable[Values]) -> dict[Values, int]:
    """The least number of steps to each state, by relaxing all transitions until nothing changes."""
    found = dict.fromkeys(starts, 0)
    changed = True
    while changed:
        changed = False
        for state in list(found):
            for _, after in concrete.successors(state):
                if found[state] + 1 < found.get(after, 1 << 30):
                    found[after] = found[state] + 1
                    changed = True
    return found


def steps_to_goal(concrete: Concrete, goal: Goal, found: dict[Values, int]) -> int | None:
    """The least number of steps to meet all stages in order, one stage after the other."""
    best: list[int] = []
    for arguments in concrete.instance.arguments(goal.parameters):
        costs = dict(found)
        for stage in range(len(goal.stages)):
            met = {state: cost for state, cost in costs.items() if concrete.reaches(goal, stage, arguments, state)}
            if stage == len(goal.stages) - 1:
                best += met.values()
            costs = {}
            for state, cost in met.items():
                for after, more in depths(concrete, [state]).items():
                    costs[after] = min(cost + more, costs.get(after, 1 << 30))
    return min(best, default=None)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(instance=instances())
def test_the_oracle_finds_what_relaxation_finds(instance: Instance) -> None:
    found = oracle.explore(instance, max_states=MOST)
    assume(found.finished)
    concrete, machine = Concrete(instance), instance.machine
    known = depths(concrete, concrete.initial_states())
    edges = [(state, step, after) for state in known for step, after in concrete.successors(state)]

    assert found.levels == tuple(list(known.values()).count(depth) for depth in range(max(known.values()) + 1))
    assert found.transitions == len(edges)
    assert found.fired == {each.name: sum(step.action is each for _, step, _ in edges) for each in machine.actions}
    expected: dict[str, int | None] = {}
    for stated in machine.properties:
        bad = (
            [known[state] + 1 for state, _, after in edges if not concrete.holds(stated, state, after)]
            if stated.two_state
            else [known[state] for state in known if not concrete.holds(stated, state)]
        )
        expected[stated.name] = min(bad, default=None)
    left = {state for state, _, _ in edges}
    stuck = [known[state] for state in known if state not in left and not concrete.value(machine.legal_end, (), state)]
    expected["no_deadlock"] = min(stuck, default=None)
    assert {each.name: None if each.path is None else len(each.path) for each in found.verdicts} == expected
    assert {each.name: None if each.path is None else len(each.path) for each in found.goals} == {
        each.name: steps_to_goal(concrete, each, known) for each in machine.goals
    }


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(instance=instances())
def test_a_silent_clause_is_one_whose_removal_changes_nothing(instance: Instance) -> None:
    found = oracle.explore(instance, (), goals=False, max_states=MOST)
    assume(found.finished)
    concrete = Concrete(instance)
    states = depths(concrete, concrete.initial_states())
    silent = {(each.action, each.number) for each in found.silent}
    for each in instance.machine.actions:
        for number in range(len(each.clauses)):
            weaker = each.without_clause(number)
            same = all(
                all(concrete.value(clause.formula, arguments, state) for clause in weaker.clauses)
                == all(concrete.value(clause.formula, arguments, state) for clause in each.clauses)
                for state in states
                for arguments in instance.arguments(each.parameters)
            )
            assert same == ((each.name, number) in silent)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(instance=instances())
def test_every_run_that_the_oracle_shows_can_be_followed(instance: Instance) -> None:
    found = oracle.explore(instance, max_states=MOST)
    assume(found.finished)
    assert differences(found, found) == ()


class Count(State):
    """A number that grows."""

    number = Counter(5)


@initial
def zero(s: Count) -> None:
    s.number = 0


@action
def up(s: Count) -> None:
    """Count on."""
    s.require(s.number < 5)
    s.number += 1


@invariant
def below_three(s: Count) -> Expr:
    """The number stays below three."""
    return s.number < 3


@two_state
def never_to_five(before: Count, after: Count) -> Expr:
    """No step goes from four to five."""
    return ~((before.number == 4) & (after.number == 5))


@goal
def two_then_four(s: Count) -> object:
    """The number is two, and four later."""
    return then(s.number == 2, s.number == 4)


@goal
def four_then_two(s: Count) -> object:
    """The number is four, and two later."""
    return then(s.number == 4, s.number == 2)


@goal
def one_at_once(s: Count) -> object:
    """Two stages may be met in one state."""
    return then(s.number > 0, s.number == 1)


@legal_end
def at_five(s: Count) -> Expr:
    return s.number == 5


COUNT = Machine("count", Count, zero, (up,), (below_three, never_to_five, two_then_four, four_then_two, one_at_once))


def test_a_machine_that_counts_is_searched_by_hand() -> None:
    found = oracle.explore(Instance.of(COUNT))
    assert (found.levels, found.transitions, found.depth) == ((1, 1, 1, 1, 1, 1), 5, 5)
    assert {each.name: each.path and [state[0] for state in each.path.states] for each in found.verdicts} == {
        "below_three": [0, 1, 2, 3],
        "never_to_five": [0, 1, 2, 3, 4, 5],
        "no_deadlock": [0, 1, 2, 3, 4, 5],
    }
    assert [(each.reached, each.path and len(each.path)) for each in found.goals] == [
        (True, 4),
        (False, None),
        (True, 1),
    ]


def test_a_failure_names_its_conjunct() -> None:
    verdict = oracle.explore(Instance.of(COUNT)).verdict("below_three")
    assert verdict.failure is not None
    assert (verdict.failure.conjunct, verdict.failure.text) == (0, "number < 3")


def test_a_legal_end_is_no_deadlock() -> None:
    found = oracle.explore(Instance.of(COUNT.variant("ending", add=[at_five])))
    assert found.verdict("no_deadlock").evidence is Evidence.EXHAUSTED


def test_a_search_that_meets_its_limit_says_so_and_keeps_what_it_found() -> None:
    found = oracle.explore(Instance.of(COUNT), max_states=4)
    assert (found.states, found.finished, found.silent) == (4, False, ())
    assert "4 states" in found.stopped
    assert [(each.name, each.evidence) for each in found.verdicts] == [
        ("below_three", Evidence.REFUTED),
        ("never_to_five", Evidence.UNDETERMINED),
        ("no_deadlock", Evidence.UNDETERMINED),
    ]
    assert [each.reached for each in found.goals] == [True, None, True]


def test_a_search_that_just_fits_its_limit_is_finished() -> None:
    assert oracle.explore(Instance.of(COUNT), max_states=6).finished


def test_only_the_properties_asked_for_are_answered() -> None:
    found = oracle.explore(Instance.of(COUNT), ["no_deadlock", "below_three"], goals=False)
    assert [each.name for each in found.verdicts] == ["below_three", "no_deadlock"]
    assert found.goals == ()


def test_an_unknown_property_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownName, match=r"no property `above`\. It has: below_three, never_to_five, no_deadlock"):
        oracle.explore(Instance.of(COUNT), ["above"])


def test_an_action_that_never_happens_is_found() -> None:
    @action
    def leap(s: Count) -> None:
        """Leap where nothing leads."""
        s.require(s.number > 1, s.number < 2)
        s.number = 0

    found = oracle.explore(Instance.of(COUNT.variant("leaping", add=[leap])))
    assert found.dead_actions == ("leap",)


def test_actions_of_no_effect_count_as_transitions_and_as_ways_on() -> None:
    @action
    def rest(s: Count) -> None:
        """Stay."""
        s.require(s.number == 5)
        s.number = s.number

    found = oracle.explore(Instance.of(COUNT.variant("resting", add=[rest])))
    assert (found.states, found.transitions) == (6, 6)
    assert found.verdict("no_deadlock").evidence is Evidence.EXHAUSTED


def test_the_same_search_gives_the_same_account() -> None:
    instance = KNOWN["peterson"].instance
    assert oracle.explore(instance) == oracle.explore(instance)
