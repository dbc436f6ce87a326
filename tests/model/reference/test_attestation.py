"""Three witnesses of a hop: each of them alone sees a defect that the others do not."""

from __future__ import annotations

import os
import time

import pytest

from attorn.model.reference.attestation import Attestation, witnessed
from attorn.model.reference.driver import Driver
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.refusals import Refused
from attorn.spec.trace import Event

ROOT = os.geteuid() == 0


def segment_of(vm: Vm) -> str:
    """A path to the VM's first segment, as the firmware has it open."""
    number = vm.host.view(vm.name).grant.segments[0].segment
    process = vm.host.process_of("firmware")
    paths = [f"/proc/{process}/fd/{each}" for each in os.listdir(f"/proc/{process}/fd")]
    return next(path for path in paths if f"segment{number} " in os.readlink(path) + " ")


def counted(vm: Vm, steps: int = 5000) -> Vm:
    """Wait until the pretended guest has counted so far; it notes that at the beginning of each segment."""
    deadline = time.monotonic() + 60
    with open(segment_of(vm), "rb", buffering=0) as memory:
        while int.from_bytes(os.pread(memory.fileno(), 8, 0), "little") < steps:
            assert time.monotonic() < deadline
            time.sleep(0.002)
    return vm


def hop_with(*defects: Defect) -> Attestation:
    with Host(2, engine="pretend", segments=6, size=1 << 16, judge=False, defects=frozenset(defects)) as host:
        return witnessed(counted(host.create(segments=3)), "partition1")[1]


def objectors(found: Attestation) -> set[str]:
    """Which witnesses object."""
    said = {
        "digests": found.same_digests != found.segments,
        "frames": found.same_frames != found.pages,
        "guest": bool(found.complaint),
    }
    return {name for name, objects in said.items() if objects}


def test_a_good_hop_is_attested_by_all_three() -> None:
    found = hop_with()
    assert found.well and objectors(found) == set() and found.same_digests == found.segments == 3
    if ROOT:
        assert found.pages is not None and found.pages >= 3, "each segment has a page that both have touched"


@pytest.mark.parametrize(
    ("defect", "expected"),
    [
        (Defect.LATE_WRITE, {"digests", "guest"}),
        (Defect.SCRUB_ON_REASSIGN, {"digests", "guest"}),
        pytest.param(
            Defect.COPIED_SEGMENT, {"frames"}, marks=pytest.mark.skipif(not ROOT, reason="only root reads frames")
        ),
        (Defect.STALE_REGISTERS, {"guest"}),
    ],
)
def test_each_witness_sees_what_it_can_see(defect: Defect, expected: set[str]) -> None:
    found = hop_with(defect)
    # A segment that is scrubbed has other frames too, once it is touched again.
    assert objectors(found) - ({"frames"} if defect is Defect.SCRUB_ON_REASSIGN else set()) == expected
    assert not found.well


def test_contents_that_the_guest_does_not_look_at_are_seen_by_digests_alone() -> None:
    """The pretended guest looks at the first and the last word of a segment only."""
    with Host(2, engine="pretend", segments=2, size=1 << 16, judge=False) as host:
        vm = host.create(segments=1)
        segment = segment_of(vm)

        def spoil(line: Event) -> None:
            if line.event == "unmap":
                with open(segment, "r+b") as memory:
                    memory.seek(1 << 15)
                    memory.write(b"spoilt")

        assert isinstance(host.driver, Driver)
        host.driver.log.listeners.append(spoil)
        found = witnessed(vm, "partition1")[1]
    assert objectors(found) == {"digests"}


def test_what_the_driver_does_in_another_process_cannot_be_witnessed() -> None:
    with Host(2, engine="pretend", segments=2, size=1 << 16, coordinator="process") as host:
        vm = host.create()
        with pytest.raises(Refused, match="driver runs in this process"):
            witnessed(vm, "partition1")
