"""What comes next for a VM, from what is so: one function for going on, turning back, and picking up after a crash.

There is no program counter to lose. Whoever has to finish a migration looks at the parties and asks for the next step.
"""

from __future__ import annotations

from dataclasses import dataclass

from attorn.model.protocol import Answer, ExitOrder, Memory, Protocol
from attorn.spec.handover import Arrival
from attorn.spec.vocabulary import Phase

__all__ = ["Situation", "next_step", "refusal_of"]


@dataclass(frozen=True)
class Situation:
    """How it stands with one VM; names as in the model.

    sent_*: the message is under way.  all_at_source, all_at_target: who owns the VM's segments.
    mapped_*: whether the VMM maps them, all (or, at the source while it gives them up, any).
    """

    phase: Phase
    arrival: Arrival
    migrating: bool
    source_up: bool = True
    target_up: bool = True
    cut: bool = False
    heard: bool = False
    aborting: bool = False
    intent: bool = False
    entered: bool = False
    sent_config: bool = False
    sent_answer: bool = False
    sent_abort: bool = False
    all_at_source: bool = True
    all_at_target: bool = False
    any_mapped_at_source: bool = True
    all_mapped_at_source: bool = True
    all_mapped_at_target: bool = False
    locked_at_source: bool = False


def refusal_of(protocol: Protocol) -> str:
    """Why nothing is planned for a protocol, for a person; "" where it is."""
    if protocol.answer is Answer.BEFORE_RESUME:
        return (
            "the destination answers once it executes the VM, and not before: a promise ends with whoever gave it. "
            "Use Answer.AFTER_RESUME."
        )
    if protocol.memory is Memory.PRESERVED:
        return "both VMMs live here; memory that outlives all of them is for the model alone (Memory.PRESERVED)."
    if protocol.paused:
        return "a VM executes or migrates here; no operator pauses it (paused=False)."
    if protocol.parts:
        named = ", ".join(sorted(part.name for part in protocol.parts))
        return f"the reference implementation has none of the parts {named}; they are for the model alone."
    return ""


def next_step(s: Situation, protocol: Protocol) -> str | None:
    """The name of the next step; None when nothing is under way.

    ``restart`` stands for what only the operator can do: a VMM is dead that must live for anything to go on.
    """
    if not s.migrating:
        return "bury" if s.phase is Phase.EXITED else None
    if s.phase is Phase.RUNNING:
        return _after_the_way_back(s)
    if s.phase is Phase.EXITED:
        return _without_a_source(s)
    if not s.source_up:
        return "restart"
    return _turning_back(s) if s.aborting else _going_on(s, protocol)


def _going_on(s: Situation, protocol: Protocol) -> str:
    if s.heard:
        return "exit" if s.all_at_target else "reassign"
    if s.cut:
        return "notice"
    if s.phase is Phase.SUSPENDED:
        return "describe"
    if s.phase is Phase.DESCRIBED:
        return "transfer"
    if s.arrival is Arrival.NOTHING:
        return "receive" if s.sent_config else "notice"
    exclusive = protocol.memory is Memory.EXCLUSIVE
    if s.arrival in (Arrival.RECEIVED, Arrival.CREATED):
        if s.locked_at_source:
            return "unlock"
        if exclusive and not s.all_at_target:
            return "unmap" if s.any_mapped_at_source else "reassign"
        if protocol.exit_order is ExitOrder.BEFORE_CREATE and s.all_at_target:
            return "exit"
        return _taking_over(s)
    return "hear" if s.sent_answer else "answer"


def _taking_over(s: Situation) -> str:
    if not s.all_mapped_at_target:
        return "map"
    return "create" if s.arrival is Arrival.RECEIVED else "resume"


def _without_a_source(s: Situation) -> str:
    if s.arrival is Arrival.RESUMED:
        if s.source_up and not s.heard:
            return "hear" if s.sent_answer else "answer"
        return "settle"
    if not s.target_up:
        return "restart"
    if s.arrival in (Arrival.NOTHING, Arrival.DECLINED):
        if s.sent_config:
            return "receive"
        return "recover" if s.intent and not s.entered else "bury"
    return _taking_over(s) if s.all_at_target else "complete"


def _turning_back(s: Situation) -> str:
    if s.sent_answer:
        return "hear"
    if s.arrival in (Arrival.ANSWERED, Arrival.RESUMED):
        return "insist" if s.sent_abort else "answer"
    if s.entered:
        return "concede" if s.arrival in (Arrival.NOTHING, Arrival.DECLINED) else "restart"
    if s.phase is Phase.TRANSFERRED and not s.cut and s.arrival is not Arrival.DECLINED:
        return "decline" if s.sent_abort else "remind"
    if not s.all_at_source:
        return "reclaim" if s.cut else "give_back"
    return "roll_back" if s.all_mapped_at_source else "remap"


def _after_the_way_back(s: Situation) -> str:
    if s.cut or s.arrival is Arrival.DECLINED:
        return "forget"
    if s.sent_answer:
        return "restart"
    return "decline" if s.sent_abort else "remind"
