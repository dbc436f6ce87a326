"""The firmware's table: who owns each segment, to which VM it is allocated, and how far a migration is.

A pure core: ``check`` says why a record must not be written, ``apply`` makes it so. Replaying the journal is applying
its records in order.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

from attorn.model.reference.records import (
    Allocated,
    Buried,
    Entered,
    Forgotten,
    Intended,
    Moved,
    Rebalanced,
    Record,
    Released,
    Settled,
    Snapshot,
    Started,
    VmEntry,
    Withdrawn,
)
from attorn.model.reference.refusals import NoSuchVm, Refused

__all__ = ["Table"]


class Table:
    """Ownership and allocation of all segments, and the VMs.

    shared: ownership is a convention, as memory semantics ``shared`` have it; nobody is let in.
    """

    shared = False

    def __init__(self, size: int, partitions: tuple[str, ...], owner: list[str]) -> None:
        self.size = size
        self.partitions = partitions
        self.owner = owner
        self.vms: dict[str, VmEntry] = {}
        self._holder: dict[int, str] = {}

    @classmethod
    def replayed(cls, records: Iterable[Record]) -> Table | None:
        """The table that records lead to; None when there are none. Raises Refused for records that do not follow."""
        table: Table | None = None
        for record in records:
            if isinstance(record, Snapshot):
                table = cls(record.size, record.partitions, list(record.owner))
                table.vms = copy.deepcopy(record.vms)
                table._holder = {number: vm for vm, entry in record.vms.items() for number in entry.segments}
            elif table is None:
                raise Refused("the journal does not start with a snapshot.")
            else:
                table.check(record)
                table.apply(record)
        return table

    def snapshot(self) -> Snapshot:
        """All of it as one record."""
        return Snapshot(size=self.size, partitions=self.partitions, owner=list(self.owner), vms=copy.deepcopy(self.vms))

    def entry(self, vm: str) -> VmEntry:
        """The entry of a VM; raises NoSuchVm when there is none."""
        if vm not in self.vms:
            raise NoSuchVm(f"there is no VM `{vm}`; there are: {', '.join(self.vms) or 'none'}.")
        return self.vms[vm]

    def holder(self, segment: int) -> str | None:
        """To which VM a segment is allocated."""
        return self._holder.get(segment)

    def free(self, partition: str) -> list[int]:
        """The segments of a partition that are allocated to no VM."""
        return [number for number, owner in enumerate(self.owner) if owner == partition and number not in self._holder]

    def check(self, record: Record) -> None:
        """Raise Refused when a record must not be written now."""
        match record:
            case Snapshot():
                raise Refused("a snapshot can only be the first record.")
            case Started(vm, partition, _):
                _refuse_if(vm in self.vms, f"VM {vm} exists already.")
                self._known(partition)
            case Allocated(vm, segments):
                self._check_allocation(self.entry(vm), segments)
            case Released(vm, segments):
                self._check_held(self.entry(vm), segments)
                _refuse_if(self.entry(vm).intent, f"VM {vm} migrates; its segments stay allocated.")
            case Rebalanced(segment, partition):
                self._known(partition)
                self._numbered([segment])
                _refuse_if(segment in self._holder, f"segment {segment} is allocated to {self._holder.get(segment)}.")
            case Intended(vm, target, _):
                entry = self.entry(vm)
                self._known(target)
                _refuse_if(target == entry.source, f"VM {vm} is in {target} already.")
                _refuse_if(entry.intent, f"VM {vm} migrates to {entry.target} already.")
                _refuse_if(not entry.segments, f"VM {vm} has no memory that ownership could fence.")
            case Moved():
                self._check_move(record)
            case Entered(vm):
                entry = self.entry(vm)
                _refuse_if(not entry.intent, f"VM {vm}: the source has not given it away, or has taken it back.")
                _refuse_if(entry.entered, f"VM {vm}: its destination was let in before; what was written down is void.")
                missing = self._not_owned(entry, entry.target)
                _refuse_if(bool(missing), f"VM {vm}: {entry.target} does not own segment {missing[:1]} of it.")
            case Withdrawn(vm):
                entry = self.entry(vm)
                _refuse_if(entry.entered, f"VM {vm}: {entry.target} may have executed it; it is too late to take back.")
                missing = self._not_owned(entry, entry.source)
                _refuse_if(bool(missing), f"VM {vm}: {entry.source} does not own segment {missing[:1]} of it.")
            case Forgotten(vm):
                _refuse_if(self.entry(vm).intent, f"VM {vm}: the migration under way has not been withdrawn.")
            case Settled(vm):
                entered = self.entry(vm).entered or self.shared
                _refuse_if(not entered, f"VM {vm}: its destination has not been let in.")
            case Buried(vm):
                self.entry(vm)

    def apply(self, record: Record) -> None:
        """Make a record so."""
        match record:
            case Started(vm, partition, plan):
                self.vms[vm] = VmEntry(vm=vm, plan=plan, source=partition, target=partition, segments={})
            case Allocated(vm, segments):
                self.vms[vm].segments.update(segments)
                self._holder.update(dict.fromkeys(segments, vm))
            case Released(vm, segments):
                self._free(self.vms[vm], segments)
            case Rebalanced(segment, partition):
                self.owner[segment] = partition
            case Intended(vm, target, configuration):
                entry = self.vms[vm]
                entry.target, entry.configuration, entry.intent = target, configuration, True
            case Moved(_, partition, segments, _):
                for number in segments:
                    self.owner[number] = partition
            case Entered(vm):
                entry = self.vms[vm]
                entry.entered, entry.configuration = True, b""
            case Withdrawn(vm):
                entry = self.vms[vm]
                entry.intent, entry.configuration = False, b""
            case Forgotten(vm):
                entry = self.vms[vm]
                entry.target, entry.epoch = entry.source, entry.epoch + 1
            case Settled(vm):
                entry = self.vms[vm]
                entry.source, entry.intent, entry.entered = entry.target, False, False
                entry.epoch += 1
            case Buried(vm):
                self._free(self.vms[vm], tuple(self.vms[vm].segments))
                del self.vms[vm]

    def _check_allocation(self, entry: VmEntry, segments: dict[int, int]) -> None:
        self._numbered(segments)
        taken = sorted(entry.segments.values())
        for number, address in segments.items():
            _refuse_if(number in self._holder, f"segment {number} is allocated to {self._holder.get(number)}.")
            _refuse_if(self.owner[number] != entry.source, f"segment {number} belongs to {self.owner[number]}.")
            _refuse_if(address % self.size != 0, f"guest address {address:#x} is not a multiple of {self.size:#x}.")
            _refuse_if(address in taken, f"VM {entry.vm} has memory at guest address {address:#x} already.")
        _refuse_if(len(set(segments.values())) != len(segments), "two segments share a guest address.")

    def _check_move(self, record: Moved) -> None:
        entry = self.entry(record.vm)
        self._check_held(entry, record.segments)
        back = record.step in ("give_back", "reclaim")
        wanted = entry.source if back else entry.target
        _refuse_if(record.step not in ("reassign", "complete", "give_back", "reclaim"), f"no step {record.step}.")
        _refuse_if(not entry.intent, f"VM {entry.vm} does not migrate; its segments stay where they are.")
        _refuse_if(record.partition != wanted, f"VM {entry.vm} migrates to {entry.target}, not to {record.partition}.")
        _refuse_if(entry.entered, f"VM {entry.vm}: {entry.target} has been let in; its segments stay there.")
        other = entry.target if back else entry.source
        for number in record.segments:
            _refuse_if(self.owner[number] != other, f"segment {number} belongs to {self.owner[number]}, not {other}.")

    def _check_held(self, entry: VmEntry, segments: Iterable[int]) -> None:
        for number in segments:
            _refuse_if(number not in entry.segments, f"segment {number} is not allocated to VM {entry.vm}.")

    def _numbered(self, segments: Iterable[int]) -> None:
        for number in segments:
            _refuse_if(
                not 0 <= number < len(self.owner), f"there is no segment {number}; there are 0..{len(self.owner) - 1}."
            )

    def _known(self, partition: str) -> None:
        _refuse_if(
            partition not in self.partitions,
            f"there is no partition `{partition}`; there are: {', '.join(self.partitions)}.",
        )

    def _not_owned(self, entry: VmEntry, partition: str) -> list[int]:
        return [number for number in entry.segments if self.owner[number] != partition]

    def _free(self, entry: VmEntry, segments: tuple[int, ...]) -> None:
        for number in segments:
            del entry.segments[number], self._holder[number]


def _refuse_if(condition: bool, why: str) -> None:
    if condition:
        raise Refused(why)
