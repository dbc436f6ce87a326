"""The real ring: the steps that the claim does not have, messages, answers and the way back."""

from __future__ import annotations

from attorn.model.handover import UNDER_WAY
from attorn.model.protocol import Answer, Devices, Journal, Memory, Protocol
from attorn.spec.handover import Arrival, Handover, Message, Outcome
from attorn.spec.language import Declaration, Expr, action, forall, ite, one_of
from attorn.spec.vocabulary import NONE, VM, ZERO, Partition, Phase, Segment, Word

__all__ = ["handover_steps"]


def handover_steps(protocol: Protocol) -> tuple[Declaration, ...]:
    """The steps that the claim does not have: messages, answers, and the way back."""
    shared = protocol.memory is Memory.SHARED
    locked, logged = protocol.devices is Devices.LOCK, protocol.journal is Journal.LOG

    @action(party="guest")
    def execute(s: Handover, partition: Partition, vm: VM, segment: Segment, word: Word) -> None:
        """The guest executes in some VMM an instruction that writes a word to a segment and to its registers."""
        s.require(s.runs[partition, vm], s.holds[vm, segment], s.mapped[partition, segment] != NONE)
        s.content[segment] = word
        s.registers[vm] = word
        s.guest_memory[vm, segment] = word
        s.guest_registers[vm] = word

    @action(party="destination", fair="weak")
    def receive(s: Handover, vm: VM) -> None:
        """The destination receives the extended configuration."""
        s.require(s.sent[vm, Message.CONFIG], s.arrival[vm] == Arrival.NOTHING)
        s.sent[vm, Message.CONFIG] = False
        s.arrival[vm] = Arrival.RECEIVED

    @action(party="destination", fair="weak")
    def answer(s: Handover, vm: VM) -> None:
        """The destination tells the source that the VM is its own now."""
        unheard = one_of(s.arrival[vm], Arrival.ANSWERED, Arrival.RESUMED) & ~s.heard[vm]
        if protocol.answer is Answer.BEFORE_RESUME:
            s.require(unheard | (s.arrival[vm] == Arrival.CREATED))
            s.arrival[vm] = ite(s.arrival[vm] == Arrival.RESUMED, Arrival.RESUMED, Arrival.ANSWERED)
        else:
            s.require(unheard)
        s.require(~s.sent[vm, Message.ANSWER])
        s.sent[vm, Message.ANSWER] = True

    @action(party="source", fair="weak")
    def hear(s: Handover, vm: VM) -> None:
        """The source hears the answer and tells the operator that the VM has migrated."""
        s.require(s.up[s.source[vm]], s.sent[vm, Message.ANSWER], s.phase[vm] != Phase.RUNNING)
        s.sent[vm, Message.ANSWER] = False
        s.heard[vm] = True
        s.aborting[vm] = False
        s.told[vm] = Outcome.MIGRATED

    @action(party="source")
    def time_out(s: Handover, vm: VM) -> None:
        """The source gives up waiting for an answer, rightly or not, and wants the VM back."""
        s.require(s.phase[vm] == Phase.TRANSFERRED, ~s.heard[vm], ~s.aborting[vm], s.timeouts > 0)
        s.timeouts = s.timeouts - 1
        s.aborting[vm] = True
        s.sent[vm, Message.ABORT] = True

    @action(party="source", fair="weak")
    def notice(s: Handover, vm: VM) -> None:
        """The source sees that the connection has broken, or rightly hears nothing, and wants the VM back."""
        unheard = (
            (s.phase[vm] == Phase.TRANSFERRED)
            & (s.arrival[vm] == Arrival.NOTHING)
            & ~s.sent[vm, Message.CONFIG]
            & ~s.sent[vm, Message.ANSWER]
        )
        s.require(s.cut[vm] | unheard)
        s.require(one_of(s.phase[vm], *UNDER_WAY), ~s.heard[vm], ~s.aborting[vm])
        s.aborting[vm] = True

    @action(party="operator")
    def cancel(s: Handover, vm: VM) -> None:
        """The operator cancels; the source wants the VM back."""
        s.require(one_of(s.phase[vm], *UNDER_WAY), ~s.heard[vm], ~s.aborting[vm], s.cancels > 0)
        s.cancels = s.cancels - 1
        s.aborting[vm] = True
        s.sent[vm, Message.ABORT] = s.phase[vm] == Phase.TRANSFERRED

    @action(party="destination", fair="weak")
    def decline(s: Handover, vm: VM) -> None:
        """The destination, asked to and not committed yet, gives the VM up and drops what it has of it."""
        s.require(
            s.up[s.target[vm]],
            s.sent[vm, Message.ABORT],
            one_of(s.arrival[vm], Arrival.NOTHING, Arrival.RECEIVED, Arrival.CREATED),
        )
        s.sent[vm, Message.ABORT] = False
        s.sent[vm, Message.CONFIG] = False
        s.arrival[vm] = Arrival.DECLINED
        s.resources[s.target[vm], vm, ...] = False
        s.mapped[s.target[vm], lambda segment: s.holds[vm, segment]] = NONE
        if locked:
            s.lock[vm] = ite(s.lock[vm] == s.target[vm], NONE, s.lock[vm])

    @action(party="destination", fair="weak")
    def insist(s: Handover, vm: VM) -> None:
        """The destination, asked too late to give the VM up, answers that the VM is its own."""
        s.require(s.sent[vm, Message.ABORT], one_of(s.arrival[vm], Arrival.ANSWERED, Arrival.RESUMED))
        s.sent[vm, Message.ABORT] = False
        s.sent[vm, Message.ANSWER] = True

    @action(party="firmware", fair="weak")
    def give_back(s: Handover, vm: VM, segment: Segment) -> None:
        """The destination, having declined, lets the firmware move a segment back to the source."""
        s.require(
            s.arrival[vm] == Arrival.DECLINED,
            s.described[vm, segment] != NONE,
            s.owner[segment] == s.target[vm],
            s.target[vm] != s.source[vm],
        )
        if logged:
            s.require(~s.entered[vm])
        s.owner[segment] = s.source[vm]

    @action(party="firmware", fair="weak")
    def reclaim(s: Handover, vm: VM, segment: Segment) -> None:
        """The firmware moves a segment back to the source, as the destination is dead."""
        s.require(
            s.aborting[vm],
            s.cut[vm],
            s.arrival[vm] == Arrival.NOTHING,
            s.described[vm, segment] != NONE,
            s.owner[segment] == s.target[vm],
            s.target[vm] != s.source[vm],
        )
        if logged:
            s.require(~s.entered[vm])
        s.owner[segment] = s.source[vm]

    @action(party="source", fair="weak")
    def remap(s: Handover, vm: VM, segment: Segment) -> None:
        """The source, on its way back, maps a segment again where it was."""
        s.require(
            s.aborting[vm],
            s.described[vm, segment] != NONE,
            s.owner[segment] == s.source[vm],
            s.mapped[s.source[vm], segment] == NONE,
        )
        s.mapped[s.source[vm], segment] = s.described[vm, segment]

    @action(party="source", fair="weak")
    def roll_back(s: Handover, vm: VM) -> None:
        """The source executes the VM again, as if it had never been suspended."""
        home = s.source[vm]
        s.require(s.aborting[vm], one_of(s.phase[vm], *UNDER_WAY))
        if logged:
            s.require(~s.entered[vm])
        if protocol.demands_all:
            s.require(
                forall(
                    Segment,
                    lambda segment: (
                        s.holds[vm, segment] >> ((s.owner[segment] == home) & (s.mapped[home, segment] != NONE))
                    ),
                )
            )
        if locked:
            s.require(one_of(s.lock[vm], NONE, home))
            s.lock[vm] = home
        s.phase[vm] = Phase.RUNNING
        s.runs[home, vm] = ~s.paused[vm]
        s.aborting[vm] = False
        s.told[vm] = Outcome.STAYED
        s.intent[vm] = False
        s.registers[vm] = _restored(s, vm)
        s.mark[lambda segment: s.holds[vm, segment]] = NONE
        if shared:
            s.owner[lambda segment: s.holds[vm, segment]] = home

    @action(party="source", fair="weak")
    def remind(s: Handover, vm: VM) -> None:
        """The source, which wants the VM back or executes it again, tells the destination once more to give it up."""
        s.require(
            (s.phase[vm] == Phase.RUNNING) | ((s.phase[vm] == Phase.TRANSFERRED) & s.aborting[vm]),
            s.source[vm] != s.target[vm],
            ~s.cut[vm],
            s.arrival[vm] != Arrival.DECLINED,
            ~s.sent[vm, Message.ABORT],
            ~s.sent[vm, Message.ANSWER],
        )
        s.sent[vm, Message.ABORT] = True

    @action(party="source", fair="weak")
    def forget(s: Handover, vm: VM) -> None:
        """The failed migration is over when the destination has given the VM up, or has lost it by dying."""
        s.require(
            s.phase[vm] == Phase.RUNNING,
            s.source[vm] != s.target[vm],
            s.cut[vm] | (s.arrival[vm] == Arrival.DECLINED),
        )
        s.target[vm] = s.source[vm]
        s.arrival[vm] = Arrival.NOTHING
        s.cut[vm] = False
        s.heard[vm] = False
        s.described[vm, ...] = NONE
        s.described_registers[vm] = ZERO
        s.sent[vm, ...] = False  # messages of an old epoch are known as such and dropped

    @action(party="destination", fair="weak")
    def settle(s: Handover, vm: VM) -> None:
        """The destination, in which the VM executes and whose source is gone, is its source from now on."""
        s.require(s.phase[vm] == Phase.EXITED, s.arrival[vm] == Arrival.RESUMED)
        s.phase[vm] = Phase.RUNNING
        s.source[vm] = s.target[vm]
        s.arrival[vm] = Arrival.NOTHING
        s.heard[vm] = False
        s.aborting[vm] = False
        s.cut[vm] = False
        s.intent[vm] = False
        s.entered[vm] = False
        s.executed[vm] = False
        s.sent[vm, ...] = False
        s.described[vm, ...] = NONE
        s.described_registers[vm] = ZERO
        s.mark[lambda segment: s.holds[vm, segment]] = NONE

    steps = [
        execute, receive, answer, hear, time_out, notice, cancel, decline, insist, give_back, reclaim, remap, roll_back,
        remind, forget,
        settle,
    ]  # fmt: skip
    if locked:

        @action(party="source", fair="weak")
        def unlock(s: Handover, vm: VM) -> None:
            """The source releases the lock of the VM's disk, so that the destination can take it."""
            s.require(s.phase[vm] == Phase.TRANSFERRED, ~s.aborting[vm], s.lock[vm] == s.source[vm])
            s.lock[vm] = NONE

        steps.append(unlock)
    if protocol.memory is Memory.PRESERVED:

        @action(party="source", fair="weak")
        def preserve(s: Handover, vm: VM, segment: Segment) -> None:
            """The source marks a segment, so that the successor's allocator leaves it alone."""
            s.require(
                s.phase[vm] == Phase.TRANSFERRED,
                ~s.aborting[vm],
                s.described[vm, segment] != NONE,
                s.mark[segment] == NONE,
            )
            s.mark[segment] = s.target[vm]

        steps.append(preserve)
    if protocol.paused:

        @action(party="operator")
        def pause(s: Handover, vm: VM) -> None:
            """The operator pauses a VM."""
            s.require(s.phase[vm] == Phase.RUNNING, s.runs[s.source[vm], vm])
            s.runs[s.source[vm], vm] = False
            s.paused[vm] = True

        @action(party="operator")
        def unpause(s: Handover, vm: VM) -> None:
            """The operator lets a paused VM execute again."""
            s.require(s.phase[vm] == Phase.RUNNING, s.paused[vm])
            s.runs[s.source[vm], vm] = True
            s.paused[vm] = False

        steps += [pause, unpause]
    return tuple(steps)


def _restored(s: Handover, vm: VM) -> Expr:
    """The registers with which the source goes on: those it described, or had when it had not described them yet."""
    return ite(s.phase[vm] == Phase.SUSPENDED, s.registers[vm], s.described_registers[vm])
