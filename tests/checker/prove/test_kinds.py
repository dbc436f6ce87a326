"""Every kind of obligation accepts what it should and rejects what it should; rankings are rejected in test_ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from attorn.checker.prove.induction import Discharge, ProofOptions, prove
from attorn.checker.prove.obligations import Kind, completeness
from attorn.checker.prove.progress import prove_progress
from attorn.checker.prove.solving import ask
from attorn.spec.language import Expr, Machine, action, forall, initial, invariant, two_state

from .test_ranking import SPILLS, Desk, Letter, answer, any_letters, desk, pile

ONE = ProofOptions(jobs=1)


@initial
def two_at_once(s: Desk) -> None:
    """No state: the clerk cannot be awake and asleep."""
    s.require(~s.awake)
    s.waits[...] = True
    s.awake = True
    s.spills = 0


@action
def dream(s: Desk) -> None:
    """Never happens."""
    s.require(s.awake, ~s.awake)


@invariant
def asleep_after_a_spill(s: Desk) -> Expr:
    """Who sleeps has spilled something."""
    return ~s.awake >> (s.spills < SPILLS)


@invariant
def always_awake(s: Desk) -> Expr:
    """Wrong: spilling ends it."""
    return s.awake


@invariant
def always_asleep(s: Desk) -> Expr:
    """Wrong: the clerk is awake at the start."""
    return ~s.awake


@invariant
def nothing_below_zero(s: Desk) -> Expr:
    """About no state at all."""
    return (s.spills < 0) >> forall(Letter, lambda letter: s.waits[letter])


@two_state
def spills_never_rise(before: Desk, after: Desk) -> Expr:
    """No step gives a spill back."""
    return after.spills <= before.spills


@two_state
def letters_are_kept(before: Desk, after: Desk) -> Expr:
    """Wrong: answering ends it."""
    return forall(Letter, lambda letter: before.waits[letter] >> after.waits[letter])


def asked(machine: Machine) -> list[Discharge]:
    found = prove(machine, ONE)
    ranked = prove_progress(found, ONE)
    return [*found.discharges, *found.companions, *ranked.discharges, *ranked.companions]


def test_every_kind_accepts_a_machine_that_is_right() -> None:
    found = asked(desk(pile, asleep_after_a_spill, spills_never_rise))
    assert {each.obligation.kind for each in found if not each.obligation.unchanged} == set(Kind)
    assert [each.obligation.name for each in found if not each.done] == []


WRONG: dict[Kind, Callable[[], Iterable[Discharge]]] = {
    Kind.INITIAL: lambda: asked(desk(always_asleep)),
    Kind.STEP: lambda: asked(desk(always_awake)),
    Kind.EDGE: lambda: asked(desk(letters_are_kept)),
    Kind.POSSIBLE_START: lambda: asked(Machine("desk", Desk, two_at_once, (answer,), (always_awake,))),
    Kind.POSSIBLE_STEP: lambda: asked(Machine("desk", Desk, any_letters, (answer, dream), (always_awake,))),
    Kind.POSSIBLE_CASE: lambda: asked(desk(nothing_below_zero)),
    Kind.COMPLETE: lambda: [_incomplete()],
}


def _incomplete() -> Discharge:
    machine = desk()
    obligation = completeness(machine, machine.actions[:-1])
    return Discharge(obligation, ask(obligation.text))


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.name.lower())
def test_every_kind_rejects_a_machine_that_is_wrong(kind: Kind) -> None:
    assert {each.obligation.kind for each in WRONG[kind]() if each.failed} >= {kind}


def test_no_kind_is_forgotten() -> None:
    assert {kind for kind in Kind if not kind.name.startswith("RANK_")} == set(WRONG)


def test_what_is_right_is_not_rejected_with_what_is_wrong() -> None:
    found = asked(desk(letters_are_kept, spills_never_rise))
    assert {each.obligation.action for each in found if each.failed} == {"answer"}
