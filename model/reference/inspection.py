"""Looking over a host after a fault: everything that is wrong with it, told one by one."""

from __future__ import annotations

import hashlib
import os
import time

from attorn.model.reference.host import Host, Vm
from attorn.model.reference.process import said_hello
from attorn.model.reference.slots import Report
from attorn.spec.handover import Arrival
from attorn.spec.vocabulary import Phase

__all__ = ["guest_complaint", "look_over"]


def look_over(host: Host, vm: Vm | None, handles: int | None = None) -> list[str]:
    """Everything that is wrong with a host on which nothing is under way, one sentence each.

    vm: the one VM that must run, exactly once and with its memory whole; None when there must be none.
    handles: how many the firmware had open at the start.
    """
    found: list[str] = []
    table = host.table()
    expected = set() if vm is None else {vm.name}
    if set(table.vms) != expected:
        found.append(f"the firmware lists {sorted(table.vms)}; expected {sorted(expected)}")
    if vm is not None:
        found += _runs_once(host, vm)
    held = {number for entry in table.vms.values() for number in entry.segments}
    free = tuple(number for number in range(len(table.owner)) if number not in held)
    zeros = hashlib.blake2b(bytes(table.size), digest_size=8).hexdigest()
    digests: dict[int, str] = host.firmware.call("digests", segments=free)
    dirty = [number for number, digest in digests.items() if digest != zeros]
    if dirty:
        found.append(f"free segments {dirty} hold something")
    found += _left_over(host, vm)
    now = len(os.listdir(f"/proc/{host.process_of('firmware')}/fd"))
    if handles is not None and now > handles + 4:
        found.append(f"the firmware has {now} handles open; it had {handles}")
    if host.departure is not None:
        found.append(f"the log departs from the specification: {host.departure}")
    return found


def guest_complaint(vm: Vm, quiet: float = 0.2) -> str:
    """What the guest complains of; "" when it has gone on for some seconds without a complaint."""
    deadline = time.monotonic() + quiet
    while time.monotonic() < deadline:
        status = vm.status
        if status.why:
            return status.why
        if status.first_effect is None:
            deadline = time.monotonic() + quiet  # it has not begun yet
        time.sleep(0.001)
    return ""


def _runs_once(host: Host, vm: Vm) -> list[str]:
    found: list[str] = []
    reports = {name: host.report(vm.name, name) for name in host.names}
    running = [name for name, report in reports.items() if report.status.running]
    home = vm.partition
    if running != [home]:
        found.append(f"it runs in {running}, and belongs to {home}")
    deadline = time.monotonic() + 5
    while reports[home].status.first_effect is None and reports[home].status.running and time.monotonic() < deadline:
        time.sleep(0.001)
        reports[home] = host.report(vm.name, home)
    status = reports[home].status
    if status.why or not status.running or status.first_effect is None:
        found.append(f"its guest does not go on: {status.stopped} {status.why}")
    owners = set(host.view(vm.name).grant.owners)
    if owners != {home}:
        found.append(f"its segments belong to {sorted(owners)}, and it is in {home}")
    return found


def _left_over(host: Host, vm: Vm | None) -> list[str]:
    """Slots, mappings and processes that belong to nothing that lives."""
    found: list[str] = []
    home = None if vm is None else vm.partition
    for name in host.names:
        if vm is not None and name != home and _has_something(host.report(vm.name, name)):
            found.append(f"{name} has something left of {vm.name}")
    known = said_hello(host.directory / "state" / "processes")
    mine = {os.getpid(), *host.processes().values()}
    if vm is not None and home is not None:
        mine.add(host.process_of(home, vm.name))
    deadline = time.monotonic() + 5
    while set(known) - mine and time.monotonic() < deadline:  # who has lost its partition ends by itself
        time.sleep(0.001)
        known = said_hello(host.directory / "state" / "processes")
    if set(known) - mine:
        found.append(f"processes {sorted(set(known) - mine)} are left over")
    return found


def _has_something(report: Report) -> bool:
    idle = report.phase is Phase.ABSENT and report.arrival is Arrival.NOTHING
    return not idle or report.resources or report.status.attached
