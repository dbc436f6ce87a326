"""The firmware: a process that owns all memory segments, says who may have them, and writes down what it says.

It trusts no VMM: handles go only to a partition that owns the segment, ownership changes only by the table's rules, and
each change is in the journal before it counts.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

import msgspec

from attorn.model.reference.configuration import decode
from attorn.model.reference.engines import promised
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.grants import Grant, SegmentGrant, VmView
from attorn.model.reference.holders import Holders
from attorn.model.reference.journal import Journal
from attorn.model.reference.process import KnownProcesses, serve_until_orphaned
from attorn.model.reference.records import (
    Allocated,
    Buried,
    Entered,
    Forgotten,
    Intended,
    Moved,
    Plan,
    Rebalanced,
    Record,
    Released,
    Settled,
    Snapshot,
    Started,
    VmEntry,
    Withdrawn,
)
from attorn.model.reference.refusals import Refused
from attorn.model.reference.revocation import Policy, end
from attorn.model.reference.segments import SegmentStore
from attorn.model.reference.server import Server
from attorn.model.reference.table import Table
from attorn.model.reference.validation import validate
from attorn.model.reference.wire import HANDLES, Channel

__all__ = ["FirmwareOptions"]

UNWRITTEN = {Defect.SKIPPED_INTENT, Defect.SKIPPED_ENTRY, Defect.TWO_RUNNERS}
"""Defects that leave the table without what it would check later records by."""

COMPACT_AT = 4 << 20


class FirmwareOptions(msgspec.Struct, kw_only=True):
    """How a firmware is started.

    home:      the host's directory; the journal is kept in ``state`` there.
    tokens:    partition by secret; who shows the secret speaks for the partition, "" for the operator.
    directory: where segments are files; None for memfds.
    listening, lifeline: numbers of inherited handles.
    """

    listening: int
    lifeline: int
    home: str
    tokens: dict[str, str]
    segments: int
    size: int
    partitions: tuple[str, ...]
    owner: tuple[str, ...]
    directory: str | None = None
    shared: bool = False
    defects: tuple[Defect, ...] = ()


class Firmware:
    """The firmware's methods, each a message that it answers."""

    def __init__(self, options: FirmwareOptions) -> None:
        self.options = options
        self.points = FaultPoints(frozenset(options.defects))
        state = Path(options.home) / "state"
        state.mkdir(parents=True, exist_ok=True)
        self.journal: Journal[Record] = Journal(state / "journal", Record)
        table = Table.replayed(self.journal.replay())
        if table is None:
            table = Table(options.size, options.partitions, list(options.owner))
            self.journal.append(table.snapshot())
        self.table = table
        table.shared = options.shared
        directory = None if options.directory is None else Path(options.directory)
        self.store = SegmentStore(len(table.owner), table.size, directory)
        self._partitions: dict[int, str] = {}
        self._known = KnownProcesses(state / "processes")
        self.holders = Holders(self._known, self.store.identities)
        # What the last process scrubbed by half is scrubbed again: a free segment holds zeros.
        for number in range(len(table.owner)):
            if table.holder(number) is None:
                self.store.scrub(number)

    # Who asks

    def hello(self, channel: Channel, token: str, vm: str = "") -> str:
        """Say for which partition, and for which VM if the process is its own, a connection speaks."""
        partition = self.options.tokens.get(token)
        if partition is None:
            raise Refused("the token is of no partition.")
        credentials = channel.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid = struct.unpack("3i", credentials)[0]
        self._partitions[id(channel)] = partition
        self._known.add(pid, partition, vm)
        return partition

    def gone(self, channel: Channel) -> None:
        """Forget a connection that has ended."""
        self._partitions.pop(id(channel), None)

    # What the operator and the coordinator ask

    def start(self, channel: Channel, vm: str, partition: str, plan: Plan) -> None:
        """A VM exists from now on."""
        self._operator(channel)
        self._write(Started(vm, partition, plan))

    def allocate(self, channel: Channel, vm: str, addresses: tuple[int, ...]) -> dict[int, int]:
        """Allocate a free segment of the VM's partition for each guest address."""
        self._operator(channel)
        entry = self.table.entry(vm)
        free = self.table.free(entry.source)
        if len(free) < len(addresses):
            raise Refused(f"{entry.source} has {len(free)} free segments; VM {vm} needs {len(addresses)}.")
        given = dict(zip(free, addresses, strict=False))
        self._write(Allocated(vm, given))
        return given

    def release(self, channel: Channel, vm: str, segments: tuple[int, ...]) -> None:
        """A VM gives segments back; they are scrubbed."""
        self._operator(channel)
        self._demand_none(vm, segments)
        self._write(Released(vm, segments))
        self._scrub(segments)

    def rebalance(self, channel: Channel, segment: int, partition: str) -> None:
        """Give a free segment to another partition."""
        self._operator(channel)
        if not 0 <= segment < len(self.table.owner) or self.table.owner[segment] == partition:
            raise Refused(f"segment {segment} belongs to {partition} already, or does not exist.")
        self._write(Rebalanced(segment, partition))

    def describe(self, channel: Channel, vm: str, target: str, configuration: bytes) -> Grant:
        """Write down that the source gives a VM away, with the configuration, before it gives anything up.

        Returns what the table then says.
        """
        self._operator(channel)
        entry = self.table.entry(vm)
        found = decode(configuration)
        if not self.points.has(Defect.MISSING_SEGMENT):
            validate(found, self._grant(entry), target, *promised(entry.plan))
        record = Intended(vm, target, configuration)
        if entry.intent and not entry.entered and (entry.target, entry.configuration) == (target, configuration):
            return self._grant(entry)  # asked again, because whoever asked first has died
        self.table.check(record)
        self.points.reach("firmware:describe:before-journal")
        if self.points.has(Defect.SKIPPED_INTENT):
            entry.target, entry.configuration = target, configuration
            return self._grant(entry)
        self._write(record)
        self.points.reach("firmware:describe:after-journal")
        return self._grant(entry)

    def revoke(self, channel: Channel, vm: str, partition: str, policy: Policy) -> int:
        """Make sure by a policy that no process of a partition can touch a VM's memory; how many processes it took.

        Raises Refused when one still can: then nothing may be reassigned.
        """
        self._operator(channel)
        if policy is Policy.NONE or self.points.has(Defect.STALE_MAPPING):
            return 0
        self.points.reach("firmware:revoke:before")
        return self.holders.revoke(vm, partition, self.table.entry(vm).segments, policy)

    def reassign(self, channel: Channel, vm: str, step: str = "reassign", segments: tuple[int, ...] = ()) -> Grant:
        """Move segments of a VM to the destination, or back to the source: one record, all or none.

        step: reassign, complete (the source is dead), give_back or reclaim.  segments: those; none means all that the
        other side owns.  Returns what the table then says.
        """
        self._operator(channel)
        entry = self.table.entry(vm)
        back = step in ("give_back", "reclaim")
        wanted, other = (entry.source, entry.target) if back else (entry.target, entry.source)
        moving = segments or tuple(number for number in entry.segments if self.table.owner[number] == other)
        if not moving:
            return self._grant(entry)
        record = Moved(vm, wanted, moving, step)
        if not self.points.defects & UNWRITTEN:
            self.table.check(record)
        if not self.options.shared and not self.points.has(Defect.STALE_MAPPING):
            self.holders.demand_none(vm, other, moving)
        if step == "reassign" and not self._known.of(wanted):
            raise Refused(f"{wanted} is not there to take VM {vm}; its segments stay with {other}.")
        self.points.reach(f"firmware:{step}:before-journal")
        self._write(record, torn=f"firmware:{step}:torn")
        if self.points.has(Defect.SCRUB_ON_REASSIGN):
            self._scrub(moving[:1])
        self.points.reach(f"firmware:{step}:after-journal")
        return self._grant(entry)

    def fence(self, channel: Channel, partition: str) -> int:
        """End whatever is left of a partition's processes, and wait until it is gone; how many there were."""
        self._operator(channel)
        left = self._known.of(partition)
        for pid in left:
            end(pid)
        return len(left)

    def forget(self, channel: Channel, vm: str) -> None:
        """A failed migration is over."""
        self._operator(channel)
        self._write(Forgotten(vm))

    def settle(self, channel: Channel, vm: str) -> None:
        """A migration is over, and the destination is the source from now on."""
        self._operator(channel)
        if self.points.has(Defect.SKIPPED_ENTRY):
            self.table.entry(vm).entered = True
        self._write(Settled(vm))

    def bury(self, channel: Channel, vm: str) -> None:
        """End a VM: its segments become free, scrubbed. Nobody may be able to touch them any more."""
        self._operator(channel)
        segments = tuple(self.table.entry(vm).segments)
        self._demand_none(vm, segments)
        self._write(Buried(vm))
        self.points.reach("firmware:bury:before-scrub")
        self._scrub(segments)

    def configuration(self, channel: Channel, vm: str) -> bytes:
        """What the source wrote down, while nobody was let in; raises Refused afterwards."""
        entry = self.table.entry(vm)
        asker = self._asker(channel)
        if asker and asker != entry.target:
            raise Refused(f"the configuration of VM {vm} is for {entry.target}, not for {asker}.")
        if not entry.intent or not entry.configuration:
            raise Refused(f"VM {vm} has no configuration on record.")
        return entry.configuration

    # What the partitions ask

    def lookup(self, vm: str) -> Grant:
        """What the table says of a VM."""
        return self._grant(self.table.entry(vm))

    def handles(self, channel: Channel, vm: str, first: int = 0) -> tuple[Grant | None, list[int]]:
        """Handles of a VM's segments in order of guest address, from the n-th on, as many as fit.

        With the first ones comes what the table says of the VM. Only for a partition that owns every segment of it.
        """
        entry = self.table.entry(vm)
        asker = self._asker(channel)
        wanted = sorted(entry.segments, key=entry.segments.__getitem__)
        foreign = [number for number in wanted if self.table.owner[number] != asker]
        convention = self.options.shared or self.points.has(Defect.TWO_RUNNERS)
        allowed = convention and asker in (entry.source, entry.target)
        if foreign and not allowed:
            raise Refused(
                f"segment {foreign[0]} of VM {vm} belongs to {self.table.owner[foreign[0]]}; "
                f"{asker or 'the operator'} gets no handle of it."
            )
        said = self._grant(entry) if first == 0 else None
        return said, [self.store.handle(number) for number in wanted[first : first + HANDLES]]

    def enter(self, channel: Channel, vm: str) -> None:
        """The destination asks to be let in: what was written down of the VM's state is void from here on."""
        entry = self.table.entry(vm)
        if self._asker(channel) != entry.target:
            raise Refused(f"VM {vm} migrates to {entry.target}; {self._asker(channel)} is not let in.")
        self.points.reach("firmware:enter:before-journal")
        # Asked again by a destination that has not executed the VM yet: one that has, and died, has no state to use.
        if not entry.entered and not self.points.has(Defect.SKIPPED_ENTRY):
            self._write(Entered(vm))
        self.points.reach("firmware:enter:after-journal")

    def withdraw(self, channel: Channel, vm: str) -> None:
        """The source asks to execute the VM again."""
        entry = self.table.entry(vm)
        if self._asker(channel) != entry.source:
            raise Refused(f"VM {vm} belongs to {entry.source}; {self._asker(channel)} cannot take it back.")
        if self.points.has(Defect.TWO_RUNNERS):
            return
        self.points.reach("firmware:withdraw:before-journal")
        if entry.intent:
            self._write(Withdrawn(vm))
        self.points.reach("firmware:withdraw:after-journal")

    # What anyone may see

    def observe(self, vm: str, digests: bool = False) -> VmView:
        """What can be seen of a VM from outside: the table, mappings by /proc, and contents if asked for."""
        entry = self.table.entry(vm)
        mapped = {partition: self.holders.mapped(entry, partition) for partition in self.table.partitions}
        described = None
        if entry.configuration:
            described = {each.segment: each.guest_address for each in decode(entry.configuration).segments}
        contents = {number: self.store.digest(number) for number in entry.segments} if digests else {}
        return VmView(grant=self._grant(entry), mapped=mapped, described=described, digests=contents)

    def table_now(self) -> Snapshot:
        """The whole table."""
        return self.table.snapshot()

    def digests(self, segments: tuple[int, ...]) -> dict[int, str]:
        """Digests of the contents of segments."""
        return {number: self.store.digest(number) for number in segments if 0 <= number < len(self.store)}

    def arm(self, channel: Channel, point: str, visits: int = 1) -> None:
        """Let the firmware die at a point of its own, for tests."""
        self._operator(channel)
        self.points.arm(point, visits)

    def remove_files(self) -> None:
        """Remove all that is on disk and in memory filesystems: nobody is left who could want it."""
        self.store.close()
        for path in (self.options.home, self.options.directory):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)

    def _operator(self, channel: Channel) -> None:
        if self._asker(channel) != "":
            raise Refused(f"{self._asker(channel)} cannot ask for this: it is for the operator.")

    def _asker(self, channel: Channel) -> str:
        partition = self._partitions.get(id(channel))
        if partition is None:
            raise Refused("say hello first.")
        return partition

    def _grant(self, entry: VmEntry) -> Grant:
        ordered = sorted(entry.segments.items(), key=lambda pair: pair[1])
        identities = self.store.identities
        return Grant(
            vm=entry.vm, plan=entry.plan, source=entry.source, target=entry.target, epoch=entry.epoch,
            size=self.table.size, intent=entry.intent, entered=entry.entered,
            segments=tuple(
                SegmentGrant(number, address, identities[number].device, identities[number].inode)
                for number, address in ordered
            ),
            owners=tuple(self.table.owner[number] for number, _ in ordered),
        )  # fmt: skip

    def _demand_none(self, vm: str, segments: Iterable[int]) -> None:
        for partition in self.table.partitions:
            self.holders.demand_none(vm, partition, segments)

    def _scrub(self, segments: Iterable[int]) -> None:
        for number in segments:
            self.store.scrub(number)

    def _write(self, record: Record, torn: str = "") -> None:
        """Make a record durable, then make it so; ``torn`` names the fault point at which only half is written."""
        if not self.points.defects & UNWRITTEN:  # what was left out would be missed here
            self.table.check(record)
        if self.points.armed(torn):
            self.journal.tear(record)
            self.points.reach(torn)
        self.journal.append(record)
        self.table.apply(record)
        quiet = not any(entry.intent for entry in self.table.vms.values())
        if quiet and self.journal.size > COMPACT_AT:
            self.journal.rewrite(self.table.snapshot())


def serve(given: str) -> None:
    """Serve as the firmware."""
    options = msgspec.json.decode(given, type=FirmwareOptions)
    firmware = Firmware(options)
    server = Server(
        "firmware",
        (
            firmware.hello, firmware.start, firmware.allocate, firmware.release, firmware.rebalance,
            firmware.describe, firmware.revoke, firmware.fence, firmware.reassign, firmware.forget, firmware.settle,
            firmware.bury, firmware.configuration, firmware.lookup, firmware.handles, firmware.enter, firmware.withdraw,
            firmware.observe, firmware.table_now, firmware.digests, firmware.arm,
        ),
    )  # fmt: skip
    server.on_gone = firmware.gone
    server.accept_from(socket.socket(fileno=options.listening))
    with contextlib.suppress(KeyboardInterrupt):
        serve_until_orphaned(server, options.lifeline, firmware.remove_files)
