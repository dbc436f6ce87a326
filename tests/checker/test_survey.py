"""Surveys: cells are decided once, survive an interrupt, and conclusions are computed from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from attorn.checker import survey as surveys
from attorn.checker.report.survey import survey_lines, survey_markdown
from attorn.checker.survey import Cell, Guarantee, Survey, pairs_apart, restoring, survey
from attorn.checker.verdicts import Evidence
from attorn.command import main
from attorn.model.survey import FAULT_CLASSES, cells, keys
from attorn.spec.language import Instance

HELD, FAILED = Guarantee(Evidence.EXHAUSTED), Guarantee(Evidence.REFUTED, 7)
OPEN = Guarantee(Evidence.UNDETERMINED)


def few() -> list[tuple[dict[str, str], Instance]]:
    """Two protocols that differ in the journal alone, under two classes of faults."""
    chosen = cells(memory=["shared"], exit=["after_answer"], answer=["after_resume"], journal=["none", "log"],
                   fault=["none", "time-out"])  # fmt: skip
    return [(key, instance) for key, instance in chosen if key["demands all"] == "no"]


def cell(journal: str, fault: str, **guarantees: Guarantee) -> Cell:
    return Cell({"journal": journal, "fault": fault}, 1, guarantees)


def test_cells_are_decided_as_the_engines_decide_them(tmp_path: Path) -> None:
    found = survey(few(), tmp_path / "cells.jsonl")
    one_runner = {
        (each.key["journal"], each.key["fault"]): each.guarantees["at_most_one_runner"] for each in found.known
    }
    assert one_runner[("none", "none")].holds
    # Eleven steps, counted by hand in tests/model/test_protocols.py.
    assert one_runner[("none", "time-out")] == Guarantee(Evidence.REFUTED, 11)
    assert one_runner[("log", "time-out")].holds


def test_what_is_known_is_not_decided_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = survey(few()[:2], tmp_path / "cells.jsonl")
    decided: list[object] = []

    def decide(instance: object, most: int) -> tuple[int, dict[str, Guarantee]]:
        decided.append(instance)
        return 1, {}

    monkeypatch.setattr(surveys, "decide", decide)
    again = survey(few(), tmp_path / "cells.jsonl")
    assert again.reused == 2
    assert len(decided) == len(few()) - 2
    assert again.cells[:2] == first.cells


def test_an_interrupted_survey_keeps_what_it_has_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = surveys.decide, iter(range(100))

    def interrupted(instance: object, most: int) -> object:
        if next(count) == 2:
            raise KeyboardInterrupt
        return real(instance, most)  # type: ignore[arg-type]

    monkeypatch.setattr(surveys, "decide", interrupted)
    broken = survey(few(), tmp_path / "cells.jsonl")
    assert len(broken.known) == 2
    assert "interrupted: 2 of 4 cells" in broken.stopped
    assert any("UNDETERMINED" in line for line in survey_lines(broken, (), ("journal",)))
    monkeypatch.setattr(surveys, "decide", real)
    whole = survey(few(), tmp_path / "cells.jsonl")
    assert (whole.reused, whole.stopped) == (2, "")
    assert whole.cells == survey(few()).cells


def test_a_line_cut_off_by_a_kill_is_decided_again(tmp_path: Path) -> None:
    store = tmp_path / "cells.jsonl"
    survey(few(), store)
    store.write_text(store.read_text()[:-20])
    assert survey(few(), store).reused == 3


def test_another_specification_is_another_cell(tmp_path: Path) -> None:
    store = tmp_path / "cells.jsonl"
    survey(few()[:1], store)
    entry = json.loads(store.read_text())
    store.write_text(json.dumps({**entry, "cell": "0" * 64}) + "\n")
    assert survey(few()[:1], store).reused == 0


def test_a_choice_that_restores_a_property_is_found_and_one_that_does_not_is_not() -> None:
    group = [
        cell("none", "loss", safe=FAILED, live=FAILED),
        cell("log", "loss", safe=HELD, live=FAILED),
        cell("marks", "loss", safe=FAILED, live=FAILED),
    ]
    assert restoring(group, "safe") == [("journal", "marks", "log", 1, 1), ("journal", "none", "log", 1, 1)]
    assert restoring(group, "live") == []


def test_two_properties_that_no_choice_gives_together_are_told_apart() -> None:
    group = [cell("none", "loss", safe=HELD, live=FAILED), cell("log", "loss", safe=FAILED, live=HELD)]
    assert pairs_apart(group) == [("loss", "live", "safe")]
    assert pairs_apart([*group, cell("marks", "loss", safe=HELD, live=HELD)]) == []
    assert pairs_apart([cell("none", "loss", safe=HELD, live=FAILED)]) == []


def test_undetermined_is_never_shown_as_holding() -> None:
    text = survey_markdown(
        Survey((cell("none", "loss", safe=OPEN), cell("log", "loss", safe=HELD)), 0, ""), ("journal",)
    )
    row = next(line for line in text.splitlines() if line.startswith("| loss"))
    assert [part.strip() for part in row.strip("|").split("|")] == ["loss", "?", "✓"]


def test_there_are_at_least_two_hundred_cells_and_no_two_alike() -> None:
    every = [tuple(key.values()) for key, _, _ in keys()]
    assert len(every) == len(set(every)) >= 200
    assert {key[-1] for key in every} == {fault.name for fault in FAULT_CLASSES}


def test_the_command_prints_a_part_of_the_table_and_writes_the_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        main,
        ["guarantees", "--memory", "shared", "--fault", "none", "--jobs", "1", "--out", str(out), "--by", "journal"],
    )
    assert ran.exit_code == 0, ran.output
    assert "at_most_one_runner holds in all 24 cells." in ran.output
    assert {path.name for path in out.iterdir()} == {"cells.jsonl", "guarantees.md", "guarantees.json"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--memory", "sharde"], "Memory: exclusive, shared, preserved"),
        (["--fault", "flood"], "Faults: none, crash"),
        (["--by", "colour"], "`colour` is no choice"),
        (["--jobs", "0"], "at least 1"),
    ],
)
def test_bad_input_is_told_and_refused(given: list[str], said: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["guarantees", *given, "--out", str(tmp_path / "out")])
    assert ran.exit_code == 3
    assert said in ran.output
    assert not (tmp_path / "out").exists()
