"""Disks: several to a VM, with locks that others want and caches that must be flushed, and what must hold of them."""

from __future__ import annotations

from attorn.spec.failing import FAILURES
from attorn.spec.handover import Handover
from attorn.spec.language import (
    Counter,
    Element,
    Expr,
    Map,
    Option,
    Relation,
    exists,
    forall,
    invariant,
    leads_to,
    progress,
)
from attorn.spec.language.declarations import LeadsTo
from attorn.spec.vocabulary import NONE, VM, Partition, Phase

__all__ = [
    "Disk",
    "DiskCache",
    "Disks",
    "OfferedLock",
    "Thief",
    "disk_open_once",
    "disks_reopened",
    "flushed_before_release",
    "no_thief",
    "run_implies_disks",
]


class Disk(Element):
    """One of the disks of a VM."""


class Disks(Handover):
    """A VM has a list of disks, which are closed and opened one by one; any of these steps may fail."""

    opened = Relation(Partition, VM, Disk, says="the partition's VMM has the VM's disk open for writing")
    close_failures = Counter(FAILURES, says="failures to close a disk that may still happen")


class DiskCache(Handover):
    """A VMM keeps writes to the VM's disk in a cache of its own."""

    cached = Map(
        VM, to=Option(Partition), says="partition whose VMM has writes to the VM's disk that are not in it yet"
    )


class Thief(Handover):
    """Somebody else, such as a backup, takes the lock of a disk when nobody has it."""

    stolen = Relation(VM, says="a third party has the lock of the VM's disk")


class OfferedLock(Handover):
    """The source offers the lock of the disk, and the destination takes it over in one step."""

    offered = Relation(VM, says="the source lets the destination take the lock of the VM's disk")


@invariant(hazards=("H45",))
def run_implies_disks(s: Disks) -> Expr:
    """A VMM that executes a VM has all of its disks open."""
    return forall(Partition, VM, Disk, lambda p, vm, disk: s.runs[p, vm] >> s.opened[p, vm, disk])


@invariant(hazards=("H47", "H48"))
def disk_open_once(s: Disks) -> Expr:
    """A disk is open in at most one VMM."""
    return forall(
        Partition,
        Partition,
        VM,
        Disk,
        lambda p, q, vm, disk: (s.opened[p, vm, disk] & s.opened[q, vm, disk]) >> (p == q),
    )


@progress(hazards=("H16",))
def disks_reopened(s: Disks, vm: VM, disk: Disk) -> LeadsTo:
    """A disk that was closed for a migration is open again in the end where the VM executes, or the VM is lost."""
    return leads_to(
        (s.source[vm] != s.target[vm]) & ~s.opened[s.source[vm], vm, disk],
        exists(Partition, lambda p: s.runs[p, vm] & s.opened[p, vm, disk]) | (s.phase[vm] == Phase.ABSENT),
    )


@invariant(hazards=("H43", "H46"))
def flushed_before_release(s: DiskCache) -> Expr:
    """A VMM that has writes to a disk in its cache holds the lock of that disk."""
    return forall(Partition, VM, lambda p, vm: (s.cached[vm] == p) >> (s.lock[vm] == p))


@invariant(hazards=("H44",))
def no_thief(s: Thief) -> Expr:
    """No third party ever gets hold of the disk of a VM that exists."""
    return forall(VM, lambda vm: s.stolen[vm] >> ((s.phase[vm] == Phase.ABSENT) & (s.lock[vm] == NONE)))
