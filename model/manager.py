"""The manager above the VMMs, which believes, records, asks and cleans up; and the ports that it hands out."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.spec.handover import Arrival, Message
from attorn.spec.language import action, exists
from attorn.spec.manager import OUTAGES, Manager, Port, Ports, manager_learns, recovery_safe
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Resource

__all__ = ["MANAGER", "PORTS"]


def _nothing_managed(s: Manager) -> None:
    s.managing = True
    s.believes[...] = NONE
    s.recorded[...] = NONE
    s.reported[...] = False
    s.outages = OUTAGES


def _start_managed(s: Manager, vm: VM, partition: Partition) -> None:
    s.require(s.managing)
    s.believes[vm] = partition
    s.recorded[vm] = partition
    s.reported[vm] = False


def _resume_reporting(s: Manager, vm: VM) -> None:
    s.reported[vm] = True


@action(party="manager", fair="weak")
def note(s: Manager, vm: VM) -> None:
    """The manager is told that a VM executes in its destination, and writes it down."""
    s.require(s.managing, s.reported[vm], (s.arrival[vm] == Arrival.RESUMED) | (s.source[vm] == s.target[vm]))
    s.reported[vm] = False
    s.believes[vm] = s.target[vm]
    s.recorded[vm] = s.target[vm]


@action(party="fault")
def lose_report(s: Manager, vm: VM) -> None:
    """An event that is under way to the manager is lost."""
    s.require(s.reported[vm], s.losses > 0)
    s.losses = s.losses - 1
    s.reported[vm] = False


@action(party="manager", fair="weak")
def ask(s: Manager, vm: VM, partition: Partition) -> None:
    """The manager asks a VMM, and learns that it executes a VM."""
    s.require(s.managing, s.runs[partition, vm], s.believes[vm] != partition)
    s.believes[vm] = partition
    s.recorded[vm] = partition


@action(party="fault")
def manager_crash(s: Manager) -> None:
    """The manager dies, and forgets all that it has not written down."""
    s.require(s.managing, s.outages > 0)
    s.outages = s.outages - 1
    s.managing = False
    s.believes[...] = NONE


@action(party="manager", fair="weak")
def manager_restart(s: Manager) -> None:
    """The manager is started again, and reads what it has on record."""
    s.require(~s.managing)
    s.managing = True
    s.believes[...] = lambda vm: s.recorded[vm]


@action(party="manager")
def order_back(s: Manager, vm: VM) -> None:
    """The manager, which believes that a migration has failed, orders the source to take the VM back."""
    s.require(
        s.managing,
        s.believes[vm] == s.source[vm],
        s.phase[vm] == Phase.TRANSFERRED,
        ~s.heard[vm],
        ~s.aborting[vm],
        s.timeouts > 0,
    )
    s.timeouts = s.timeouts - 1
    s.aborting[vm] = True
    s.sent[vm, Message.ABORT] = True


@action(party="manager")
def clean_up(s: Manager, vm: VM) -> None:
    """The manager ends what is left of a VM in its source, once the VM executes elsewhere."""
    home = s.source[vm]
    s.require(
        s.managing,
        s.recorded[vm] == s.target[vm],
        s.arrival[vm] == Arrival.RESUMED,
        ~s.runs[home, vm],
        exists(Resource, lambda kind: s.resources[home, vm, kind]),
    )
    s.resources[home, vm, ...] = False
    s.runs[home, vm] = False


def _bury_managed(s: Manager, vm: VM) -> None:
    s.believes[vm] = NONE
    s.recorded[vm] = NONE
    s.reported[vm] = False


MANAGER = Addition(
    Manager,
    _nothing_managed,
    gains={"start": _start_managed, "resume": _resume_reporting, "bury": _bury_managed},
    steps=(note, lose_report, ask, manager_crash, manager_restart, order_back, clean_up),
    statements=(recovery_safe, manager_learns),
)
"""A manager is told of migrations, asks where it was not told, and acts by what it has on record."""


def _all_ports_free(s: Ports) -> None:
    s.in_use[...] = False
    s.port_of[...] = NONE


@action(party="destination", fair="weak")
def listen(s: Ports, vm: VM, port: Port) -> None:
    """The destination opens a free port for a migration that is about to begin."""
    s.require(s.phase[vm] == Phase.DESCRIBED, s.up[s.target[vm]], ~s.in_use[port], s.port_of[vm] == NONE)
    s.in_use[port] = True
    s.port_of[vm] = port


def _transfer_by_port(s: Ports, vm: VM) -> None:
    s.require(s.port_of[vm] != NONE)


def _released(s: Ports, vm: VM) -> None:
    s.in_use[lambda port: s.port_of[vm] == port] = False
    s.port_of[vm] = NONE


PORTS = Addition(
    Ports,
    _all_ports_free,
    gains={"transfer": _transfer_by_port, "forget": _released, "settle": _released, "bury": _released},
    steps=(listen,),
)
"""A migration takes one of a few ports, and gives it back however it ends."""
