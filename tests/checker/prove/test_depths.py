"""Agreement depth by depth: equal where both are right, and loud where one is made wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from attorn.checker import oracle
from attorn.checker.explore import explore
from attorn.checker.prove import depths
from attorn.checker.prove.depths import agree_by_depth
from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.transition import Transition
from attorn.checker.verdicts import Evidence, Exploration
from attorn.model.instances import instance
from attorn.spec.errors import Unsound
from attorn.spec.language import Expr, Instance, invariant, two_state
from tests.checker.prove.small_machines import Clock, clock
from tests.machines.random_machines import instances


@invariant
def below_three(s: Clock) -> Expr:
    """The hand stays below 3."""
    return s.hand < 3


@two_state
def not_from_four(before: Clock, after: Clock) -> Expr:
    """The hand does not move on from 4."""
    return (before.hand == 4) >> (after.hand == before.hand)


def test_the_claim_agrees_at_every_depth() -> None:
    """118 states over 14 levels, as the oracle counts them too."""
    agreement = agree_by_depth(instance("claim-tiny"))
    assert agreement.differences == ()
    assert agreement.complete
    assert agreement.levels == (*oracle.explore(instance("claim-tiny"), (), False).levels, 0)


def test_violations_are_compared_too() -> None:
    agreement = agree_by_depth(clock(1, 6, below_three, not_from_four))
    assert agreement.complete
    # By hand: the hand is at 3 after three ticks, the fifth leads from 4, and the seventh step stops the clock.
    lengths = {each.verdict.name: len(each.verdict.path or ()) for each in agreement.bounded.verdicts}
    assert lengths == {"below_three": 3, "not_from_four": 5, "no_deadlock": 7}


def test_a_violation_beyond_the_depth_is_no_difference() -> None:
    agreement = agree_by_depth(clock(1, 6, below_three), 2)
    assert agreement.complete
    assert agreement.levels == (1, 1, 1)
    assert agreement.explorer.verdict("below_three").evidence is Evidence.REFUTED


def test_a_state_that_the_explorer_misses_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    _tampered(monkeypatch, lambda found: replace(found, levels=(*found.levels[:2], 0, *found.levels[3:])))
    agreement = agree_by_depth(clock(1, 6))
    assert not agreement.complete
    assert [each for each in agreement.differences if each.startswith("depth 2: z3 finds 1 new states")]


def test_a_violation_that_the_explorer_misses_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(found: Exploration) -> Exploration:
        verdicts = [replace(each, evidence=Evidence.EXHAUSTED, path=None) for each in found.verdicts]
        return replace(found, verdicts=tuple(verdicts))

    _tampered(monkeypatch, without)
    agreement = agree_by_depth(clock(1, 6, below_three))
    assert any("below_three" in each and "no violation" in each for each in agreement.differences)


def test_a_step_that_the_formula_misses_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relation that is too narrow finds fewer states."""
    import z3

    narrow = property(lambda self: z3.And(whole(self), self._after[0] != 3))
    whole: Callable[[Transition], Any] = Transition.step.func  # type: ignore[attr-defined]
    monkeypatch.setattr(Transition, "step", narrow)
    agreement = agree_by_depth(clock(1, 6), 5)
    assert any(each.startswith("depth 3: z3 finds 0 new states") for each in agreement.differences)


def test_a_step_that_the_formula_invents_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relation that is too wide shows a step that the plain interpreter does not take."""
    monkeypatch.setattr(Transition, "step", property(lambda self: self._choice_typed))
    with pytest.raises(Unsound):
        agree_by_depth(clock(1, 6), 2)


def test_what_is_not_compared_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("not compared" in each for each in agree_by_depth(clock(1, 6), max_states=3).differences)
    monkeypatch.setattr(Incremental, "ask", lambda self, *question: "timeout")
    assert any("no_deadlock was not compared" in each for each in agree_by_depth(clock(1, 6)).differences)


def test_an_interrupt_is_a_difference() -> None:
    def interrupt(depth: int, new: int) -> None:
        raise KeyboardInterrupt

    assert any("interrupted" in each for each in agree_by_depth(clock(1, 6), progress=interrupt).differences)


def _tampered(monkeypatch: pytest.MonkeyPatch, change: Callable[[Exploration], Exploration]) -> None:
    whole = explore
    monkeypatch.setattr(depths, "explore", lambda given, options: change(whole(given, options)))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(instances())
def test_random_machines_agree_at_every_depth(drawn: Instance) -> None:
    explored = oracle.explore(drawn, (), False, max_states=150)
    assert agree_by_depth(drawn, None if explored.finished else 1, max_states=2_000).differences == ()
