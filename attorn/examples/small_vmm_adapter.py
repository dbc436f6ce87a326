"""The binding of the small computer to the claim: what attorn needs to test it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attorn.conform import Adapter, Refused
from attorn.examples.small_vmm import Computer, Declined

__all__ = ["SmallVmm"]


class SmallVmm(Adapter):
    """Drives a small computer by the steps of the claim; ``defect`` switches one of its defects on."""

    def __init__(self, defect: str = "") -> None:
        self.defect = defect

    def begin(self, start: Mapping[str, Any]) -> None:
        owner = {cell[len("owner[") : -1]: value for cell, value in start.items() if cell.startswith("owner[")}
        partitions = sorted({cell[len("runs[") : -1].split(", ")[0] for cell in start if cell.startswith("runs[")})
        self.computer = Computer(owner, partitions, self.defect)

    def apply(self, action: str, arguments: Mapping[str, Any]) -> None:
        try:
            getattr(self.computer, action)(*arguments.values())
        except Declined as reason:
            raise Refused(reason) from reason

    def observe(self) -> Mapping[str, Any]:
        computer = self.computer
        vms = computer.vms
        return {
            "owner": computer.owner,
            "content": computer.memory,
            "mapped": {
                (name, segment): vmm.mapped.get(segment)
                for name, vmm in computer.vmms.items()
                for segment in computer.owner
            },
            "holds": {(name, segment) for name, vm in vms.items() for segment in vm.segments},
            "runs": {(partition, name) for partition, vmm in computer.vmms.items() for name in vmm.runs},
            "resources": {
                (partition, name, kind) for partition, vmm in computer.vmms.items() for name, kind in vmm.resources
            },
            "phase": {name: vm.phase for name, vm in vms.items()},
            "source": {name: vm.source for name, vm in vms.items()},
            "target": {name: vm.target for name, vm in vms.items()},
            "registers": {name: vm.registers for name, vm in vms.items()},
        }
