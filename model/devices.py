"""Devices in motion: DMA that lands late, cache lines that are written back late, and the IOMMU."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.model.handover import PREPARING
from attorn.spec.devices import (
    CacheLines,
    Iommu,
    WritesInFlight,
    device_reaches_all,
    iommu_follows_owner,
    no_late_dma,
    no_late_write_back,
)
from attorn.spec.language import action, forall, one_of
from attorn.spec.recovery import frozen_while_nobody_executes
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Segment, Word

__all__ = ["CACHES", "DMA", "IOMMU"]


def _nothing_in_flight(s: WritesInFlight) -> None:
    s.in_flight[...] = NONE


@action(party="device")
def begin_write(s: WritesInFlight, partition: Partition, vm: VM, segment: Segment, word: Word) -> None:
    """A device begins to write to the memory of a VM, as the guest has asked it to."""
    s.require(s.runs[partition, vm], s.holds[vm, segment], s.in_flight[partition, segment] == NONE)
    s.in_flight[partition, segment] = word


@action(party="device", fair="weak")
def land(s: WritesInFlight, partition: Partition, segment: Segment, word: Word) -> None:
    """A write that a device has begun reaches memory; the guest, where it executes, learns of it."""
    s.require(s.in_flight[partition, segment] == word)
    s.in_flight[partition, segment] = NONE
    s.content[segment] = word
    s.guest_memory[lambda vm, part: (part == segment) & s.holds[vm, part] & s.runs[partition, vm]] = word


def _suspend_drained(s: WritesInFlight, vm: VM, partition: Partition) -> None:
    s.require(forall(Segment, lambda segment: s.holds[vm, segment] >> (s.in_flight[s.source[vm], segment] == NONE)))


def _crash_with_devices(s: WritesInFlight, partition: Partition) -> None:
    s.in_flight[partition, ...] = NONE


DMA = Addition(
    WritesInFlight,
    _nothing_in_flight,
    gains={"suspend": _suspend_drained, "crash": _crash_with_devices},
    steps=(begin_write, land),
    statements=(no_late_dma, frozen_while_nobody_executes),
)
"""Devices write on their own; the source drains them before it suspends a VM."""


def _no_lines(s: CacheLines) -> None:
    s.line[...] = NONE


@action(party="cache", fair="weak")
def write_back(s: CacheLines, partition: Partition, segment: Segment, word: Word) -> None:
    """A dirty cache line of a partition is written to memory, once more or for the first time."""
    s.require(s.line[partition, segment] == word)
    s.line[partition, segment] = NONE
    s.content[segment] = word


def _execute_through_cache(s: CacheLines, partition: Partition, vm: VM, segment: Segment, word: Word) -> None:
    s.line[partition, segment] = word


def _reassign_flushed(s: CacheLines, vm: VM, segment: Segment) -> None:
    s.require(s.line[s.source[vm], segment] == NONE)


def _bury_flushed(s: CacheLines, vm: VM) -> None:
    s.line[..., lambda segment: s.holds[vm, segment]] = NONE


CACHES = Addition(
    CacheLines,
    _no_lines,
    gains={
        "execute": _execute_through_cache,
        "reassign": _reassign_flushed,
        "complete": _reassign_flushed,
        "bury": _bury_flushed,
    },
    steps=(write_back,),
    statements=(no_late_write_back,),
)
"""What a guest writes lingers in its partition's cache; a segment is flushed before it is reassigned."""


def _nothing_reached(s: Iommu) -> None:
    s.reaches[...] = False


def _allocate_reached(s: Iommu, vm: VM, segment: Segment, address: object) -> None:
    s.reaches[s.source[vm], segment] = True


@action(party="source", fair="weak")
def detach(s: Iommu, vm: VM, segment: Segment) -> None:
    """The source takes a segment out of the IOMMU map of its devices."""
    s.require(
        s.phase[vm] == Phase.TRANSFERRED,
        ~s.aborting[vm],
        s.described[vm, segment] != NONE,
        s.reaches[s.source[vm], segment],
    )
    s.reaches[s.source[vm], segment] = False


@action(party="destination", fair="weak")
def attach(s: Iommu, vm: VM, segment: Segment) -> None:
    """The destination puts a segment that it owns into the IOMMU map of its devices."""
    s.require(
        one_of(s.arrival[vm], *PREPARING),
        s.described[vm, segment] != NONE,
        s.owner[segment] == s.target[vm],
        ~s.reaches[s.target[vm], segment],
    )
    s.reaches[s.target[vm], segment] = True


@action(party="source", fair="weak")
def reattach(s: Iommu, vm: VM, segment: Segment) -> None:
    """The source, on its way back, puts a segment into the IOMMU map again."""
    s.require(
        s.aborting[vm],
        s.described[vm, segment] != NONE,
        s.owner[segment] == s.source[vm],
        ~s.reaches[s.source[vm], segment],
    )
    s.reaches[s.source[vm], segment] = True


def _reassign_detached(s: Iommu, vm: VM, segment: Segment) -> None:
    s.require(~s.reaches[s.source[vm], segment])


def _resume_attached(s: Iommu, vm: VM) -> None:
    s.require(forall(Segment, lambda segment: s.holds[vm, segment] >> s.reaches[s.target[vm], segment]))


def _roll_back_attached(s: Iommu, vm: VM) -> None:
    s.require(forall(Segment, lambda segment: s.holds[vm, segment] >> s.reaches[s.source[vm], segment]))


def _decline_detached(s: Iommu, vm: VM) -> None:
    s.reaches[s.target[vm], lambda segment: s.holds[vm, segment]] = False


def _crash_detached(s: Iommu, partition: Partition) -> None:
    s.reaches[partition, ...] = False


def _bury_detached(s: Iommu, vm: VM) -> None:
    s.reaches[..., lambda segment: s.holds[vm, segment]] = False


IOMMU = Addition(
    Iommu,
    _nothing_reached,
    gains={
        "allocate": _allocate_reached,
        "reassign": _reassign_detached,
        "resume": _resume_attached,
        "roll_back": _roll_back_attached,
        "decline": _decline_detached,
        "crash": _crash_detached,
        "bury": _bury_detached,
    },
    steps=(detach, attach, reattach),
    statements=(iommu_follows_owner, device_reaches_all),
)
"""A segment leaves the IOMMU map before it is reassigned, and comes back into it before the VM executes."""
