"""Progress in ``attorn check`` and ``attorn explain``: a kitchen whose runs without end are known by hand."""

from __future__ import annotations

from typing import Any

import pytest

import attorn.commands.progress

from .running import attorn_, told, write, written

KITCHEN = """
from enum import Enum
from attorn.spec.language import Instance, Machine, State, UpTo, Variable
from attorn.spec.language import action, always_possible, initial, leads_to, progress

class Oven(Enum):
    IDLE = "nothing is in it"
    HOT = "something is in it"
    BURNT = "it never works again"

class Kitchen(State):
    oven = Variable(Oven)
    hungry = Variable(bool)

@initial
def closed(s):
    s.oven = Oven.IDLE
    s.hungry = False

@action(party="guest")
def order(s):
    '''A guest is hungry.'''
    s.require(~s.hungry)
    s.hungry = True

@action(party="cook", fair="weak")
def heat(s):
    '''Something is put in the oven.'''
    s.require(s.oven == Oven.IDLE, s.hungry)
    s.oven = Oven.HOT

@action(party="cook", fair="weak")
def empty(s):
    '''The oven is emptied.'''
    s.require(s.oven == Oven.HOT)
    s.oven = Oven.IDLE

@action(party="cook"SERVING)
def serve(s):
    '''The guest eats.'''
    s.require(s.oven == Oven.HOT, s.hungry)
    s.oven = Oven.IDLE
    s.hungry = False

@action(party="oven")
def burn(s):
    '''The oven burns out.'''
    s.require(s.oven == Oven.HOT, BURNS)
    s.oven = Oven.BURNT

@progress(hazards=("H1",))
def guest_eats(s):
    '''Whoever is hungry eats in the end.'''
    return leads_to(s.hungry, ~s.hungry)

@progress
def thirst_ends(s):
    '''Nobody is ever both hungry and not.'''
    return leads_to(s.hungry & ~s.hungry, s.hungry)

@always_possible
def oven_works(s):
    '''The oven can be used again.'''
    return s.oven == Oven.IDLE

machine = Machine("kitchen", Kitchen, closed, (order, heat, empty, serve, burn), (guest_eats, thirst_ends, oven_works))
"""


def kitchen(serving: str = "", burns: str = "s.hungry != s.hungry") -> str:
    return write("kitchen.py", KITCHEN.replace("SERVING", serving).replace("BURNS", burns))


def properties() -> dict[str, Any]:
    return {each["name"]: each for each in written()["instances"][0]["properties"]}


def test_what_is_promised_comes_about() -> None:
    """With a strongly fair serving, the oven is hot again and again, so that the guest is served."""
    done = attorn_("check", kitchen(serving=', fair="strong"'))
    assert done.exit_code == 0, done.output
    assert "exhausted: comes about in every run that is fair" in told(done)
    assert "exhausted: in reach of every reachable state" in told(done)
    found = properties()
    assert [found[name]["evidence"] for name in ("guest_eats", "oven_works")] == ["exhausted", "exhausted"]
    assert found["guest_eats"]["occasions"] == 2  # hungry, and the oven idle or hot


def test_a_promise_without_an_occasion_is_a_finding() -> None:
    done = attorn_("check", kitchen(serving=', fair="strong"'))
    assert "finding thirst_ends has nothing to say: its premise never holds" in told(done)
    assert "guest_eats has nothing to say" not in told(done)


def test_a_livelock_is_shown_as_stem_and_loop() -> None:
    """The cook heats and empties the oven for ever, without serving."""
    assert attorn_("check", kitchen()).exit_code == 1
    found = properties()["guest_eats"]["counterexample"]
    assert [step["action"] for step in found["steps"]] == ["order()"]
    assert found["loop"]["ending"] == "livelock"
    assert [(step["number"], step["action"]) for step in found["loop"]["steps"]] == [(2, "heat()"), (3, "empty()")]
    assert found["loop"]["promises"] == [
        {"step": "heat()", "fair": "weak", "taken": 2, "idle": 2},
        {"step": "empty()", "fair": "weak", "taken": 3, "idle": 1},
    ]
    assert found["missed"] == {"arguments": {}, "premise": "hungry", "after": 1, "wanted": "¬hungry"}

    done = attorn_(*found["replay"].split()[1:])
    assert done.exit_code == 1
    text = told(done)
    assert text.startswith("guest_eats is REFUTED on kitchen in 1 step and a loop of 2 ")
    assert "fails: after step 1 this holds hungry and from there on this never does ¬hungry" in text
    assert "then for ever, in a loop 2 cook heat() oven IDLE → HOT 3 cook empty() oven HOT → IDLE" in text
    assert "↺ and again from step 2, without end" in text
    assert "heat() (weakly fair) is taken in step 2" in text


def test_what_gets_out_of_reach_is_shown_by_a_shortest_run() -> None:
    assert attorn_("check", kitchen(serving=', fair="strong"', burns="s.hungry")).exit_code == 1
    found = properties()
    assert found["oven_works"]["counterexample"]["length"] == 3  # order, heat, burn
    done = attorn_("explain", "kitchen.py/oven_works")
    assert done.exit_code == 1
    assert "after the last step, this can never be reached again oven = IDLE" in told(done)
    assert "✗ out of reach from here on, whatever happens" in told(done)
    # The burnt oven leaves the guest hungry; nothing is enabled any more.
    assert found["guest_eats"]["counterexample"]["loop"] == {"ending": "deadlock", "steps": [], "promises": []}
    assert "✗ stays here for ever: no step is enabled" in told(attorn_("explain", "kitchen.py/guest_eats"))


def test_a_property_can_be_asked_for_alone() -> None:
    done = attorn_("check", kitchen(), "--property", "oven_works")
    assert done.exit_code == 0
    assert list(properties()) == ["oven_works"]
    assert written()["instances"][0]["unchecked"] == []


def test_explain_says_that_it_comes_about() -> None:
    kitchen(serving=', fair="strong"')
    assert "guest_eats is exhausted on kitchen: it comes about in every fair run" in told(
        attorn_("explain", "kitchen.py/guest_eats")
    )
    assert "it is in reach of every state" in told(attorn_("explain", "kitchen.py/oven_works"))


def test_progress_can_be_left_out_which_is_said() -> None:
    done = attorn_("check", kitchen(), "--no-progress")
    assert done.exit_code == 0  # the livelock is not looked for
    assert "unchecked guest_eats · thirst_ends · oven_works (as --no-progress says)" in told(done)
    assert written()["command"] == "attorn check kitchen.py --no-progress"
    assert [each["name"] for each in written()["instances"][0]["unchecked"]] == [
        "guest_eats",
        "thirst_ends",
        "oven_works",
    ]


def test_large_graphs_are_left_out_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attorn.commands.progress, "MOST_TRANSITIONS", 3)
    kitchen()
    done = attorn_("check", "kitchen.py")
    assert done.exit_code == 0
    assert "more than 3 transitions; --progress decides them" in told(done)
    assert attorn_("check", "kitchen.py", "--progress").exit_code == 1
    assert attorn_("check", "kitchen.py", "--property", "guest_eats").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--max-states", "2"], "the search did not finish"),
        (["--memory", "100K"], ""),
    ],
)
def test_what_was_asked_and_not_decided_is_no_pass(
    arguments: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attorn.commands.progress, "BYTES", 100_000)
    done = attorn_("check", kitchen(serving=', fair="strong"'), "--progress", *arguments)
    assert done.exit_code == 2
    assert "UNDETERMINED" in told(done)
    instance = written()["instances"][0]
    assert why in instance["progress_stopped"] != ""
    assert {each["evidence"] for each in instance["properties"] if each["kind"] == "progress"} == {"undetermined"}


def test_an_interrupt_leaves_progress_undetermined(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(attorn.commands.progress, "build", interrupted)
    done = attorn_("check", kitchen())
    assert done.exit_code == 2
    assert "progress UNDETERMINED: interrupted" in told(done)
    assert "UNDETERMINED: nothing is refuted so far, but the check of progress did not finish." in told(done)
