"""Known failures of real systems: each is found as expected, and only with its change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attorn.checker import oracle
from attorn.checker.expected import Standing, judge, sought
from attorn.checker.explore import Options, explore
from attorn.checker.progress import Limits, build, check_always_possible, check_progress
from attorn.checker.report.sequence import sequence_chart
from attorn.checker.verdicts import Evidence
from attorn.model.hazards import CATALOGUE, HAZARDS, OUT_OF_MODEL, Change, hazard
from attorn.model.hazards.bases import FIRMWARE, MEMFD, WAITING
from attorn.model.hazards.changes import blind
from attorn.spec.errors import SpecificationError, UnknownName
from attorn.spec.handover import Handover
from attorn.spec.language import Concrete, Instance
from tests.checker.report.mermaid import lanes

SUITE = (1, 2, 3, 12, 22, 24, 26, 31, 32, 36, 40, 45, 9, 16, 19, 28, 30, 37, 44, 52, 56, 64)
"""The acceptance suite that the catalogue of failures names."""

LEAST = {"VM": 1, "Segment": 1, "Partition": 2, "Word": 1, "Address": 1, "Disk": 1, "Handle": 1, "Port": 1}


DECIDED: dict[tuple[str, str], list[str]] = {}
"""What fails, by digest and sizes: many hazards start from the same protocol."""


def failing(instance: Instance) -> list[str]:
    """All that is refuted or undetermined in an instance."""
    key = instance.machine.digest, instance.shape()
    if key not in DECIDED:
        DECIDED[key] = _failing(instance)
    return DECIDED[key]


def _failing(instance: Instance) -> list[str]:
    found = explore(instance, Options(goals=False, threads=1))
    graph = build(instance, Limits())
    evidence = {each.name: each.evidence for each in found.verdicts}
    evidence |= {each.name: each.evidence for each in check_progress(instance, graph)}
    evidence |= {each.name: each.evidence for each in check_always_possible(instance, graph)}
    return [name for name, known in evidence.items() if known is not Evidence.EXHAUSTED]


@pytest.mark.parametrize("name", HAZARDS)
def test_it_is_found_with_its_change_and_drawn(name: str) -> None:
    each = HAZARDS[name]
    instance = each.instance(each.mutated)
    finding = sought(instance, each.caught_by)
    assert finding.standing is Standing.FOUND
    assert each.mutated.digest != each.sound.digest
    assert finding.run is not None
    parties = {move.step.action.party for move in (*finding.run.moves, *(finding.loop or ()))}
    assert set(lanes(sequence_chart(Concrete(instance), finding.run, each.caught_by, finding.loop))) == parties


@pytest.mark.parametrize("name", HAZARDS)
def test_without_the_change_everything_holds(name: str) -> None:
    each = HAZARDS[name]
    assert failing(each.instance(each.sound)) == []


@pytest.mark.parametrize("name", HAZARDS)
def test_no_size_can_be_smaller(name: str) -> None:
    each = HAZARDS[name]
    for size, number in each.sizes.items():
        if number > LEAST.get(size, 0):
            smaller = replace(each, sizes={**each.sizes, size: number - 1})
            assert sought(smaller.instance(smaller.mutated), each.caught_by).standing is Standing.MISSED


def test_every_failure_of_the_catalogue_is_modelled_or_has_a_reason() -> None:
    assert len(CATALOGUE) == len(set(CATALOGUE)) == 69
    assert sorted([*HAZARDS, *OUT_OF_MODEL], key=CATALOGUE.index) == list(CATALOGUE)
    assert len(HAZARDS) >= 40
    assert all(len(why.split()) > 5 for why in OUT_OF_MODEL.values())


def test_the_property_that_catches_a_failure_names_it() -> None:
    for each in HAZARDS.values():
        machine = each.mutated
        hazards = {known.name: known.hazards for known in machine.properties}
        hazards |= {known.name: known.hazards for known in machine.progress}
        hazards |= {known.name: known.hazards for known in machine.always_possible}
        assert each.id in hazards[each.caught_by]


def test_the_acceptance_suite_is_modelled() -> None:
    assert {f"H{number}" for number in SUITE} <= set(HAZARDS)


def test_each_has_a_name_of_its_own_a_story_and_a_source_that_can_be_looked_up() -> None:
    assert len({each.name for each in HAZARDS.values()}) == len(HAZARDS)
    for name, each in HAZARDS.items():
        assert each.id == name
        assert all((each.system, each.sentence, each.story, each.changed, each.fixed_by))
        assert each.sources and all(len(source.text) > 8 for source in each.sources)


@pytest.mark.parametrize("name", ["H1", "H3", "H12", "H36", "H44"])
def test_a_second_engine_finds_it_after_as_many_steps(name: str) -> None:
    each = HAZARDS[name]
    instance = each.instance(each.mutated)
    plain = oracle.explore(instance, (each.caught_by,), goals=False).verdict(each.caught_by)
    assert plain.path is not None
    assert len(plain.path) == sought(instance, each.caught_by).steps[0]


def test_the_lengths_are_those_counted_by_hand() -> None:
    # H3: start, allocate, suspend, describe, transfer, receive, create, map, resume; time_out, roll_back.
    # H44: start, allocate, suspend, describe, transfer, unlock, steal.
    # H52: start, manager_crash, manager_restart, clean_up.
    # H10: start, allocate, suspend, cancel; then nothing more happens.
    found = {name: HAZARDS[name] for name in ("H3", "H44", "H52", "H10")}
    steps = {name: sought(each.instance(each.mutated), each.caught_by).steps for name, each in found.items()}
    assert steps == {"H3": (11, None), "H44": (7, None), "H52": (4, None), "H10": (4, 0)}


def standing(**changes: object) -> Standing:
    """What becomes of H20, the late failure that nobody notices, with some of it changed."""
    each = replace(HAZARDS["H20"], **changes)  # type: ignore[arg-type]
    return judge(each.instance(each.sound), each.instance(each.mutated), each.caught_by).standing


def test_a_hazard_that_changes_nothing_is_noticed() -> None:
    assert standing() is Standing.FOUND
    assert standing(change=Change()) is Standing.VOID


def test_a_change_that_does_no_harm_is_noticed() -> None:
    assert standing(change=Change(remove=("lose",))) is Standing.MISSED


def test_a_base_that_fails_already_is_noticed() -> None:
    assert (
        standing(base=MEMFD, caught_by="no_rollback_after_commit", change=Change(remove=("lose",))) is Standing.SPOILT
    )


def test_a_guard_that_is_not_there_cannot_be_dropped() -> None:
    each = replace(HAZARDS["H20"], base=FIRMWARE, change=Change(rewrite={"exit": blind(Handover.mark)}))
    with pytest.raises(SpecificationError, match=r"no clause of `exit` reads mark"):
        _ = each.mutated.digest


def test_a_hazard_is_called_by_its_number() -> None:
    assert hazard("h3") is HAZARDS["H3"]
    with pytest.raises(UnknownName, match="H50 is out of the model: clocks"):
        hazard("H50")
    with pytest.raises(UnknownName, match="no hazard is called"):
        hazard("H70")


def test_the_protocols_that_hazards_start_from_stand_one_fault_of_each_kind() -> None:
    faults = {"crashes": 1, "losses": 1, "timeouts": 1, "cancels": 1}
    for base in (FIRMWARE, WAITING):
        each = replace(HAZARDS["H20"], base=base, sizes=faults)
        assert failing(each.instance(each.sound)) == []
