"""Pictures of states, of a hall with two rooms whose states are drawn by hand below."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from attorn.checker.report.picture import Pictures, cells_broken
from attorn.checker.report.picture_html import picture_css, picture_html
from attorn.spec.errors import SpecificationError
from attorn.spec.language import (
    NONE,
    Concrete,
    Element,
    Expr,
    Instance,
    Lane,
    Machine,
    Map,
    Option,
    Picture,
    Relation,
    Shown,
    State,
    Variable,
    action,
    forall,
    initial,
    invariant,
    two_state,
)


class Guest(Element):
    """Somebody who sleeps in a room."""


class Room(Element):
    """A room of the hotel."""


class Hotel(State):
    sleeps = Map(Room, to=Option(Guest), says="who sleeps in the room")
    key = Relation(Guest, Room, says="the guest has the key")
    closed = Variable(bool, says="the hotel has closed")


@initial
def empty(s: Hotel) -> None:
    s.sleeps[...] = NONE
    s.key[...] = False
    s.closed = False


@action
def check_in(s: Hotel, guest: Guest, room: Room) -> None:
    """A guest moves in, whoever is there."""
    s.require(~s.closed)
    s.sleeps[room] = guest
    s.key[guest, room] = True


@action
def close(s: Hotel) -> None:
    """The hotel closes for good."""
    s.closed = True


@invariant
def one_key(s: Hotel) -> Expr:
    """Only who sleeps in a room has its key."""
    return forall(Guest, Room, lambda g, r: s.key[g, r] >> (s.sleeps[r] == g))


@two_state
def nobody_is_moved(before: Hotel, after: Hotel) -> Expr:
    """A room keeps its guest."""
    return forall(Room, lambda r: (before.sleeps[r] != NONE) >> (after.sleeps[r] == before.sleeps[r]))


PICTURE = Picture(
    Room,
    (
        Lane("desk", fill=Shown("let to", lambda s, room: s.sleeps[room])),
        Lane(
            "guest",
            Guest,
            fill=Shown("key of", lambda s, guest, room, whose: s.key[whose, room] & (whose == guest), (Guest,)),
            hatch=Shown("a stranger's", lambda s, guest, room: s.key[guest, room] & (s.sleeps[room] != guest)),
            facts=(Shown("has a key of", lambda s, guest, room: s.key[guest, room], (Room,)),),
        ),
    ),
    facts=(Shown("closed", lambda s: s.closed),),
    no_return=Shown("the hotel has closed", lambda s: s.closed, ()),
)
HOTEL = Machine("hotel", Hotel, empty, (check_in, close), (one_key, nobody_is_moved), picture=PICTURE)
INSTANCE = Instance.of(HOTEL, Guest=2, Room=2)
# Cells: sleeps[room0], sleeps[room1], key[guest0, room0], key[guest0, room1], key[guest1, room0], key[guest1, room1],
# closed. A value of an option is one more than the number of its individual.
EMPTY, ONE, TWO = (0, 0, 0, 0, 0, 0, 0), (1, 0, 1, 0, 0, 0, 0), (2, 0, 1, 0, 1, 0, 0)


def drawn(*given, machine=HOTEL, **named):
    return Pictures(Concrete(Instance.of(machine, Guest=2, Room=2))).draw(*given, **named)


def test_a_state_has_a_row_for_each_individual_and_a_cell_for_each_column():
    (panel,) = drawn(ONE).panels
    assert [row.name for row in panel.rows] == ["desk", "guest0", "guest1"]
    assert [each.name for each in panel.columns] == ["room0", "room1"]
    desk, first, second = panel.rows
    assert [cell.reading for cell in desk.cells] == ["let to guest0", "nothing"]
    assert [cell.reading for cell in first.cells] == ["key of guest0", "nothing"]
    assert [cell.present for cell in second.cells] == [False, False]
    assert [told.text for told in first.facts] == ["has a key of room0"]


def test_what_a_step_changed_is_marked_and_says_what_was_before():
    desk, first, second = drawn(TWO, ONE).panels[0].rows
    assert [cell.changed for cell in desk.cells] == [True, False]
    assert desk.cells[0].reading == "let to guest1, before guest0"
    assert second.cells[0].reading == "key of guest1, new"
    assert first.cells[0].reading == "key of guest0; a stranger's, new"
    assert not any(cell.changed for row in drawn(TWO).panels[0].rows for cell in row.cells)


def test_what_is_no_longer_so_is_still_told_once():
    (fact,) = drawn(EMPTY, ONE).panels[0].rows[1].facts
    assert (fact.text, fact.gone, fact.values) == ("no longer has a key of room0", True, ())


def test_a_cell_is_hatched_just_where_the_declaration_says_that_something_is_wrong():
    rows = drawn(TWO).panels[0].rows
    assert [[cell.hatched for cell in row.cells] for row in rows] == [[False, False], [True, False], [False, False]]


def test_the_cells_of_a_broken_clause_are_marked_and_no_others():
    concrete, stated = Concrete(INSTANCE), HOTEL.property("one_key")
    failure = concrete.failure(stated, TWO)
    assert failure is not None
    broken = cells_broken(concrete, stated, failure, TWO, ())
    assert broken == {0, 2}  # sleeps[room0], and key[guest0, room0]
    rows = drawn(TWO, broken=broken).panels[0].rows
    assert [[cell.broken for cell in row.cells] for row in rows] == [[True, False], [True, False], [False, False]]


def test_of_a_broken_step_the_cells_of_the_state_after_it_are_marked():
    concrete, stated = Concrete(INSTANCE), HOTEL.property("nobody_is_moved")
    failure = concrete.failure(stated, ONE, TWO)
    assert failure is not None
    assert cells_broken(concrete, stated, failure, ONE, TWO) == {0}


def test_the_point_of_no_return_is_told_at_the_step_that_passes_it_only():
    closed = (*ONE[:-1], 1)
    assert drawn(closed, ONE).passed == "the hotel has closed"
    assert drawn(closed, closed).passed == ""
    assert drawn(ONE, EMPTY).passed == ""


def test_a_machine_without_a_picture_is_drawn_as_tables_of_its_fields():
    plain = Machine("plain", Hotel, empty, (check_in, close))
    drawing = drawn(TWO, ONE, machine=plain)
    (panel,) = drawing.panels  # both fields have rooms as their last index
    assert [row.name for row in panel.rows] == ["sleeps[·]", "key[guest0, ·]", "key[guest1, ·]"]
    assert [[cell.changed for cell in row.cells] for row in panel.rows] == [
        [True, False],
        [False, False],
        [True, False],
    ]
    assert [told.text for told in drawing.facts] == ["closed no"]


def test_a_picture_is_inherited_by_variants_and_no_digest_counts_it():
    assert HOTEL.variant("later").picture is PICTURE
    assert HOTEL.variant("later", picture=Picture(Room, ())).digest == HOTEL.digest


def test_a_picture_that_shows_no_value_is_refused_with_what_it_calls_it():
    wrong = replace(HOTEL, picture=replace(PICTURE, facts=(Shown("always", lambda s: True),)))
    with pytest.raises(SpecificationError, match="`always` shows no value of the state"):
        drawn(ONE, machine=wrong)


class Reader(HTMLParser):
    """Collects what is open, and the text of cells as read aloud and as seen."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.heard, self.classes = [], [], [], set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.open.append((tag, given))
        self.classes |= set((given.get("class") or "").split())

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            hidden = any("unseen" in (given.get("class") or "").split() for _, given in self.open)
            mute = any(given.get("aria-hidden") for _, given in self.open)
            (self.heard if hidden else self.seen).append(data.strip())
            assert not (hidden and mute)


def test_as_html_each_cell_is_seen_by_its_letters_and_heard_in_words():
    reader = Reader()
    reader.feed(picture_html(drawn(TWO, ONE, broken={0}), "after check_in(guest1, room0)"))
    assert reader.open == []
    assert reader.heard[0] == "after check_in(guest1, room0)"
    assert "let to guest1, before guest0, broken" in reader.heard
    assert {"G1", "✗", "guest0"} <= set(reader.seen)
    assert {"changed", "broken", "hatched"} <= reader.classes


def test_names_are_escaped():
    other = replace(HOTEL, picture=replace(PICTURE, facts=(Shown("<b>", lambda s: ~s.closed),)))
    assert "<b>" not in picture_html(drawn(ONE, machine=other), "<i>").replace("<b>G", "").replace("<b></b>", "")


def test_the_style_sheet_draws_every_class_that_pictures_use_and_nothing_outside_them():
    sheet = picture_css()
    assert all(f".{name}" in sheet for name in ("changed", "broken", "hatched", "present", "tint-0-0", "unseen"))
    rules = [line for line in sheet.splitlines() if line and not line.startswith((" ", "}", "/*", "@"))]
    assert all(".drawing" in line for line in rules)
