"""The life of a VM outside migrations: made, given memory, stopped; and free memory that changes hands."""

from __future__ import annotations

from collections.abc import Sequence

from attorn.model.reference.event_log import EventLog
from attorn.model.reference.journey import Journey
from attorn.model.reference.link import Link
from attorn.model.reference.parties import Parties
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import Refused
from attorn.model.reference.slots import Report
from attorn.model.reference.witnessing import segment_name
from attorn.spec.vocabulary import Phase

__all__ = ["Life"]


class Life:
    """What a driver does for VMs that do not migrate, each step logged."""

    firmware: Link
    parties: Parties
    log: EventLog
    journeys: dict[str, Journey]

    def create(self, vm: str, partition: str, plan: Plan, addresses: Sequence[int]) -> Report:
        """Make a VM with a segment at each guest address, and execute it."""
        self.start(vm, partition, plan)
        try:
            return self.allocate(vm, addresses)
        except Refused:
            self.parties.link(partition).call("gone", vm=vm)
            self.firmware.call("bury", vm=vm)
            self.log.event("source", "stop", {"vm": vm})
            raise

    def start(self, vm: str, partition: str, plan: Plan) -> Report:
        """Make a VM, which has nothing to execute until memory is allocated to it."""
        report = self.parties.ask(partition, "start", vm, plan=plan)
        try:
            self.firmware.call("start", vm=vm, partition=partition, plan=plan)
        except Refused:
            self.parties.link(partition).call("gone", vm=vm)
            raise
        self.log.event("source", "start", {"vm": vm, "partition": partition})
        return report

    def allocate(self, vm: str, addresses: Sequence[int]) -> Report:
        """Give a VM that has just been made a segment at each guest address, and execute it.

        Raises Refused; where that comes from its VMM, the segments are the VM's until it is stopped.
        """
        grant = self.parties.grant(vm)
        if grant.segments or self.parties.ask(grant.source, "report", vm).phase is not Phase.RUNNING:
            raise Refused(f"VM {vm} has its memory already, or migrates.")
        given = self.firmware.call("allocate", vm=vm, addresses=tuple(addresses))
        self.parties.remembered.grants.pop(vm, None)
        report = self.parties.ask(grant.source, "boot", vm)
        for number in given:
            self.parties.words(grant.size).last.pop(int(number), None)
        arguments = [
            {"vm": vm, "segment": segment_name(int(number)), "address": f"address{address // grant.size}"}
            for number, address in given.items()
        ]
        self.log.event("source", "allocate", arguments, self.parties.seen(vm))
        return report

    def stop(self, vm: str) -> None:
        """End a VM for good."""
        scene = self.parties.scene(vm)
        if scene.source.phase is not Phase.RUNNING or scene.destination != scene.grant.source:
            raise Refused(f"VM {vm} migrates; wait until that has ended.")
        self.parties.link(scene.grant.source).call("stop", vm=vm)
        self.firmware.call("bury", vm=vm)
        self.log.event("source", "stop", {"vm": vm})
        self.journeys.pop(vm, None)

    def rebalance(self, segment: int, partition: str) -> None:
        """Give a free segment to another partition."""
        self.firmware.call("rebalance", segment=segment, partition=partition)
        self.log.event("firmware", "rebalance", {"segment": segment_name(segment), "partition": partition})
