"""The protocol driver: takes VMs through migrations, step by step, and logs each with what was seen after it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from attorn.model.protocol import Devices, Memory, Protocol
from attorn.model.reference.event_log import EventLog, Said, Value
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.firmware import Grant, VmView
from attorn.model.reference.link import Link
from attorn.model.reference.partition import Report
from attorn.model.reference.planning import Situation, next_step
from attorn.model.reference.records import Plan, Snapshot
from attorn.model.reference.refusals import NoReply, NoSuchVm, PeerGone, Refused
from attorn.model.reference.revocation import Policy
from attorn.model.reference.witnessing import Words, seen, segment_name
from attorn.spec.handover import Arrival, Message
from attorn.spec.vocabulary import Phase

__all__ = ["Driver", "Ending", "Setting"]

FIRMWARE = "the firmware"
LOST = "those who could have told how have died"
LOST_UNWRITTEN = "the VMM that had its registers has died, and they were on record nowhere"
LOST_ENTERED = "its new VMM had been let in and has died; what was on record of it is of an earlier time"
PATIENCE = 0.5
UNDER_WAY = (Phase.SUSPENDED, Phase.DESCRIBED, Phase.TRANSFERRED)
MOVES = ("reassign", "complete", "give_back", "reclaim")
CHANGING = (*MOVES, "describe", "recover", "resume", "roll_back")
"""Steps after which the firmware's table says something else."""
ENDING = ("forget", "settle", "bury", "concede")
PER_SEGMENT = ("allocate", "unmap", "remap", "map", *MOVES)
AT_SOURCE = ("suspend", "describe", "transfer", "unlock", "unmap", "exit", "hear", "time_out", "notice", "remap",
             "roll_back", "concede")  # fmt: skip
AT_TARGET = ("receive", "recover", "map", "create", "resume", "answer", "decline", "insist", "settle")


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a migration ended.

    vm, at:   the VM, and the partition in which it runs now; "" when it is lost.
    migrated: whether that is where it was to go.
    why:      what went wrong, for a person; "" when nothing did.
    began:    when the order to suspend was given, in seconds of the monotonic clock.
    downtime: seconds from then to the guest's first effect after it; None when it was not seen yet.
    steps:    seconds by step.
    """

    vm: str
    at: str
    migrated: bool
    why: str = ""
    began: float | None = None
    downtime: float | None = None
    steps: dict[str, float] = {}


@dataclass
class Setting:
    """What a driver is set to.

    observe: whether to look at everything after each step, by /proc and digests, or only at what replies tell.
    """

    protocol: Protocol
    policy: Policy
    observe: bool = True
    defects: frozenset[Defect] = frozenset()


@dataclass
class _Journey:
    """What the driver carries for one VM; all of it is lost with the driver, and none of it is needed to go on."""

    target: str = ""
    configuration: bytes = b""
    sent: set[Message] = field(default_factory=set)
    began: float | None = None
    steps: dict[str, float] = field(default_factory=dict)
    why: str = ""
    lost: str = ""
    turned: bool = False
    """Whether the operator has cancelled while a step was about to be done."""


@dataclass(frozen=True)
class _Scene:
    """A VM as its parties report it."""

    grant: Grant
    view: VmView | None
    reports: Mapping[str, Report]
    source: Report
    target: Report
    destination: str


class _Memory:
    """What parties have said in the drive at hand, where not everything is looked at anew after each step."""

    def __init__(self, used: bool) -> None:
        self.used = used
        self.reports: dict[tuple[str, str], Report] = {}
        self.grants: dict[str, Grant] = {}

    def clear(self) -> None:
        """Trust nothing of it any more."""
        self.reports.clear()
        self.grants.clear()


class Driver:
    """Drives migrations by messages to the firmware and to the partitions.

    It keeps no state that matters: ``drive`` looks at the parties and goes on from there, whoever began.
    Raises PeerGone and NoReply for the operator to see to; then it is called again.
    """

    def __init__(self, firmware: Link, partitions: Mapping[str, Link], log: EventLog, setting: Setting) -> None:
        self.firmware = firmware
        self.partitions = dict(partitions)
        self.log = log
        self.setting = setting
        self.at: Callable[[str, str], None] = lambda point, vm: None
        self.pending: Callable[[Sequence[Said]], None] = lambda steps: None
        self._journeys: dict[str, _Journey] = {}
        self.words: Words | None = None
        self._memory = _Memory(not setting.observe)
        self._owed: list[tuple[str, list[Said], bool]] = []
        """Suspensions that are not logged yet, and whether they surely happened."""
        self._down: set[str] = set()

    # Life

    def create(self, vm: str, partition: str, plan: Plan, addresses: Sequence[int]) -> Report:
        """Make a VM with a segment at each guest address, and execute it."""
        link = self._link(partition)
        report = self._report(link.call("start", vm=vm, plan=plan))
        try:
            self.firmware.call("start", vm=vm, partition=partition, plan=plan)
        except Refused:
            link.call("gone", vm=vm)
            raise
        self.log.event("source", "start", {"vm": vm, "partition": partition})
        try:
            given = self.firmware.call("allocate", vm=vm, addresses=tuple(addresses))
            size = self._grant(vm).size
            report = self._report(link.call("boot", vm=vm))
        except Refused:
            link.call("gone", vm=vm)
            self.firmware.call("bury", vm=vm)
            self.log.event("source", "stop", {"vm": vm})
            raise
        for number in given:
            self._words(size).last.pop(int(number), None)
        arguments = [
            {"vm": vm, "segment": segment_name(int(number)), "address": f"address{address // size}"}
            for number, address in given.items()
        ]
        self.log.event("source", "allocate", arguments, self._seen(vm))
        return report

    def stop(self, vm: str) -> None:
        """End a VM for good."""
        scene = self._scene(vm)
        if scene.source.phase is not Phase.RUNNING or scene.destination != scene.grant.source:
            raise Refused(f"VM {vm} migrates; wait until that has ended.")
        self._link(scene.grant.source).call("stop", vm=vm)
        self.firmware.call("bury", vm=vm)
        self.log.event("source", "stop", {"vm": vm})
        self._journeys.pop(vm, None)

    def rebalance(self, segment: int, partition: str) -> None:
        """Give a free segment to another partition."""
        self.firmware.call("rebalance", segment=segment, partition=partition)
        self.log.event("firmware", "rebalance", {"segment": segment_name(segment), "partition": partition})

    # Migration

    def migrate(self, vm: str, target: str) -> Ending:
        """Take a VM to another partition; returns how that ended, which need not be there."""
        grant = self._grant(vm)
        if target == grant.source:
            raise Refused(f"VM {vm} is in {target} already.")
        self._link(target)
        source = self._report(self._link(grant.source).call("report", vm=vm))
        if source.target != grant.source:
            raise Refused(f"VM {vm} migrates to {source.target} already.")
        self._link(target).call("prepare", vm=vm, plan=grant.plan)
        journey = self._journeys[vm] = _Journey(target=target)
        self._suspend(vm, grant, journey)
        return self.drive(vm)

    def cancel(self, vm: str) -> None:
        """Want a VM back that is under way; ``drive`` then finds out whether it is too late."""
        self.give_up(vm, "cancel")
        self._journeys[vm].turned = True

    def give_up(self, vm: str, how: Literal["cancel", "time_out"]) -> None:
        """Want a VM back between two steps: by the operator's order, or as its source waits no longer."""
        self._give_up(vm, how, "operator" if how == "cancel" else "source")

    def drive(self, vm: str) -> Ending:
        """Do what comes next for a VM until nothing is under way."""
        self._pay()
        self._memory.clear()
        try:
            return self._driven(vm)
        finally:
            self._memory.clear()
            self.log.flush()

    def _driven(self, vm: str) -> Ending:
        while True:
            try:
                scene = self._scene(vm)
            except NoSuchVm:
                return self._lost(vm)
            if self._finished(vm, scene):
                self._memory.clear()
                continue
            step = self._misplaced(next_step(self._situation(vm, scene), self.setting.protocol), scene)
            if step is None:
                return self._ended(vm, scene)
            if step == "restart":
                raise PeerGone(scene.destination if scene.destination in self._down else scene.grant.source)
            self.take(vm, step, scene)

    def _finished(self, vm: str, scene: _Scene) -> bool:
        """Finish what was left of a step that is decided, as the firmware has it on record, when somebody died."""
        grant, source = scene.grant, scene.source
        if source.phase is Phase.ABSENT and source.arrival is Arrival.RESUMED:
            self._tell(grant.source, "settle", vm)
        elif source.phase is Phase.SUSPENDED and grant.intent:
            self._tell(grant.source, "described", vm)
        elif source.phase is Phase.RUNNING and source.target == grant.source != grant.target and not grant.intent:
            self.firmware.call("forget", vm=vm)
        else:
            return False
        return True

    def take(self, vm: str, step: str, scene: _Scene | None = None) -> None:
        """Do one step, and log it."""
        scene = scene or self._scene(vm)
        journey = self._journeys.setdefault(vm, _Journey(target=scene.destination))
        said = self._said(vm, step, scene)
        self.at(f"before:{step}", vm)
        if self._journeys[vm].turned:
            self._journeys[vm].turned = False
            return  # the operator has cancelled in the meantime
        self.pending(said)
        began = time.monotonic()
        try:
            note = self._do(vm, step, scene, journey)
        except Refused as error:
            self._memory.clear()
            self._refused(vm, step, scene, journey, error)
            return
        except (PeerGone, NoReply) as error:
            self._memory.clear()
            self.log.perhaps([said], note=str(error))
            if isinstance(error, NoReply) and self._may_give_up(step, scene):
                self._give_up(vm, "time_out", "source", str(error))
                return
            raise
        journey.steps[step] = journey.steps.get(step, 0.0) + time.monotonic() - began
        if step in CHANGING:
            self._memory.grants.pop(vm, None)
        if step in ENDING:
            self._memory.clear()
        self.at(f"after:{step}", vm)
        self._log(vm, step, said, note)
        self.pending(())

    def crashed(self, partition: str) -> None:
        """A partition is known to be dead: log it, tell the other ends, and drop what was under way to it."""
        self._pay()
        for vm in self._snapshot().vms:
            self.log.perhaps([self._writes(vm, partition)], f"what the guest may have written in {partition}")
        self.log.event("fault", "crash", {"partition": partition})
        self._down.add(partition)
        for vm, journey in self._journeys.items():
            try:
                grant = self._grant(vm)
            except Refused:
                continue
            if partition in (grant.source, journey.target, grant.target):
                journey.sent.clear()
                journey.configuration = b""
                other = grant.source
                if partition != other and other not in self._down:
                    report = self._report(self._link(other).call("report", vm=vm))
                    if report.target == partition:
                        self._link(other).call("connection_cut", vm=vm)

    def restarted(self, partition: str) -> None:
        """A partition lives again, and is empty."""
        self._link(partition).reconnect()
        self._down.discard(partition)
        self.log.event("fault", "restart", {"partition": partition})

    def reconnect(self) -> None:
        """The firmware was started again."""
        self.firmware.reconnect()

    def take_over(self, pending: Sequence[Said], down: Sequence[str] = ()) -> None:
        """Take over from a driver that died: what it carried is lost, and its last step may have happened."""
        self._down |= set(down)
        vms = self._snapshot().vms
        lost = [(Said("lose", {"vm": vm, "message": message.name}),) for vm in vms for message in Message]
        written = [tuple(self._writes(vm)) for vm in vms]
        self.log.perhaps([*written, tuple(pending), *lost], "another coordinator took over")
        for vm, entry in vms.items():
            self._journeys[vm] = _Journey(target=entry.target)
            self.log.seen(self._seen(vm), "found by the coordinator that took over")

    # One step

    def _do(self, vm: str, step: str, scene: _Scene, journey: _Journey) -> str:
        """Have a step done; what there is to note of it."""
        source, target = scene.grant.source, scene.destination
        match step:
            case "describe":
                found = self._tell(source, "describe", vm).configuration
                self.firmware.call("describe", vm=vm, target=target, configuration=found)
                self._tell(source, "described", vm)
                return f"{len(found)} bytes"
            case "transfer":
                journey.configuration = self._tell(source, "transfer", vm).configuration
                journey.sent.add(Message.CONFIG)
            case "receive":
                self._tell(target, "receive", vm, configuration=journey.configuration)
                journey.sent.discard(Message.CONFIG)
            case "unmap":
                self._tell(source, "unmap", vm, policy=self.setting.policy)
                taken = self.firmware.call("revoke", vm=vm, partition=source, policy=self.setting.policy)
                return f"{self.setting.policy.value}, {taken} processes"
            case "reassign" | "complete" | "give_back" | "reclaim":
                self.firmware.call("reassign", vm=vm, step=step)
            case "recover":
                self._tell(target, "recover", vm, plan=scene.grant.plan)
            case "answer":
                self._tell(target, "answer", vm)
                journey.sent.add(Message.ANSWER)
            case "hear":
                self._tell(source, "hear", vm)
                journey.sent.discard(Message.ANSWER)
            case "remind":
                journey.sent.add(Message.ABORT)
            case "decline" | "insist":
                arrival = self._tell(target, "decline", vm).arrival
                journey.sent -= {Message.ABORT, Message.CONFIG} if arrival is Arrival.DECLINED else {Message.ABORT}
                if arrival is not Arrival.DECLINED:
                    journey.sent.add(Message.ANSWER)
            case "notice":
                self._tell(source, "notice", vm, cut=target in self._down or scene.source.cut)
            case "forget":
                self._tell(source, "forget", vm)
                self.firmware.call("forget", vm=vm)
                journey.sent.clear()
            case "bury":
                journey.lost = LOST_ENTERED if scene.grant.entered else LOST_UNWRITTEN
                self.firmware.call("bury", vm=vm)
            case "settle":
                self.firmware.call("settle", vm=vm)
                self._tell(target, "settle", vm)
                journey.sent.clear()
            case _:
                where = source if step in AT_SOURCE else target
                self._tell(where, step, vm)
        return ""

    def _suspend(self, vm: str, grant: Grant, journey: _Journey) -> None:
        said = [Said("suspend", {"vm": vm, "partition": journey.target})]
        self.pending(said)
        self.at("before:suspend", vm)
        journey.began = time.monotonic()
        try:
            self._tell(grant.source, "suspend", vm, target=journey.target)
        except (PeerGone, NoReply):
            self._owed.append((vm, said, False))
            raise
        journey.steps["suspend"] = time.monotonic() - journey.began
        self._owed.append((vm, said, True))
        self.at("after:suspend", vm)
        self._pay()

    def _pay(self) -> None:
        """Log suspensions that are not yet: first what the guest wrote before, for which the firmware must live."""
        while self._owed:
            vm, said, certain = self._owed[0]
            writes = self._writes(vm)
            self._owed.pop(0)
            if certain:
                for step in writes:
                    self.log.event("guest", step.event, step.arguments)
                self._log(vm, "suspend", said, "")
            else:
                self.log.perhaps([writes, said], "whether it was suspended is not known")
            self.pending(())

    def _refused(self, vm: str, step: str, scene: _Scene, journey: _Journey, error: Refused) -> None:
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

    def _may_give_up(self, step: str, scene: _Scene) -> bool:
        return step in ("receive", "map", "create") and scene.source.phase is Phase.TRANSFERRED

    def _give_up(self, vm: str, how: str, party: str, why: str = "") -> None:
        grant = self._grant(vm)
        journey = self._journeys.setdefault(vm, _Journey())
        journey.why = journey.why or why or f"the operator cancelled the migration of VM {vm}."
        report = self._tell(grant.source, how, vm)
        if report.phase is Phase.TRANSFERRED:
            journey.sent.add(Message.ABORT)
        self.log.event(party, how, {"vm": vm}, self._seen(vm), why)

    def _lost(self, vm: str) -> Ending:
        for name, link in self.partitions.items():
            if name not in self._down:
                link.call("gone", vm=vm)
        journey = self._journeys.pop(vm, _Journey())
        return Ending(
            vm=vm, at="", migrated=False, why=f"VM {vm} is lost: {journey.lost or LOST}.", steps=journey.steps
        )

    def _ended(self, vm: str, scene: _Scene) -> Ending:
        journey = self._journeys.pop(vm, _Journey())
        report = self._until_first_effect(vm, scene) if journey.began is not None else scene.source
        for name in self.partitions:  # what is left of a destination that was made ready, or of a source that exited
            if name != scene.grant.source and name not in self._down:
                self._link(name).call("gone", vm=vm)
        first = report.status.first_effect
        downtime = first - journey.began if first is not None and journey.began is not None else None
        at = scene.grant.source
        return Ending(
            vm=vm, at=at, migrated=at == journey.target, why=journey.why,
            began=journey.began, downtime=downtime, steps=journey.steps,
        )  # fmt: skip

    def _until_first_effect(self, vm: str, scene: _Scene) -> Report:
        """Wait, though not for long, until the guest has had an effect in its new VMM: that ends the downtime."""
        deadline = time.monotonic() + PATIENCE
        report = scene.source
        while report.status.running and report.status.first_effect is None and time.monotonic() < deadline:
            time.sleep(0.0005)
            report = self._tell(scene.grant.source, "report", vm)
        return report

    def _misplaced(self, step: str | None, scene: _Scene) -> str | None:
        """What a driver with a deliberate defect does instead."""
        defects = self.setting.defects
        if Defect.EXIT_BEFORE_REASSIGN in defects and step == "unmap":
            return "exit"
        if Defect.ANSWER_BEFORE_RESUME in defects and step == "map" and not scene.source.heard:
            return "answer"
        if Defect.TWO_RUNNERS in defects and step == "answer":
            return "roll_back"
        return step

    # What is so

    def _scene(self, vm: str) -> _Scene:
        """Ask all parties of a VM."""
        view: VmView | None = None
        if self.setting.observe:
            view = self._view(vm)
            grant = view.grant
        else:
            grant = self._grant(vm)
        source = Report() if grant.source in self._down else self._of(grant.source, vm)
        destination = grant.target if grant.intent or source.target in ("", grant.source) else source.target
        if destination == grant.source:
            target = Report()
        else:
            target = Report() if destination in self._down else self._of(destination, vm)
        return _Scene(grant, view, {grant.source: source, destination: target}, source, target, destination)

    def _situation(self, vm: str, scene: _Scene) -> Situation:
        grant, source, target = scene.grant, scene.source, scene.target
        sent = self._journeys.setdefault(vm, _Journey(target=scene.destination)).sent
        gone = source.phase is Phase.ABSENT
        migrating = scene.destination != grant.source
        owners = set(grant.owners)
        attached = source.status.attached
        if scene.view is not None and grant.segments and not gone:
            mapped = scene.view.mapped[grant.source]
            attached, whole = bool(mapped), len(mapped) == len(grant.segments)
        else:
            whole = attached
        return Situation(
            phase=Phase.EXITED if gone else source.phase,
            arrival=target.arrival,
            migrating=migrating,
            source_up=not gone and grant.source not in self._down,
            target_up=scene.destination not in self._down,
            cut=source.cut or (migrating and scene.destination in self._down),
            heard=source.heard,
            aborting=source.aborting,
            intent=grant.intent,
            entered=grant.entered,
            sent_config=Message.CONFIG in sent,
            sent_answer=Message.ANSWER in sent,
            sent_abort=Message.ABORT in sent,
            all_at_source=owners <= {grant.source},
            all_at_target=owners <= {scene.destination},
            any_mapped_at_source=attached,
            all_mapped_at_source=whole,
            all_mapped_at_target=target.status.attached,
            locked_at_source=source.locked
            and self.setting.protocol.devices is Devices.LOCK
            and Defect.LATE_UNLOCK not in self.setting.defects,
        )

    def _said(self, vm: str, step: str, scene: _Scene) -> list[Said]:
        """A step in the words of the model, with all its arguments."""
        if step not in PER_SEGMENT:
            return [Said(step, {"vm": vm})]
        if self.log.silent:
            return []
        numbers = [each.segment for each in scene.grant.segments]
        if step in MOVES:
            other = scene.grant.source if step in ("reassign", "complete") else scene.destination
            pairs = zip(scene.grant.segments, scene.grant.owners, strict=True)
            numbers = [each.segment for each, owner in pairs if owner == other]
        return [Said(step, {"vm": vm, "segment": segment_name(number)}) for number in numbers]

    def _log(self, vm: str, step: str, said: Sequence[Said], note: str) -> None:
        party = "source" if step in AT_SOURCE else "destination" if step in AT_TARGET else "firmware"
        arguments = [each.arguments for each in said]
        try:
            state = self._seen(vm) if arguments else {}
        except PeerGone:
            self.log.event(party, step, arguments, {}, note)
            raise
        if arguments:
            self.log.event(party, step, arguments, state, note)

    def _writes(self, vm: str, partition: str = "") -> list[Said]:
        """What the guest has written since it was last looked at, as steps of the guest in a partition."""
        if not self.setting.observe:
            return []
        view = self._view(vm, digests=True)
        words = self._words(view.grant.size)
        found: list[Said] = []
        for number, digest in view.digests.items():
            word = words.word(digest)
            if words.last.get(number) != word:
                words.last[number] = word
                where = partition or view.grant.source
                arguments = {"partition": where, "vm": vm, "segment": segment_name(number), "word": word}
                found.append(Said("execute", {**arguments}))
        return found

    def _seen(self, vm: str) -> dict[str, Value]:
        """Cells of the state of a VM as they are now."""
        if not self.setting.observe:
            return {}
        try:
            grant = self._grant(vm)
        except Refused:
            return {}
        before = self._reports(vm)
        still = len(before) == len(self.partitions) and not any(
            each and each.status.running for each in before.values()
        )
        view = self._view(vm, digests=still)
        # Asked again last: of who has died in the meantime, nothing that was seen before is told.
        reports = self._reports(vm)
        whole = len(reports) == len(self.partitions)
        words = self._words(grant.size) if still and whole else None
        sent = frozenset(self._journeys[vm].sent) if vm in self._journeys else frozenset()
        return seen(vm, view, reports, sent, words, whole, self._shared)

    def _reports(self, vm: str) -> dict[str, Report | None]:
        """What each partition says of a VM: None of one that is known to be dead, nothing of one that does not answer.

        That one is noticed, and told, by whoever asks it for something.
        """
        found: dict[str, Report | None] = {}
        for name in self.partitions:
            with contextlib.suppress(PeerGone):
                found[name] = None if name in self._down else self._of(name, vm)
        return found

    def _words(self, size: int) -> Words:
        if self.words is None:
            self.words = Words(size)
        return self.words

    @property
    def _shared(self) -> bool:
        return self.setting.protocol.memory is Memory.SHARED

    def _view(self, vm: str, digests: bool = False) -> VmView:
        return msgspec.convert(self.firmware.call("observe", vm=vm, digests=digests), VmView, strict=False)

    def _grant(self, vm: str) -> Grant:
        if vm in self._memory.grants:
            return self._memory.grants[vm]
        grant = msgspec.convert(self.firmware.call("lookup", vm=vm), Grant)
        if self._memory.used:
            self._memory.grants[vm] = grant
        return grant

    def _snapshot(self) -> Snapshot:
        return msgspec.convert(self.firmware.call("table_now"), Snapshot, strict=False)

    def _of(self, partition: str, vm: str) -> Report:
        known = self._memory.reports.get((partition, vm))
        return self._tell(partition, "report", vm) if known is None else known

    def _tell(self, partition: str, method: str, vm: str, **arguments: Any) -> Report:
        """Ask something of a partition; what it then says of the VM."""
        report = self._report(self._link(partition).call(method, vm=vm, **arguments))
        if self._memory.used:
            self._memory.reports[partition, vm] = report
        return report

    def _report(self, answer: Any) -> Report:
        return msgspec.convert(answer, Report)

    def _link(self, partition: str) -> Link:
        if partition not in self.partitions:
            raise Refused(f"there is no partition `{partition}`; there are: {', '.join(self.partitions)}.")
        return self.partitions[partition]
