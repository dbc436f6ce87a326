"""A channel that delivers twice: copies of messages, and how many of them there may be."""

from __future__ import annotations

from attorn.spec.handover import Handover, Message
from attorn.spec.language import Budget, Counter, Relation
from attorn.spec.vocabulary import VM

__all__ = ["DUPLICATES", "Duplicating"]

DUPLICATES = Budget("duplicates", "How many messages may be delivered twice.")


class Duplicating(Handover):
    """The channel has room for one message of each kind, and for one late copy of each; a copy may come at any time."""

    copied = Relation(VM, Message, says="a copy of the message is still in the channel, and is late")
    duplicates = Counter(DUPLICATES, says="messages that may still be duplicated")
