"""The product of choices and fault classes over which guarantees are surveyed."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from attorn.model.protocol import Answer, ExitOrder, Journal, Memory, Protocol
from attorn.model.variants import build
from attorn.spec.language import Instance

__all__ = ["FAULT_CLASSES", "FaultClass", "cells", "keys", "protocols"]


@dataclass(frozen=True)
class FaultClass:
    """What may go wrong, as budgets."""

    name: str
    says: str
    crashes: int = 0
    losses: int = 0
    timeouts: int = 0
    cancels: int = 0


FAULT_CLASSES = (
    FaultClass("none", "nothing goes wrong"),
    FaultClass("crash", "one VMM crashes, at any step", crashes=1),
    FaultClass("loss", "one message is lost", losses=1),
    FaultClass("time-out", "the source gives up waiting once, though nothing is lost", timeouts=1),
    FaultClass("cancel", "the operator cancels once, at any step", cancels=1),
    FaultClass("loss, time-out", "one message is lost and the source gives up once", losses=1, timeouts=1),
    FaultClass("crash, cancel", "one VMM crashes and the operator cancels once", crashes=1, cancels=1),
    FaultClass("one of each", "one crash, loss, time-out and cancellation", crashes=1, losses=1, timeouts=1, cancels=1),
)


def protocols() -> Iterator[Protocol]:
    """All combinations of the choices that concern safety; devices and pausing are left out."""
    choices = itertools.product(Memory, ExitOrder, Answer, Journal, (True, False))
    for memory, exit_order, answer, journal, demands_all in choices:
        yield Protocol(memory, exit_order, answer, journal, demands_all)


def keys() -> Iterator[tuple[dict[str, str], Protocol, FaultClass]]:
    """Every protocol under every fault class, with the choices made in words."""
    for protocol in protocols():
        for fault in FAULT_CLASSES:
            key = {
                "memory": protocol.memory.name.lower(),
                "exit": protocol.exit_order.name.lower(),
                "answer": protocol.answer.name.lower(),
                "journal": protocol.journal.name.lower(),
                "demands all": "yes" if protocol.demands_all else "no",
                "fault": fault.name,
            }
            yield key, protocol, fault


def cells(segments: int = 1, **only: Collection[str]) -> Iterator[tuple[dict[str, str], Instance]]:
    """The cells of the survey: one VM between two partitions; ``only`` names the choices wanted, such as memory."""
    built = cache(build)
    for key, protocol, fault in keys():
        if all(key[name] in wanted for name, wanted in only.items()):
            sizes = {"VM": 1, "Segment": segments, "Partition": 2, "Word": 2, "Address": segments}
            budgets = {name: getattr(fault, name) for name in ("crashes", "losses", "timeouts", "cancels")}
            yield key, Instance.of(built(protocol), protocol.name, **sizes, **budgets)
