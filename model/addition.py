"""Additions: further parts of a protocol, each with state, steps and properties of its own, put onto its machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from attorn.model.handover import everyone_is_up
from attorn.spec.handover import Handover
from attorn.spec.language import Action, Declaration, Machine, initial

__all__ = ["Addition", "extended"]

NOT_EVERYWHERE = ("complete", "recover", "unmap", "unlock", "preserve")
"""Steps that some protocols lack: what a part would add to them is not needed then."""


@dataclass(frozen=True)
class Addition:
    """What one part adds to the machine of a protocol.

    state:      the protocol's state with further fields.  start: writes their first values.
    gains:      action name → further clauses and writes of that action.
    rewrites:   action name → function from the traced action to the one wanted.
    steps:      further actions.  statements: what must hold of the part.
    """

    state: type[Handover]
    start: Callable[[Any], None]
    gains: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    rewrites: Mapping[str, Callable[[Action], Action]] = field(default_factory=dict)
    steps: tuple[Declaration, ...] = ()
    statements: tuple[Declaration, ...] = ()


def extended(machine: Machine, additions: Iterable[Addition]) -> Machine:
    """A machine with parts added to it, one after the other."""
    chosen = tuple(additions)
    if not chosen:
        return machine

    @initial
    def everyone_and_everything_is_up(s: Any) -> None:
        """As in the protocol without its further parts, which begin as they do alone."""
        everyone_is_up(s)
        for each in chosen:
            each.start(s)

    machine = machine.variant(machine.name, state=_state(chosen), start=everyone_and_everything_is_up)
    for each in chosen:
        there = {step.name for step in machine.steps}
        gains = {name: gain for name, gain in each.gains.items() if name in there or name not in NOT_EVERYWHERE}
        machine = machine.variant(
            machine.name, rewrite=each.rewrites, strengthen=gains, add=(*each.steps, *each.statements)
        )
    return machine


def _state(chosen: tuple[Addition, ...]) -> type[Handover]:
    """A state with the fields of all parts."""
    bases = tuple(dict.fromkeys(each.state for each in chosen if each.state is not Handover))
    if len(bases) < 2:
        return bases[0] if bases else Handover
    return cast(type[Handover], type("Extended", bases, {}))
