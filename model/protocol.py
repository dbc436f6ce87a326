"""The choices of a real hand-over protocol, each of which changes the machine by composition."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

__all__ = ["Answer", "Devices", "ExitOrder", "Journal", "Memory", "Part", "Protocol"]


class Memory(Enum):
    """What keeps a VMM from touching a segment."""

    EXCLUSIVE = "the firmware enforces ownership; access only through the owner"
    SHARED = "handles: both VMMs may map a segment; exclusivity is a convention"
    PRESERVED = "nobody runs between; the successor's allocator may take what is not marked"


class ExitOrder(Enum):
    """When the source gives up what it holds for the VM."""

    BEFORE_CREATE = "as soon as all segments are reassigned"
    AFTER_ANSWER = "only when it has heard that the destination took over"


class Answer(Enum):
    """When the destination answers the source."""

    BEFORE_RESUME = "it promises, then resumes"
    AFTER_RESUME = "it resumes, then answers"


class Journal(Enum):
    """What survives the crash of a party."""

    NONE = "nothing but ownership itself"
    MARKS = "each segment is marked with its destination before it is reassigned"
    LOG = "a central log: intent, and a record that lets the destination in"


class Devices(Enum):
    """Which resources outside memory the VM has."""

    NONE = "none"
    LOCK = "a disk whose lock one VMM at a time may hold"


class Part(Enum):
    """What a protocol may have beyond memory, messages and one disk lock; see ``model/parts.py``."""

    DMA = "devices that write to memory on their own, and are drained"
    CACHES = "caches whose dirty lines are flushed before a segment changes hands"
    IOMMU = "an IOMMU map that follows the owner, segment by segment"
    DISKS = "several disks, closed and opened one by one; any of these steps may fail"
    DISK_CACHE = "a cache of writes to the disk, flushed before its lock is released"
    THIEF = "a third party that takes the disk's lock when nobody has it"
    OFFERED_LOCK = "a disk lock that is offered, and passes to the destination in one step"
    MANAGER = "a manager that is told, asks, writes down, acts, crashes and forgets"
    PORTS = "a few ports, one of which each migration needs"
    VERSIONS = "VMMs of different versions; the destination is asked before the suspension"
    CHECKED_CONFIGURATION = "configurations that are damaged or forged on the way, and checked on arrival"
    LIMITED_CONFIGURATION = "configurations with room for so many segments and no more"
    HOTPLUG = "a second vCPU, created while the VM executes"
    SESSIONS = "handles of memory, kept in sessions; two handles may name one object"
    PAGE_RECORDS = "records of which pages are clean, which the next kernel trusts"
    SCRATCH = "memory in which the next kernel starts, and which it overwrites"
    KEYS = "keys of encrypted memory, which a VM may share with mirrors of it"
    GUEST_EVENTS = "a guest that asks for a reset, or ends itself, at any moment"
    QUIESCING = "a VM that must come to rest before it is suspended"
    FAILING_FIRMWARE = "firmware that crashes, forgets who owns what, and finds it out from the journal"
    DUPLICATION = "a channel that delivers messages twice, the second time late"
    REFUSALS = "destinations that cannot allocate, or are cancelled, and give the VM up by themselves"
    FAILING_STEPS = "steps of preparing and of retrieving that may fail"


@dataclass(frozen=True)
class Protocol:
    """One way to hand a VM over.

    demands_all: whether the source takes a VM back only if its partition owns, and it maps, every segment.
    paused:      whether a VM may have been paused by the operator beforehand.
    parts:       what else there is.
    """

    memory: Memory = Memory.EXCLUSIVE
    exit_order: ExitOrder = ExitOrder.BEFORE_CREATE
    answer: Answer = Answer.AFTER_RESUME
    journal: Journal = Journal.LOG
    demands_all: bool = True
    devices: Devices = Devices.NONE
    paused: bool = False
    parts: frozenset[Part] = frozenset()

    @property
    def name(self) -> str:
        """All choices in a word each, in order, and the parts that there are."""
        choices = [_word(getattr(self, field.name), field.name) for field in fields(self) if field.name != "parts"]
        return "/".join((*choices, *(part.name.lower() for part in Part if part in self.parts)))

    @property
    def choices(self) -> dict[str, str]:
        """Every choice by its name, in words, with all parts as one."""
        told = {field.name.replace("_", " "): _told(getattr(self, field.name)) for field in fields(self)}
        return told | {"parts": ", ".join(_told(part) for part in Part if part in self.parts) or "none"}


def _word(choice: object, name: str) -> str:
    if isinstance(choice, Enum):
        return choice.name.lower()
    return name if choice else f"not_{name}"


def _told(choice: object) -> str:
    if isinstance(choice, Enum):
        return choice.name.lower().replace("_", " ")
    return "yes" if choice else "no"
