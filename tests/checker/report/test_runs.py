"""How counterexamples and witnesses read. The runs of the samples are short enough to be found by hand."""

from __future__ import annotations

import pytest

from attorn.checker.report import View
from attorn.checker.report.model import InstanceAccount
from attorn.checker.report.run_model import FieldFacts, Place
from attorn.checker.report.runs import _cells

from .samples import explored, jobs, relay, report

RELAY = report(explored(relay()))
RUNNERS = ("r0", "r1", "r2")
FIELD = FieldFacts("f", "", (("Runner", RUNNERS), ("Hand", ("LEFT", "RIGHT"))), "Bool", False)


def race() -> InstanceAccount:
    return RELAY.instances[0]


def refutation(name: str, **options) -> str:
    stated = next(each for each in race().properties if each.name == name)
    view = View(race(), RELAY.machines[0].elements, **options)
    return "\n".join(view.refutation(stated))


def test_it_begins_with_the_property_its_sentence_and_its_sources() -> None:
    text = refutation("few_passes")
    assert text.startswith("few_passes is REFUTED on relay in 2 steps\n  3 Runner × Passes ≤ 3\n")
    assert "  The baton is passed at most once, and no left hand has it." in text
    assert "invariant · tests/checker/report/samples.py:" in text
    assert " · H7" in text
    assert "claim b: The baton is passed on." in text


def test_it_names_the_conjunct_and_what_is_held() -> None:
    text = refutation("few_passes")
    assert "fails in conjunct 2 of 2 (tests/checker/report/samples.py:" in text
    assert "      passes < 2\n      where passes is 2\n" in text


def test_a_step_says_who_acts_and_what_changed() -> None:
    lines = refutation("race_goes_on").splitlines()
    step = next(number for number, line in enumerate(lines) if "end()" in line)
    assert lines[step].split() == ["1", "umpire", "end()"]
    assert [line.split() for line in lines[step + 1 : step + 3]] == [
        ["tired[...]", "no", "→", "yes"],  # three cells at once
        ["over", "no", "→", "yes"],
    ]


def test_a_ghost_is_hidden_unless_the_failure_reads_it_or_it_is_asked_for() -> None:
    assert "passes (ghost)" in refutation("few_passes")
    assert "passes" not in refutation("race_goes_on")
    assert "passes (ghost)" in refutation("race_goes_on", ghosts=True)


def test_it_names_the_ways_that_were_not_taken() -> None:
    # After the first pass only two runners are fresh, so the baton goes to the other one, or the race ends.
    assert "after step 1 it could also have gone on by: end()" in refutation("few_passes")
    assert "in the first state it could also have gone on by: give ×2" in refutation("race_goes_on")


def test_it_says_how_to_see_it_again() -> None:
    text = refutation("few_passes")
    assert "shortest: yes (breadth-first) · checked again by the plain interpreter" in text
    assert text.endswith("  replay: attorn explain relay/few_passes")


def test_a_deadlock_shows_where_nothing_is_enabled() -> None:
    account = report(explored(jobs())).instances[0]
    (stated,) = account.properties
    text = "\n".join(View(account).refutation(stated))
    assert "no_deadlock is REFUTED on jobs in 3 steps" in text
    assert "fails" not in text
    assert "left  1 → 0\n\n  ✗ no action is enabled here" in text


def test_a_goal_is_shown_step_by_step() -> None:
    goal = next(each for each in race().goals if each.name == "passed")
    text = "\n".join(View(race()).witness(goal))
    assert text.startswith("passed is reached on relay in 1 step\n")
    assert "REFUTED" not in text
    assert "✗" not in text


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for name in ("few_passes", "race_goes_on", "no_deadlock"):
        assert max(map(len, refutation(name, width=width, ghosts=True).splitlines())) <= width


@pytest.mark.parametrize(
    ("places", "texts"),
    [
        ([("r0", "LEFT")], ["f[r0, LEFT]"]),
        ([("r0", "LEFT"), ("r0", "RIGHT")], ["f[r0, ...]"]),
        ([("r0", "LEFT"), ("r2", "LEFT")], ["f[{r0, r2}, LEFT]"]),
        ([(runner, hand) for runner in RUNNERS for hand in ("LEFT", "RIGHT")], ["f[..., ...]"]),
        ([("r0", "LEFT"), ("r1", "RIGHT")], ["f[r0, LEFT]", "f[r1, RIGHT]"]),  # no block: one text for each
    ],
)
def test_cells_that_make_up_a_block_are_told_as_one(places: list[tuple[str, str]], texts: list[str]) -> None:
    assert _cells(FIELD, [Place("f", each) for each in places]) == texts
