"""Runs are believed only if the plain interpreter can take them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Move, Path, Verdict
from attorn.spec.errors import Unsound

from .report.samples import explored, jobs, relay


@pytest.fixture(scope="module")
def race() -> tuple[Rechecker, Verdict]:
    instance = relay()
    return Rechecker(instance), explored(instance).verdict("few_passes")


def violated(race: tuple[Rechecker, Verdict], path: Path | None) -> None:
    check, verdict = race
    stated = next(each for each in relay().machine.properties if each.name == verdict.name)
    check.violation(replace(verdict, path=path), stated)


def test_a_true_counterexample_is_confirmed(race) -> None:
    violated(race, race[1].path)


def test_a_refutation_without_a_run_is_refused(race) -> None:
    with pytest.raises(Unsound, match="refuted without a run"):
        violated(race, None)


def test_a_run_that_starts_elsewhere_is_refused(race) -> None:
    path = race[1].path
    with pytest.raises(Unsound, match="does not start in an initial state"):
        violated(race, Path(path.moves[0].state, path.moves[1:]))


def test_a_step_that_is_not_enabled_is_refused(race) -> None:
    path = race[1].path
    with pytest.raises(Unsound, match=r"step 1, give.* is not enabled"):
        violated(race, Path(path.start, path.moves[1:]))


def test_a_step_that_leads_elsewhere_is_refused(race) -> None:
    path = race[1].path
    with pytest.raises(Unsound, match=r"step 1, give.* leads to another state"):
        violated(race, Path(path.start, (Move(path.moves[0].step, path.start),)))


def test_a_run_that_ends_before_the_violation_is_refused(race) -> None:
    path = race[1].path
    with pytest.raises(Unsound, match="last state of the run does not violate"):
        violated(race, Path(path.start, path.moves[:-1]))


def test_a_run_whose_last_step_is_harmless_is_refused() -> None:
    instance = relay()
    found = explored(instance)
    stated = next(each for each in instance.machine.properties if each.name == "race_goes_on")
    Rechecker(instance).violation(found.verdict("race_goes_on"), stated)
    passing = replace(found.verdict("race_goes_on"), path=found.verdict("few_passes").path)
    with pytest.raises(Unsound, match="last step of the run does not violate"):
        Rechecker(instance).violation(passing, stated)


def test_a_deadlock_has_no_way_on() -> None:
    instance = jobs()
    verdict = explored(instance).verdict("no_deadlock")
    Rechecker(instance).violation(verdict, None)
    assert verdict.path is not None
    short = Path(verdict.path.start, verdict.path.moves[:-1])
    with pytest.raises(Unsound, match=r"ends where work\(\) is enabled"):
        Rechecker(instance).violation(replace(verdict, path=short), None)


def test_a_goal_is_reached_by_its_run() -> None:
    instance = relay()
    verdict = next(each for each in explored(instance).goals if each.name == "passed")
    goal = next(each for each in instance.machine.goals if each.name == "passed")
    assert verdict.path is not None
    Rechecker(instance).witness(verdict, goal)
    with pytest.raises(Unsound, match="does not reach it"):
        Rechecker(instance).witness(replace(verdict, path=Path(verdict.path.start)), goal)
    with pytest.raises(Unsound, match="reached without a run"):
        Rechecker(instance).witness(replace(verdict, path=None), goal)
