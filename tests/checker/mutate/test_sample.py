"""The committed report of mutants is of the claim as it is: its digest, its mutants and its freedoms."""

from __future__ import annotations

from pathlib import Path

from attorn.checker.mutate import mutants
from attorn.model.migration import CLAIM
from attorn.model.mutation import FREEDOMS

SAMPLE = Path(__file__).parents[3] / "reports" / "mutation" / "mutation.md"
WRITE_IT_AGAIN = "write it again: attorn mutate --out reports/mutation"


def test_the_report_is_of_this_claim_and_of_all_its_mutants() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert f"Specification `{CLAIM.digest}`." in text, WRITE_IT_AGAIN
    assert f"**No hole: of {len(mutants(CLAIM)):,} mutants judged, " in text, WRITE_IT_AGAIN


def test_its_harmless_mutants_are_those_whose_freedom_is_explained() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    harmless = text.partition("## Harmless")[2].partition("## Equivalent")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in harmless.splitlines() if line.startswith("| ")]
    assert dict(rows[1:]) == dict(FREEDOMS), WRITE_IT_AGAIN
