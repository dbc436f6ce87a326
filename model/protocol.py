"""The choices of a real hand-over protocol, each of which changes the machine by composition."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

__all__ = ["Answer", "Devices", "ExitOrder", "Journal", "Memory", "Protocol"]


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


@dataclass(frozen=True)
class Protocol:
    """One way to hand a VM over.

    demands_all: whether the source takes a VM back only if its partition owns, and it maps, every segment.
    paused:      whether a VM may have been paused by the operator beforehand.
    """

    memory: Memory = Memory.EXCLUSIVE
    exit_order: ExitOrder = ExitOrder.BEFORE_CREATE
    answer: Answer = Answer.AFTER_RESUME
    journal: Journal = Journal.LOG
    demands_all: bool = True
    devices: Devices = Devices.NONE
    paused: bool = False

    @property
    def name(self) -> str:
        """All choices in a word each, in order."""
        return "/".join(_word(getattr(self, field.name), field.name) for field in fields(self))


def _word(choice: object, name: str) -> str:
    if isinstance(choice, Enum):
        return choice.name.lower()
    return name if choice else f"not_{name}"
