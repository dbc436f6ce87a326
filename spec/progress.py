"""What must eventually happen, if the parties that are weakly fair keep acting."""

from __future__ import annotations

from attorn.spec.language import leads_to, one_of, progress
from attorn.spec.language.declarations import LeadsTo
from attorn.spec.vocabulary import MIGRATING, VM, Partition, Phase, Platform, Resource

__all__ = ["PROGRESS"]


@progress(claim="h")
def eventually_runs_at_destination(s: Platform, vm: VM, partition: Partition) -> LeadsTo:
    """A VM that is suspended for a destination is executed there in the end."""
    return leads_to(one_of(s.phase[vm], *MIGRATING) & (s.target[vm] == partition), s.runs[partition, vm])


@progress(claim="f")
def eventually_freed(s: Platform, vm: VM, partition: Partition, kind: Resource) -> LeadsTo:
    """What the source holds for a VM that migrates away is freed in the end."""
    return leads_to((s.phase[vm] == Phase.SUSPENDED) & (s.source[vm] == partition), ~s.resources[partition, vm, kind])


PROGRESS = (eventually_runs_at_destination, eventually_freed)
