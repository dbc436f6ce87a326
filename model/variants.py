"""From the choices of a protocol to its machine, by composition from the claim."""

from __future__ import annotations

from attorn.model.addition import extended
from attorn.model.faults import fault_steps
from attorn.model.handover import everyone_is_up, loosened, strengthened
from attorn.model.handover_steps import handover_steps
from attorn.model.migration import CLAIM
from attorn.model.parts import PARTS
from attorn.model.protocol import Devices, Memory, Part, Protocol
from attorn.spec.handover import Handover
from attorn.spec.language import Assumption, Machine, assumption
from attorn.spec.outcome import OUTCOME, OUTCOME_PROGRESS, lock_follows_runner, run_implies_owns
from attorn.spec.picture import HANDOVER_PICTURE

__all__ = ["build"]

LIFE = ("execute", "release", "stop", "rebalance")
KEPT = ("exclusive_allocation", "at_most_one_runner", "half_owned_never_runs", "map_implies_own", "conservation")
"""Properties of the claim that speak of no phase, and so mean the same here."""


def build(protocol: Protocol, name: str = "", says: str = "") -> Machine:
    """The machine of a protocol: the claim's steps loosened and strengthened, messages, the way back, and faults."""
    gone = [each.name for each in CLAIM.statements if each.name not in KEPT]
    if protocol.memory is Memory.SHARED:
        gone += ["map_implies_own", "half_owned_never_runs"]
        gone += ["unmap"]  # the source keeps its mapping until it exits
    statements = [*OUTCOME, *OUTCOME_PROGRESS]
    if protocol.memory is Memory.SHARED:
        statements.remove(run_implies_owns)
    if protocol.devices is Devices.LOCK:
        statements.append(lock_follows_runner)
    gone += ["no_faults", "exclusive_memory"]
    gains = {name: gain for name, gain in strengthened(protocol).items() if name not in gone}
    machine = CLAIM.variant(
        name or protocol.name,
        state=Handover,
        start=everyone_is_up,
        remove=(*LIFE, *gone),
        strengthen=gains,
        rewrite=loosened(protocol),
        add=(*handover_steps(protocol), *fault_steps(protocol), *statements),
        assumptions=_assumed(protocol),
        says=says or f"A protocol of choices: {_told(protocol)}.",
        picture=HANDOVER_PICTURE,
    )
    return extended(machine, (PARTS[part] for part in Part if part in protocol.parts))


def _told(protocol: Protocol) -> str:
    return ", ".join(f"{name} {choice}" for name, choice in protocol.choices.items())


def _assumed(protocol: Protocol) -> tuple[Assumption, ...]:
    """What this protocol takes for granted instead of the claim's absence of faults."""
    found = [
        assumption(
            "bounded_faults", "At most as many crashes, losses, time-outs and cancellations happen as the budgets say."
        ),
        assumption(
            "firmware_lives", "The firmware does not fail, and a journal record and the step that it records are one."
        ),
        assumption("crash_is_seen", "Both VMMs see that their connection breaks when the other one dies."),
        assumption("epochs_are_known", "A message of an earlier migration is known as such and dropped."),
    ]
    if protocol.memory is Memory.EXCLUSIVE:
        found.append(
            assumption(
                "exclusive_memory", "The hardware lets a VMM touch only memory of its own partition (map_implies_own)."
            )
        )
    return tuple(found)
