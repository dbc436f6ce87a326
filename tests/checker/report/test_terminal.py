"""The report on a terminal: every verdict in words, within the width."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from attorn.checker.report import Report, Screen

from .samples import explored, jobs, relay, report


def screen(said: Report, width: int = 80, paint=lambda text, role: text) -> str:
    shown = Screen(width, paint)
    lines = []
    for machine in said.machines:
        lines += shown.heading(machine)
        for instance in said.of_machine(machine.name):
            lines += shown.searched(instance, 0.0)
        lines += shown.verdicts(said, machine)
    return "\n".join(lines + shown.outcome(said, "reports/latest/report.md"))


def coloured(text: str, role: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if role else text


RELAY = report(explored(relay()))


def test_properties_stand_under_what_is_known_of_them() -> None:
    text = screen(RELAY)
    held, refuted = text.index("exhausted: true of every"), text.index("REFUTED: a run violates it")
    assert held < text.index("    tired_stays_tired") < refuted < text.index("    few_passes")


def test_what_was_searched_is_counted() -> None:
    # The race is on in 3 states before the first pass, 6 after it (who gave, who took) and 3 after the second;
    # when it is over, only the holder and the number of passes differ: 9. Passes: 3·2 + 6·1; endings: 12.
    assert "21 states · 24 transitions · depth 3" in screen(RELAY)


def test_a_goal_out_of_reach_is_refuted() -> None:
    text = screen(RELAY)
    assert re.search(r"left_handed +REFUTED: cannot be reached", text)
    assert re.search(r"passed +reached in 1 step", text)
    assert "and goal left_handed is REFUTED" in " ".join(text.split())


def test_several_instances_are_told_apart() -> None:
    text = screen(report(explored(relay(2, "duel")), explored(relay(3, "trio"))))
    # Two runners can pass once only: the giver is tired and the race goes on.
    assert "trio in 2 steps" in text
    assert "exhausted on duel" in text
    assert re.search(r"passed +reached in 1 step", text)


def test_the_last_line_says_what_to_do_next() -> None:
    assert screen(RELAY).splitlines()[-1] == "next    attorn explain relay/race_goes_on"  # the shortest run


def test_a_search_that_did_not_finish_is_never_a_pass() -> None:
    text = screen(report(explored(jobs(), max_states=2)))
    assert "UNDETERMINED: explored to depth 1, 2 states; stopped" in " ".join(text.split())
    assert "undetermined: no violation met" in text
    assert "UNDETERMINED: nothing is refuted so far, but the search did not finish." in text
    assert "exhausted" not in text
    assert "finding" not in text


def test_instances_not_searched_leave_the_whole_undetermined() -> None:
    held = replace(RELAY, instances=tuple(replace(each, properties=(), goals=()) for each in RELAY.instances))
    assert held.outcome.value == "holds"
    text = screen(replace(held, not_searched=("trio",)))
    assert "1 of 2 searches did not finish" in text
    assert "not searched: trio" in text


def test_actions_that_never_happen_are_findings() -> None:
    text = screen(report(explored(relay(1))))  # Alone, nobody can give.
    assert "finding    never happens: give" in text
    assert "actions 1/2 happened" in text


def test_what_another_machine_was_told_to_satisfy_is_not_told_again() -> None:
    twin = replace(RELAY.instances[0], name="twin", machine="twin")
    said = replace(RELAY, machines=(*RELAY.machines, replace(RELAY.machines[0], name="twin")))
    said = replace(said, instances=(*RELAY.instances, twin))
    text = screen(said)
    assert text.count("Who is tired stays tired.") == 1
    assert "as above: somebody_fresh · tired_stays_tired" in text
    assert text.count("The race never ends.") == 2  # what is refuted is told in full


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    said = report(explored(relay(2, "duel")), explored(relay()), explored(jobs()))
    assert max(map(len, screen(said, width).splitlines())) <= width


def test_colours_change_nothing_but_colour() -> None:
    text = screen(RELAY, paint=coloured)
    assert "\x1b" in text
    assert re.sub(r"\x1b\[\d*m", "", text) == screen(RELAY)
