"""What a guest does of itself while it is handed over: it asks for a reset, ends, or is in the middle of something."""

from __future__ import annotations

from dataclasses import replace

from attorn.model.addition import Addition
from attorn.spec.guest import GuestEvents, Quiescing, no_zombie, quiet_when_suspended, suspend_terminates
from attorn.spec.language import action, exists, one_of
from attorn.spec.vocabulary import NONE, VM, ZERO, Partition, Phase, Segment

__all__ = ["GUEST_EVENTS", "QUIESCING"]


def _no_events(s: GuestEvents) -> None:
    s.reset_due[...] = False
    s.dead[...] = False


@action(party="guest")
def ask_for_reset(s: GuestEvents, partition: Partition, vm: VM) -> None:
    """The guest asks its VMM for a reset."""
    s.require(s.runs[partition, vm], ~s.reset_due[vm])
    s.reset_due[vm] = True


@action(party="source", fair="weak")
def reset(s: GuestEvents, vm: VM) -> None:
    """The VMM resets a VM that it executes, as the guest has asked it to."""
    s.require(s.reset_due[vm], s.up[s.source[vm]])
    s.require(s.phase[vm] == Phase.RUNNING)
    s.reset_due[vm] = False
    s.registers[vm] = ZERO
    s.guest_registers[vm] = ZERO


@action(party="guest")
def die(s: GuestEvents, vm: VM) -> None:
    """The guest ends itself, just when it is to be handed over; its VMM frees what it has for it, and says so."""
    s.require(one_of(s.phase[vm], Phase.SUSPENDED, Phase.DESCRIBED))
    s.dead[vm] = True
    s.phase[vm] = Phase.EXITED
    s.aborting[vm] = False
    s.intent[vm] = False
    s.resources[s.source[vm], vm, ...] = False
    s.mapped[s.source[vm], lambda segment: s.holds[vm, segment]] = NONE


def _bury_events(s: GuestEvents, vm: VM) -> None:
    s.reset_due[vm] = False
    s.dead[vm] = False


GUEST_EVENTS = Addition(
    GuestEvents,
    _no_events,
    gains={"bury": _bury_events},
    steps=(ask_for_reset, reset, die),
    statements=(no_zombie,),
)
"""A reset waits until the VM executes again; a guest that ends itself is freed and not handed over."""


def _nobody_asked(s: Quiescing) -> None:
    s.asked[...] = False
    s.busy[...] = False


@action(party="operator")
def ask_to_suspend(s: Quiescing, vm: VM) -> None:
    """The operator wants a VM to be suspended, so its vCPUs are told to come to rest."""
    s.require(
        s.phase[vm] == Phase.RUNNING,
        s.source[vm] == s.target[vm],
        exists(Segment, lambda segment: s.holds[vm, segment]),
        exists(Partition, lambda p: (p != s.source[vm]) & s.up[p]),
        ~s.asked[vm],
    )
    s.asked[vm] = True


@action(party="guest")
def enter(s: Quiescing, partition: Partition, vm: VM) -> None:
    """A vCPU gets into the middle of something, such as the activation of a device, and waits for its VMM."""
    s.require(s.runs[partition, vm], ~s.asked[vm], ~s.busy[vm])
    s.busy[vm] = True


@action(party="source", fair="weak")
def serve(s: Quiescing, vm: VM) -> None:
    """The VMM finishes what a vCPU waits for."""
    s.require(s.busy[vm], exists(Partition, lambda p: s.runs[p, vm]))
    s.busy[vm] = False


def _suspend_quiet(s: Quiescing, vm: VM, partition: Partition) -> None:
    s.require(s.asked[vm])
    s.require(~s.busy[vm])
    s.asked[vm] = False


def _crash_quiet(s: Quiescing, partition: Partition) -> None:
    s.asked[lambda vm: s.source[vm] == partition] = False
    s.busy[lambda vm: s.runs[partition, vm]] = False


QUIESCING = Addition(
    Quiescing,
    _nobody_asked,
    rewrites={"suspend": lambda step: replace(step, fair="weak")},
    gains={"suspend": _suspend_quiet, "crash": _crash_quiet},
    steps=(ask_to_suspend, enter, serve),
    statements=(suspend_terminates, quiet_when_suspended),
)
"""A VM is asked to come to rest before it is suspended, and its VMM lets it out of whatever it is in."""
