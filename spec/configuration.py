"""What can be wrong with a configuration: its version, damage on the way, and what it fails to list."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import Budget, Counter, Expr, Relation, forall, invariant, one_of
from attorn.spec.vocabulary import VM, Partition, Phase, Segment

__all__ = [
    "CAPACITY",
    "DAMAGES",
    "DamagedConfiguration",
    "Hotplug",
    "Versions",
    "all_vcpus_described",
    "version_gate",
]

DAMAGES = Budget("damages", "How many configurations may be damaged or forged on the way.")
CAPACITY = Budget("capacity", "How many segments a configuration has room for.")


class Versions(Handover):
    """VMMs differ in version, and not every one understands the configurations that the others write."""

    understands = Relation(Partition, says="the partition's VMM understands the configurations of the others")


class DamagedConfiguration(Handover):
    """The destination works by its own copy of the configuration, which may differ from what was written."""

    damages = Counter(DAMAGES, says="configurations that may still be damaged or forged on the way")
    taken = Relation(VM, Segment, says="the destination's copy of the configuration lists the segment")


class Hotplug(Handover):
    """A VM can get a second vCPU while it executes."""

    second = Relation(VM, says="the VM has a second vCPU")
    described_second = Relation(VM, says="the configuration lists the second vCPU")


@invariant(hazards=("H64",))
def version_gate(s: Versions) -> Expr:
    """A VM is suspended only for a destination that understands its configuration."""
    return forall(VM, lambda vm: (s.source[vm] != s.target[vm]) >> s.understands[s.target[vm]])


@invariant(hazards=("H34",))
def all_vcpus_described(s: Hotplug) -> Expr:
    """The configuration lists just the vCPUs that the VM has, as long as it may be used."""
    return forall(
        VM,
        lambda vm: one_of(s.phase[vm], Phase.DESCRIBED, Phase.TRANSFERRED) >> (s.second[vm] == s.described_second[vm]),
    )
