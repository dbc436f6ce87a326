"""The nouns of the real ring: what each party knows, messages, journals, faults and outcomes."""

from __future__ import annotations

from enum import Enum

from attorn.spec.language import Budget, Counter, Map, Option, Relation
from attorn.spec.vocabulary import VM, Partition, Platform, Segment

__all__ = [
    "CANCELS",
    "CRASHES",
    "LOSSES",
    "TIMEOUTS",
    "Arrival",
    "Handover",
    "Message",
    "Outcome",
]


class Arrival(Enum):
    """How far the destination VMM is with a VM; only the destination knows it."""

    NOTHING = "it has not heard of the VM"
    RECEIVED = "it has the extended configuration"
    CREATED = "it has created the VM"
    ANSWERED = "it has promised to resume the VM"
    RESUMED = "it has resumed the VM"
    DECLINED = "it has given the VM up again"


class Message(Enum):
    """What the two VMMs send each other."""

    CONFIG = "source to destination: here is the extended configuration"
    ANSWER = "destination to source: the VM is mine"
    ABORT = "source to destination: give the VM back"


class Outcome(Enum):
    """What the source VMM has told the operator of the migration under way."""

    OPEN = "nothing yet"
    MIGRATED = "the VM executes in the destination"
    STAYED = "the VM executes in the source"


CRASHES = Budget("crashes", "How many VMMs may crash.")
LOSSES = Budget("losses", "How many messages may be lost.")
TIMEOUTS = Budget("timeouts", "How often the source may give up waiting, rightly or not.")
CANCELS = Budget("cancels", "How often the operator may cancel.")


class Handover(Platform):
    """A platform on which things go wrong.

    ``phase`` is what the source knows, ``arrival`` what the destination knows; ``sent`` lies between them.
    """

    up = Relation(Partition, says="the partition's VMM is alive")
    arrival = Map(VM, to=Arrival, says="how far the destination VMM is")
    sent = Relation(VM, Message, says="the message is under way")
    cut = Relation(VM, says="the connection between the two VMMs has broken")
    heard = Relation(VM, says="the source has heard the destination's answer")
    aborting = Relation(VM, says="the source wants the VM back")
    told = Map(VM, to=Outcome, says="what the source has told the operator")

    intent = Relation(VM, says="journal: the configuration, written down by the source; durable until withdrawn")
    entered = Relation(VM, says="journal: the destination has been let in; durable")
    mark = Map(
        Segment, to=Option(Partition), says="journal: where the segment is going; durable, kept with the segment"
    )

    lock = Map(VM, to=Option(Partition), says="partition whose VMM holds the lock of the VM's disk")
    paused = Relation(VM, says="the operator had paused the VM before it was suspended")

    crashes = Counter(CRASHES, says="crashes that may still happen")
    losses = Counter(LOSSES, says="losses that may still happen")
    timeouts = Counter(TIMEOUTS, says="time-outs that may still happen")
    cancels = Counter(CANCELS, says="cancellations that may still happen")

    executed = Relation(VM, ghost=True, says="the destination has executed the VM: the point of no return is passed")
