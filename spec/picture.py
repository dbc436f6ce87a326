"""How a computer is drawn: a column for each segment, and lanes for firmware, VMMs and VMs."""

from __future__ import annotations

from dataclasses import replace

from attorn.spec.handover import Arrival, Handover, Message, Outcome
from attorn.spec.language import Expr, Lane, Picture, Shown, exists, one_of
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Platform, Resource, Segment

__all__ = ["HANDOVER_PICTURE", "PLATFORM_PICTURE"]


def _given_up(s: Platform, vm: VM) -> Expr:
    """The source has freed what it needs to execute the VM, so that only the destination can."""
    return one_of(s.phase[vm], Phase.EXITED, Phase.CREATED)


def _arrived(s: Handover, vm: VM, arrival: Expr) -> Expr:
    return (s.arrival[vm] == arrival) & (arrival != Arrival.NOTHING)


def _reported(s: Handover, vm: VM, outcome: Expr) -> Expr:
    return (s.told[vm] == outcome) & (outcome != Outcome.OPEN)


FIRMWARE = Lane(
    "firmware",
    fill=Shown("owned by", lambda s, segment: s.owner[segment]),
    texts=(Shown("holds", lambda s, segment: s.content[segment]),),
)

VMM = Lane(
    "VMM of",
    Partition,
    outline=Shown("owned", lambda s, p, segment: s.owner[segment] == p),
    fill=Shown(
        "allocated to",
        lambda s, p, segment, vm: s.holds[vm, segment] & ((s.owner[segment] == p) | (s.mapped[p, segment] != NONE)),
        (VM,),
    ),
    hatch=Shown(
        "mapped, but not owned", lambda s, p, segment: (s.mapped[p, segment] != NONE) & (s.owner[segment] != p)
    ),
    texts=(Shown("mapped at", lambda s, p, segment: s.mapped[p, segment]),),
    facts=(
        Shown("executes", lambda s, p, vm: s.runs[p, vm], (VM,)),
        Shown("has resources for", lambda s, p, vm: exists(Resource, lambda kind: s.resources[p, vm, kind]), (VM,)),
        Shown("source of", lambda s, p, vm: (s.source[vm] == p) & (s.phase[vm] != Phase.ABSENT), (VM,)),
        Shown("destination of", lambda s, p, vm: (s.target[vm] == p) & (s.source[vm] != p), (VM,)),
    ),
)

GUEST = Lane(
    "VM",
    VM,
    fill=Shown("held by", lambda s, vm, segment, holder: s.holds[holder, segment] & (holder == vm), (VM,)),
    hatch=Shown(
        "not what the guest wrote last",
        lambda s, vm, segment: s.holds[vm, segment] & (s.content[segment] != s.guest_memory[vm, segment]),
    ),
    texts=(Shown("described at", lambda s, vm, segment: s.described[vm, segment]),),
    facts=(
        Shown("is", lambda s, vm: s.phase[vm]),
        Shown("executes in", lambda s, vm, p: s.runs[p, vm], (Partition,)),
        Shown("migrates to", lambda s, vm, p: (s.target[vm] == p) & (s.source[vm] != p), (Partition,)),
        Shown("registers", lambda s, vm: s.registers[vm]),
    ),
)

PLATFORM_PICTURE = Picture(
    Segment,
    (FIRMWARE, VMM, GUEST),
    no_return=Shown("only the destination can execute", _given_up, (VM,)),
    classes=(Platform.phase,),
)

HANDOVER_PICTURE = Picture(
    Segment,
    (
        replace(
            FIRMWARE,
            texts=(*FIRMWARE.texts, Shown("marked for", lambda s, segment: s.mark[segment])),
            facts=(
                Shown("journal: intent of", lambda s, vm: s.intent[vm], (VM,)),
                Shown("journal: entered by", lambda s, vm: s.entered[vm], (VM,)),
            ),
        ),
        replace(VMM, facts=(Shown("is down", lambda s, p: ~s.up[p]), *VMM.facts)),
        replace(
            GUEST,
            facts=(
                Shown("by the source", lambda s, vm: s.phase[vm]),
                Shown("by the destination", _arrived, (Arrival,)),
                *GUEST.facts[1:],
                Shown("known to the source as answered", lambda s, vm: s.heard[vm]),
                Shown("wanted back by the source", lambda s, vm: s.aborting[vm]),
                Shown("reported to the operator as", _reported, (Outcome,)),
                Shown("paused by the operator before", lambda s, vm: s.paused[vm]),
            ),
        ),
    ),
    facts=(
        Shown("under way", lambda s, vm, message: s.sent[vm, message], (VM, Message)),
        Shown("connection lost", lambda s, vm: s.cut[vm], (VM,)),
        Shown("crashes left", lambda s: s.crashes),
        Shown("losses left", lambda s: s.losses),
        Shown("time-outs left", lambda s: s.timeouts),
        Shown("cancellations left", lambda s: s.cancels),
    ),
    no_return=Shown("the destination has executed", lambda s, vm: s.executed[vm], (VM,)),
    classes=(Handover.phase, Handover.arrival),
)  # fmt: skip
