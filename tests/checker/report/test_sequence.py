"""Sequence charts: lanes of the parties, arrows to whoever takes a step up, loops, and what is said at the end."""

from __future__ import annotations

import pytest

from attorn.checker.report.sequence import sequence_chart
from attorn.checker.verdicts import Move, Path
from attorn.spec.language import Concrete, Element, Instance, Machine, Relation, State, action, initial
from tests.checker.report.mermaid import arrows, lanes


class Letter(Element):
    """A letter."""


class Post(State):
    """Letters between two people."""

    posted = Relation(Letter, says="it is under way")
    read = Relation(Letter, says="it was read")


@initial
def silence(s: Post) -> None:
    s.posted[...] = False
    s.read[...] = False


@action(party="Ann")
def write(s: Post, letter: Letter) -> None:
    """Ann posts a letter."""
    s.require(~s.posted[letter], ~s.read[letter])
    s.posted[letter] = True


@action(party="third party")
def open_letter(s: Post, letter: Letter) -> None:
    """Bob opens a letter."""
    s.require(s.posted[letter])
    s.posted[letter] = False
    s.read[letter] = True


@action
def fade(s: Post, letter: Letter) -> None:
    """A letter that was read is forgotten."""
    s.require(s.read[letter])
    s.read[letter] = False


POST = Concrete(Instance.of(Machine("post", Post, silence, (write, open_letter, fade)), Letter=2))


def run(*calls: str) -> Path:
    """The run of these steps."""
    (start,) = POST.initial_states()
    state, moves = start, []
    for call in calls:
        state, step = next((after, step) for step, after in POST.successors(state) if POST.label(step) == call)
        moves.append(Move(step, state))
    return Path(start, tuple(moves))


def test_a_step_points_to_whoever_reads_what_it_has_changed() -> None:
    chart = sequence_chart(POST, run("write(letter0)", "write(letter1)", "open_letter(letter0)", "fade(letter0)"))
    # Nobody takes up the second letter, nor that the first is forgotten.
    assert arrows(chart) == [
        ("Ann", "third party", "write(letter0)"),
        ("Ann", "Ann", "write(letter1)"),
        ("third party", "machine", "open_letter(letter0)"),
        ("machine", "machine", "fade(letter0)"),
    ]


def test_lanes_stand_in_the_order_in_which_parties_act() -> None:
    chart = sequence_chart(POST, run("write(letter1)", "open_letter(letter1)"))
    assert list(lanes(chart)) == ["Ann", "third party"]


def test_a_loop_is_drawn_as_one_and_its_last_step_points_to_its_first() -> None:
    path = run("write(letter0)", "open_letter(letter0)", "fade(letter0)")
    (start,) = POST.initial_states()
    chart = sequence_chart(POST, Path(start), "letters without end", path.moves)
    assert arrows(chart)[-1] == ("machine", "Ann", "fade(letter0)")
    assert [line.strip() for line in chart.splitlines()][5] == "loop for ever"
    assert chart.splitlines()[-2:] == ["    end", "    Note over p0,p2: letters without end"]


def test_rest_and_end_are_said_without_signs_that_mermaid_takes_for_its_own() -> None:
    chart = sequence_chart(POST, run("write(letter0)"), "two; runners #1", ())
    assert chart.splitlines()[-2:] == ["    Note over p0: nothing more happens", "    Note over p0: two, runners 1"]
    lanes(chart)


def test_a_run_without_steps_is_an_empty_chart() -> None:
    assert lanes(sequence_chart(POST, run(), "nothing to see")) == {}


@pytest.mark.parametrize(
    "broken",
    [
        "sequenceDiagram\n    autonumber\n    p0->>p1: nobody\n",
        "sequenceDiagram\n    autonumber\n    participant p0 as Ann\n    loop for ever\n    p0->>p0: write\n",
        "sequenceDiagram\n    autonumber\n    participant p0 as Ann\n    p0 says: write\n",
        "graph TD\n    autonumber\n",
    ],
)
def test_a_chart_that_is_not_well_formed_is_rejected(broken: str) -> None:
    with pytest.raises(AssertionError):
        lanes(broken)
