"""What the guest itself does at the wrong moment: barriers, resets and its end; and what must hold then."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import Expr, Relation, exists, forall, invariant, leads_to, one_of, progress
from attorn.spec.language.declarations import LeadsTo
from attorn.spec.vocabulary import VM, Partition, Phase

__all__ = ["GuestEvents", "Quiescing", "no_zombie", "quiet_when_suspended", "suspend_terminates"]


class GuestEvents(Handover):
    """The guest asks for a reset, or ends itself, also when it is about to be suspended."""

    reset_due = Relation(VM, says="the guest has asked for a reset that is still to come")
    dead = Relation(VM, says="the guest has ended itself")


class Quiescing(Handover):
    """A VM is first asked to become quiet; a vCPU may be inside something that only its VMM can let it out of."""

    asked = Relation(VM, says="the VM is to be suspended")
    busy = Relation(VM, says="a vCPU of the VM waits for its VMM in the middle of something")


@progress(hazards=("H65",))
def no_zombie(s: GuestEvents, vm: VM) -> LeadsTo:
    """A VM that has ended itself is freed in the end."""
    return leads_to(s.dead[vm], s.phase[vm] == Phase.ABSENT)


@progress(hazards=("H49",))
def suspend_terminates(s: Quiescing, vm: VM) -> LeadsTo:
    """A VM that is to be suspended is suspended in the end, or lost."""
    return leads_to(s.asked[vm], ~s.asked[vm])


@invariant(hazards=("H62",))
def quiet_when_suspended(s: Quiescing) -> Expr:
    """A VM that is suspended, and executes nowhere yet, is in the middle of nothing."""
    return forall(
        VM,
        lambda vm: (
            one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)
            >> (~s.busy[vm] | exists(Partition, lambda p: s.runs[p, vm]))
        ),
    )
