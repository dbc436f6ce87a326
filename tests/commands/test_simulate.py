"""attorn simulate: exit codes, and what is said of runs that found nothing."""

from __future__ import annotations

from tests.commands.running import attorn_, told


def test_runs_that_find_nothing_never_hold() -> None:
    done = attorn_("simulate", "claim-tiny", "--runs", "200", "--depth", "30")
    assert done.exit_code == 2
    said = told(done)
    assert "violated in none of these runs, which proves nothing" in said
    assert "holds" not in said.replace("holds[", "")
    assert "again attorn simulate claim-tiny --seed 0 --runs 200 --depth 30" in said


def test_a_violation_is_shown_in_full_and_fails() -> None:
    done = attorn_("simulate", "memfd", "--runs", "2000", "--property", "at_most_one_runner", "--seed", "1")
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    assert "at_most_one_runner is REFUTED on memfd in" in said
    assert "shortened: no part of it can be left out" in said
    assert "shortest: yes" not in said


def test_an_instance_beyond_any_search_can_be_walked() -> None:
    done = attorn_("simulate", "claim-vms", "--segments", "4", "--runs", "64", "--depth", "20")
    assert done.exit_code == 2
    assert "3 VM" in done.stdout


def test_bad_input_is_refused() -> None:
    assert attorn_("simulate", "claim-tiny", "--runs", "0").exit_code == 3
    assert attorn_("simulate", "clam").exit_code == 3
    assert attorn_("simulate", "claim-tiny", "--property", "nonsense").exit_code == 3
