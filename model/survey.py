"""The product of choices and fault classes over which guarantees are surveyed."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from attorn.model.presets import PRESETS
from attorn.model.protocol import Answer, ExitOrder, Journal, Memory, Part, Protocol
from attorn.model.theorem import fence
from attorn.model.variants import build
from attorn.spec.language import Instance, Machine
from attorn.spec.recovery import lost_only_by_a_crash, no_destructive_before_commit, outcome_is_final, retry_possible

__all__ = ["FAULT_CLASSES", "FaultClass", "cells", "key_of", "keys", "protocols", "provable", "specification"]


@dataclass(frozen=True)
class FaultClass:
    """What may go wrong, as budgets, and the parts of a protocol in which it goes wrong.

    more: budgets that only these parts have.
    """

    name: str
    says: str
    crashes: int = 0
    losses: int = 0
    timeouts: int = 0
    cancels: int = 0
    parts: frozenset[Part] = frozenset()
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def budgets(self) -> dict[str, int]:
        """How often each fault may happen."""
        return {name: getattr(self, name) for name in ("crashes", "losses", "timeouts", "cancels")} | dict(self.more)


def _in(part: Part, name: str, says: str, timeouts: int = 0, **more: int) -> FaultClass:
    return FaultClass(name, says, timeouts=timeouts, parts=frozenset([part]), more=more)


FURTHER = (lost_only_by_a_crash, no_destructive_before_commit, outcome_is_final, retry_possible)

FAULT_CLASSES = (
    FaultClass("none", "nothing goes wrong"),
    FaultClass("crash", "one VMM crashes, at any step", crashes=1),
    FaultClass("loss", "one message is lost", losses=1),
    FaultClass("time-out", "the source gives up waiting once, though nothing is lost", timeouts=1),
    FaultClass("cancel", "the operator cancels once, at any step", cancels=1),
    FaultClass("loss, time-out", "one message is lost and the source gives up once", losses=1, timeouts=1),
    FaultClass("crash, cancel", "one VMM crashes and the operator cancels once", crashes=1, cancels=1),
    FaultClass("one of each", "one crash, loss, time-out and cancellation", crashes=1, losses=1, timeouts=1, cancels=1),
    _in(
        Part.DUPLICATION,
        "duplication",
        "one message comes twice, the second time as late as it likes, and the source gives up once",
        timeouts=1,
        duplicates=1,
    ),
    _in(
        Part.FAILING_FIRMWARE,
        "firmware crash",
        "the firmware crashes, at any step, and forgets who owns what",
        firmware_crashes=1,
    ),
    _in(
        Part.MANAGER,
        "manager",
        "the manager crashes and forgets, or orders the source to go on by a stale view",
        timeouts=1,
        outages=1,
    ),
    _in(
        Part.REFUSALS,
        "refusal",
        "the destination cannot allocate, or is cancelled, before it has committed",
        failures=1,
    ),
    _in(
        Part.FAILING_STEPS,
        "failed step",
        "the source cannot start the hand-over, or the destination fails at one of the segments and tries again",
        failures=1,
    ),
    _in(
        Part.CHECKED_CONFIGURATION,
        "bad configuration",
        "the configuration arrives without one of its segments, or with one of somebody else, and is dropped",
        damages=1,
    ),
)


def protocols() -> Iterator[Protocol]:
    """All combinations of the choices that concern safety; devices and pausing are left out."""
    choices = itertools.product(Memory, ExitOrder, Answer, Journal, (True, False))
    for memory, exit_order, answer, journal, demands_all in choices:
        yield Protocol(memory, exit_order, answer, journal, demands_all)


def applies(fault: FaultClass, protocol: Protocol) -> bool:
    """Whether a protocol has what fails: with shared memory no firmware owns anything."""
    return not (Part.FAILING_FIRMWARE in fault.parts and protocol.memory is Memory.SHARED)


def held_to(protocol: Protocol) -> Machine:
    """The machine of a protocol, held to what concerns the operator and the next attempt as well."""
    return build(protocol).variant(protocol.name, add=FURTHER)


def key_of(protocol: Protocol, fault: FaultClass) -> dict[str, str]:
    """The choices of a cell in words."""
    return {
        "memory": protocol.memory.name.lower(),
        "exit": protocol.exit_order.name.lower(),
        "answer": protocol.answer.name.lower(),
        "journal": protocol.journal.name.lower(),
        "demands all": "yes" if protocol.demands_all else "no",
        "fault": fault.name,
    }


def provable() -> Iterator[tuple[Machine, Callable[[dict[str, str]], bool]]]:
    """Machines with lemmas and rankings that prove them for any size, and which cells are instances of them.

    The firmware's proof is for any budgets; the fence's has no crashes, so it covers no cell with any.
    """
    firmware, fenced = PRESETS["firmware"].protocol, Protocol(journal=Journal.NONE)
    budgeted = [fault for fault in FAULT_CLASSES if not fault.parts]
    for machine, protocol, faults in (
        (PRESETS["firmware"].machine, firmware, budgeted),
        (fence(), fenced, [fault for fault in budgeted if not fault.crashes]),
    ):
        covered = [key_of(protocol, fault) for fault in faults]
        yield machine, covered.__contains__


def specification() -> str:
    """A digest of all that the survey speaks of: every choice, and every class of faults, in at least one protocol."""
    firmware = PRESETS["firmware"].protocol
    wanted = [replace(firmware, memory=memory, journal=journal) for memory in Memory for journal in Journal]
    wanted += [replace(firmware, exit_order=each) for each in ExitOrder]
    wanted += [replace(firmware, answer=each) for each in Answer]
    wanted += [replace(firmware, demands_all=False)]
    wanted += [replace(firmware, parts=fault.parts) for fault in FAULT_CLASSES if fault.parts]
    return hashlib.sha256(" ".join(held_to(protocol).digest for protocol in wanted).encode()).hexdigest()[:16]


def keys() -> Iterator[tuple[dict[str, str], Protocol, FaultClass]]:
    """Every protocol under every fault class, with the choices made in words."""
    for protocol in protocols():
        for fault in FAULT_CLASSES:
            if not applies(fault, protocol):
                continue
            yield key_of(protocol, fault), protocol, fault


def cells(segments: int = 1, **only: Collection[str]) -> Iterator[tuple[dict[str, str], Instance]]:
    """The cells of the survey: one VM between two partitions; ``only`` names the choices wanted, such as memory."""
    built = cache(held_to)
    for key, protocol, fault in keys():
        if all(key[name] in wanted for name, wanted in only.items()):
            sizes = {"VM": 1, "Segment": segments, "Partition": 2, "Word": 2, "Address": segments}
            machine = built(replace(protocol, parts=fault.parts))
            yield key, Instance.of(machine, protocol.name, **sizes, **fault.budgets)
