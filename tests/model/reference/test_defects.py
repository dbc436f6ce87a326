"""Deliberate defects: each is caught, and it is stated by whom: the judge, or the guest that is its own witness."""

from __future__ import annotations

import pytest

from attorn.model.reference.fault_points import Defect
from attorn.model.reference.host import Host
from attorn.model.reference.inspection import guest_complaint
from attorn.model.reference.judge import Verdict
from attorn.model.reference.refusals import Refused

SMALL = 1 << 16

# Each with the event at which the judge stops, and a piece of what it says.
BY_THE_JUDGE = {
    Defect.EXIT_BEFORE_REASSIGN: ("exit(vm0)", "owner"),
    Defect.MISSING_SEGMENT: ("describe(vm0)", "described[vm0, segment0]"),
    Defect.SWAPPED_SEGMENTS: ("map(vm0, segment", "mapped[partition1, segment0]"),
    Defect.STALE_MAPPING: ("unmap(vm0, segment", "mapped[partition0, segment0]"),
    Defect.LATE_UNLOCK: ("create(vm0)", "lock"),
    Defect.ANSWER_BEFORE_RESUME: ("answer(vm0)", "arrival"),
    Defect.SKIPPED_INTENT: ("describe(vm0)", "intent[vm0]"),
    Defect.SKIPPED_ENTRY: ("resume(vm0)", "entered[vm0]"),
    Defect.SCRUB_ON_REASSIGN: ("reassign(vm0, segment", "content[segment0]"),
    Defect.COPIED_SEGMENT: ("map(vm0, segment", "mapped[partition1, segment0]"),
    Defect.TWO_RUNNERS: ("roll_back(vm0)", "aborting"),
    Defect.LEAKED_VM: ("exit(vm0)", "resources[partition0, vm0, VCPU]"),
    Defect.LATE_WRITE: ("describe(vm0)", "content[segment0]"),
}
BY_THE_GUEST = {
    Defect.STALE_REGISTERS: "this guest left",
    Defect.SWAPPED_SEGMENTS: "this guest left",
    Defect.SCRUB_ON_REASSIGN: "this guest left",
}


def host_with(defect: Defect, judge: bool) -> Host:
    policy = "cooperate" if defect is Defect.STALE_MAPPING else "kill"
    return Host(2, engine="pretend", segments=4, size=SMALL, policy=policy, defects=frozenset({defect}), judge=judge)


@pytest.mark.parametrize("defect", BY_THE_JUDGE, ids=lambda defect: defect.name.lower())
def test_the_judge_catches(defect: Defect) -> None:
    step, what = BY_THE_JUDGE[defect]
    with host_with(defect, judge=True) as host:
        vm = host.create(segments=2)
        with pytest.raises(Verdict) as caught:
            vm.migrate("partition1")
    departure = caught.value.departure
    assert step in departure.step
    told = [*departure.clauses, *(cell for cell, _, _ in departure.differing)]
    assert any(what in each for each in told), str(departure)


@pytest.mark.parametrize("defect", BY_THE_GUEST, ids=lambda defect: defect.name.lower())
def test_the_guest_catches(defect: Defect) -> None:
    with host_with(defect, judge=False) as host:
        vm = host.create(segments=2)
        guest_complaint(vm)  # until there is something to lose
        ending = vm.migrate("partition1")
        assert ending.migrated
        assert BY_THE_GUEST[defect] in guest_complaint(vm)


def test_every_defect_is_caught_by_somebody() -> None:
    assert {*BY_THE_JUDGE, *BY_THE_GUEST} == {*Defect} and len(Defect) >= 12


def test_without_a_defect_nobody_complains() -> None:
    with Host(2, engine="pretend", segments=4, size=SMALL) as host:
        vm = host.create(segments=2)
        assert vm.migrate("partition1").migrated
        assert guest_complaint(vm) == ""
        with pytest.raises(Refused):
            host.driver.migrate(vm.name, "partition1")
