"""The manager above the VMMs: what it believes, what it has on record, and what must hold of it."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import (
    Budget,
    Counter,
    Element,
    Expr,
    Map,
    Option,
    Relation,
    Variable,
    forall,
    leads_to,
    progress,
    two_state,
)
from attorn.spec.language.declarations import LeadsTo
from attorn.spec.vocabulary import VM, Partition, Phase

__all__ = ["OUTAGES", "Manager", "Port", "Ports", "manager_learns", "recovery_safe"]

OUTAGES = Budget("outages", "How often the manager may crash.")


class Port(Element):
    """One of the ports on which a host can take in migrations."""


class Manager(Handover):
    """A manager starts VMs, is told of what becomes of them, and cleans up; it forgets when it crashes."""

    managing = Variable(bool, says="the manager is alive")
    believes = Map(VM, to=Option(Partition), says="partition in which the manager believes the VM to execute; volatile")
    recorded = Map(VM, to=Option(Partition), says="partition in which the VM executes by the manager's record; durable")
    reported = Relation(VM, says="an event is under way to the manager: the VM executes in the destination")
    outages = Counter(OUTAGES, says="crashes of the manager that may still happen")


class Ports(Handover):
    """A migration needs one of a few ports."""

    in_use = Relation(Port, says="the port is in use")
    port_of = Map(VM, to=Option(Port), says="port that was opened for the VM's migration")


@two_state(hazards=("H52",))
def recovery_safe(before: Manager, after: Manager) -> Expr:
    """A VM stops executing only because it is suspended, is paused, or its VMM dies; nobody cleans it away."""
    return forall(
        Partition,
        VM,
        lambda p, vm: (
            (before.runs[p, vm] & ~after.runs[p, vm])
            >> ((after.phase[vm] == Phase.SUSPENDED) | after.paused[vm] | ~after.up[p])
        ),
    )


@progress(hazards=("H53",))
def manager_learns(s: Manager, vm: VM, partition: Partition) -> LeadsTo:
    """The manager learns in the end where a VM executes, if it goes on executing there."""
    return leads_to(s.runs[partition, vm], (s.believes[vm] == partition) | ~s.runs[partition, vm])
