"""Real guests on a host: they migrate between engines with memory, registers, console and disk, as the model allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.model.reference.inspection import guest_complaint
from attorn.model.reference.slots import Report
from attorn.reference import Host, Refused
from tests.model.reference.hopping import engine_or_skip

PAIRS = [("unicorn", "unicorn"), ("kvm", "unicorn"), ("kvm", "kvm")]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_witness_of_its_memory_migrates_there_and_back(first: str, second: str) -> None:
    engine_or_skip(first, second)
    with Host({"partition0": first, "partition1": second}, segments=4) as host:
        vm = host.create("memory", segments=2)
        assert vm.migrate("partition1").migrated
        assert vm.migrate("partition0").migrated
        assert guest_complaint(vm) == "" and host.departure is None


def test_a_disk_goes_with_its_vm_and_its_lock_is_never_held_twice(tmp_path: Path) -> None:
    engine_or_skip("unicorn")
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    with Host(2, engine="unicorn", segments=4) as host:
        vm = host.create("disk", segments=1, disk=str(disk))
        assert vm.status.has_disk and vm.status.locked
        assert vm.migrate("partition1").migrated
        assert vm.status.locked and not host.report(vm.name, "partition0").status.locked
        assert guest_complaint(vm) == "" and host.departure is None


def test_an_engine_that_cannot_execute_a_guest_says_so_before_the_vm_is_suspended() -> None:
    engine_or_skip("unicorn")
    with Host({"partition0": "unicorn", "partition1": "pretend"}, segments=4) as host:
        vm = host.create("memory", segments=1)
        with pytest.raises(Refused, match="VM vm0 cannot be executed by pretend: only the guest `pretend`"):
            vm.migrate("partition1")
        assert vm.status.running and host.departure is None
        assert host.report(vm.name, "partition1") == Report()
