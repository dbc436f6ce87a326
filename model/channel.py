"""A channel that duplicates and delays: every message may come once more, as late as it likes."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.spec.channel import DUPLICATES, Duplicating
from attorn.spec.handover import Arrival, Message
from attorn.spec.language import action, one_of
from attorn.spec.vocabulary import VM, Partition

__all__ = ["DUPLICATION"]


def _nothing_copied(s: Duplicating) -> None:
    s.copied[...] = False
    s.duplicates = DUPLICATES


@action(party="fault")
def duplicate(s: Duplicating, vm: VM, message: Message) -> None:
    """The channel makes a copy of a message that is under way."""
    s.require(s.sent[vm, message], ~s.copied[vm, message], s.duplicates > 0)
    s.duplicates = s.duplicates - 1
    s.copied[vm, message] = True


@action(party="fault")
def deliver_late(s: Duplicating, vm: VM, message: Message) -> None:
    """A copy that was held up is under way at last."""
    s.require(s.copied[vm, message], ~s.sent[vm, message])
    s.copied[vm, message] = False
    s.sent[vm, message] = True


@action(party="destination", fair="weak")
def discard(s: Duplicating, vm: VM) -> None:
    """The destination drops a configuration or a question that it has had before."""
    s.require(
        (s.sent[vm, Message.CONFIG] & (s.arrival[vm] != Arrival.NOTHING))
        | (s.sent[vm, Message.ABORT] & one_of(s.arrival[vm], Arrival.DECLINED))
    )
    s.sent[vm, Message.CONFIG] = s.sent[vm, Message.CONFIG] & (s.arrival[vm] == Arrival.NOTHING)
    s.sent[vm, Message.ABORT] = s.sent[vm, Message.ABORT] & (s.arrival[vm] != Arrival.DECLINED)


def _epoch_over(s: Duplicating, vm: VM) -> None:
    s.copied[vm, ...] = False


def _connection_gone(s: Duplicating, partition: Partition) -> None:
    s.copied[lambda vm, message: (s.source[vm] != s.target[vm]) & one_of(partition, s.source[vm], s.target[vm])] = False


DUPLICATION = Addition(
    Duplicating,
    _nothing_copied,
    gains={"forget": _epoch_over, "settle": _epoch_over, "bury": _epoch_over, "crash": _connection_gone},
    steps=(duplicate, deliver_late, discard),
)
"""A message comes twice, the second time as late as it likes, but not in a later migration: that has another epoch."""
