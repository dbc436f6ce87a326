"""Processes are killed at steps of a migration: afterwards one VM runs, or the operator is told, and nothing leaks."""

from __future__ import annotations

import pytest

from attorn.model.reference.campaign import Bench, Strike, Tally, disturb, kill_at, kill_at_random, quiet_host
from attorn.model.reference.noise import KINDS, NoiseSetting


def survived(*strikes: Strike) -> Tally:
    with quiet_host() as host:
        tally = kill_at(host, list(strikes))
        assert tally.faults == []
        assert host.departure is None and host.judge is not None
    return tally


def test_the_source_may_die_once_the_configuration_is_durable() -> None:
    tally = survived(
        Strike("source", "after:describe"), Strike("source's VM", "after:transfer"), Strike("source", "before:reassign")
    )
    assert tally.endings["migrated"] == 3


def test_a_vm_whose_source_dies_before_that_is_lost_and_the_operator_is_told() -> None:
    with quiet_host() as host:
        ending = Bench(host).strike(Strike("source", "after:suspend"))
    assert ending.at == "" and "its registers has died, and they were on record nowhere" in ending.why


def test_the_destination_may_die_before_it_is_let_in() -> None:
    tally = survived(
        Strike("destination", "after:receive"),
        Strike("destination", "after:reassign"),
        Strike("destination's VM", "after:create"),
    )
    assert tally.endings["stayed"] == 3


def test_a_vm_whose_destination_dies_after_that_is_lost_and_stale_registers_are_never_used() -> None:
    with quiet_host() as host:
        ending = Bench(host).strike(Strike("destination", "destination:resume:entered"))
    assert ending.at == "" and "what was on record of it is of an earlier time" in ending.why


@pytest.mark.parametrize("victim", ["coordinator", "firmware"])
def test_coordinator_and_firmware_may_die_anywhere(victim: str) -> None:
    points = ("after:suspend", "before:unmap", "after:reassign", "before:resume", "after:settle")
    tally = survived(*(Strike(victim, point) for point in points))
    assert tally.endings["lost"] == 0


def test_a_record_that_was_half_written_never_happened() -> None:
    tally = survived(Strike("firmware", "firmware:reassign:torn"), Strike("firmware", "firmware:enter:after-journal"))
    assert tally.endings["migrated"] == 2


def test_the_way_back_survives_too() -> None:
    tally = survived(
        Strike("coordinator", "before:decline", cancelled="before:map"),
        Strike("firmware", "before:remap", cancelled="before:map"),
        Strike("source", "before:decline", cancelled="before:map"),
    )
    assert tally.endings["stayed"] == 2 and tally.endings["migrated"] == 1


def test_messages_may_be_lost_doubled_delayed_truncated_and_flipped() -> None:
    noise = NoiseSetting(share=0.15, seed=7)
    with quiet_host(noise=noise, seconds=0.1, attempts=120) as host:
        tally = disturb(host, messages=60)
        assert host.departure is None
    assert tally.faults == []
    assert tally.endings["lost"] == 0
    assert {kind for kind, count in tally.disturbed.items() if count} == set(KINDS)


@pytest.mark.parametrize(("observe", "within"), [(True, 0.3), (False, 0.03)])
def test_processes_may_die_at_any_moment(observe: bool, within: float) -> None:
    """Without anyone who looks at each step, several are done by one message."""
    with quiet_host(observe=observe) as host:
        tally = kill_at_random(host, times=4 if observe else 12, seed=3, within=within)
    assert tally.faults == [] and tally.runs == (4 if observe else 12)


@pytest.mark.parametrize(
    ("victim", "point", "ending"),
    [
        ("firmware", "firmware:reassign:torn", "migrated"),
        ("firmware", "firmware:reassign:after-journal", "migrated"),
        ("source", "source:unmap:before", "migrated"),
        ("destination", "destination:map:after", "stayed"),
        ("destination", "destination:create:after", "stayed"),
        ("destination", "destination:resume:entered", "lost"),
    ],
)
def test_who_dies_within_a_message_of_several_steps_is_recovered_from_too(victim: str, point: str, ending: str) -> None:
    with quiet_host(observe=False) as host:
        bench = Bench(host)
        here, there = bench.vm.partition, "partition1"
        host.arm({"firmware": "firmware", "source": here, "destination": there}[victim], point)
        bench.undisturbed()
    assert (bench.tally.faults, dict(bench.tally.endings)) == ([], {ending: 1})
