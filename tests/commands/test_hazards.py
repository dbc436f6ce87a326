"""``attorn hazards``: the table, the story of one, and its exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from attorn.model import hazards as model
from attorn.model.hazards import HAZARDS, Change, Hazard
from tests.checker.report.mermaid import arrows, lanes
from tests.commands.running import attorn_, told


def only(monkeypatch: pytest.MonkeyPatch, *kept: Hazard) -> None:
    """The catalogue with these hazards only."""
    known: Mapping[str, Hazard] = {each.id: each for each in kept}
    monkeypatch.setattr(model, "HAZARDS", known)


def test_the_table_has_the_length_of_the_shortest_run(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, HAZARDS["H3"], HAZARDS["H10"])
    done = attorn_("hazards", "--jobs", "1")
    assert done.exit_code == 0
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("H")]
    assert [row[:3] for row in rows[:2]] == [["H3", "11", "at_most_one_runner"], ["H10", "4+0", "eventually_runs"]]
    assert "2 hazards: found as expected" in told(done)
    assert "out of the model: 7 of 69 H11" in told(done)


def test_checking_searches_without_the_changes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, HAZARDS["H3"], HAZARDS["H20"])
    done = attorn_("hazards", "--check", "--jobs", "2")
    assert done.exit_code == 0
    assert "found as expected (and none without its change)" in told(done)


def test_a_hazard_that_is_not_found_is_told_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = replace(HAZARDS["H20"], change=Change(remove=("lose",)))
    void = replace(HAZARDS["H4"], change=Change())
    only(monkeypatch, harmless, void, HAZARDS["H3"])
    done = attorn_("hazards", "--check", "--jobs", "1")
    assert done.exit_code == 1
    assert "✗ H20 is missed: the property holds with the change as well." in told(done)
    assert "✗ H4 is void: the change changes nothing." in told(done)
    assert "3 hazards: 2 not found as expected" in told(done)


def test_the_story_has_its_source_its_run_and_its_cure() -> None:
    done = attorn_("hazards", "h12")
    assert done.exit_code == 0
    assert "H12 running without locks (cloud-hypervisor)" in told(done)
    assert "- cyberus-technology/cloud-hypervisor #127" in told(done)
    assert "lock_follows_runner is REFUTED on H12 in 8 steps" in told(done)
    assert "8 source roll_back(vm0)" in told(done)
    assert "what removes it A roll-back that takes the lock" in told(done)
    assert "Without the change, lock_follows_runner holds in the same instance" in told(done)
    chart = done.stdout.split("```mermaid\n")[1].split("```")[0]
    assert list(lanes(chart)) == ["source", "operator"]


def test_another_choice_is_told_as_such() -> None:
    assert "journal none instead of log" in told(attorn_("hazards", "H3"))


def test_a_run_without_end_is_shown_with_its_loop() -> None:
    done = attorn_("hazards", "H9")
    assert done.exit_code == 0
    assert "14 steps and a loop of 3" in told(done)
    assert "it fails after 14 steps, and then for ever." in told(done)


def test_the_chart_alone_can_be_had() -> None:
    done = attorn_("hazards", "H44", "--chart")
    assert done.exit_code == 0
    assert arrows(done.stdout)[-1] == ("third party", "third party", "steal(vm0)")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["H50"], "hazard H50 is out of the model: clocks and their offsets"),
        (["H99"], "no hazard is called `H99`"),
        (["--chart"], "--chart draws one hazard"),
        (["H3", "--check"], "--check is for all hazards at once"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], says: str) -> None:
    done = attorn_("hazards", *arguments)
    assert done.exit_code == 3
    assert says in " ".join(done.stderr.split())
