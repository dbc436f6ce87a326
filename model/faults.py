"""What goes wrong: crashes and restarts of VMMs, lost messages, and what firmware and journals make of it."""

from __future__ import annotations

from attorn.model.protocol import Journal, Memory, Protocol
from attorn.spec.handover import Arrival, Handover, Message
from attorn.spec.language import FALSE, Declaration, Expr, action, exists, forall, one_of
from attorn.spec.vocabulary import NONE, VM, ZERO, Partition, Phase, Segment

__all__ = ["fault_steps", "keeps_handles"]

TAKING_OVER = (Arrival.RECEIVED, Arrival.CREATED, Arrival.ANSWERED, Arrival.RESUMED)


def keeps_handles(s: Handover, segment: Segment) -> Expr:
    """A destination that has the configuration has the handles of the segments too, and keeps shared memory alive."""
    return exists(VM, lambda vm: s.holds[vm, segment] & one_of(s.arrival[vm], *TAKING_OVER))


def fault_steps(protocol: Protocol) -> tuple[Declaration, ...]:
    """The faults that budgets allow, and how the computer goes on after them."""
    logged = protocol.journal is Journal.LOG

    def recoverable(s: Handover, vm: VM) -> Expr:
        """The journal has the configuration, no destination was let in yet, and no memory was left to others."""
        known = s.intent[vm] & ~s.entered[vm]
        if protocol.memory is Memory.PRESERVED:
            return known & forall(
                Segment, lambda segment: (s.described[vm, segment] != NONE) >> (s.mark[segment] == s.target[vm])
            )
        return known

    def withdrawn(s: Handover, vm: VM) -> Expr:
        """What is durable shows that the source died before it gave the VM away, or after it had taken it back."""
        unmarked = exists(
            Segment,
            lambda segment: (
                (s.described[vm, segment] != NONE) & (s.owner[segment] == s.source[vm]) & (s.mark[segment] == NONE)
            ),
        )
        if protocol.memory is Memory.PRESERVED:
            return unmarked
        if logged:
            return ~s.intent[vm] & ~s.entered[vm]
        return unmarked if protocol.journal is Journal.MARKS else FALSE

    @action(party="fault")
    def crash(s: Handover, partition: Partition) -> None:
        """A VMM dies: what it executes stops, its mappings, resources and locks go, its connections break."""
        s.require(s.up[partition], s.crashes > 0)

        def connected(vm: VM) -> Expr:
            return (s.source[vm] != s.target[vm]) & one_of(partition, s.source[vm], s.target[vm])

        s.crashes = s.crashes - 1
        s.up[partition] = False
        s.runs[partition, ...] = False
        s.resources[partition, ..., ...] = False
        s.mapped[partition, ...] = NONE
        s.lock[lambda vm: s.lock[vm] == partition] = NONE
        s.phase[lambda vm: (s.source[vm] == partition) & (s.phase[vm] != Phase.ABSENT)] = Phase.EXITED
        s.aborting[lambda vm: s.source[vm] == partition] = False
        s.arrival[lambda vm: (s.target[vm] == partition) & (s.source[vm] != partition)] = Arrival.NOTHING
        s.cut[connected] = True
        s.sent[lambda vm, message: connected(vm)] = False
        if protocol.memory is Memory.SHARED:
            s.content[
                lambda segment: (
                    (
                        exists(VM, lambda vm: s.holds[vm, segment] & (s.source[vm] == partition))
                        & ~keeps_handles(s, segment)
                    )
                    | exists(
                        VM,
                        lambda vm: s.holds[vm, segment] & (s.target[vm] == partition) & (s.phase[vm] == Phase.EXITED),
                    )
                )
            ] = ZERO

    @action(party="fault", fair="weak")
    def restart(s: Handover, partition: Partition) -> None:
        """A VMM that died is started again, empty."""
        s.require(~s.up[partition])
        s.up[partition] = True

    @action(party="fault")
    def lose(s: Handover, vm: VM, message: Message) -> None:
        """A message is lost."""
        s.require(s.sent[vm, message], s.losses > 0)
        s.losses = s.losses - 1
        s.sent[vm, message] = False

    @action(party="source", fair="weak")
    def concede(s: Handover, vm: VM) -> None:
        """The source, which wants the VM back, learns from the journal that it has executed elsewhere, and exits."""
        s.require(
            s.aborting[vm],
            s.entered[vm],
            one_of(s.arrival[vm], Arrival.NOTHING, Arrival.DECLINED),
        )
        s.phase[vm] = Phase.EXITED
        s.aborting[vm] = False
        s.resources[s.source[vm], vm, ...] = False
        s.mapped[s.source[vm], lambda segment: s.holds[vm, segment]] = NONE

    @action(party="firmware", fair="weak")
    def bury(s: Handover, vm: VM) -> None:
        """The VM is lost with those who could have executed it; all that it held is unmapped, scrubbed and freed."""
        s.require(
            s.phase[vm] == Phase.EXITED,
            one_of(s.arrival[vm], Arrival.NOTHING, Arrival.DECLINED) | withdrawn(s, vm),
            ~s.sent[vm, Message.CONFIG],
        )
        if logged:
            s.require(~recoverable(s, vm))
        s.phase[vm] = Phase.ABSENT
        s.arrival[vm] = Arrival.NOTHING
        s.target[vm] = s.source[vm]
        s.heard[vm] = False
        s.aborting[vm] = False
        s.cut[vm] = False
        s.intent[vm] = False
        s.entered[vm] = False
        s.executed[vm] = False
        s.paused[vm] = False
        s.sent[vm, ...] = False
        s.resources[..., vm, ...] = False
        s.described[vm, ...] = NONE
        s.described_registers[vm] = ZERO
        s.registers[vm] = ZERO
        s.mapped[..., lambda segment: s.holds[vm, segment]] = NONE
        s.content[lambda segment: s.holds[vm, segment]] = ZERO
        s.mark[lambda segment: s.holds[vm, segment]] = NONE
        s.holds[vm, ...] = False
        s.guest_registers[vm] = ZERO
        s.guest_memory[vm, ...] = ZERO
        s.guest_layout[vm, ...] = NONE

    steps = [crash, restart, lose, concede, bury]
    if protocol.journal is not Journal.NONE and protocol.memory is not Memory.PRESERVED:

        @action(party="firmware", fair="weak")
        def complete(s: Handover, vm: VM, segment: Segment) -> None:
            """The firmware finishes by the journal what a source that died half way had begun to reassign."""
            s.require(
                s.phase[vm] == Phase.EXITED,
                s.described[vm, segment] != NONE,
                s.owner[segment] == s.source[vm],
                s.mapped[s.source[vm], segment] == NONE,
                s.target[vm] != s.source[vm],
            )
            s.require(s.intent[vm] if logged else s.mark[segment] == s.target[vm])
            s.owner[segment] = s.target[vm]

        steps.append(complete)
    if logged:

        @action(party="destination", fair="weak")
        def recover(s: Handover, vm: VM) -> None:
            """A destination without the configuration takes it from the journal, if nobody was let in before."""
            s.require(
                s.up[s.target[vm]],
                s.phase[vm] == Phase.EXITED,
                s.source[vm] != s.target[vm],
                one_of(s.arrival[vm], Arrival.NOTHING, Arrival.DECLINED),
                ~s.sent[vm, Message.CONFIG],
                recoverable(s, vm),
            )
            s.arrival[vm] = Arrival.RECEIVED

        steps.append(recover)
    if protocol.memory is Memory.PRESERVED:

        @action(party="fault")
        def grab(s: Handover, segment: Segment) -> None:
            """The successor's allocator takes a segment that is not marked, and clears it."""
            s.require(
                exists(
                    VM,
                    lambda vm: (
                        s.holds[vm, segment] & (s.phase[vm] == Phase.EXITED) & (s.owner[segment] == s.source[vm])
                    ),
                ),
                s.mark[segment] == NONE,
            )
            s.content[segment] = ZERO

        steps.append(grab)
    return tuple(steps)
