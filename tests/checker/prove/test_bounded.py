"""Bounded checking: shortest violations, nothing beyond the depth, and no pass for what was not answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from attorn.checker import oracle
from attorn.checker.prove import transition
from attorn.checker.prove.bounded import check_bounded
from attorn.checker.prove.incremental import Incremental
from attorn.checker.verdicts import Evidence
from attorn.model.instances import instance
from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange, UnknownName, Unsound
from attorn.spec.language import (
    ANY,
    Expr,
    Instance,
    Machine,
    action,
    exists,
    forall,
    initial,
    invariant,
    legal_end,
    two_state,
)
from attorn.spec.language.substitution import cell_after
from tests.checker.prove.small_machines import Clock, Hole, Pigeon, Seats, clock, pigeons
from tests.machines.random_machines import instances, wide_instances


@invariant
def below_three(s: Clock) -> Expr:
    """The hand stays below 3."""
    return s.hand < 3


@invariant
def below_four(s: Clock) -> Expr:
    """The hand stays below 4."""
    return s.hand < 4


@two_state
def not_from_two(before: Clock, after: Clock) -> Expr:
    """The hand does not move on from 2."""
    return (before.hand == 2) >> (after.hand == before.hand)


@legal_end
def run_down(s: Clock) -> Expr:
    return ~s.wound


def test_a_violation_is_found_at_its_depth_and_not_before() -> None:
    """By hand: 0, 1, 2, 3 is the only run of three steps."""
    bounded = check_bounded(clock(1, 5, below_three, run_down), 6)
    verdict = bounded.verdict("below_three").verdict
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.path is not None
    assert [state[0] for state in verdict.path.states] == [0, 1, 2, 3]
    assert verdict.failure is not None
    assert verdict.failure.text == "hand < 3"
    assert check_bounded(clock(1, 5, below_three, run_down), 2).verdict("below_three").verdict.evidence is (
        Evidence.BOUNDED
    )


def test_every_property_is_settled_though_others_fail_earlier() -> None:
    bounded = check_bounded(clock(1, 5, below_three, below_four, not_from_two), 7)
    lengths = {each.verdict.name: len(each.verdict.path or ()) for each in bounded.verdicts}
    # By hand: the step from 2 is the third; 4 is reached by the fourth; after five ticks and a stop nothing goes on.
    assert lengths == {"below_three": 3, "below_four": 4, "not_from_two": 3, "no_deadlock": 6}
    assert bounded.verdict("below_four").depth == 3
    assert bounded.reached == 7


def test_a_legal_end_is_no_deadlock() -> None:
    assert check_bounded(clock(1, 2, run_down), 6).verdict("no_deadlock").verdict.evidence is Evidence.BOUNDED
    assert check_bounded(clock(1, 2), 6).verdict("no_deadlock").verdict.evidence is Evidence.REFUTED


def test_numbers_do_not_wrap_around() -> None:
    """Two ticks of 100 are 200, which eight bits with a sign would take for -56."""
    assert check_bounded(clock(100, 200, below_four), 3).verdict("below_four").verdict.evidence is Evidence.REFUTED

    @invariant
    def at_most_two_hundred(s: Clock) -> Expr:
        """The hand gets no further than 200."""
        return ~(s.hand + s.hand > 400)

    bounded = check_bounded(clock(100, 200, at_most_two_hundred, run_down), 5)
    assert {each.verdict.evidence for each in bounded.verdicts} == {Evidence.BOUNDED}


def test_a_counter_out_of_range_ends_the_check_as_it_ends_the_oracle() -> None:
    broken = clock(200, 300, run_down)  # 0, 200, 400: beyond 300
    with pytest.raises(OutOfRange) as said:
        oracle.explore(broken)
    with pytest.raises(OutOfRange) as found:
        check_bounded(broken, 2)
    assert str(found.value) == str(said.value)
    assert check_bounded(broken, 1).verdict("no_deadlock").verdict.evidence is Evidence.BOUNDED


def test_a_cell_written_twice_ends_the_check() -> None:
    @action
    def swap(s: Seats, a: Pigeon, b: Pigeon, hole: Hole) -> None:
        """Two pigeons change places; nothing says that they are two."""
        s.require(s.sits[a, hole])
        s.sits[a, hole] = False
        s.sits[b, hole] = True

    @initial
    def all_anywhere(s: Seats) -> None:
        s.sits[...] = ANY

    machine = Machine("swap", Seats, all_anywhere, (swap,))
    with pytest.raises(DoubleWrite):
        check_bounded(Instance.of(machine, Pigeon=2, Hole=1), 1)


def test_a_machine_without_initial_states_is_refused() -> None:
    @initial
    def impossible(s: Seats) -> None:
        s.sits[...] = ANY
        s.require(forall(Pigeon, Hole, lambda p, h: s.sits[p, h]), exists(Pigeon, Hole, lambda p, h: ~s.sits[p, h]))

    with pytest.raises(BadInput, match="no initial state"):
        check_bounded(Instance.of(Machine("none", Seats, impossible, ()), Pigeon=5, Hole=5), 1)


def test_an_unknown_property_is_named() -> None:
    with pytest.raises(UnknownName, match="below_three"):
        check_bounded(clock(1, 2, below_three), 1, ("above_three",))


def test_only_the_properties_asked_for_are_answered() -> None:
    bounded = check_bounded(clock(1, 5, below_three, below_four), 4, ("below_four",))
    assert [each.verdict.name for each in bounded.verdicts] == ["below_four"]


def test_what_the_solver_does_not_answer_in_time_is_no_pass() -> None:
    bounded = check_bounded(pigeons(13), 0, ("some_share",), timeout=0.2)
    assert bounded.verdict("some_share").verdict.evidence is Evidence.UNDETERMINED
    assert bounded.verdict("some_share").depth == -1
    assert bounded.reached == -1
    assert "depth 0" in bounded.stopped


def test_a_late_answer_to_all_together_is_asked_for_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    questions = 0
    answer: Callable[..., Any] = Incremental.ask

    def late(self: Incremental, *question: Any) -> Any:
        nonlocal questions
        questions += 1
        return "timeout" if questions == 2 else answer(self, *question)

    monkeypatch.setattr(Incremental, "ask", late)  # the first asks for an initial state, the second for violations
    bounded = check_bounded(clock(1, 5, below_three, below_four), 0)
    assert {each.verdict.evidence for each in bounded.verdicts} == {Evidence.BOUNDED}


def test_after_an_interrupt_nothing_passes() -> None:
    def interrupt(depth: int, seconds: float) -> None:
        if depth == 1:
            raise KeyboardInterrupt

    bounded = check_bounded(clock(1, 5, below_three, below_four), 4, progress=interrupt)
    assert bounded.stopped == "interrupted"
    assert {each.verdict.evidence for each in bounded.verdicts} == {Evidence.UNDETERMINED}
    assert {each.depth for each in bounded.verdicts} == {1}


def test_a_signal_while_the_solver_searches_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    answer: Callable[..., Any] = Incremental._answer

    def signalled(self: Incremental, *literals: Any) -> Any:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            return answer(self, *literals)
        finally:
            timer.cancel()

    monkeypatch.setattr(Incremental, "_answer", signalled)
    bounded = check_bounded(pigeons(13), 0, ("some_share",), timeout=60)
    assert bounded.stopped == "interrupted"
    assert bounded.verdict("some_share").verdict.evidence is Evidence.UNDETERMINED


def test_a_wrong_relation_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If writes got lost on the way to the solver, the plain interpreter would not take the run."""

    @two_state
    def something_changes(before: Clock, after: Clock) -> Expr:
        """A step moves the hand or ends the spring."""
        return (before.hand != after.hand) | (before.wound != after.wound)

    assert check_bounded(clock(1, 5, something_changes), 3).verdict("something_changes").depth == 3
    monkeypatch.setattr(transition, "cell_after", lambda writes, field, index: cell_after(writes[:0], field, index))
    with pytest.raises(Unsound, match="leads to another state"):
        check_bounded(clock(1, 5, something_changes), 3)


def test_the_claim_holds_up_to_a_whole_migration() -> None:
    """Twelve steps suffice to start, allocate, execute, suspend, ..., resume elsewhere."""
    bounded = check_bounded(instance("claim-tiny"), 12)
    assert {each.verdict.evidence for each in bounded.verdicts} == {Evidence.BOUNDED}
    assert bounded.reached == 12


def _equal_to_the_oracle(drawn: Instance, most: int) -> None:
    explored = oracle.explore(drawn, goals=False, max_states=300)
    depth = min(explored.depth + 1, most)
    bounded = check_bounded(drawn, depth)
    for each in explored.verdicts:
        found = bounded.verdict(each.name).verdict
        shown = each.path is not None and (explored.finished or len(each.path) <= explored.depth)
        if shown and each.path is not None and len(each.path) <= depth:
            assert found.evidence is Evidence.REFUTED
            assert found.path is not None
            assert len(found.path) == len(each.path)
        elif explored.finished:
            assert found.evidence is Evidence.BOUNDED


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(instances())
def test_random_machines_fail_at_the_depths_that_the_oracle_finds(drawn: Instance) -> None:
    _equal_to_the_oracle(drawn, 8)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(instances())
def test_many_random_machines_fail_at_the_depths_that_the_oracle_finds(drawn: Instance) -> None:
    _equal_to_the_oracle(drawn, 20)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(wide_instances())
def test_wide_random_machines_fail_at_the_depths_that_the_oracle_finds(drawn: Instance) -> None:
    _equal_to_the_oracle(drawn, 4)


def test_a_missing_solver_is_said_in_one_sentence() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys; sys.modules['z3'] = None; import attorn.checker.prove.bounded"],
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    assert said.splitlines()[-1] == (
        "attorn.spec.errors.BadInput: the solver z3 is not installed; install it with `pip install z3-solver`."
    )


def test_runs_are_confirmed_where_the_initial_states_are_too_many_to_list() -> None:
    """Five pigeons in four holes take twenty cells of any value: a million choices."""

    @invariant
    def nobody_shares(s: Seats) -> Expr:
        """Wrong: there is a hole too few."""
        return ~exists(Pigeon, Pigeon, Hole, lambda a, b, hole: (a != b) & s.sits[a, hole] & s.sits[b, hole])

    many = pigeons(5)
    machine = many.machine.variant("many", add=(nobody_shares,))
    verdict = check_bounded(Instance(machine, many.sizes, many.limits), 1).verdict("nobody_shares").verdict
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.path is not None
    assert len(verdict.path) == 0
