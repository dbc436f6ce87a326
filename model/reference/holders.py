"""Who has memory segments: the processes of partitions, as the firmware sees them by /proc, and how it ends them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attorn.model.reference.injection import inject_release
from attorn.model.reference.process import KnownProcesses
from attorn.model.reference.records import VmEntry
from attorn.model.reference.refusals import Refused
from attorn.model.reference.revocation import Ending, Hold, Policy, by_file, family, holds_of
from attorn.model.reference.segments import Identity

__all__ = ["Holders"]


class Holders:
    """Looks for holders of segments among the processes that have said hello, and their descendants.

    known: those processes.  identities: of each segment's file, by number.
    """

    def __init__(self, known: KnownProcesses, identities: Sequence[Identity]) -> None:
        self._known = known
        self._identities = identities

    def of(self, partition: str, segments: Iterable[int]) -> list[Hold]:
        """What processes of a partition have of some segments."""
        files = self._files(segments)
        return [hold for pid in family(self._known.of(partition)) if (hold := holds_of(pid, files))]

    def demand_none(self, vm: str, partition: str, segments: Iterable[int]) -> None:
        """Raise Refused while a process of a partition has some of a VM's segments."""
        kept = self.of(partition, segments)
        if kept:
            raise Refused(f"{partition} has not released the memory of VM {vm}: {kept[0]}.")

    def mapped(self, entry: VmEntry, partition: str) -> dict[int, int]:
        """Where a partition maps a VM's segments: the lowest in the process is the lowest that the guest sees."""
        holds = self.of(partition, entry.segments)
        found = {start: segment for hold in holds for start, _, segment in hold.mappings}
        placed = [found[start] for start in sorted(found)]
        addresses = sorted(entry.segments.values())
        if len(placed) == len(addresses):
            return dict(zip(placed, addresses, strict=True))
        return {segment: entry.segments[segment] for segment in placed}

    def revoke(self, vm: str, partition: str, segments: Iterable[int], policy: Policy) -> int:
        """Take a VM's segments from the processes of a partition by a policy; how many processes it took.

        Raises Refused when one still has some: then nothing may be reassigned.
        """
        if policy is Policy.KILL:
            return self._end(vm, partition, segments)
        taken = 0
        if policy is Policy.PTRACE:
            for hold in self.of(partition, segments):
                inject_release(hold)
                taken += 1
        self.demand_none(vm, partition, segments)
        return taken

    def _end(self, vm: str, partition: str, segments: Iterable[int]) -> int:
        """End every process of a partition that has some segments, and wait until all are gone; how many there were.

        That of the VM is killed before it is looked at, and the others are looked at while it dies. Whether anyone has
        the segments after that is for ``reassign`` to see.
        """
        members, files = family(self._known.of(partition)), self._files(segments)
        endings = [Ending(pid) for pid in self._known.of(partition, vm)]
        others = set(members) - {each.pid for each in endings}
        try:
            for hold in filter(None, (holds_of(pid, files) for pid in others)):
                if self._known.shared(hold.pid):
                    raise Refused(
                        f"{hold} and executes other VMs of {partition} too; "
                        "killing it would end them. Use the policy ptrace, or give each VM its own process."
                    )
                endings.append(Ending(hold.pid))
        finally:
            for each in endings:
                each.wait()
        return len(endings)

    def _files(self, segments: Iterable[int]) -> dict[tuple[int, int], int]:
        return by_file({number: self._identities[number] for number in segments})
