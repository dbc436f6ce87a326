"""Real protocols: what holds for which choice, by explorer, oracle and proof."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from attorn.checker import oracle
from attorn.checker.explore import Options, explore
from attorn.checker.progress import check_progress
from attorn.checker.prove import verify_pack
from attorn.checker.prove.induction import ProofOptions, prove
from attorn.checker.prove.obligations import inductive_set, obligations
from attorn.checker.prove.pack import write_pack
from attorn.checker.prove.progress import prove_progress
from attorn.checker.prove.ranking import ranking_obligations
from attorn.checker.prove.solving import ask_all
from attorn.checker.verdicts import Evidence
from attorn.model.presets import PRESETS
from attorn.model.protocol import Answer, Devices, ExitOrder, Journal, Memory, Protocol
from attorn.model.survey import FAULT_CLASSES, protocols
from attorn.model.theorem import fence
from attorn.model.variants import build
from attorn.spec.handover import Handover
from attorn.spec.language import Instance, Machine

NO_FAULT = {"crashes": 0, "losses": 0, "timeouts": 0, "cancels": 0}
ONE_OF_EACH = {"crashes": 1, "losses": 1, "timeouts": 1, "cancels": 1}


def small(machine: Machine, **budgets: int) -> Instance:
    sizes = {"VM": 1, "Segment": 1, "Partition": 2, "Word": 2, "Address": 1}
    return Instance.of(machine, machine.name, **sizes, **{**NO_FAULT, **budgets})


def refuted(instance: Instance) -> dict[str, int]:
    """The refuted properties with the lengths of their counterexamples."""
    found = explore(instance, Options(goals=False, threads=1))
    assert found.finished
    return {each.name: len(each.path) for each in found.verdicts if each.path is not None}


@pytest.mark.parametrize("name", ["firmware", "live-update"])
def test_these_presets_stand_one_fault_of_each_kind(name: str) -> None:
    instance = small(PRESETS[name].machine, **ONE_OF_EACH)
    assert refuted(instance) == {}
    assert {each.evidence for each in check_progress(instance)} == {Evidence.EXHAUSTED}


@pytest.mark.parametrize("name", PRESETS)
def test_explorer_and_oracle_agree_on_the_presets(name: str) -> None:
    instance = small(PRESETS[name].machine, crashes=1)
    explored, plain = explore(instance, Options(goals=False, threads=1)), oracle.explore(instance, goals=False)
    assert explored.levels == plain.levels
    assert explored.transitions == plain.transitions
    lengths = [{each.name: each.path and len(each.path) for each in found.verdicts} for found in (explored, plain)]
    assert lengths[0] == lengths[1]


def test_without_faults_shared_memory_is_safe() -> None:
    assert refuted(small(PRESETS["memfd"].machine)) == {}


def test_shared_memory_has_two_runners_when_the_source_gives_up() -> None:
    # start, allocate, suspend, describe, transfer, receive, create, map, resume; then time_out and roll_back.
    assert refuted(small(PRESETS["memfd"].machine, timeouts=1))["at_most_one_runner"] == 11


def test_shared_memory_runs_on_old_registers_when_the_destination_dies_after_resuming() -> None:
    # The eleven steps above with crash and notice instead of time_out, and one step of the guest in the destination.
    found = refuted(small(PRESETS["memfd"].machine, crashes=1))
    assert found["no_rollback_after_commit"] == 12
    assert found["runs_on_its_own_state"] == 13
    assert "at_most_one_runner" not in found


def test_a_journal_that_both_ask_restores_one_runner_for_shared_memory() -> None:
    asked = replace(PRESETS["memfd"].protocol, journal=Journal.LOG)
    assert "at_most_one_runner" not in refuted(small(build(asked), timeouts=1, losses=1, cancels=1))


def test_without_a_journal_a_dead_source_leaves_the_vm_half_owned_for_ever() -> None:
    instance = small(build(Protocol(journal=Journal.NONE)), crashes=1)
    verdicts = {each.name: each.evidence for each in check_progress(instance)}
    assert verdicts["eventually_runs"] is Evidence.REFUTED


def test_memory_that_nobody_may_map_meanwhile_cannot_wait_for_an_answer() -> None:
    waiting = Protocol(memory=Memory.PRESERVED, exit_order=ExitOrder.AFTER_ANSWER)
    assert "no_deadlock" in refuted(small(build(waiting)))
    assert refuted(small(build(replace(waiting, exit_order=ExitOrder.BEFORE_CREATE)))) == {}


def test_who_promises_before_it_resumes_may_have_to_keep_a_promise_that_nobody_wants() -> None:
    promising = Protocol(answer=Answer.BEFORE_RESUME)
    verdicts = {each.name: each.evidence for each in check_progress(small(build(promising), timeouts=1))}
    assert verdicts["migration_terminates"] is Evidence.REFUTED
    assert verdicts["eventually_runs"] is Evidence.EXHAUSTED


def test_the_lock_follows_the_runner_through_every_fault() -> None:
    assert refuted(small(build(Protocol(devices=Devices.LOCK)), **ONE_OF_EACH)) == {}


def test_a_lock_that_is_not_taken_back_is_missed() -> None:
    """H12: a cancel after the release of the lock leaves a VM running without it."""
    careless = build(Protocol(devices=Devices.LOCK)).variant(
        "careless", rewrite={"roll_back": lambda step: step.without(writing=[Handover.lock])}
    )
    assert "lock_follows_runner" in refuted(small(careless, cancels=1))


def test_a_paused_vm_stays_paused_through_every_fault() -> None:
    assert refuted(small(build(Protocol(paused=True)), **ONE_OF_EACH)) == {}


def test_the_survey_covers_every_choice_once() -> None:
    every = list(protocols())
    assert len({protocol.name for protocol in every}) == len(every) == 3 * 2 * 2 * 3 * 2
    assert len(every) * len(FAULT_CLASSES) >= 200
    assert build(every[0]).digest != build(every[-1]).digest


def test_the_fence_is_proved_for_any_size_and_falls_without_either_half() -> None:
    assert prove(fence()).proved
    lossy = {"losses": 1, "timeouts": 1, "cancels": 1}
    assert "at_most_one_runner" not in refuted(small(fence(), **lossy))
    assert "at_most_one_runner" in refuted(small(fence(Memory.SHARED), **lossy))
    assert "at_most_one_runner" in refuted(small(fence(demands_all=False), **lossy))


@pytest.fixture(scope="module")
def firmware_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    proof = prove(PRESETS["firmware"].machine)
    ranked = prove_progress(proof)
    assert proof.proved and ranked.proved
    assert {each.evidence for each in ranked.properties} == {Evidence.PROVED}
    folder = tmp_path_factory.mktemp("packs") / "firmware"
    write_pack(proof, folder, ranked)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_the_firmware_protocol_is_proved_for_any_size_and_any_faults_by_two_solvers(
    firmware_pack: Path, solver: str
) -> None:
    assert verify_pack.verify(firmware_pack, solver, 60.0, 2)[1] == []


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_the_heart_of_the_firmware_proof_stands(solver: str) -> None:
    """Who is alive and what a broken connection carries, one runner, and that somebody always has a step to take."""
    machine = PRESETS["firmware"].machine
    known = inductive_set(machine)
    heart = ("the_living_are_up", "broken_connections_carry_nothing", "at_most_one_runner")
    asked = list(obligations(machine, known, (), [one for one in known if one.owner in heart]))
    (ranking,) = machine.rankings
    asked += itertools.islice(ranking_obligations(machine, ranking, known), 2)
    wanted = [each for each in asked if not each.unchanged][:: 2 if solver == "z3" else 9]
    assert len(wanted) > 8
    answers = ask_all([(partial(getattr, each, "text"), each.expected) for each in wanted], solver, jobs=1)
    assert [wanted[number].name for number, answer in answers if answer.result != wanted[number].expected] == []


def test_a_firmware_without_its_journal_check_is_not_proved() -> None:
    loose = PRESETS["firmware"].machine.variant(
        "loose", rewrite={"roll_back": lambda step: step.without(reading=[Handover.entered])}
    )
    only = loose.variant("loose", remove=[name for name in (each.name for each in loose.steps) if name != "roll_back"])
    assert not prove(only, ProofOptions(jobs=2)).proved
