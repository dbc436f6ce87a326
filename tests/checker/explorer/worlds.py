"""Worlds for the tests of the explorer: a lock by hand, the claim, and a known failure."""

from __future__ import annotations

import os
import tempfile

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.trace_check import TraceSource
from attorn.checker.conform.trace_reader import TraceReader
from attorn.checker.explorer import Catalogue, Desk, Entry
from attorn.model.hazards import HAZARDS, Hazard
from attorn.model.instances import instance
from attorn.spec.language import (
    NONE,
    Element,
    Instance,
    Machine,
    Map,
    Option,
    State,
    action,
    forall,
    goal,
    initial,
    invariant,
    two_state,
)

__all__ = ["desk", "logs"]


class Process(Element):
    """Somebody who wants the lock."""


class Lock(Element):
    """What one process at a time may hold."""


class Table(State):
    holder = Map(Lock, to=Option(Process), says="who holds the lock")


@initial
def all_free(s: Table) -> None:
    s.holder[...] = NONE


@action(party="process")
def take(s: Table, process: Process, lock: Lock) -> None:
    """A process takes a lock that nobody holds."""
    s.require(s.holder[lock] == NONE)
    s.holder[lock] = process


@action(party="process")
def rob(s: Table, process: Process, lock: Lock) -> None:
    """A process takes a lock that another holds."""
    s.require(s.holder[lock] != NONE, s.holder[lock] != process)
    s.holder[lock] = process


@invariant
def none_has_all(s: Table) -> object:
    """No process holds all locks."""
    return forall(Process, lambda process: ~forall(Lock, lambda lock: s.holder[lock] == process))


@two_state
def nobody_is_robbed(before: Table, after: Table) -> object:
    """A lock that is held stays with its holder."""
    return forall(Lock, lambda lock: (before.holder[lock] != NONE) >> (after.holder[lock] == before.holder[lock]))


@goal
def all_taken(s: Table) -> object:
    """All locks are held."""
    return forall(Lock, lambda lock: s.holder[lock] != NONE)


LOCKS = Machine("locks", Table, all_free, (take, rob), (none_has_all, nobody_is_robbed, all_taken))


def _locks() -> Instance:
    return Instance.of(LOCKS, "locks", Process=2, Lock=2)


def logs(name: str, data: bytes) -> tuple[Instance, TraceSource]:
    """A log of the smallest claim."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the reader takes its descriptor, which lives as long as it does
    file.write(data)
    file.seek(0)
    return instance("claim-tiny"), TraceReader(ByteLines(os.dup(file.fileno()), name))


def _failure(each: Hazard) -> Entry:
    return Entry(each.id, "hazards", each.name, each.sentence, lambda: each.instance(each.mutated), each.caught_by)


def desk() -> Desk:
    """A desk for all of them."""
    return Desk(
        Catalogue(
            [
                Entry("locks", "chosen", "2 processes, 2 locks", "Two locks.", _locks),
                Entry("claim", "instances", "the claim", "The claim.", lambda: instance("claim")),
                *(_failure(HAZARDS[name]) for name in ("H2", "H3")),
            ]
        ),
        logs=logs,
    )
