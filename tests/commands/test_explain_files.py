"""A run that ``attorn explain`` shows can be written for other tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.running import attorn_


def test_a_counterexample_is_written_as_itf_and_as_a_trace() -> None:
    done = attorn_("explain", "memfd/at_most_one_runner", "--itf", "run.itf.json", "--trace", "run.jsonl")
    assert done.exit_code == 1
    itf = json.loads(Path("run.itf.json").read_text())
    lines = [json.loads(line) for line in Path("run.jsonl").read_text().splitlines()]
    assert itf["#meta"]["property"] == "at_most_one_runner"
    assert lines[0]["machine"] == "memfd"
    # `attorn check memfd` says that it takes 11 steps; the initial state comes first.
    assert len(itf["states"]) == len(lines[1:]) == 12
    assert [state["mbt::actionTaken"] for state in itf["states"][1:]] == [line["event"] for line in lines[2:]]


def test_a_run_that_rests_for_ever_is_written_with_its_loop() -> None:
    attorn_("explain", "memfd/migration_terminates", "--itf", "run.itf.json")
    itf = json.loads(Path("run.itf.json").read_text())
    assert itf["loop"] == len(itf["states"]) - 1


@pytest.mark.parametrize(
    ("what", "option", "says"),
    [
        ("claim-tiny/legal_edges", ("--itf", "run.itf.json"), "legal_edges has no run on claim-tiny"),
        ("claim-tiny/migration_completes", ("--trace", "/dev/null/run.jsonl"), "cannot write to"),
    ],
)
def test_what_cannot_be_written_is_bad_input(what: str, option: tuple[str, ...], says: str) -> None:
    done = attorn_("explain", what, *option)
    assert done.exit_code == 3
    assert says in done.stderr
    assert list(Path.cwd().iterdir()) == []
