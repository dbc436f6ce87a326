"""k-induction: what it shows holds in every reachable state, and what it cannot show stays open."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from attorn.checker import oracle
from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.kinduction import prove_by_k_induction
from attorn.checker.verdicts import Evidence
from attorn.model.instances import instance
from attorn.spec.errors import OutOfRange
from attorn.spec.language import Expr, Instance, Machine, action, invariant, lemma, two_state
from tests.checker.prove.small_machines import Clock, Place, clock, pigeons, walk
from tests.machines.random_machines import instances


@two_state
def by_one(before: Place, after: Place) -> Expr:
    """Every step is to a neighbour."""
    return (after.place < before.place + 2) & (before.place < after.place + 2)


@invariant
def below_three(s: Clock) -> Expr:
    """The hand stays below 3."""
    return s.hand < 3


def test_a_property_is_shown_by_the_shortest_runs_that_show_it() -> None:
    """By hand: 3 → 4 ends in a violation, so does 2 → 3 → 4, and nothing leads to 2."""
    assert prove_by_k_induction(walk(), 2, ("never_at_the_end",)).verdict("never_at_the_end").k == 0
    shown = prove_by_k_induction(walk(), 6, ("never_at_the_end",)).verdict("never_at_the_end")
    assert (shown.verdict.evidence, shown.k) == (Evidence.EXHAUSTED, 3)


def test_what_is_true_but_not_shown_is_left_open_and_not_refuted() -> None:
    found = prove_by_k_induction(walk(), 2)
    assert found.verdict("never_at_the_end").verdict.evidence is Evidence.UNDETERMINED
    assert found.verdict("never_at_the_end").verdict.path is None
    assert found.stopped == ""
    assert found.reached == 2


def test_a_lemma_makes_a_property_inductive() -> None:
    @lemma
    def stays_at_home(s: Place) -> Expr:
        """Strolling is between 0 and 1, and the march begins at 2."""
        return s.place < 2

    found = prove_by_k_induction(walk(stays_at_home), 6)
    assert found.verdict("never_at_the_end").k == 1
    assert [each.verdict.name for each in found.verdicts] == ["never_at_the_end", "no_deadlock"]


def test_a_false_lemma_supports_nothing() -> None:
    @lemma
    def stays_put(s: Place) -> Expr:
        """Wrong: strolling leads from 0 to 1."""
        return s.place == 0

    assert prove_by_k_induction(walk(stays_put), 1).verdict("never_at_the_end").verdict.evidence is (
        Evidence.UNDETERMINED
    )


def test_a_property_of_steps_may_fail_in_a_step_back_to_a_state_met_before() -> None:
    """By hand: 0 → 1 → 0 goes up and then down; its last step ends where its first began."""

    @two_state
    def never_down(before: Place, after: Place) -> Expr:
        """No step leads down."""
        return ~(after.place < before.place)

    found = prove_by_k_induction(walk(by_one, never_down), 4)
    assert found.verdict("by_one").verdict.evidence is Evidence.EXHAUSTED
    refuted = found.verdict("never_down").verdict
    assert refuted.evidence is Evidence.REFUTED
    assert refuted.path is not None
    assert [state[0] for state in refuted.path.states] == [0, 1, 0]


def test_a_violation_is_found_by_the_base() -> None:
    found = prove_by_k_induction(clock(1, 5, below_three), 6)
    verdict = found.verdict("below_three").verdict
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.path is not None
    assert len(verdict.path) == 3  # by hand: 0, 1, 2, 3


def test_nothing_is_shown_of_a_machine_whose_steps_may_be_ill_defined() -> None:
    """The hand gets to 200 in 200 steps, and from there out of its range: too far for the base to see."""

    @action
    def rush(s: Clock) -> None:
        """From 200 on, the hand moves faster."""
        s.require(s.hand == 200)
        s.hand = s.hand + 200

    @invariant
    def in_range(s: Clock) -> Expr:
        """True of every state that can be stored."""
        return s.hand < 301

    sound = clock(1, 250, in_range)
    assert prove_by_k_induction(sound, 1, ("in_range",)).verdict("in_range").verdict.evidence is Evidence.EXHAUSTED
    machine = sound.machine.variant("rushing", add=(rush,))
    rushing = Instance(machine, sound.sizes, sound.limits)
    with pytest.raises(OutOfRange):
        oracle.explore(rushing)
    assert prove_by_k_induction(rushing, 3, ("in_range",)).verdict("in_range").verdict.evidence is (
        Evidence.UNDETERMINED
    )


def test_a_solver_without_an_answer_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Incremental, "ask", lambda self, *question: "timeout")
    found = prove_by_k_induction(walk(), 6)
    assert {each.verdict.evidence for each in found.verdicts} == {Evidence.UNDETERMINED}
    assert "timeout" in found.stopped


def test_a_question_that_takes_too_long_shows_nothing() -> None:
    found = prove_by_k_induction(pigeons(13), 1, ("some_share",), timeout=0.2)
    assert found.verdict("some_share").verdict.evidence is Evidence.UNDETERMINED
    assert found.stopped


def test_after_an_interrupt_only_what_was_shown_is_shown() -> None:
    def interrupt(k: int, still_open: int) -> None:
        raise KeyboardInterrupt

    found = prove_by_k_induction(walk(by_one), 6, progress=interrupt)
    assert found.stopped == "interrupted"
    assert found.verdict("by_one").verdict.evidence is Evidence.EXHAUSTED
    assert found.verdict("never_at_the_end").verdict.evidence is Evidence.UNDETERMINED


def test_the_claim_is_inductive_on_an_instance_too() -> None:
    """With its lemmas, every property of the core machine is proved for any size by runs of one step."""
    found = prove_by_k_induction(instance("claim-small"), 1, [each.name for each in _claim().properties])
    assert {(each.verdict.evidence, each.k) for each in found.verdicts} == {(Evidence.EXHAUSTED, 1)}


def _claim() -> Machine:
    return instance("claim-small").machine


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instances())
def test_on_random_machines_nothing_is_shown_that_the_oracle_refutes(drawn: Instance) -> None:
    explored = oracle.explore(drawn, goals=False, max_states=300)
    found = prove_by_k_induction(drawn, 3)
    for each in explored.verdicts:
        evidence = found.verdict(each.name).verdict.evidence
        if each.evidence is Evidence.REFUTED:
            assert evidence is not Evidence.EXHAUSTED
        elif each.evidence is Evidence.EXHAUSTED:
            assert evidence is not Evidence.REFUTED
