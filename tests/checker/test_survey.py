"""Surveys: cells are decided once, survive an interrupt, and conclusions are computed from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from attorn.checker import survey as surveys
from attorn.checker.explore import Options, Progress, explore
from attorn.checker.report.survey import Tally, Words, heat_map, survey_data, survey_lines, survey_markdown
from attorn.checker.survey import Cell, Guarantee, Proven, Survey, pairs_apart, restoring, survey, with_proofs
from attorn.checker.verdicts import Evidence, Exploration
from attorn.command import main
from attorn.model.instances import instance
from attorn.model.survey import FAULT_CLASSES, cells, keys, provable, specification
from attorn.spec.errors import Unsound
from attorn.spec.language import Instance

HELD, FAILED = Guarantee(Evidence.EXHAUSTED), Guarantee(Evidence.REFUTED, 7)
OPEN = Guarantee(Evidence.UNDETERMINED)
WORDS = Words({"loss": "a message is lost"}, {"safe": "Nothing bad happens."}, "0123abcd")


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
    assert pairs_apart(group) == [(("loss",), "live", "safe")]
    assert pairs_apart([*group, cell("marks", "loss", safe=HELD, live=HELD)]) == []
    assert pairs_apart([cell("none", "loss", safe=HELD, live=FAILED)]) == []


def test_pairs_exclude_each_other_once_a_choice_is_made() -> None:
    group = [cell("none", "loss", safe=HELD, live=FAILED), cell("none", "loss", safe=FAILED, live=HELD)]
    both = cell("log", "loss", safe=HELD, live=HELD)
    assert pairs_apart([*group, both]) == []
    assert pairs_apart([*group, both], ("journal",)) == [(("loss", "none"), "live", "safe")]


def test_what_is_proved_is_said_of_the_cells_that_are_instances_of_it() -> None:
    proof = Proven("firm", frozenset(["safe"]), lambda key: key["journal"] == "log")
    found = with_proofs(Survey((cell("none", "loss", safe=HELD), cell("log", "loss", safe=HELD)), 0, ""), [proof])
    assert [each.guarantees["safe"].evidence for each in found.known] == [Evidence.EXHAUSTED, Evidence.PROVED]
    (row,) = heat_map(found.known, "safe", ("journal",)).tallies
    assert row == (Tally(held=1, of=1), Tally(held=1, proved=1, of=1))
    assert [each.mark for each in row] == ["✓", "∎"]


def test_a_proof_that_a_cell_refutes_is_an_internal_disagreement() -> None:
    proof = Proven("firm", frozenset(["safe"]), lambda key: True)
    with pytest.raises(Unsound, match="safe is proved of firm, but refuted in the cell"):
        with_proofs(Survey((cell("log", "loss", safe=FAILED),), 0, ""), [proof])


def test_proofs_cover_the_cells_whose_machines_they_are_about() -> None:
    covered = {machine.name: [key for key, _, _ in keys() if covers(key)] for machine, covers in provable()}
    assert {name: len(found) for name, found in covered.items()} == {"firmware": 8, "fence": 5}
    assert {key["journal"] for key in covered["fence"]} == {"none"}
    assert not any("crash" in key["fault"] or key["fault"] == "one of each" for key in covered["fence"])


def test_a_tally_counts_and_keeps_the_shortest_refutation() -> None:
    longer = Guarantee(Evidence.REFUTED, 9)
    group = [cell("none", "loss", safe=longer), cell("log", "loss", safe=FAILED), cell("log", "none", safe=HELD)]
    found = heat_map(group, "safe", ())
    assert found.faults == ("loss", "none")
    assert [each.mark for (each,) in found.tallies] == ["✗7", "✓"]
    assert heat_map(group, "unknown", ()).tallies[0][0].mark == "·"


def test_the_data_say_all_that_the_tables_say() -> None:
    found = Survey((cell("none", "loss", safe=FAILED), cell("log", "loss", safe=HELD)), 0, "")
    data = json.loads(json.dumps(survey_data(found, ("journal",), WORDS)))
    assert data["specification"] == "0123abcd"
    assert data["properties"] == {"safe": "Nothing bad happens."}
    assert data["cells"][0]["guarantees"]["safe"] == {"evidence": "refuted", "steps": 7}
    assert data["maps"][0]["columns"] == [["none"], ["log"]]
    assert data["maps"][0]["tallies"][0][0] == {"held": 0, "proved": 0, "open": 0, "of": 1, "shortest": 7}
    assert data["restoring"]["safe"] == [{"choice": "journal", "from": "none", "to": "log", "restored": 1, "of": 1}]


def test_undetermined_is_never_shown_as_holding() -> None:
    text = survey_markdown(
        Survey((cell("none", "loss", safe=OPEN), cell("log", "loss", safe=HELD)), 0, ""), ("journal",), WORDS
    )
    row = [line for line in text.splitlines() if line.startswith("| loss")][-1]
    assert [part.strip() for part in row.strip("|").split("|")] == ["loss", "?", "✓"]


def test_there_are_at_least_two_hundred_cells_and_no_two_alike() -> None:
    every = [tuple(key.values()) for key, _, _ in keys()]
    assert len(every) == len(set(every)) >= 200
    assert {key[-1] for key in every} == {fault.name for fault in FAULT_CLASSES}


def test_the_committed_sample_is_of_this_specification() -> None:
    sample = Path(__file__).parents[2] / "reports" / "guarantees" / "guarantees.md"
    assert f"Specification `{specification()}`" in sample.read_text(encoding="utf-8")


def test_a_cell_that_was_interrupted_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(instance: Instance, options: Options) -> Exploration:
        return explore(instance, options, interrupt)

    def interrupt(progress: Progress) -> None:
        if progress.depth == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("attorn.checker.explore.explore", watched)
    with pytest.raises(KeyboardInterrupt):
        surveys.decide(instance("claim-tiny"), 1_000)


def test_the_command_prints_a_part_of_the_table_and_writes_the_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        main,
        ["guarantees", "--memory", "shared", "--fault", "none", "--jobs", "1", "--out", str(out), "--by", "journal"],
    )
    assert ran.exit_code == 0, ran.output
    assert "at_most_one_runner holds in all 24 cells." in ran.output
    assert {path.name for path in out.iterdir()} > {"cells.jsonl", "guarantees.md", "guarantees.json", "report.html"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--memory", "sharde"], "there are: `exclusive`, `shared`, `preserved`"),
        (["--fault", "flood"], "there are: `none`, `crash`, `loss`, `time-out`, `cancel`, `loss, time-out`"),
        (["--by", "colour"], "`colour` is no choice"),
        (["--jobs", "0"], "at least 1"),
    ],
)
def test_bad_input_is_told_and_refused(given: list[str], said: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["guarantees", *given, "--out", str(tmp_path / "out")])
    assert ran.exit_code == 3
    assert said in ran.output
    assert not (tmp_path / "out").exists()
