"""The nouns: partitions, segments, VMs, words, and the state that they make up."""

from __future__ import annotations

from enum import Enum

from attorn.spec.language import NONE, Element, Map, Option, Relation, State, constant

__all__ = [
    "MIGRATING",
    "NONE",
    "VM",
    "ZERO",
    "Address",
    "Partition",
    "Phase",
    "Platform",
    "Resource",
    "Segment",
    "Word",
]


class Partition(Element):
    """A logical partition: it owns memory segments and runs one VMM."""


class Segment(Element):
    """A hardware memory segment, the unit of exclusive allocation."""


class VM(Element):
    """A virtual machine."""


class Word(Element):
    """A value that a segment or the registers of a vCPU can hold."""


class Address(Element):
    """A guest physical address at which a whole segment is visible."""


ZERO = constant(Word, "zero", "What a scrubbed segment and fresh registers hold.")


class Phase(Enum):
    """Where a VM is on its way; every step of the claim moves it on by one."""

    ABSENT = "no VM of this name exists"
    RUNNING = "executes in the source VMM, which is the only one that it has"
    SUSPENDED = "no vCPU executes; everything stays allocated"
    DESCRIBED = "the extended configuration is written, at the source"
    TRANSFERRED = "the extended configuration is at the destination"
    EXITED = "the source has freed the VM's virtual resources"
    CREATED = "the destination has created the VM by the configuration"


MIGRATING = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED, Phase.EXITED, Phase.CREATED)


class Resource(Enum):
    """The kinds of virtual resources that a VMM allocates for a VM."""

    VCPU = "virtual processors"
    DEVICE = "virtual devices"
    PAGE_TABLE = "second-level page tables"


class Platform(State):
    """One computer: the firmware's table, the VMMs' tables, memory, and the VMs."""

    owner = Map(Segment, to=Partition, says="partition that owns the segment, in the firmware's table")
    content = Map(Segment, to=Word, says="what the segment holds")
    mapped = Map(Partition, Segment, to=Option(Address), says="guest address at which the partition's VMM maps it")
    holds = Relation(VM, Segment, says="the segment is allocated to the VM")

    phase = Map(VM, to=Phase, says="where the VM is on its way")
    source = Map(VM, to=Partition, says="partition whose VMM executes the VM, or executed it before suspension")
    target = Map(VM, to=Partition, says="partition that the VM migrates to; the source while it does not migrate")
    runs = Relation(Partition, VM, says="the partition's VMM executes the VM's vCPUs")
    resources = Relation(Partition, VM, Resource, says="virtual resources that the partition's VMM holds for the VM")
    registers = Map(VM, to=Word, says="run state of the VM's vCPUs, in the VMM that has created it")

    described = Map(VM, Segment, to=Option(Address), says="segment description in the extended configuration")
    described_registers = Map(VM, to=Word, says="run state in the extended configuration")

    guest_memory = Map(VM, Segment, to=Word, ghost=True, says="what the guest itself wrote to the segment last")
    guest_registers = Map(VM, to=Word, ghost=True, says="what the guest itself left in its registers")
    guest_layout = Map(VM, Segment, to=Option(Address), ghost=True, says="where the guest was given the segment")
