"""A logical partition: a process that hosts VMs and takes their part, as source and as destination, in migrations.

Each step is a message. The partition keeps what only it can know: as a source its phase and whether it wants the VM
back, as a destination how far it is. It checks each step against that, so a message that comes late or twice does no
harm, and it asks the firmware before it executes a VM.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.protocol import Memory
from attorn.model.reference.destination import Destination
from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.hosting import Hosted
from attorn.model.reference.link import Link
from attorn.model.reference.process import serve_until_orphaned
from attorn.model.reference.records import Plan
from attorn.model.reference.remote_vm import RemoteVm
from attorn.model.reference.server import Server
from attorn.model.reference.slots import Report, Slots
from attorn.model.reference.source import Source
from attorn.model.reference.vm_process import VmOptions
from attorn.spec.vocabulary import Phase

__all__ = ["PartitionOptions"]


class PartitionOptions(msgspec.Struct, kw_only=True):
    """How a partition is started.

    own_process: whether each VM gets a process of its own.  listening, lifeline: numbers of inherited handles.
    """

    listening: int
    lifeline: int
    name: str
    engine: str
    firmware: str
    nursery: str
    token: str
    own_process: bool
    memory: Memory = Memory.EXCLUSIVE
    defects: tuple[Defect, ...] = ()


class Partition:
    """The life of a partition's VMs, and the two ends of a migration that it can be; each method is a message."""

    def __init__(self, options: PartitionOptions) -> None:
        self.options = options
        self.points = FaultPoints(frozenset(options.defects))
        self.firmware = Link(Path(options.firmware), "the firmware", options.token)
        self.firmware.reconnect()
        self.slots = Slots(options.name, options.engine, self._fresh, self.firmware.peer)
        self.source = Source(options.name, self.points, self.firmware, self.slots)
        self.destination = Destination(options.name, options.memory, self.points, self.firmware, self.slots)

    def start(self, vm: str, plan: Plan) -> Report:
        """Make a VM; it has no memory yet."""
        slot = self.slots.make(vm, plan)
        slot.resources = slot.locked = True
        slot.phase, slot.target = Phase.RUNNING, self.options.name
        return self.slots.report(slot)

    def boot(self, vm: str) -> Report:
        """Map the VM's memory, put its program there, and execute it."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase is Phase.RUNNING, slot, "boot")
        slot.vmm().attach()
        slot.vmm().boot(slot.plan)
        slot.status = slot.vmm().start()
        return self.slots.report(slot)

    def stop(self, vm: str) -> Report:
        """End the VM for good."""
        slot = self.slots.of(vm)
        self.slots.require(slot.phase is Phase.RUNNING and slot.target == self.options.name, slot, "stop")
        self.slots.drop(slot)
        return Report()

    def gone(self, vm: str) -> Report:
        """The VM is settled elsewhere, or buried: drop what is left of it."""
        if vm in self.slots:
            self.slots.drop(self.slots.of(vm))
        return Report()

    def report(self, vm: str) -> Report:
        """What there is to say of a VM."""
        if vm not in self.slots:
            return Report()
        slot = self.slots.of(vm)
        self.slots.ask(slot)
        return self.slots.report(slot)

    def reconnect(self) -> list[str]:
        """Say hello to a firmware that was started again, here and in the VMs' processes; the VMs that there are."""
        self.firmware.reconnect()
        for slot in self.slots:
            if isinstance(slot.hosted, RemoteVm):
                slot.hosted.reconnect()
        return [slot.vm for slot in self.slots]

    def arm(self, point: str, visits: int = 1, vm: str = "") -> None:
        """Let the partition, or the process of a VM in it, die at a point of its own, for tests."""
        if vm:
            self.slots.of(vm).vmm().arm(point, visits)
        else:
            self.points.arm(point, visits)

    def process_of(self, vm: str) -> int:
        """The process that executes a VM."""
        hosted = self.slots.of(vm).hosted
        return hosted.child.pid if isinstance(hosted, RemoteVm) else os.getpid()

    def _fresh(self, vm: str) -> Hosted | RemoteVm:
        if self.options.own_process:
            # A new process is of no use, and ends at once, when there is no firmware.
            self.firmware.call("hello", token=self.options.token)
            given = VmOptions(
                lifeline=self.options.lifeline, firmware=self.options.firmware, token=self.options.token, vm=vm,
                defects=self.options.defects,
            )  # fmt: skip
            return RemoteVm(Path(self.options.nursery), given)
        return Hosted(self.firmware, vm, self.points)


def partition_methods(partition: Partition) -> tuple[Callable[..., Any], ...]:
    """What a partition answers."""
    source, destination = partition.source, partition.destination
    return (
        partition.start, partition.boot, partition.stop, partition.gone,
        source.suspend, source.describe, source.described, source.transfer, source.unlock, source.unmap, source.exit,
        source.hear, source.time_out, source.notice, source.cancel, source.connection_cut, source.remap,
        source.roll_back, source.forget, source.concede,
        destination.prepare, destination.receive, destination.load, destination.recover, destination.map,
        destination.create, destination.resume, destination.answer, destination.decline, destination.settle,
        partition.report, partition.reconnect, partition.arm, partition.process_of,
    )  # fmt: skip


def serve(given: str) -> None:
    """Serve as a partition."""
    options = msgspec.json.decode(given, type=PartitionOptions)
    partition = Partition(options)
    server = Server(options.name, partition_methods(partition))
    server.accept_from(socket.socket(fileno=options.listening))
    serve_until_orphaned(server, options.lifeline)
