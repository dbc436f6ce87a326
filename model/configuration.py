"""Configurations that are too new, damaged, too large or out of date, and how a protocol guards against them."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.spec.configuration import (
    CAPACITY,
    DAMAGES,
    DamagedConfiguration,
    Hotplug,
    Versions,
    all_vcpus_described,
    version_gate,
)
from attorn.spec.handover import Arrival, Handover, Message
from attorn.spec.language import ANY, Expr, action, count, forall
from attorn.spec.vocabulary import NONE, VM, Address, Partition, Phase, Segment

__all__ = ["CHECKED_CONFIGURATION", "HOTPLUG", "LIMITED_CONFIGURATION", "VERSIONS"]


def _any_versions(s: Versions) -> None:
    s.understands[...] = ANY


def _suspend_asked_first(s: Versions, vm: VM, partition: Partition) -> None:
    s.require(s.understands[partition])


def _create_understood(s: Versions, vm: VM) -> None:
    s.require(s.understands[s.target[vm]])


VERSIONS = Addition(
    Versions,
    _any_versions,
    gains={"suspend": _suspend_asked_first, "create": _create_understood},
    statements=(version_gate,),
)
"""A destination that does not understand a configuration cannot create the VM; it is asked before the suspension."""


def _nothing_taken(s: DamagedConfiguration) -> None:
    s.damages = DAMAGES
    s.taken[...] = False


def _take(s: DamagedConfiguration, vm: VM) -> None:
    s.taken[vm, lambda segment: s.described[vm, segment] != NONE] = True


def _dropped(s: DamagedConfiguration, vm: VM, wrong: Expr) -> None:
    """A configuration in which something is wrong arrives, and is dropped."""
    s.require(s.sent[vm, Message.CONFIG], s.arrival[vm] == Arrival.NOTHING, wrong, s.damages > 0)
    s.damages = s.damages - 1
    s.sent[vm, Message.CONFIG] = False


@action(party="fault")
def damage(s: DamagedConfiguration, vm: VM, segment: Segment) -> None:
    """A configuration arrives without one of its segments; the destination sees by length and checksum that it does,
    and drops it.
    """
    _dropped(s, vm, s.described[vm, segment] != NONE)


@action(party="fault")
def forge(s: DamagedConfiguration, vm: VM, segment: Segment) -> None:
    """A configuration arrives that names a segment of somebody else; the destination compares it with the firmware's
    table, and drops it.
    """
    _dropped(s, vm, ~s.holds[vm, segment])


def _map_taken(s: DamagedConfiguration, vm: VM, segment: Segment) -> None:
    s.require(s.taken[vm, segment])


def _resume_taken(s: DamagedConfiguration, vm: VM) -> None:
    s.require(
        forall(
            Segment,
            lambda segment: s.taken[vm, segment] >> (s.mapped[s.target[vm], segment] == s.described[vm, segment]),
        )
    )


def _drop(s: DamagedConfiguration, vm: VM) -> None:
    s.taken[vm, ...] = False


def _crash_dropping(s: DamagedConfiguration, partition: Partition) -> None:
    s.taken[lambda vm, segment: (s.target[vm] == partition) & (s.source[vm] != partition)] = False


CHECKED_CONFIGURATION = Addition(
    DamagedConfiguration,
    _nothing_taken,
    rewrites={"resume": lambda step: step.without(reading=(Handover.mapped,))},
    gains={
        "receive": _take,
        "recover": _take,
        "map": _map_taken,
        "resume": _resume_taken,
        "decline": _drop,
        "settle": _drop,
        "bury": _drop,
        "crash": _crash_dropping,
    },
    steps=(damage, forge),
)
"""The destination knows of the segments only what has arrived; it drops a configuration that is damaged or forged."""


def _allocate_within(s: Handover, vm: VM, segment: Segment, address: Address) -> None:
    s.require(count(Segment, lambda held: s.holds[vm, held]) < CAPACITY)


def _transfer_within(s: Handover, vm: VM) -> None:
    s.require(count(Segment, lambda held: s.holds[vm, held]) <= CAPACITY)


LIMITED_CONFIGURATION = Addition(
    Handover, lambda s: None, gains={"allocate": _allocate_within, "transfer": _transfer_within}
)
"""A configuration has room for so many segments, and a VM gets no more than that."""


def _one_vcpu(s: Hotplug) -> None:
    s.second[...] = False
    s.described_second[...] = False


@action(party="source")
def plug(s: Hotplug, vm: VM) -> None:
    """The VMM creates a second vCPU for the VM that it executes."""
    s.require(s.phase[vm] == Phase.RUNNING, s.up[s.source[vm]], ~s.second[vm])
    s.second[vm] = True


def _describe_vcpus(s: Hotplug, vm: VM) -> None:
    s.described_second[vm] = s.second[vm]


def _resume_vcpus(s: Hotplug, vm: VM) -> None:
    s.second[vm] = s.described_second[vm]


def _bury_vcpus(s: Hotplug, vm: VM) -> None:
    s.second[vm] = False
    s.described_second[vm] = False


def _forget_vcpus(s: Hotplug, vm: VM) -> None:
    s.described_second[vm] = False


HOTPLUG = Addition(
    Hotplug,
    _one_vcpu,
    gains={
        "describe": _describe_vcpus,
        "resume": _resume_vcpus,
        "settle": _forget_vcpus,
        "forget": _forget_vcpus,
        "bury": _bury_vcpus,
    },
    steps=(plug,),
    statements=(all_vcpus_described,),
)
"""A VM gets a second vCPU only while it executes, never while it is described."""
