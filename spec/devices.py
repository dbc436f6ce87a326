"""Devices: writes in flight, cache lines and the IOMMU, and what must hold of them."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import Expr, Map, Option, Relation, forall, invariant
from attorn.spec.vocabulary import NONE, VM, Partition, Segment, Word

__all__ = [
    "CacheLines",
    "Iommu",
    "WritesInFlight",
    "device_reaches_all",
    "iommu_follows_owner",
    "no_late_dma",
    "no_late_write_back",
]


class WritesInFlight(Handover):
    """Devices write to memory on their own; such a write is begun at one time and lands at another."""

    in_flight = Map(
        Partition, Segment, to=Option(Word), says="what a device of the partition has begun to write to the segment"
    )


class CacheLines(Handover):
    """What a partition has written stays in its cache, and may be written to memory once more at any time."""

    line = Map(Partition, Segment, to=Option(Word), says="dirty cache line that the partition has of the segment")


class Iommu(Handover):
    """A VM's devices reach its memory by a map of their own, which is changed segment by segment."""

    reaches = Relation(Partition, Segment, says="the IOMMU lets the partition's devices reach the segment")


@invariant(hazards=("H40",))
def no_late_dma(s: WritesInFlight) -> Expr:
    """A device has a write in flight only to a segment of a VM that its partition executes."""
    return forall(
        Partition,
        VM,
        Segment,
        lambda p, vm, segment: (s.holds[vm, segment] & (s.in_flight[p, segment] != NONE)) >> s.runs[p, vm],
    )


@invariant(hazards=("H36",))
def no_late_write_back(s: CacheLines) -> Expr:
    """Only the owner of a segment has cache lines of it that may still be written back."""
    return forall(Partition, Segment, lambda p, segment: (s.line[p, segment] != NONE) >> (s.owner[segment] == p))


@invariant(hazards=("H37",))
def iommu_follows_owner(s: Iommu) -> Expr:
    """Devices reach only segments that their partition owns."""
    return forall(Partition, Segment, lambda p, segment: s.reaches[p, segment] >> (s.owner[segment] == p))


@invariant(hazards=("H37",))
def device_reaches_all(s: Iommu) -> Expr:
    """The devices of a VMM that executes a VM reach every segment of it."""
    return forall(
        Partition, VM, Segment, lambda p, vm, segment: (s.runs[p, vm] & s.holds[vm, segment]) >> s.reaches[p, segment]
    )
