"""Further classes of faults: what stands them, and what falls when a guard against them is taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attorn.checker.expected import Standing, judge, sought
from attorn.checker.explore import Options, explore
from attorn.checker.progress import check_progress
from attorn.checker.verdicts import Evidence
from attorn.model.hazards import Change
from attorn.model.hazards.bases import FIRMWARE, LIVE_UPDATE, WAITING, having
from attorn.model.hazards.changes import silent
from attorn.model.hazards.hazard import SMALLEST
from attorn.model.protocol import Journal, Memory, Part, Protocol
from attorn.model.survey import FAULT_CLASSES, FaultClass, applies, held_to
from attorn.model.variants import build
from attorn.spec.channel import Duplicating
from attorn.spec.language import Instance, Machine


def small(machine: Machine, **sizes: int) -> Instance:
    return Instance.of(machine, machine.name, **{**SMALLEST, **sizes})


def failing(instance: Instance) -> dict[str, int]:
    """What is refuted, with the length of the shortest run, 0 for progress."""
    found = explore(instance, Options(goals=False, threads=1))
    assert found.finished
    lengths = {each.name: len(each.path) for each in found.verdicts if each.path is not None}
    progress = check_progress(instance)
    return lengths | {each.name: 0 for each in progress if each.evidence is Evidence.REFUTED}


@pytest.mark.parametrize("base", [WAITING, LIVE_UPDATE], ids=["waiting", "live-update"])
@pytest.mark.parametrize("fault", [each for each in FAULT_CLASSES if each.parts], ids=lambda fault: fault.name)
def test_the_logged_protocols_stand_every_further_class_of_faults(base: Protocol, fault: FaultClass) -> None:
    assert failing(small(build(replace(base, parts=fault.parts)), **fault.budgets)) == {}


@pytest.mark.parametrize("journal", [Journal.MARKS, Journal.LOG])
def test_marks_or_a_log_tell_firmware_whose_the_memory_is_after_a_crash(journal: Journal) -> None:
    protocol = having(replace(FIRMWARE, journal=journal), Part.FAILING_FIRMWARE)
    assert failing(small(build(protocol), firmware_crashes=1, cancels=1)) == {}


def test_firmware_without_a_journal_gives_memory_back_under_a_running_vm() -> None:
    protocol = having(replace(FIRMWARE, journal=Journal.NONE), Part.FAILING_FIRMWARE)
    found = failing(small(build(protocol), firmware_crashes=1, cancels=1))
    # start, allocate, suspend, describe, transfer, receive, create, unmap, reassign, map, resume; then firmware_crash,
    # firmware_restart, rebuild: 14. With cancel, remap and roll_back the source executes the VM as well: 17.
    assert found["run_implies_owns"] == 14
    assert found["at_most_one_runner"] == 17


def test_a_copy_that_outlives_its_migration_spoils_the_next_one() -> None:
    """A late ABORT makes the destination decline a migration that nobody cancels, and the source waits for ever."""
    machine = build(having(WAITING, Part.DUPLICATION))
    change = Change(rewrite={"forget": silent(Duplicating.copied)})
    sizes = {"duplicates": 1, "cancels": 1}
    standing = judge(small(machine, **sizes), small(change.apply(machine, "old"), **sizes), "migration_terminates")
    assert standing.standing is Standing.FOUND


def test_a_source_that_does_not_learn_of_a_refusal_waits_for_ever() -> None:
    machine = build(having(WAITING, Part.REFUSALS))
    deaf = Change(remove=("learn",)).apply(machine, "deaf")
    assert sought(small(deaf, failures=1), "eventually_runs").standing is Standing.FOUND
    assert sought(small(machine, failures=1), "eventually_runs").standing is Standing.MISSED


def test_a_class_of_faults_is_left_out_where_there_is_nothing_to_fail() -> None:
    (crash,) = (fault for fault in FAULT_CLASSES if Part.FAILING_FIRMWARE in fault.parts)
    shared = [each for each in FAULT_CLASSES if not applies(each, replace(FIRMWARE, memory=Memory.SHARED))]
    assert shared == [crash]


def test_the_survey_asks_what_the_operator_and_the_next_attempt_can_count_on() -> None:
    machine = held_to(FIRMWARE)
    assert {"lost_only_by_a_crash", "outcome_is_final", "no_destructive_before_commit"} <= {
        each.name for each in machine.properties
    }
    assert [each.name for each in machine.always_possible] == ["retry_possible"]
