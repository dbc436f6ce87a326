"""The binding of the reference implementation to the claim: real processes, led and looked at step by step."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Mapping
from typing import Any

from attorn.conform import Adapter, Refused
from attorn.model.migration import CLAIM
from attorn.model.presets import PRESETS
from attorn.model.reference.driver import Driver
from attorn.model.reference.engines import default_guest
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.host import Host
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import Refused as Declined
from attorn.model.reference.segments import SEGMENT_SIZE
from attorn.model.reference.slots import Report
from attorn.spec.errors import BadInput
from attorn.spec.handover import Arrival
from attorn.spec.language import Instance, exists, forall
from attorn.spec.vocabulary import NONE, VM, Phase, Platform, Resource, Segment

__all__ = ["REFERENCE_TINY", "ReferenceAdapter"]

SIZE = 1 << 16
PATIENCE = 2.0  # seconds that a guest may take to its first effect


def describe(s: Platform, vm: VM) -> None:
    """The firmware declines a VM without memory: there is nothing of it that ownership could fence."""
    s.require(exists(Segment, lambda segment: s.holds[vm, segment]))


def create(s: Platform, vm: VM) -> None:
    """The destination maps first: an engine checks the state of a vCPU against the memory."""
    s.require(
        forall(
            Segment,
            lambda segment: (
                (s.described[vm, segment] != NONE) >> (s.mapped[s.target[vm], segment] == s.described[vm, segment])
            ),
        )
    )


REFERENCE_TINY = Instance.of(
    CLAIM.variant("claim, as the reference does it", strengthen={"describe": describe, "create": create}),
    "reference-tiny",
    VM=1, Segment=1, Partition=2, Word=2, Address=1,
)  # fmt: skip
"""One VM with one segment, by the claim and what the reference implementation demands beyond it."""


class ReferenceAdapter(Adapter):
    """Leads the reference implementation by the steps of the claim, on one segment: a call takes all that a VM has.

    What a step of the claim leaves open is done with it: ``transfer`` is heard by the destination, and ``resume`` goes
    on until the destination is the source. The guest executes by itself, and stops where it finds its memory changed:
    then it runs no more. Segments cannot be released while a VM runs.

    engine: of every partition.  defect: one of the reference's own to switch on, such as ``stale-mapping``.
    """

    timeout = 60.0
    actions = (
        "start", "allocate", "stop", "rebalance", "suspend", "describe", "transfer", "unmap", "reassign", "map",
        "exit", "create", "resume",
    )  # fmt: skip

    PLANNED = ("exit", "create")
    """Steps whose place only the driver's plan knows: a VMM does them as soon as it is told to."""

    def __init__(self, engine: str = "pretend", defect: str = "") -> None:
        self._engine = engine
        self._defects = frozenset(each for each in Defect if each.name.lower().replace("_", "-") == defect)
        if defect and not self._defects:
            raise BadInput(f"the reference implementation has no defect `{defect}`.")
        self._open = contextlib.ExitStack()

    def begin(self, start: Mapping[str, Any]) -> None:
        owner = [str(value) for cell, value in start.items() if cell.startswith("owner[")]
        if len(owner) != 1:
            raise BadInput("the reference implementation moves all segments of a VM in one step: take one segment.")
        pretend = self._engine == "pretend"
        partitions = sum(cell.startswith("mapped[") for cell in start)
        self._host = self._open.enter_context(
            Host(
                partitions, engine=self._engine, segments=1, owner=owner, judge=False, defects=self._defects,
                protocol=PRESETS["firmware"].protocol, own_process=not pretend,
                policy="cooperate" if pretend else "kill", size=SIZE if pretend else SEGMENT_SIZE,
            )
        )  # fmt: skip
        assert isinstance(self._host.driver, Driver)
        self._driver = self._host.driver
        self._size = self._host.size
        self._done: set[tuple[Any, ...]] = set()
        self._vms = [cell[len("phase[") : -1] for cell in start if cell.startswith("phase[")]
        self._zeros = hashlib.blake2b(bytes(self._size), digest_size=8).hexdigest()

    def apply(self, action: str, arguments: Mapping[str, Any]) -> None:
        order = action, *arguments.values()
        before = self.observe() if order in self._done else None
        try:
            self._give(action, **arguments)
        except Declined as reason:
            raise Refused(reason) from reason
        if before is not None and self.observe() == before:
            raise Refused("it was done already: a party that is asked again answers as before, and does nothing.")
        self._done.add(order)

    def close(self) -> None:
        self._open.close()

    def _give(self, action: str, vm: str = "", partition: str = "", segment: str = "", address: str = "") -> None:
        match action:
            case "start":
                self._driver.start(vm, partition, Plan(guest=default_guest(self._engine)))
            case "allocate":
                self._driver.allocate(vm, [_number(address) * self._size])
                self._until_it_has_an_effect(vm)
            case "stop":
                self._driver.stop(vm)
            case "rebalance":
                self._driver.rebalance(_number(segment), partition)
            case "suspend":
                self._driver.suspend(vm, partition)
            case step:
                self._order(vm, step, segment)

    def _order(self, vm: str, step: str, segment: str) -> None:
        if segment and _number(segment) not in [each.segment for each in self._host.view(vm).grant.segments]:
            raise Declined(f"{segment} is not allocated to VM {vm}.")
        if step in self.PLANNED and (found := self._driver.next(vm)) != step:
            raise Declined(f"VM {vm}: {found or 'nothing'} comes next.")
        self._driver.order(vm, step)
        if step == "transfer":
            self._driver.order(vm, "receive")
        elif step == "resume":
            self._driver.drive(vm)

    def _until_it_has_an_effect(self, vm: str) -> None:
        """Wait until there is something to lose."""
        until = time.monotonic() + PATIENCE
        where = self._host.view(vm).grant.source
        while self._host.report(vm, where).status.first_effect is None and time.monotonic() < until:
            time.sleep(0.001)

    def observe(self) -> Mapping[str, Any]:
        host, table = self._host, self._host.table()
        shown: dict[str, Any] = {f"owner[segment{number}]": owner for number, owner in enumerate(table.owner)}
        free = set(range(len(table.owner)))
        for vm in self._vms:
            reports = {name: host.report(vm, name) for name in host.names}
            held = table.vms[vm].segments if vm in table.vms else {}
            free -= set(held)
            shown |= {f"holds[{vm}, segment{number}]": number in held for number in range(len(table.owner))}
            shown |= self._shown_by_partitions(vm, reports, bool(held))
            shown |= self._shown_by_firmware(vm, reports) if vm in table.vms else {f"phase[{vm}]": "ABSENT"}
        digests = host.firmware.call("digests", segments=tuple(free))
        for number, digest in digests.items():
            shown |= {f"content[segment{number}]": "zero" if digest == self._zeros else "word1"}
        return shown

    def _shown_by_partitions(self, vm: str, reports: Mapping[str, Report], executable: bool) -> dict[str, Any]:
        """Cells that a partition knows; a VM without memory executes nothing, so there is nothing to show of that."""
        shown: dict[str, Any] = {}
        for name, report in reports.items():
            shown |= {f"resources[{name}, {vm}, {kind.name}]": report.resources for kind in Resource}
            if executable:
                shown[f"runs[{name}, {vm}]"] = report.status.running
        return shown

    def _shown_by_firmware(self, vm: str, reports: Mapping[str, Report]) -> dict[str, Any]:
        """Cells of a VM that is in the firmware's table; mappings are what /proc says of the partitions' processes."""
        view = self._host.view(vm)
        grant, source = view.grant, reports[view.grant.source]
        created = any(report.arrival is Arrival.CREATED for report in reports.values())
        shown: dict[str, Any] = {
            f"phase[{vm}]": Phase.CREATED if created else source.phase,
            f"source[{vm}]": grant.source,
            f"target[{vm}]": source.target,
        }
        for each in grant.segments:
            cell = f"segment{each.segment}"
            for name in reports:
                shown[f"mapped[{name}, {cell}]"] = self._address(view.mapped.get(name, {}), each.segment)
            shown[f"described[{vm}, {cell}]"] = self._address(view.described or {}, each.segment)
        return shown

    def _address(self, places: Mapping[int, int], segment: int) -> str | None:
        return f"address{places[segment] // self._size}" if segment in places else None


def _number(name: str) -> int:
    return int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))
