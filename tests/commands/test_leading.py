"""Real processes are led through whole migrations of the specification, each step judged as it happens."""

from __future__ import annotations

from dataclasses import replace

from attorn.checker.conform.reach import reached
from attorn.checker.conform.schedule import schedule
from attorn.commands.leading import lead
from attorn.model.presets import PRESETS
from attorn.model.protocol import Devices
from attorn.model.reference.judge import judged_machine
from attorn.reference import Host
from attorn.spec.language import Concrete, Goal, Instance
from attorn.spec.language.reading import read_formula


def test_a_whole_migration_of_the_specification_is_followed_and_judged() -> None:
    machine = judged_machine(replace(PRESETS["memfd"].protocol, devices=Devices.LOCK))
    memfd = Instance.of(
        machine, VM=1, Segment=1, Partition=2, Word=1, Address=1, crashes=0, losses=0, timeouts=0, cancels=0
    )
    start = Concrete(memfd).initial_states()[0]
    arrived = read_formula("phase[vm0] = RUNNING & source[vm0] = partition1 & holds[vm0, segment0]", memfd)
    migrated = read_formula("phase[vm0] = SUSPENDED & target[vm0] = partition1 & holds[vm0, segment0]", memfd)
    goal = Goal("arrived", "It has arrived.", memfd.machine.initial.where, (), (migrated, arrived))
    found = reached(memfd, start, goal)
    assert found.path is not None
    plan = schedule(memfd, found.path, "arrived")
    with Host(2, segments=1, owner=["partition0"], policy="none") as host:
        led = lead(plan, host)
        assert not led.declined
        assert [(each.partition, each.objects) for each in led.executed] == [("partition1", "")]
        assert host.departure is None
    assert led.done == [order.action for order in plan.orders if order.do != "hold"]
