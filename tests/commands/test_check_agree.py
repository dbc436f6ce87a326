"""``attorn check --agree``: other engines say the same, and it is loud where one does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import attorn.checker.prove.depths
import attorn.checker.prove.encoding
import attorn.commands.agreeing
from attorn.checker.explore import explore
from attorn.spec.language.expressions import TRUE

from .running import attorn_, told, write, written

SWITCH = """
from attorn.spec.language import Machine, State, Variable, action, initial, invariant

class Lamp(State):
    on = Variable(bool)

@initial
def dark(s):
    s.on = False

@action
def press(s):
    '''Turn it on.'''
    s.require(~s.on)
    s.on = True

@action
def release(s):
    '''Turn it off.'''
    s.require(s.on)
    s.on = False

@invariant
def stays_dark(s):
    '''It is never on.'''
    return ~s.on

machine = Machine("lamp", Lamp, dark, (press, release), (stays_dark,))
"""


@pytest.fixture(autouse=True)
def _lamp(_in_an_empty_folder: None) -> None:
    write("lamp.py", SWITCH)


def test_three_engines_agree_with_the_explorer_on_what_is_refuted_too() -> None:
    done = attorn_("check", "lamp.py", "--agree")
    assert done.exit_code == 1
    said = written()["instances"][0]
    assert [each["engine"] for each in said["comparisons"]] == ["oracle", "z3 by depth", "encoding"]
    assert said["agreement"] == "agreed"
    # Two states, each with one step and one refusal; 20 others are drawn from the same two.
    assert "agreed: z3 finds as many new states at each of 2 depths" in told(done)
    assert "mean the same in all 2 states and 20 others: 22 steps, 22 refusals" in told(done)


def test_a_large_instance_is_not_put_to_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attorn.commands.agreeing, "SOLVER_STATES", 1)
    assert attorn_("check", "lamp.py", "--agree").exit_code == 1
    assert [each["engine"] for each in written()["instances"][0]["comparisons"]] == ["oracle"]


def test_only_the_first_depths_are_compared_where_there_are_many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attorn.commands.agreeing, "DEPTH_STATES", 1)
    assert "at each of the first 1 of 2 depths" in told(attorn_("check", "lamp.py", "--agree"))


def test_without_agree_nothing_is_compared() -> None:
    attorn_("check", "lamp.py")
    said = written()["instances"][0]
    assert (said["agreement"], said["comparisons"]) == ("not asked", [])


def refused(message: str) -> None:
    done = attorn_("check", "lamp.py", "--agree")
    assert done.exit_code == 4
    assert "two parts of attorn disagree" in done.stderr
    assert message in done.stderr
    assert not Path("reports").exists()


def test_a_solver_that_finds_other_states_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_state_short(*given: Any) -> Any:
        found = explore(*given)
        return replace(found, levels=(*found.levels[:-1], found.levels[-1] + 1))

    monkeypatch.setattr(attorn.checker.prove.depths, "explore", one_state_short)
    refused("depth 1: z3 finds 1 new states, explorer 2")


def test_a_wrong_translation_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attorn.checker.prove.encoding, "step_formula", lambda action, fields: TRUE)
    refused("press(): the formula allows another state after the step; before, on = no")


def test_an_engine_that_is_interrupted_agrees_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(attorn.checker.prove.encoding, "certify_encoding", interrupted)
    done = attorn_("check", "lamp.py", "--agree", "--property", "no_deadlock")
    assert done.exit_code == 2
    assert written()["instances"][0]["agreement"] == "unknown"
    assert "agreement UNKNOWN: encoding was interrupted" in told(done)
    assert "but another engine did not finish" in told(done)
