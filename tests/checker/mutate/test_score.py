"""The score: what kills a mutant, which survivors are equivalent, harmless or holes, and what is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attorn.checker.explore import explore
from attorn.checker.mutate import Fate, judging, mutants, score, searching
from attorn.model.migration import CLAIM
from attorn.model.mutation import FREEDOMS, INSTANCES
from attorn.spec.language import Expr, Instance, count, invariant
from tests.checker.mutate.toys import LIGHT, PARCELS, PLACES, SHADOW, UNWATCHED_LIGHT, Board, Place

HALT_AT_ANY_TIME = "halt without the clause `light = AMBER`"
GO_AT_ANY_TIME = "go without the clause `light = RED`"
HALT_IN_GREEN = "halt makes `light := GREEN` instead of `light := RED`"


def judged(machine, jobs=1, **options):
    sizes = {sort.name: 2 for sort in machine.sorts}
    return score(machine, [Instance.of(machine, **sizes)], jobs=jobs, **options)


def fates(report):
    return {each.sentence: each.fate for each in report.judgements}


@pytest.fixture(scope="module")
def light():
    return judged(LIGHT)


def test_a_property_kills_the_mutants_that_break_it(light):
    # Red out of green: `halt` where its clause does not keep it from green, and `slow` where it makes red.
    assert {each.sentence for each in light.judgements if "through_amber" in each.killers} == {
        HALT_AT_ANY_TIME,
        "halt requires `light ≠ AMBER` instead of `light = AMBER`",
        "halt requires `light = GREEN` instead of `light = AMBER`",
        "slow makes `light := RED` instead of `light := AMBER`",
    }


def test_a_mutant_that_only_one_property_kills_is_counted_for_it(light):
    # The other three of the above also leave the light where nothing happens any more, or `halt` never happens.
    assert light.killed_only_by["through_amber"] == 1
    assert light.killed_by["through_amber"] == 4


def test_without_that_property_the_mutant_is_a_hole(light):
    unwatched = judged(UNWATCHED_LIGHT)
    assert {each.sentence for each in unwatched.holes} - {each.sentence for each in light.holes} == {HALT_AT_ANY_TIME}


def test_survivors_with_new_steps_are_holes_and_each_comes_with_such_a_step(light):
    # Amber may turn green: nothing is said against it.
    examples = {each.sentence: each.example for each in light.holes}
    assert examples == {
        GO_AT_ANY_TIME: "go(): light: AMBER → GREEN",
        HALT_IN_GREEN: "halt(): light: AMBER → GREEN, instead of light: AMBER → RED",
    }


def test_a_hole_that_somebody_explains_is_harmless():
    report = judged(LIGHT, freedoms={GO_AT_ANY_TIME: "Amber may turn green."})
    assert [each.sentence for each in report.holes] == [HALT_IN_GREEN]
    assert [each.why for each in report.judgements if each.sentence == GO_AT_ANY_TIME] == ["Amber may turn green."]


def test_an_explanation_that_explains_nothing_is_reported():
    report = judged(LIGHT, freedoms={GO_AT_ANY_TIME: "Amber may turn green.", HALT_AT_ANY_TIME: "It may not."})
    assert report.stale == (HALT_AT_ANY_TIME,)


def test_an_action_that_loses_its_effect_is_noticed(light):
    found = {each.sentence: each.missed for each in light.judgements}
    assert found["halt without the update `light := RED`"] == ("inert halt",)


def test_a_lost_fairness_is_noticed_by_progress(light):
    found = {each.sentence: each.missed for each in light.judgements}
    assert found["go need not happen, however long it can"] == ("turns_green",)


def test_a_redundant_clause_is_proved_to_be_redundant_for_any_size():
    found = {each.sentence: each for each in judged(PARCELS).judgements}
    dropped = found["open_up without the clause `packed[parcel]`"]
    assert (dropped.fate, dropped.why) == (Fate.EQUIVALENT, "the same steps for any size")


def test_without_the_invariant_that_makes_it_redundant_it_is_only_known_of_the_instances():
    report = judged(PARCELS.variant("bare", remove=("packed_is_sealed",)))
    found = {each.sentence: each for each in report.judgements}
    dropped = found["open_up without the clause `packed[parcel]`"]
    assert (dropped.fate, dropped.why) == (Fate.EQUIVALENT, "the same steps in the instances")


def test_a_mutant_that_differs_only_where_steps_are_not_compared_is_not_called_equivalent(monkeypatch):
    monkeypatch.setattr(judging, "COMPARED", 0)
    assert fates(judged(LIGHT))[GO_AT_ANY_TIME] is Fate.HOLE


def test_a_mutant_that_does_nothing_new_is_harmless_and_it_is_said_why():
    found = {each.sentence: each for each in judged(PARCELS).judgements}
    closed_again = found["close without the clause `¬sealed[parcel]`"]
    assert (closed_again.fate, closed_again.why) == (Fate.HARMLESS, "it also happens where it changes nothing")


def test_a_mutant_that_writes_a_cell_twice_in_some_state_is_stillborn():
    report = judged(PLACES)
    found = {each.sentence: each for each in report.judgements}
    assert found["swap_out without the clause `old ≠ new`"].fate is Fate.STILLBORN
    assert "twice" in found["swap_out without the clause `old ≠ new`"].why


def test_what_cannot_be_proved_is_said_and_asked_of_instances_only():
    @invariant
    def at_most_two(s: Board) -> Expr:
        """No more than two places are taken."""
        return count(Place, lambda place: s.taken[place]) <= 2

    report = judged(PLACES.variant("counted", add=(at_most_two,)))
    assert "count" in report.unproved
    assert report.counts["killed by both"] + report.counts["killed by the proof only"] == 0
    assert judged(PLACES).unproved == ""


def test_ghost_updates_are_judged_like_others():
    found = fates(judged(SHADOW))
    assert found["switch without the update `seen_on := yes`"] is Fate.KILLED
    assert found["switch_off also makes `seen_on := no`"] is Fate.HOLE


def test_a_property_that_the_original_violates_kills_nothing():
    # In the unmutated machine red follows green, so that its violation says nothing of a mutant.
    careless = LIGHT.variant("careless", rewrite={"halt": lambda halt: halt.without_clause(0)})
    assert judged(careless).killed_by["through_amber"] == 0


def test_what_was_not_searched_to_the_end_is_undetermined():
    # Without the property nothing kills the mutant in the two states that are visited.
    report = judged(UNWATCHED_LIGHT, max_states=2)
    assert fates(report)[GO_AT_ANY_TIME] is Fate.UNDETERMINED


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_keeps_what_is_known_and_calls_nothing_else_killed(jobs):
    def impatient(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    report = judged(LIGHT, jobs=jobs, progress=impatient)
    assert report.stopped == "interrupted: 19 of 22 mutants were not judged"
    assert len(report.of(Fate.UNDETERMINED)) == 19


def test_two_processes_say_the_same_as_one(light):
    report = judged(LIGHT, jobs=2)
    assert replace(report, seconds=0) == replace(light, seconds=0)


def test_a_sample_is_spread_over_all_actions(light):
    report = judged(LIGHT, sample=3)
    assert [each.action for each in report.judgements] == ["go", "slow", "halt"]
    assert report.total == len(light.judgements)


def test_progress_counts_up_to_the_total(light):
    seen: list[tuple[int, int]] = []
    judged(LIGHT, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 22) for number in range(1, 23)]


def test_an_interrupt_during_an_exploration_ends_the_judgement(monkeypatch):
    def interrupted(instance, options):
        return replace(explore(instance, options), finished=False, stopped="at depth 1", interrupted=True)

    monkeypatch.setattr(searching, "explore", interrupted)
    report = judged(LIGHT)
    assert report.stopped == "interrupted: 22 of 22 mutants were not judged"
    assert len(report.of(Fate.UNDETERMINED)) == 22


def test_both_engines_judge_alike(light, monkeypatch):
    monkeypatch.setattr(searching, "PLAIN", 0)
    assert replace(judged(LIGHT), seconds=0) == replace(light, seconds=0)


def test_a_sample_of_the_core_machine_has_no_hole():
    # By instances alone; the slow test below asks the proof too, which takes longer than all of this.
    court = judging.Court(CLAIM, INSTANCES[:3], None, FREEDOMS, max_states=10_000)
    judged_so = [court.judge(each) for each in mutants(CLAIM)[10::60]]
    assert {each.fate for each in judged_so} <= {Fate.KILLED, Fate.EQUIVALENT, Fate.HARMLESS}
    assert sum(each.fate is Fate.KILLED for each in judged_so) > 10


def test_without_its_properties_the_core_machine_has_holes_in_that_sample():
    bare = CLAIM.variant("bare", remove=[each.name for each in (*CLAIM.properties, *CLAIM.lemmas)])
    instance = Instance(bare, INSTANCES[0].sizes, INSTANCES[0].limits)
    court = judging.Court(bare, [instance], None, {}, max_states=10_000)
    assert Fate.HOLE in {court.judge(each).fate for each in mutants(bare)[10::60]}


@pytest.mark.slow
def test_the_core_machine_has_no_hole():
    report = score(CLAIM, INSTANCES, freedoms=FREEDOMS)
    assert [each.sentence for each in report.holes] == []
    assert report.of(Fate.UNDETERMINED) == ()
    assert report.stale == ()
    assert {each.sentence for each in report.of(Fate.HARMLESS)} == FREEDOMS.keys()
    assert [each.sentence for each in report.of(Fate.KILLED) if not each.killers] == []
