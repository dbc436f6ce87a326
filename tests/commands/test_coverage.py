"""``attorn coverage`` tells exact shares, and what was never visited."""

from __future__ import annotations

from tests.commands.running import attorn_, told, write


def test_shares_and_what_is_missing_are_told() -> None:
    attorn_("explain", "claim-tiny/migration_completes", "--trace", "run.jsonl")
    done = attorn_("coverage", "run.jsonl", "--instance", "claim-tiny")
    assert done.exit_code == 0
    text = told(done)
    # 118 states and 222 transitions: see tests/checker/explore/test_paths.py. The run has 12 steps: README.
    assert "of 118" in text
    assert "transitions 12 of 222" in text
    assert "never taken, the nearest first" in text
    assert "stop(vm0)" in text


def test_a_log_that_is_no_behaviour_counts_up_to_there() -> None:
    attorn_("explain", "claim-tiny/migration_completes", "--trace", "run.jsonl")
    with open("run.jsonl", encoding="utf-8") as file:
        lines = file.readlines()
    write("cut.jsonl", "".join([*lines[:4], *lines[6:]]))
    done = attorn_("coverage", "cut.jsonl", "--instance", "claim-tiny")
    assert done.exit_code == 1
    assert "cut.jsonl:5 is no behaviour; it counts up to there" in done.stderr
    assert "transitions 2 of 222" in told(done)


def test_an_instance_that_is_too_large_is_bad_input() -> None:
    attorn_("explain", "claim-tiny/migration_completes", "--trace", "run.jsonl")
    done = attorn_("coverage", "run.jsonl", "--instance", "claim-tiny", "--max-states", "50")
    assert done.exit_code == 3
    assert "has more states than asked for" in done.stderr
