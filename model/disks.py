"""Disks: a list of them, each closed and opened by itself; a lock that others want; a cache to be flushed."""

from __future__ import annotations

from dataclasses import replace

from attorn.model.addition import Addition
from attorn.model.handover import UNDER_WAY
from attorn.spec.disks import (
    Disk,
    DiskCache,
    Disks,
    OfferedLock,
    Thief,
    disk_open_once,
    disks_reopened,
    flushed_before_release,
    no_thief,
    run_implies_disks,
)
from attorn.spec.failing import FAILURES
from attorn.spec.handover import Arrival, Message
from attorn.spec.language import Action, action, exists, forall, ite, one_of
from attorn.spec.vocabulary import NONE, VM, Partition, Phase

__all__ = ["DISKS", "DISK_CACHE", "OFFERED_LOCK", "THIEF"]


def _no_disks(s: Disks) -> None:
    s.opened[...] = False
    s.close_failures = FAILURES


def _start_with_disks(s: Disks, vm: VM, partition: Partition) -> None:
    s.opened[partition, vm, ...] = True


@action(party="source", fair="weak")
def close(s: Disks, vm: VM, disk: Disk) -> None:
    """The source closes one of the VM's disks, so that the destination can open it."""
    s.require(s.phase[vm] == Phase.TRANSFERRED, ~s.aborting[vm], s.opened[s.source[vm], vm, disk])
    s.opened[s.source[vm], vm, disk] = False


@action(party="fault")
def fail_to_close(s: Disks, vm: VM, disk: Disk) -> None:
    """A disk cannot be closed; the source wants the VM back."""
    s.require(s.phase[vm] == Phase.TRANSFERRED, ~s.aborting[vm], s.opened[s.source[vm], vm, disk], s.close_failures > 0)
    s.require(~s.heard[vm])
    s.close_failures = s.close_failures - 1
    s.aborting[vm] = True
    s.sent[vm, Message.ABORT] = True


@action(party="destination", fair="weak")
def open(s: Disks, vm: VM, disk: Disk) -> None:
    """The destination opens one of the VM's disks."""
    s.require(s.arrival[vm] == Arrival.CREATED, ~s.opened[s.target[vm], vm, disk])
    s.require(~s.opened[s.source[vm], vm, disk])
    s.opened[s.target[vm], vm, disk] = True


@action(party="source", fair="weak")
def reopen(s: Disks, vm: VM, disk: Disk) -> None:
    """The source, on its way back, opens a disk again."""
    s.require(s.aborting[vm], ~s.opened[s.source[vm], vm, disk], ~s.opened[s.target[vm], vm, disk])
    s.opened[s.source[vm], vm, disk] = True


def _exit_closed(s: Disks, vm: VM) -> None:
    s.require(~exists(Disk, lambda disk: s.opened[s.source[vm], vm, disk]))


def _resume_opened(s: Disks, vm: VM) -> None:
    s.require(forall(Disk, lambda disk: s.opened[s.target[vm], vm, disk]))


def _roll_back_opened(s: Disks, vm: VM) -> None:
    s.require(forall(Disk, lambda disk: s.opened[s.source[vm], vm, disk]))


def _decline_closed(s: Disks, vm: VM) -> None:
    s.opened[s.target[vm], vm, ...] = False


def _concede_closed(s: Disks, vm: VM) -> None:
    s.opened[s.source[vm], vm, ...] = False


def _crash_closed(s: Disks, partition: Partition) -> None:
    s.opened[partition, ..., ...] = False


def _bury_closed(s: Disks, vm: VM) -> None:
    s.opened[..., vm, ...] = False


DISKS = Addition(
    Disks,
    _no_disks,
    gains={
        "start": _start_with_disks,
        "exit": _exit_closed,
        "resume": _resume_opened,
        "roll_back": _roll_back_opened,
        "decline": _decline_closed,
        "concede": _concede_closed,
        "crash": _crash_closed,
        "bury": _bury_closed,
    },
    steps=(close, fail_to_close, open, reopen),
    statements=(run_implies_disks, disk_open_once, disks_reopened),
)
"""Disks are closed in the source and opened in the destination one by one, and the way back opens all again."""


def _nothing_cached(s: DiskCache) -> None:
    s.cached[...] = NONE


@action(party="guest")
def write_to_disk(s: DiskCache, partition: Partition, vm: VM) -> None:
    """The guest writes to its disk; the VMM keeps that in its cache for a while."""
    s.require(s.runs[partition, vm])
    s.cached[vm] = partition


@action(party="source", fair="weak")
def flush(s: DiskCache, vm: VM) -> None:
    """The source writes its cache to the disk."""
    s.require(one_of(s.phase[vm], *UNDER_WAY), s.cached[vm] == s.source[vm])
    s.cached[vm] = NONE


def _unlock_flushed(s: DiskCache, vm: VM) -> None:
    s.require(s.cached[vm] != s.source[vm])


def _crash_uncached(s: DiskCache, partition: Partition) -> None:
    s.cached[lambda vm: s.cached[vm] == partition] = NONE


def _bury_uncached(s: DiskCache, vm: VM) -> None:
    s.cached[vm] = NONE


DISK_CACHE = Addition(
    DiskCache,
    _nothing_cached,
    gains={
        "unlock": _unlock_flushed,
        "exit": _unlock_flushed,
        "concede": _unlock_flushed,
        "crash": _crash_uncached,
        "bury": _bury_uncached,
    },
    steps=(write_to_disk, flush),
    statements=(flushed_before_release,),
)
"""A VMM caches writes to the disk, and flushes them before it gives up the lock; a crash loses them."""


def _nothing_stolen(s: Thief) -> None:
    s.stolen[...] = False


@action(party="third party")
def steal(s: Thief, vm: VM) -> None:
    """A third party takes the lock of a disk that nobody has."""
    s.require(s.phase[vm] != Phase.ABSENT, s.lock[vm] == NONE, ~s.stolen[vm])
    s.stolen[vm] = True


def _not_stolen(s: Thief, vm: VM) -> None:
    s.require(~s.stolen[vm])


def _bury_unstolen(s: Thief, vm: VM) -> None:
    s.stolen[vm] = False


THIEF = Addition(
    Thief,
    _nothing_stolen,
    gains={"create": _not_stolen, "roll_back": _not_stolen, "bury": _bury_unstolen},
    steps=(steal,),
    statements=(no_thief,),
)
"""A third party takes any lock that is free."""


def _nothing_offered(s: OfferedLock) -> None:
    s.offered[...] = False


def _lacking_the_lock(step: Action) -> Action:
    return step.without(reading=(OfferedLock.lock,))


def _unlock_offering(step: Action) -> Action:
    sentence = "The source offers the lock of the VM's disk to the destination."
    return replace(step.without(writing=(OfferedLock.lock,)), sentence=sentence)


def _unlock_once(s: OfferedLock, vm: VM) -> None:
    s.require(~s.offered[vm])
    s.offered[vm] = True


def _create_taking(s: OfferedLock, vm: VM) -> None:
    s.require((s.lock[vm] == NONE) | ((s.lock[vm] == s.source[vm]) & s.offered[vm]))
    s.offered[vm] = False


def _decline_returning(s: OfferedLock, vm: VM) -> None:
    s.lock[vm] = ite(s.lock[vm] == s.target[vm], s.source[vm], s.lock[vm])
    s.offered[vm] = False


def _withdrawn(s: OfferedLock, vm: VM) -> None:
    s.offered[vm] = False


OFFERED_LOCK = Addition(
    OfferedLock,
    _nothing_offered,
    rewrites={
        "unlock": _unlock_offering,
        "create": _lacking_the_lock,
        "decline": lambda step: step.without(writing=(OfferedLock.lock,)),
    },
    gains={
        "unlock": _unlock_once,
        "create": _create_taking,
        "decline": _decline_returning,
        "roll_back": _withdrawn,
        "bury": _withdrawn,
    },
)
"""The lock of the disk is never free on the way: it is offered, and passes from VMM to VMM in one step."""
