"""The mutation report: what is not noticed comes first, every mutant is in the data, and the data fits its schema."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from attorn.checker.mutate import Fate, MutationReport, score
from attorn.checker.report.mutation import mutation_data, mutation_lines, mutation_markdown
from attorn.spec.language import Instance
from tests.checker.mutate.toys import LIGHT

SCHEMA = json.loads(files("attorn.checker.report").joinpath("mutation.schema.json").read_text(encoding="utf-8"))
HOLES = {"go without the clause `light = RED`", "halt makes `light := GREEN` instead of `light := RED`"}


@pytest.fixture(scope="module")
def light() -> MutationReport:
    return score(LIGHT, [Instance.of(LIGHT)], jobs=1)


def test_the_data_fits_its_schema_and_counts_every_mutant_once(light: MutationReport) -> None:
    data = json.loads(json.dumps(mutation_data(light)))
    jsonschema.validate(data, SCHEMA)
    assert sum(data["counts"].values()) == len(data["mutants"]) == data["total"] == 22
    assert {each["says"] for each in data["mutants"] if each["fate"] == "hole"} == HOLES


def test_data_without_a_fate_does_not_fit(light: MutationReport) -> None:
    data = json.loads(json.dumps(mutation_data(light)))
    data["mutants"][0]["fate"] = "gone"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_the_table_names_who_notices_alone(light: MutationReport) -> None:
    # By hand: test_score says which mutants only `through_amber` kills.
    text = mutation_markdown(light)
    assert "| through_amber" in text
    (row,) = (line for line in text.splitlines() if line.startswith("| through_amber"))
    assert [cell.strip() for cell in row.split("|")[2:4]] == ["4", "1"]


def test_holes_are_said_first_and_shown_with_a_step(light: MutationReport) -> None:
    text = mutation_markdown(light)
    assert text.splitlines()[2].startswith("**2 holes: of 22 mutants judged, ")
    assert "| go(): light: AMBER → GREEN " in text
    told = " ".join(" ".join(mutation_lines(light)).split())
    assert "HOLES: steps that no property forbids" in told
    assert "for example go(): light: AMBER → GREEN" in told


def test_a_report_without_holes_says_so() -> None:
    explained = score(LIGHT, [Instance.of(LIGHT)], jobs=1, freedoms=dict.fromkeys(HOLES, "It may turn green."))
    text = mutation_markdown(explained)
    assert text.splitlines()[2].startswith("**No hole: of 22 mutants judged, ")
    assert "It may turn green." in text
    assert "HOLES" not in " ".join(mutation_lines(explained))


def test_what_was_not_judged_is_said(light: MutationReport) -> None:
    def impatient(done: int, total: int) -> None:
        raise KeyboardInterrupt

    stopped = score(LIGHT, [Instance.of(LIGHT)], impatient, jobs=1, freedoms=dict.fromkeys(HOLES, "So be it."))
    assert len(stopped.of(Fate.UNDETERMINED)) == 21
    assert "UNDETERMINED: interrupted: 21 of 22 mutants were not judged" in mutation_markdown(stopped)
    assert "**Not determined: of 1 mutant judged, " in mutation_markdown(stopped)
    assert any("interrupted: 21 of 22" in line for line in mutation_lines(stopped))
    assert not any("not judged" in line and "22" not in line for line in mutation_lines(stopped))
