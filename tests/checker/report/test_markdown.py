"""The report as Markdown: tables first, and every run in full."""

from __future__ import annotations

import re

from attorn.checker.report import render_markdown

from .samples import explored, jobs, relay, report

TEXT = render_markdown(report(explored(relay(2, "duel")), explored(relay(3, "trio")), explored(jobs())))


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def row(text: str, name: str) -> list[str]:
    return next(cells(line) for line in text.splitlines() if line.startswith(f"| `{name}`"))


def test_the_verdict_comes_first_and_the_table_before_details() -> None:
    assert TEXT.splitlines()[2].startswith("**4 of 6 properties are REFUTED")
    assert TEXT.index("| `few_passes`") < TEXT.index("<details>")


def test_each_property_has_a_verdict_for_each_instance() -> None:
    assert row(TEXT, "few_passes")[2:] == ["b", "exhausted", "**refuted** (2)"]
    assert row(TEXT, "race_goes_on")[2:] == ["", "**refuted** (1)", "**refuted** (1)"]
    assert row(TEXT, "left_handed")[2:] == ["**refuted**", "**refuted**"]


def test_a_bar_in_a_sentence_does_not_break_the_table() -> None:
    assert len(row(TEXT, "somebody_fresh")) == 5


def test_every_counterexample_is_there_in_full() -> None:
    for title in ("few_passes is REFUTED on trio in 2 steps", "no_deadlock is REFUTED on jobs in 3 steps"):
        assert f"```text\n{title}\n" in TEXT
    assert TEXT.count("<details>") == TEXT.count("</details>")
    assert TEXT.count("```") % 2 == 0


def test_assumptions_and_the_claim_are_spelled_out() -> None:
    assert row(TEXT, "no_falls")[1] == "No runner drops the baton."
    assert "The baton is passed on." in TEXT
    assert "Runners run." not in TEXT  # no property speaks of that element


def test_an_undetermined_search_says_why_it_stopped() -> None:
    text = render_markdown(report(explored(relay(), max_states=4)))
    assert "**stopped**: the limit of 4 states" in text
    assert row(text, "few_passes")[-1] == "undetermined"


def test_the_first_table_says_of_each_instance_whether_to_read_on() -> None:
    first = next(block for block in TEXT.split("\n\n") if block.startswith("| instance"))
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in first.splitlines()]
    told = {row[0]: dict(zip(head, row, strict=True)) for row in rows}["relay · trio"]
    assert (told["refuted"], told["search"]) == (str(TEXT.count(" is REFUTED on trio in ")), "finished")
