"""The real ring: the claim's own steps, loosened and strengthened by what each party knows."""

from __future__ import annotations

from collections.abc import Callable

from attorn.model.migration import nothing_runs
from attorn.model.protocol import Answer, Devices, ExitOrder, Journal, Memory, Protocol
from attorn.spec.handover import CANCELS, CRASHES, LOSSES, TIMEOUTS, Arrival, Handover, Message, Outcome
from attorn.spec.language import Action, exists, forall, initial, ite, one_of
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Segment

__all__ = ["PREPARING", "UNDER_WAY", "everyone_is_up", "loosened", "strengthened"]

UNDER_WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)
PREPARING = (Arrival.RECEIVED, Arrival.CREATED, Arrival.ANSWERED)


@initial
def everyone_is_up(s: Handover) -> None:
    """No VM exists, all VMMs are alive, nothing is under way, and all budgets are full."""
    nothing_runs(s)
    s.up[...] = True
    s.arrival[...] = Arrival.NOTHING
    s.sent[...] = False
    s.cut[...] = False
    s.heard[...] = False
    s.aborting[...] = False
    s.told[...] = Outcome.OPEN
    s.intent[...] = False
    s.entered[...] = False
    s.mark[...] = NONE
    s.lock[...] = NONE
    s.paused[...] = False
    s.crashes = CRASHES
    s.losses = LOSSES
    s.timeouts = TIMEOUTS
    s.cancels = CANCELS
    s.executed[...] = False


def loosened(protocol: Protocol) -> dict[str, Callable[[Action], Action]]:
    """What the claim's steps lose: the omniscient phase at the destination, and what the choices give up."""
    unowned = (Handover.owner,) if protocol.memory is Memory.SHARED else ()

    def map_by_arrival(step: Action) -> Action:
        return step.without(reading=(Handover.phase, *unowned))

    def create_by_arrival(step: Action) -> Action:
        return step.without(reading=(Handover.phase,), writing=(Handover.phase, Handover.registers))

    def resume_by_arrival(step: Action) -> Action:
        gone = (Handover.phase, Handover.source, Handover.described, Handover.described_registers, Handover.runs)
        return step.without(reading=(Handover.phase,), writing=gone)

    changes: dict[str, Callable[[Action], Action]] = {
        "map": map_by_arrival,
        "create": create_by_arrival,
        "resume": resume_by_arrival,
        "exit": lambda step: step.without(
            writing=(Handover.registers,),
            reading=(Handover.owner,) if protocol.memory is Memory.PRESERVED else (),
        ),
    }
    if protocol.memory is Memory.SHARED:
        changes["reassign"] = lambda step: step.without(reading=(Handover.mapped,))
    if protocol.memory is Memory.PRESERVED:
        changes["reassign"] = lambda step: step.without(reading=(Handover.phase,))
    return changes


def strengthened(protocol: Protocol) -> dict[str, Callable[..., None]]:
    """What the claim's steps gain: who must be alive, what must be known, what is written down."""
    locked, logged = protocol.devices is Devices.LOCK, protocol.journal is Journal.LOG

    def start(s: Handover, vm: VM, partition: Partition) -> None:
        s.require(s.up[partition])
        if locked:
            s.lock[vm] = partition

    def suspend(s: Handover, vm: VM, partition: Partition) -> None:
        # Exclusive allocation fences only a VM that has memory.
        s.require(s.up[partition], exists(Segment, lambda segment: s.holds[vm, segment]))
        s.require(s.target[vm] == s.source[vm])
        s.told[vm] = Outcome.OPEN

    def describe(s: Handover, vm: VM) -> None:
        s.require(~s.aborting[vm])
        if logged:
            s.intent[vm] = True

    def transfer(s: Handover, vm: VM) -> None:
        s.require(~s.aborting[vm], ~s.cut[vm])
        s.sent[vm, Message.CONFIG] = True
        if protocol.journal is Journal.MARKS and protocol.memory is not Memory.PRESERVED:
            s.mark[lambda segment: s.holds[vm, segment]] = s.target[vm]

    def unmap(s: Handover, vm: VM, segment: Segment) -> None:
        s.require(~s.aborting[vm])

    def reassign(s: Handover, vm: VM, segment: Segment) -> None:
        if protocol.memory is Memory.PRESERVED:
            s.require(s.phase[vm] == Phase.EXITED, s.mark[segment] == s.target[vm])
        else:
            s.require(~s.aborting[vm])

    def map(s: Handover, vm: VM, segment: Segment) -> None:
        s.require(one_of(s.arrival[vm], *PREPARING))

    def exit(s: Handover, vm: VM) -> None:
        s.require(~s.aborting[vm])
        if protocol.exit_order is ExitOrder.AFTER_ANSWER:
            s.require(s.heard[vm])
        if protocol.memory is Memory.PRESERVED:
            s.require(forall(Segment, lambda segment: s.holds[vm, segment] >> (s.mark[segment] == s.target[vm])))
        if protocol.memory is not Memory.EXCLUSIVE:
            s.mapped[s.source[vm], lambda segment: s.holds[vm, segment]] = NONE
        if locked:
            s.lock[vm] = ite(s.lock[vm] == s.source[vm], NONE, s.lock[vm])

    def create(s: Handover, vm: VM) -> None:
        s.require(s.arrival[vm] == Arrival.RECEIVED)
        s.arrival[vm] = Arrival.CREATED
        if locked:
            s.require(s.lock[vm] == NONE)
            s.lock[vm] = s.target[vm]

    def resume(s: Handover, vm: VM) -> None:
        ready = Arrival.ANSWERED if protocol.answer is Answer.BEFORE_RESUME else Arrival.CREATED
        s.require(s.arrival[vm] == ready)
        s.arrival[vm] = Arrival.RESUMED
        s.runs[s.target[vm], vm] = ~s.paused[vm]
        s.registers[vm] = s.described_registers[vm]
        s.executed[vm] = True
        if logged:  # who keeps the journal lets the destination in only while the source has not withdrawn
            s.require(s.intent[vm])
            s.entered[vm] = True

    found: dict[str, Callable[..., None]] = {
        "start": start, "suspend": suspend, "describe": describe, "transfer": transfer,
        "unmap": unmap, "reassign": reassign, "map": map, "exit": exit, "create": create, "resume": resume,
    }  # fmt: skip
    return found
