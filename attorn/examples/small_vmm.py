"""A whole computer in memory: firmware, a VMM in each partition, and VMs that migrate; with defects to be switched on.

It stands for a system of your own and knows nothing of attorn. ``small_vmm_adapter.py`` binds it to the claim.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["DEFECTS", "Computer", "Declined"]

DEFECTS = {
    "keeps-memory": "a segment that a VM gives back is not scrubbed",
    "keeps-name": "a VM that was stopped cannot be started again",
    "frees-first": "exit frees the virtual resources, and only then finds that it must not exit yet",
    "half-mapped": "resume is content with one mapped segment",
    "loses-registers": "the destination creates the VM with fresh registers",
    "reassigns-mapped": "the firmware moves a segment that the source still maps",
    "swaps-addresses": "the destination maps segments in the order in which they come, whatever their addresses",
    "forgets-way-back": "a VM that comes back to where it was started is still believed to be where it was",
}
"""What can be wrong with the computer, by name."""

KINDS = ("VCPU", "DEVICE", "PAGE_TABLE")
SCRUBBED = "zero"


class Declined(Exception):
    """The computer does not do what it is asked to, for the reason given."""


@dataclass
class Configuration:
    """The extended configuration of a VM on its way: its registers, and where each of its segments belongs."""

    registers: str
    segments: dict[str, str]


@dataclass
class Guest:
    """A VM as the computer keeps book of it."""

    phase: str
    source: str
    target: str
    registers: str = SCRUBBED
    segments: dict[str, str] = field(default_factory=dict)  # as the guest sees them: segment → address
    configuration: Configuration | None = None
    home: str = ""


@dataclass
class Vmm:
    """What the VMM of a partition keeps: what it maps, what it executes, and its virtual resources."""

    mapped: dict[str, str] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)
    resources: set[tuple[str, str]] = field(default_factory=set)


class Computer:
    """One computer.

    owner:  segment → partition, in the firmware's table.  memory: segment → the word that it holds.
    defect: one of DEFECTS, or nothing.
    """

    def __init__(self, owner: dict[str, str], partitions: list[str], defect: str = "") -> None:
        assert not defect or defect in DEFECTS, f"there is no defect {defect}"
        self.owner = dict(owner)
        self.memory = dict.fromkeys(owner, SCRUBBED)
        self.vmms = {partition: Vmm() for partition in partitions}
        self.vms: dict[str, Guest] = {}
        self._used: set[str] = set()
        self._defect = defect

    def start(self, name: str, partition: str) -> None:
        """Create a VM from nothing and execute it."""
        _check(name not in self.vms, "the VM exists")
        _check(not (self._defect == "keeps-name" and name in self._used), "the name is taken")
        self._used.add(name)
        self.vms[name] = Guest("RUNNING", partition, partition, home=partition)
        self.vmms[partition].runs.add(name)
        self.vmms[partition].resources |= {(name, kind) for kind in KINDS}

    def allocate(self, name: str, segment: str, address: str) -> None:
        """Give a free segment of the VM's partition to the VM, at a free guest address."""
        vm = self._in(name, "RUNNING")
        _check(all(segment not in each.segments for each in self.vms.values()), "the segment is taken")
        _check(self.owner[segment] == vm.source, "the segment belongs to another partition")
        _check(address not in vm.segments.values(), "the address is taken")
        vm.segments[segment] = address
        self.vmms[vm.source].mapped[segment] = address

    def execute(self, name: str, segment: str, word: str) -> None:
        """Let the guest write a word to a segment and to its registers."""
        vm = self._in(name, "RUNNING")
        _check(segment in vm.segments, "the VM has no such segment")
        self.memory[segment] = vm.registers = word

    def release(self, name: str, segment: str) -> None:
        """Take a segment back from a VM."""
        vm = self._in(name, "RUNNING")
        _check(segment in vm.segments, "the VM has no such segment")
        del vm.segments[segment], self.vmms[vm.source].mapped[segment]
        if self._defect != "keeps-memory":
            self.memory[segment] = SCRUBBED

    def stop(self, name: str) -> None:
        """End a VM for good."""
        vm = self._in(name, "RUNNING")
        vmm = self.vmms[vm.source]
        for segment in vm.segments:
            del vmm.mapped[segment]
            self.memory[segment] = SCRUBBED
        vmm.runs.discard(name)
        vmm.resources -= {(name, kind) for kind in KINDS}
        del self.vms[name]

    def rebalance(self, segment: str, partition: str) -> None:
        """Give a free segment to another partition."""
        _check(all(segment not in each.segments for each in self.vms.values()), "the segment is taken")
        _check(self.owner[segment] != partition, "the partition owns it already")
        self.owner[segment] = partition

    def suspend(self, name: str, partition: str) -> None:
        """Stop the vCPUs of a VM that is to go to another partition."""
        vm = self._in(name, "RUNNING")
        _check(partition != vm.source, "the VM is there already")
        vm.phase, vm.target = "SUSPENDED", partition
        self.vmms[vm.source].runs.discard(name)

    def describe(self, name: str) -> None:
        """Write the extended configuration."""
        vm = self._in(name, "SUSPENDED")
        vm.phase, vm.configuration = "DESCRIBED", Configuration(vm.registers, dict(vm.segments))

    def transfer(self, name: str) -> None:
        """Send the extended configuration to the destination."""
        self._in(name, "DESCRIBED").phase = "TRANSFERRED"

    def unmap(self, name: str, segment: str) -> None:
        """Drop the source's mapping of a segment."""
        vm = self._in(name, "TRANSFERRED")
        _check(segment in vm.segments and segment in self.vmms[vm.source].mapped, "the source does not map it")
        del self.vmms[vm.source].mapped[segment]

    def reassign(self, name: str, segment: str) -> None:
        """Move a segment, with what it holds, from the source partition to the destination."""
        vm = self._in(name, "TRANSFERRED")
        _check(segment in vm.segments and self.owner[segment] == vm.source, "the source does not own it")
        if self._defect != "reassigns-mapped":
            _check(segment not in self.vmms[vm.source].mapped, "the source still maps it")
        self.owner[segment] = vm.target

    def map(self, name: str, segment: str) -> None:
        """Map a segment in the destination, at its guest address."""
        vm = self._in(name, "TRANSFERRED", "EXITED", "CREATED")
        _check(segment in vm.segments and self.owner[segment] == vm.target, "the destination does not own it")
        mapped = self.vmms[vm.target].mapped
        _check(segment not in mapped, "the destination maps it already")
        address = vm.segments[segment]
        if self._defect == "swaps-addresses":
            address = sorted(vm.segments.values())[sorted(vm.segments).index(segment)]
        mapped[segment] = address

    def exit(self, name: str) -> None:
        """End the VM in the source, which frees its virtual resources."""
        vm = self._in(name, "TRANSFERRED")
        freed = {(name, kind) for kind in KINDS}
        if self._defect == "frees-first":
            self.vmms[vm.source].resources -= freed
        _check(all(self.owner[segment] == vm.target for segment in vm.segments), "not all segments are reassigned")
        self.vmms[vm.source].resources -= freed
        vm.phase, vm.registers = "EXITED", SCRUBBED

    def create(self, name: str) -> None:
        """Create the VM in the destination, by the extended configuration."""
        vm = self._in(name, "EXITED")
        assert vm.configuration is not None
        self.vmms[vm.target].resources |= {(name, kind) for kind in KINDS}
        vm.phase = "CREATED"
        if self._defect != "loses-registers":
            vm.registers = vm.configuration.registers

    def resume(self, name: str) -> None:
        """Execute the VM in the destination."""
        vm = self._in(name, "CREATED")
        mapped = [segment in self.vmms[vm.target].mapped for segment in vm.segments]
        enough = not mapped or any(mapped) if self._defect == "half-mapped" else all(mapped)
        _check(enough, "not all segments are mapped")
        self.vmms[vm.target].runs.add(name)
        vm.phase, vm.configuration = "RUNNING", None
        if not (self._defect == "forgets-way-back" and vm.target == vm.home):
            vm.source = vm.target

    def _in(self, name: str, *phases: str) -> Guest:
        """The VM, which must be in one of some phases."""
        vm = self.vms.get(name)
        if vm is None or vm.phase not in phases:
            raise Declined(f"the VM is {'absent' if vm is None else vm.phase.lower()}")
        return vm


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Declined(otherwise)
