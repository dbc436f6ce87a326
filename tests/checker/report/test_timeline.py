"""The strip of a run, of a hotel with two rooms; what each cell shows when is told below by hand."""

from __future__ import annotations

from attorn.checker.report.drawing import Drawing
from attorn.checker.report.page import render_html
from attorn.checker.report.picture import Pictures
from attorn.checker.report.timeline import timeline
from attorn.spec.language import Concrete, Instance, Values
from tests.checker.report.test_page import book_of_the_hotel
from tests.checker.report.test_picture import HOTEL

CONCRETE = Concrete(Instance.of(HOTEL, "hotel", Guest=2, Room=2))


def drawings(*labels: str) -> list[Drawing]:
    """The pictures of a run."""
    steps = {CONCRETE.label(step): step for step in CONCRETE.steps}
    state: Values = CONCRETE.initial_states()[0]
    pictures, found = Pictures(CONCRETE), []
    before = None
    for label in (None, *labels):
        if label is not None:
            before, state = state, CONCRETE.apply(state, steps[label])
        found.append(pictures.draw(state, before))
    return found


def spans(*labels: str) -> dict[str, list[tuple[int, int, str]]]:
    """For each cell of the strip, from when to when it has whose colour."""
    return {
        f"{line.row} {line.column}": [
            (span.first, span.last, " ".join(value.name for value in span.cell.fill)) for span in line.spans
        ]
        for line in timeline(drawings(*labels)).lines
    }


def test_a_cell_that_shows_the_same_for_several_steps_is_one_span() -> None:
    shown = [(0, 0, ""), (1, 2, "guest0")]
    assert spans("check_in(guest0, room1)", "close()") == {"desk room1": shown, "guest0 room1": shown}


def test_a_cell_that_changes_begins_a_new_span() -> None:
    found = spans("check_in(guest0, room0)", "check_in(guest1, room0)", "check_in(guest0, room0)")
    assert found["desk room0"] == [(0, 0, ""), (1, 1, "guest0"), (2, 2, "guest1"), (3, 3, "guest0")]


def test_what_shows_nothing_in_the_whole_run_is_left_out() -> None:
    assert not any("room1" in name for name in spans("check_in(guest0, room0)"))


def test_every_span_is_told_in_words_with_its_steps() -> None:
    lines = timeline(drawings("check_in(guest0, room0)", "close()")).lines
    told = [span.reading for line in lines for span in line.spans]
    assert any(text.startswith("after step 1 to 2: ") and "guest0" in text for text in told)
    assert all("no longer" not in text for text in told)


def test_the_page_has_a_strip_for_each_run_as_wide_as_the_run_is_long() -> None:
    page = render_html(book_of_the_hotel())
    strips = page.split('<table class="timeline"')[1:]
    assert len(strips) == page.count('<details class="run"')
    for strip in strips:
        table = strip.split("</table>")[0]
        moments = table.split("</thead>")[0].count('scope="col"')
        for row in table.split("<tbody>")[1].split("</tr>")[:-1]:
            assert sum(int(part.split('"')[1]) for part in row.split("colspan=")[1:]) == moments
