"""The protocol driver: takes VMs through migrations, step by step, and logs each with what was seen after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from attorn.model.reference.event_log import EventLog
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.foresight import AHEAD, Awake, Foresight
from attorn.model.reference.grants import Grant
from attorn.model.reference.journey import Ending, Journey, Setting
from attorn.model.reference.life import Life
from attorn.model.reference.link import Link
from attorn.model.reference.parties import Parties, Scene
from attorn.model.reference.planning import next_step
from attorn.model.reference.refusals import NoReply, NoSuchVm, PeerGone, Refused
from attorn.model.reference.slots import Report
from attorn.model.reference.step_log import AT_SOURCE, StepLog
from attorn.spec.handover import Arrival, Message
from attorn.spec.trace import Said
from attorn.spec.vocabulary import Phase

__all__ = ["Driver"]

LOST = "those who could have told how have died"
LOST_UNWRITTEN = "the VMM that had its registers has died, and they were on record nowhere"
LOST_ENTERED = "its new VMM had been let in and has died; what was on record of it is of an earlier time"
PATIENCE = 0.5
UNDER_WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)
CHANGING = ("recover", "resume", "roll_back")
"""Steps after which the firmware's table says something else than it has told the driver."""
ENDING = ("forget", "settle", "bury", "concede")


class Driver(Life):
    """Drives migrations by messages to the firmware and to the partitions.

    It keeps no state that matters: ``drive`` looks at the parties and goes on from there, whoever began.
    Raises PeerGone and NoReply for the operator to see to; then it is called again.

    at: told of each point between two steps.  eager: whether parties are asked ahead, as ``foresight`` has it; nobody
    can look, or cancel, in between then.
    """

    def __init__(self, firmware: Link, partitions: Mapping[str, Link], log: EventLog, setting: Setting) -> None:
        self.firmware = firmware
        self.log = log
        self.setting = setting
        self.at: Callable[[str, str], None] = lambda point, vm: None
        self.eager = not setting.observe and not setting.defects
        self.journeys: dict[str, Journey] = {}
        self._awake = Awake()
        self.parties = Parties(firmware, partitions, setting, self.journeys)
        self._foresight = Foresight(self.parties, setting.policy)
        self.steps = StepLog(self.parties, log)

    # Migration

    def migrate(self, vm: str, target: str) -> Ending:
        """Take a VM to another partition; returns how that ended, which need not be there."""
        self.suspend(vm, target)
        return self._drive(vm)

    def suspend(self, vm: str, target: str) -> None:
        """Begin to take a VM to another partition: make that ready, and suspend the VM."""
        self.parties.remembered.clear()
        grant = self.parties.grant(vm)
        if target == grant.source:
            raise Refused(f"VM {vm} is in {target} already.")
        self.parties.link(target)
        source = self.parties.ask(grant.source, "report", vm)
        if source.target != grant.source:
            raise Refused(f"VM {vm} migrates to {source.target} already.")
        self.parties.tell(target, "prepare", vm, plan=grant.plan)
        journey = self.journeys[vm] = Journey(target=target)
        self._suspend(vm, grant, journey)

    def cancel(self, vm: str) -> None:
        """Want a VM back that is under way; ``drive`` then finds out whether it is too late."""
        self.give_up(vm, "cancel")
        self.journeys[vm].turned = True

    def give_up(self, vm: str, how: Literal["cancel", "time_out"]) -> None:
        """Want a VM back between two steps: by the operator's order, or as its source waits no longer."""
        self._give_up(vm, how, "operator" if how == "cancel" else "source")

    def drive(self, vm: str) -> Ending:
        """Do what comes next for a VM until nothing is under way."""
        self.steps.pay()
        self.parties.remembered.clear()
        return self._drive(vm)

    def _drive(self, vm: str) -> Ending:
        try:
            return self._driven(vm)
        finally:
            self._awake.end()
            self.parties.remembered.clear()
            self.log.flush()

    def _driven(self, vm: str) -> Ending:
        while True:
            try:
                scene = self.parties.scene(vm)
            except NoSuchVm:
                return self._lost(vm)
            if self._finished(vm, scene):
                self.parties.remembered.clear()
                continue
            step = self._next(vm, scene)
            if step is None:
                return self._ended(vm, scene)
            if step == "restart":
                raise PeerGone(scene.destination if scene.destination in self.parties.down else scene.grant.source)
            self.take(vm, step, scene)

    def _finished(self, vm: str, scene: Scene) -> bool:
        """Finish what was left of a step that is decided, as the firmware has it on record, when somebody died."""
        grant, source = scene.grant, scene.source
        if source.phase is Phase.ABSENT and source.arrival is Arrival.RESUMED:
            self.parties.tell(grant.source, "settle", vm)
        elif source.phase is Phase.SUSPENDED and grant.intent:
            self.parties.tell(grant.source, "described", vm)
        elif source.phase is Phase.RUNNING and source.target == grant.source != grant.target and not grant.intent:
            self.firmware.call("forget", vm=vm)
        else:
            return False
        return True

    def next(self, vm: str) -> str | None:
        """The step that comes next for a VM; None when nothing is under way."""
        return self._next(vm, self.parties.scene(vm))

    def order(self, vm: str, step: str) -> None:
        """Have one step done, whatever comes next by the plan.

        Raises Refused where a party declines it, and turns nothing back for that.
        """
        scene = self.parties.scene(vm)
        said = self.steps.said(vm, step, scene)
        note = self._do(vm, step, scene, self.journeys.setdefault(vm, Journey(target=scene.destination)))
        self.steps.done(vm, step, said, note)

    def take(self, vm: str, step: str, scene: Scene | None = None) -> None:
        """Do one step, and log it."""
        scene = scene or self.parties.scene(vm)
        journey = self.journeys.setdefault(vm, Journey(target=scene.destination))
        said = self.steps.said(vm, step, scene)
        self.at(f"before:{step}", vm)
        if self.journeys[vm].turned:
            self.journeys[vm].turned = False
            return  # the operator has cancelled in the meantime
        ahead = [self.steps.said(vm, each, scene) for each in AHEAD.get(step, ()) if self.eager]
        self.steps.pending([said, *ahead])
        began = time.monotonic()
        try:
            note = self._do(vm, step, scene, journey)
        except Refused as error:
            self.parties.remembered.clear()
            self._refused(vm, step, scene, journey, error)
            return
        except (PeerGone, NoReply) as error:
            self.parties.remembered.clear()
            self.log.perhaps([said, *ahead], note=str(error))
            if isinstance(error, NoReply) and self._may_give_up(step, scene):
                self._give_up(vm, "time_out", "source", str(error))
                return
            raise
        journey.steps[step] = journey.steps.get(step, 0.0) + time.monotonic() - began
        if step in CHANGING:
            self.parties.remembered.grants.pop(vm, None)
        if step in ENDING:
            self.parties.remembered.clear()
        self.at(f"after:{step}", vm)
        self.steps.done(vm, step, said, note)
        self.steps.pending(())

    def lose(self, vm: str, message: Message) -> None:
        """Lose a message that is under way, as a fault would; raises Refused where there is none."""
        journey = self.journeys.get(vm, Journey())
        if message not in journey.sent:
            raise Refused(f"VM {vm}: no {message.name} is under way.")
        journey.sent.discard(message)
        self.log.event("fault", "lose", {"vm": vm, "message": message.name}, self.parties.seen(vm))

    def crashed(self, partition: str) -> None:
        """A partition is known to be dead: log it, tell the other ends, and drop what was under way to it."""
        self.steps.pay()
        for vm in self.parties.snapshot().vms:
            self.log.perhaps([self.parties.writes(vm, partition)], f"what the guest may have written in {partition}")
        self.log.event("fault", "crash", {"partition": partition})
        self.parties.down.add(partition)
        for vm, journey in self.journeys.items():
            try:
                grant = self.parties.grant(vm)
            except Refused:
                continue
            if partition in (grant.source, journey.target, grant.target):
                journey.sent.clear()
                journey.configuration = b""
                other = grant.source
                if partition != other and other not in self.parties.down:
                    report = self.parties.ask(other, "report", vm)
                    if report.target == partition:
                        self.parties.link(other).call("connection_cut", vm=vm)

    def restarted(self, partition: str) -> None:
        """A partition lives again, and is empty."""
        self.parties.link(partition).reconnect()
        self.parties.down.discard(partition)
        self.log.event("fault", "restart", {"partition": partition})

    def reconnect(self) -> None:
        """The firmware was started again."""
        self.firmware.reconnect()

    def take_over(self, pending: Sequence[Sequence[Said]], down: Sequence[str] = ()) -> None:
        """Take over from a driver that died: what it carried is lost, and its last steps may have happened."""
        self.parties.down |= set(down)
        vms = self.parties.snapshot().vms
        lost = [(Said("lose", {"vm": vm, "message": message.name}),) for vm in vms for message in Message]
        written = [tuple(self.parties.writes(vm)) for vm in vms]
        self.log.perhaps([*written, *pending, *lost], "another coordinator took over")
        for vm, entry in vms.items():
            self.journeys[vm] = Journey(target=entry.target)
            self.log.seen(self.parties.seen(vm), "found by the coordinator that took over")

    # One step

    def _do(self, vm: str, step: str, scene: Scene, journey: Journey) -> str:
        """Have a step done; what there is to note of it."""
        source, target = scene.grant.source, scene.destination
        policy = self.setting.policy
        match step:
            case "describe":
                found = self.parties.tell(source, "describe", vm).configuration
                self.parties.table(vm, "describe", target=target, configuration=found)
                if self.eager:
                    self._foresight.described(vm, source)
                self.parties.tell(source, "described", vm)
                return f"{len(found)} bytes"
            case "transfer":
                journey.configuration = self.parties.tell(source, "transfer", vm).configuration
                journey.sent.add(Message.CONFIG)
            case "receive":
                self.parties.tell(target, "receive", vm, configuration=journey.configuration)
                journey.sent.discard(Message.CONFIG)
            case "unlock":
                if self.eager:
                    self._foresight.releasing(vm, scene)
                self.parties.tell(source, "unlock", vm)
            case "unmap":
                self.parties.tell(source, "unmap", vm, policy=policy)
                if self.eager:
                    self._foresight.revoking(vm, scene)
                taken = self.firmware.call("revoke", vm=vm, partition=source, policy=policy)
                return f"{policy.value}, {taken} processes"
            case "map":
                if self.eager:
                    self._foresight.taking_over(vm, target)
                self.parties.tell(target, "map", vm)
            case "reassign" | "complete" | "give_back" | "reclaim":
                self.parties.table(vm, "reassign", step=step)
            case "recover":
                self.parties.tell(target, "recover", vm, plan=scene.grant.plan)
            case "answer":
                self.parties.tell(target, "answer", vm)
                journey.sent.add(Message.ANSWER)
            case "hear":
                self.parties.tell(source, "hear", vm)
                journey.sent.discard(Message.ANSWER)
            case "remind":
                journey.sent.add(Message.ABORT)
            case "decline" | "insist":
                arrival = self.parties.tell(target, "decline", vm).arrival
                journey.sent -= {Message.ABORT, Message.CONFIG} if arrival is Arrival.DECLINED else {Message.ABORT}
                if arrival is not Arrival.DECLINED:
                    journey.sent.add(Message.ANSWER)
            case "notice":
                self.parties.tell(source, "notice", vm, cut=target in self.parties.down or scene.source.cut)
            case "forget":
                self.parties.tell(source, "forget", vm)
                self.firmware.call("forget", vm=vm)
                journey.sent.clear()
            case "bury":
                journey.lost = LOST_ENTERED if scene.grant.entered else LOST_UNWRITTEN
                self.firmware.call("bury", vm=vm)
            case "settle":
                self.firmware.call("settle", vm=vm)
                self.parties.tell(target, "settle", vm)
                journey.sent.clear()
            case _:
                where = source if step in AT_SOURCE else target
                self.parties.tell(where, step, vm)
        return ""

    def _suspend(self, vm: str, grant: Grant, journey: Journey) -> None:
        said = [Said("suspend", {"vm": vm, "partition": journey.target})]
        self.steps.pending([said])
        self.at("before:suspend", vm)
        if self.eager:
            self._awake.begin()
        journey.began = time.monotonic()
        try:
            if self.eager:
                self._foresight.suspending(vm, grant.source, journey.target)
            self.parties.tell(grant.source, "suspend", vm, target=journey.target, describing=self.eager)
        except (PeerGone, NoReply):
            self.steps.owe(vm, said, certain=False)
            raise
        journey.steps["suspend"] = time.monotonic() - journey.began
        self.steps.owe(vm, said, certain=True)
        self.at("after:suspend", vm)
        self.steps.pay()

    def _refused(self, vm: str, step: str, scene: Scene, journey: Journey, error: Refused) -> None:
        """A party refuses a step: turn back if that can still be done, or tell the operator."""
        journey.why = journey.why or str(error)
        if step == "receive":
            journey.sent.discard(Message.CONFIG)
            self.log.event("fault", "lose", {"vm": vm, "message": "CONFIG"}, note=str(error))
        elif scene.source.aborting or scene.source.phase not in UNDER_WAY:
            raise error
        elif scene.source.phase is Phase.TRANSFERRED:
            self._give_up(vm, "time_out", "source", str(error))
        else:
            self._give_up(vm, "cancel", "operator", str(error))

    def _may_give_up(self, step: str, scene: Scene) -> bool:
        return step in ("receive", "map", "create") and scene.source.phase is Phase.TRANSFERRED

    def _give_up(self, vm: str, how: str, party: str, why: str = "") -> None:
        grant = self.parties.grant(vm)
        journey = self.journeys.setdefault(vm, Journey())
        journey.why = journey.why or why or f"the operator cancelled the migration of VM {vm}."
        report = self.parties.tell(grant.source, how, vm)
        if report.phase is Phase.TRANSFERRED:
            journey.sent.add(Message.ABORT)
        self.log.event(party, how, {"vm": vm}, self.parties.seen(vm), why)

    def _lost(self, vm: str) -> Ending:
        self._gone(vm)
        journey = self.journeys.pop(vm, Journey())
        return Ending(
            vm=vm, at="", migrated=False, why=f"VM {vm} is lost: {journey.lost or LOST}.", steps=journey.steps
        )

    def _gone(self, vm: str, kept: str = "") -> None:
        """Have all partitions but one drop what is left of a destination made ready, or of a source that exited."""
        for name, link in self.parties.partitions.items():
            if name != kept and name not in self.parties.down:
                link.call("gone", vm=vm)

    def _ended(self, vm: str, scene: Scene) -> Ending:
        journey = self.journeys.pop(vm, Journey())
        report = self._until_first_effect(vm, scene) if journey.began is not None else scene.source
        self._gone(vm, kept=scene.grant.source)
        first = report.status.first_effect
        downtime = first - journey.began if first is not None and journey.began is not None else None
        at = scene.grant.source
        return Ending(
            vm=vm, at=at, migrated=at == journey.target, why=journey.why,
            began=journey.began, downtime=downtime, steps=journey.steps,
        )  # fmt: skip

    def _until_first_effect(self, vm: str, scene: Scene) -> Report:
        """Wait, though not for long, until the guest has had an effect in its new VMM: that ends the downtime."""
        deadline = time.monotonic() + PATIENCE
        report = scene.source
        while report.status.running and report.status.first_effect is None and time.monotonic() < deadline:
            time.sleep(0.0005)
            report = self.parties.tell(scene.grant.source, "report", vm)
        return report

    def _next(self, vm: str, scene: Scene) -> str | None:
        journey = self.journeys.setdefault(vm, Journey(target=scene.destination))
        situation = self.parties.situation(scene, journey.sent)
        return self._misplaced(next_step(situation, self.setting.protocol), scene)

    def _misplaced(self, step: str | None, scene: Scene) -> str | None:
        """What a driver with a deliberate defect does instead."""
        defects = self.setting.defects
        if Defect.EXIT_BEFORE_REASSIGN in defects and step == "unmap":
            return "exit"
        if Defect.ANSWER_BEFORE_RESUME in defects and step == "map" and not scene.source.heard:
            return "answer"
        if Defect.TWO_RUNNERS in defects and step == "answer":
            return "roll_back"
        return step
