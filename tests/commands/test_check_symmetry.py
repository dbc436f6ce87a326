"""``attorn check --symmetry``: fewer states are searched, all are counted, and what needs every state is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.checker.explore.symmetry import Symmetry

from .running import attorn_, told, written


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_all_states_are_told_and_how_few_were_searched() -> None:
    done = attorn_("check", "claim-small", "--symmetry")
    assert done.exit_code == 0
    assert "1,564 states · 238 searched, by symmetry · 3,620 transitions" in told(done)
    (account,) = written()["instances"]
    assert (account["states"], account["orbits"]) == (1_564, 238)
    assert account["unchecked"]


def test_the_search_without_symmetry_confirms_it() -> None:
    done = attorn_("check", "claim-small", "--check-symmetry")
    assert done.exit_code == 0
    assert "agreed: 238 states stand for exactly the 1,564 there are" in told(done)


def test_states_that_stand_for_others_than_there_are_are_an_internal_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Symmetry, "orbits", lambda self, rows: rows[0].astype("int64") * 0 + 1)
    done = attorn_("check", "claim-small", "--check-symmetry")
    assert done.exit_code == 4
    assert "states by level" in done.stderr


@pytest.mark.parametrize("other", [["--progress"], ["--certificate", "states"]])
def test_what_needs_every_state_is_refused(other: list[str]) -> None:
    done = attorn_("check", "claim-small", "--symmetry", *other)
    assert done.exit_code == 3
    assert "--symmetry merges those that differ in names" in done.stderr


def test_progress_asked_for_by_name_is_undetermined_not_passed() -> None:
    name = written_progress()
    done = attorn_("check", "claim-small", "--symmetry", "--property", name)
    assert done.exit_code == 2


def written_progress() -> str:
    attorn_("check", "claim-small", "--symmetry")
    return written()["instances"][0]["unchecked"][0]["name"]


def test_the_command_that_shows_a_run_searches_by_symmetry_too() -> None:
    done = attorn_("check", "memfd", "--symmetry")
    assert done.exit_code == 1
    assert "attorn explain memfd/at_most_one_runner --symmetry" in told(done)
    shown = attorn_("explain", "memfd/at_most_one_runner", "--symmetry")
    assert shown.exit_code == 1
    assert "checked again by the plain interpreter" in told(shown)
