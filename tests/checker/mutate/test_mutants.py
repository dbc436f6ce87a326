"""Mutants: every operator makes its change, none is made twice, and what is not well formed is told apart."""

from __future__ import annotations

from enum import Enum

import pytest

from attorn.checker.mutate import mutants
from attorn.model.migration import CLAIM
from attorn.spec.language import (
    NONE,
    Counter,
    Element,
    Machine,
    Map,
    Option,
    Relation,
    State,
    action,
    forall,
    initial,
    ite,
    render,
    render_write,
)
from tests.checker.mutate.toys import LIGHT, PLACES, SHADOW


class Size(Enum):
    """How large a thing is."""

    SMALL = "small"
    LARGE = "large"


class Thing(Element):
    """What is put somewhere."""


class Room(State):
    size = Map(Thing, to=Size, says="how large it is")
    near = Relation(Thing, Thing, says="one is near the other")
    here = Relation(Thing, says="it is here")
    there = Relation(Thing, says="it is there")
    inside = Map(Thing, to=Option(Thing), says="what it is in")
    moves = Counter(3, says="how often something moved")


@initial
def tidy(s: Room) -> None:
    s.size[...] = Size.SMALL
    s.near[...] = False
    s.here[...] = True
    s.there[...] = False
    s.inside[...] = NONE
    s.moves = 0


@action
def put(s: Room, what: Thing, into: Thing) -> None:
    """Put one thing into another one near by."""
    s.require(s.near[what, into], s.size[into] == Size.LARGE)
    s.inside[what] = into


@action
def carry(s: Room, what: Thing) -> None:
    """Carry all that is near to the thing away, if all things are here or there."""
    s.require(forall(Thing, lambda other: s.here[other] | s.there[other]), s.moves < 2)
    s.there[lambda other: s.near[what, other]] = True
    s.moves = ite(s.here[what], s.moves + 1, s.moves)


ROOM = Machine("room", Room, tidy, (put, carry))
SENTENCES = {mutant.sentence: mutant for mutant in mutants(ROOM)}


@pytest.mark.parametrize(
    ("operator", "sentence"),
    [
        ("drop clause", "put without the clause `near[what, into]`"),
        ("negate", "put requires `¬near[what, into]` instead of `near[what, into]`"),
        ("swap", "put requires `near[into, what]` instead of `near[what, into]`"),
        ("other value", "put requires `near[what, what]` instead of `near[what, into]`"),
        ("other value", "put requires `size[into] = SMALL` instead of `size[into] = LARGE`"),
        ("other value", "put requires `size[what] = LARGE` instead of `size[into] = LARGE`"),
        ("drop update", "put without the update `inside[what] := into`"),
        ("other value", "put makes `inside[what] := none` instead of `inside[what] := into`"),
        ("other value", "put makes `inside[what] := what` instead of `inside[what] := into`"),
        ("other value", "put makes `inside[into] := into` instead of `inside[what] := into`"),
        ("widen", "put makes `inside[x] := into for all x` instead of `inside[what] := into`"),
        ("widen", "put makes `inside[x] := into for all x with x ≠ what` instead of `inside[what] := into`"),
        ("further update", "put also makes `size[what] := LARGE`"),
        (
            "all/some",
            "carry requires `∃other: here[other] ∨ there[other]` instead of `∀other: here[other] ∨ there[other]`",
        ),
        (
            "and/or",
            "carry requires `∀other: here[other] ∧ there[other]` instead of `∀other: here[other] ∨ there[other]`",
        ),
        ("drop part", "carry requires `∀other: there[other]` instead of `∀other: here[other] ∨ there[other]`"),
        (
            "other field",
            "carry makes `here[other] := yes for all other with near[what, other]` "
            "instead of `there[other] := yes for all other with near[what, other]`",
        ),
        (
            "widen",
            "carry makes `there[other] := yes for all other` "
            "instead of `there[other] := yes for all other with near[what, other]`",
        ),
        (
            "narrow",
            "carry makes `there[other] := yes for all other with near[what, other] ∧ other ≠ what` "
            "instead of `there[other] := yes for all other with near[what, other]`",
        ),
        (
            "narrow",
            "carry makes `there[other] := yes for all other with near[what, other] ∧ other ≠ spared` "
            "instead of `there[other] := yes for all other with near[what, other]`",
        ),
        ("boundary", "carry requires `moves < 3` instead of `moves < 2`"),
        (
            "plus/minus",
            "carry makes `moves := (if here[what] then (moves - 1) else moves)` "
            "instead of `moves := (if here[what] then (moves + 1) else moves)`",
        ),
    ],
)
def test_each_operator_changes_one_place(operator, sentence):
    assert SENTENCES[sentence].operator == operator


def test_the_mutants_of_a_small_action_are_these_and_no_others():
    # Written down from the action's two lines: two ways to lose a line, all other colours in each of its places.
    assert [mutant.sentence for mutant in mutants(LIGHT) if mutant.action.name == "halt"] == [
        "halt without the clause `light = AMBER`",
        "halt requires `light ≠ AMBER` instead of `light = AMBER`",
        "halt requires `light = RED` instead of `light = AMBER`",
        "halt requires `light = GREEN` instead of `light = AMBER`",
        "halt without the update `light := RED`",
        "halt makes `light := GREEN` instead of `light := RED`",
        "halt makes `light := AMBER` instead of `light := RED`",
    ]


def test_a_fair_action_has_a_mutant_that_is_not_fair():
    (mutant,) = (mutant for mutant in mutants(LIGHT) if mutant.operator == "drop fairness")
    assert (mutant.action.name, mutant.action.fair) == ("go", "none")


def test_no_two_mutants_of_the_core_machine_say_the_same_and_none_says_what_the_original_says():
    sentences = [mutant.sentence for mutant in mutants(CLAIM)]
    assert len(set(sentences)) == len(sentences)
    for mutant in mutants(CLAIM):
        assert meaning(mutant.action) != meaning(CLAIM.action(mutant.action.name)), mutant.sentence


def meaning(action):
    names = {each.variable.payload: each.name for each in action.parameters}
    clauses = [render(clause.formula, names) for clause in action.clauses]
    return clauses, [render_write(write, names) for write in action.writes], action.fair


def test_mutants_have_the_same_names_each_time_and_the_line_of_what_they_change():
    first, second = mutants(CLAIM), mutants(CLAIM)
    assert [(each.name, each.sentence) for each in first] == [(each.name, each.sentence) for each in second]
    wanted = next(each for each in first if each.sentence == "unmap without the clause `phase[vm] = TRANSFERRED`")
    assert "s.phase[vm] == Phase.TRANSFERRED" in wanted.where.text


def test_a_guard_that_reads_ghost_state_is_stillborn():
    said = {mutant.sentence: mutant.stillborn for mutant in mutants(SHADOW)}
    assert said["switch requires `¬seen_on` instead of `¬on`"] == "a guard reads ghost state"
    assert said["switch requires `on` instead of `¬on`"] == ""


def test_a_cell_that_is_certainly_written_twice_makes_a_stillborn_mutant():
    said = {mutant.sentence: mutant.stillborn for mutant in mutants(PLACES)}
    assert said["swap_out makes `taken[new] := no` instead of `taken[old] := no`"] == "a cell of taken is written twice"
    assert said["swap_out makes `taken[old] := yes` instead of `taken[old] := no`"] == ""


def test_mutants_of_ghost_updates_are_marked():
    ghosts = {mutant.sentence for mutant in mutants(SHADOW) if mutant.ghost}
    assert "switch without the update `seen_on := yes`" in ghosts
    assert "switch without the update `on := yes`" not in ghosts
