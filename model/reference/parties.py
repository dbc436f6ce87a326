"""The parties of migrations as their driver knows them: asked, observed, remembered."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import msgspec

from attorn.model.protocol import Devices
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.grants import Grant, VmView
from attorn.model.reference.journey import Journey, Setting
from attorn.model.reference.link import Link
from attorn.model.reference.planning import Situation
from attorn.model.reference.records import Snapshot
from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.slots import Report
from attorn.model.reference.witnessing import Words, segment_name
from attorn.model.reference.witnessing import seen as cells_seen
from attorn.spec.handover import Message
from attorn.spec.language.values import Value
from attorn.spec.trace import Said
from attorn.spec.vocabulary import Phase

__all__ = ["Parties", "Scene"]


@dataclass(frozen=True)
class Scene:
    """A VM as its parties report it."""

    grant: Grant
    view: VmView | None
    source: Report
    target: Report
    destination: str


class Remembered:
    """What parties have said in the drive at hand, where not everything is looked at anew after each step."""

    def __init__(self, used: bool) -> None:
        self.used = used
        self.reports: dict[tuple[str, str], Report] = {}
        self.grants: dict[str, Grant] = {}

    def clear(self) -> None:
        """Trust nothing of it any more."""
        self.reports.clear()
        self.grants.clear()


class Parties:
    """The firmware and the partitions, and which of these are known to be dead.

    journeys: what is under way, for the messages in flight.
    """

    def __init__(
        self, firmware: Link, partitions: Mapping[str, Link], setting: Setting, journeys: Mapping[str, Journey]
    ) -> None:
        self.firmware = firmware
        self.partitions = dict(partitions)
        self.setting = setting
        self.down: set[str] = set()
        self.remembered = Remembered(not setting.observe)
        self._journeys = journeys
        self._words: Words | None = None

    def scene(self, vm: str) -> Scene:
        """Ask all parties of a VM."""
        view: VmView | None = None
        if self.setting.observe:
            view = self.view(vm)
            grant = view.grant
        else:
            grant = self.grant(vm)
        source = Report() if grant.source in self.down else self.report(grant.source, vm)
        destination = grant.target if grant.intent or source.target in ("", grant.source) else source.target
        if destination == grant.source:
            target = Report()
        else:
            target = Report() if destination in self.down else self.report(destination, vm)
        return Scene(grant, view, source, target, destination)

    def situation(self, scene: Scene, sent: AbstractSet[Message]) -> Situation:
        """What planning has to know of it; sent: the messages in flight."""
        grant, source, target = scene.grant, scene.source, scene.target
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
            source_up=not gone and grant.source not in self.down,
            target_up=scene.destination not in self.down,
            cut=source.cut or (migrating and scene.destination in self.down),
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

    def seen(self, vm: str) -> dict[str, Value]:
        """Cells of the state of a VM as they are now."""
        if not self.setting.observe:
            return {}
        try:
            grant = self.grant(vm)
        except Refused:
            return {}
        before = self._reports(vm)
        still = len(before) == len(self.partitions) and not any(
            each and each.status.running for each in before.values()
        )
        view = self.view(vm, digests=still)
        # Asked again last: of who has died in the meantime, nothing that was seen before is told.
        reports = self._reports(vm)
        whole = len(reports) == len(self.partitions)
        words = self.words(grant.size) if still and whole else None
        sent = frozenset(self._journeys[vm].sent) if vm in self._journeys else frozenset()
        return cells_seen(vm, view, reports, sent, words, whole, self.setting.protocol)

    def _reports(self, vm: str) -> dict[str, Report | None]:
        """What each partition says of a VM: None of one that is known to be dead, nothing of one that does not answer.

        That one is noticed, and told, by whoever asks it for something.
        """
        found: dict[str, Report | None] = {}
        for name in self.partitions:
            with contextlib.suppress(PeerGone):
                found[name] = None if name in self.down else self.report(name, vm)
        return found

    def writes(self, vm: str, partition: str = "") -> list[Said]:
        """What the guest has written since it was last looked at, as steps of the guest in a partition."""
        if not self.setting.observe:
            return []
        view = self.view(vm, digests=True)
        words = self.words(view.grant.size)
        found: list[Said] = []
        for number, digest in view.digests.items():
            word = words.word(digest)
            if words.last.get(number) != word:
                words.last[number] = word
                where = partition or view.grant.source
                arguments = {"partition": where, "vm": vm, "segment": segment_name(number), "word": word}
                found.append(Said("execute", {**arguments}))
        return found

    def words(self, size: int) -> Words:
        """The names of what segments of a size hold."""
        if self._words is None:
            self._words = Words(size)
        return self._words

    def view(self, vm: str, digests: bool = False) -> VmView:
        """What the firmware observes of a VM."""
        return msgspec.convert(self.firmware.call("observe", vm=vm, digests=digests), VmView, strict=False)

    def grant(self, vm: str) -> Grant:
        """What the firmware has on record of a VM."""
        if vm in self.remembered.grants:
            return self.remembered.grants[vm]
        return self.table(vm, "lookup")

    def table(self, vm: str, method: str, **arguments: Any) -> Grant:
        """Ask something of the firmware, and remember what it then has on record of a VM."""
        grant = msgspec.convert(self.firmware.call(method, vm=vm, **arguments), Grant)
        if self.remembered.used:
            self.remembered.grants[vm] = grant
        return grant

    def snapshot(self) -> Snapshot:
        """All of the firmware's table."""
        return msgspec.convert(self.firmware.call("table_now"), Snapshot, strict=False)

    def report(self, partition: str, vm: str) -> Report:
        """What a partition says of a VM."""
        known = self.remembered.reports.get((partition, vm))
        return self.tell(partition, "report", vm) if known is None else known

    def tell(self, partition: str, method: str, vm: str, **arguments: Any) -> Report:
        """Ask something of a partition, and remember what it then says of the VM."""
        report = self.ask(partition, method, vm, **arguments)
        if self.remembered.used:
            self.remembered.reports[partition, vm] = report
        return report

    def ask(self, partition: str, method: str, vm: str, **arguments: Any) -> Report:
        """Ask something of a partition; what it then says of the VM."""
        return msgspec.convert(self.link(partition).call(method, vm=vm, **arguments), Report)

    def link(self, partition: str) -> Link:
        """The link to a partition; Refused if there is none of that name."""
        if partition not in self.partitions:
            raise Refused(f"there is no partition `{partition}`; there are: {', '.join(self.partitions)}.")
        return self.partitions[partition]
