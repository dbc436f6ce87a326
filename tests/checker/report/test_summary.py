"""One sentence for a whole report."""

from __future__ import annotations

from dataclasses import replace

from attorn.checker.report import Report
from attorn.checker.report.summary import verdict_sentence

from .samples import explored, jobs, relay, report


def only(said: Report, *names: str) -> Report:
    """The same report, of some properties and goals alone."""
    return replace(
        said,
        instances=tuple(
            replace(
                each,
                properties=tuple(one for one in each.properties if one.name in names),
                goals=tuple(one for one in each.goals if one.name in names),
            )
            for each in said.instances
        ),
    )


TWO = report(explored(relay(2, "duel")), explored(relay(3, "trio")))


def test_sentences_name_what_stands_alone_and_count_the_rest() -> None:
    said = {
        ("somebody_fresh", "tired_stays_tired", "passed"): "All 2 properties hold and goal passed is reached",
        ("tired_stays_tired",): "tired_stays_tired holds",
        ("few_passes", "tired_stays_tired"): "few_passes is REFUTED",
        ("few_passes", "race_goes_on", "tired_stays_tired"): "2 of 3 properties are REFUTED",
        ("tired_stays_tired", "left_handed"): "goal left_handed is REFUTED",
        ("few_passes", "passed", "left_handed"): "few_passes is REFUTED and goal left_handed is REFUTED",
        (): "nothing was asked",
    }
    assert {names: verdict_sentence(only(TWO, *names)) for names in said} == {
        names: f"{text}, on 2 instances." for names, text in said.items()
    }


def test_properties_of_different_machines_are_different() -> None:
    both = only(report(explored(relay()), explored(jobs())), "no_deadlock")
    assert verdict_sentence(both) == "2 of 2 properties are REFUTED, on 2 instances."


def test_a_search_that_did_not_finish_leaves_all_undetermined() -> None:
    half = only(report(explored(jobs()), explored(relay(), max_states=4)), "tired_stays_tired")
    assert verdict_sentence(half) == "UNDETERMINED: nothing is refuted so far, but 1 of 2 searches did not finish."
