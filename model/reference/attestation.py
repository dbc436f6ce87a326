"""What three independent witnesses say of one hop: digests of the segments, physical page frames, and the guest.

Each sees what the others cannot. Digests see that contents have changed while nobody executed; they do not see a copy,
nor registers. Frame numbers see a copy of memory, whatever it holds. The guest sees whether its memory and its
registers fit each other; it does not see where memory lies.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from attorn.model.reference.driver import Driver
from attorn.model.reference.guests.guest import COMPLAINTS
from attorn.model.reference.host import Vm
from attorn.model.reference.hosting import Status
from attorn.model.reference.journey import Ending
from attorn.model.reference.refusals import Refused
from attorn.model.reference.vmm.memory import ROOMS

__all__ = ["Attestation", "complaint_of", "frames", "witnessed"]

PAGE = 4096
PATIENCE = 10.0
PRESENT, FRAME = 1 << 63, (1 << 55) - 1


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """What each witness says of one hop.

    segments, same_digests: how many segments there are, and how many held the same when the VM was resumed as when it
                            was suspended.
    pages, same_frames:     how many pages both VMMs have touched, and how many of them lie in the same physical frame;
                            None where frame numbers cannot be read.
    complaint:              what the guest's own check has found; "" when it has gone on and found nothing.
    """

    segments: int
    same_digests: int
    pages: int | None
    same_frames: int | None
    complaint: str = ""

    @property
    def well(self) -> bool:
        """Whether no witness objects."""
        return self.same_digests == self.segments and self.same_frames == self.pages and not self.complaint

    def __str__(self) -> str:
        where = "frames cannot be read (root may)"
        if self.pages is not None:
            where = f"{self.same_frames:,} of {self.pages:,} pages in the same frame"
        guest = f"the guest has found {self.complaint}" if self.complaint else "the guest has found nothing"
        return f"digests: {self.same_digests} of {self.segments} segments the same; {where}; {guest}"


def witnessed(vm: Vm, to: str, seconds: float = 0.2) -> tuple[Ending, Attestation]:
    """Hand a VM over before witnesses; the guest is watched for some seconds after that.

    Raises Refused where the protocol driver is in another process: nobody can look between two of its steps.
    """
    host = vm.host
    if not isinstance(host.driver, Driver):
        raise Refused('a hop can be witnessed only where the driver runs in this process (coordinator="inline").')
    source = host.process_of(vm.partition, vm.name)
    digests: dict[str, dict[int, str]] = {}
    before: dict[int, int] = {}

    def look(point: str, _: str) -> None:
        if point == "after:suspend":
            before.update(frames(source))
        if point in ("after:suspend", "before:resume"):
            digests[point] = host.view(vm.name, digests=True).digests

    with _looking(host.driver, look):
        ending = host.migrate(vm.name, to)
    first, last = digests.get("after:suspend", {}), digests.get("before:resume", {})
    complaint = _watched(vm, seconds)
    after = frames(host.process_of(ending.at, vm.name)) if ending.at else {}
    both = before.keys() & after.keys()
    return ending, Attestation(
        segments=len(first),
        same_digests=sum(first[number] == last.get(number) for number in first),
        pages=len(both) if before else None,
        same_frames=sum(before[page] == after[page] for page in both) if before else None,
        complaint=complaint,
    )


def frames(pid: int) -> dict[int, int]:
    """Physical frame of each page of guest memory that a process has touched, by the page's number from the first on.

    Nothing where the system does not tell, which it does only to root.
    """
    found: dict[int, int] = {}
    first = -1
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for line in maps:
            start, end = (int(each, 16) for each in line.split(maxsplit=1)[0].split("-"))
            if not ROOMS <= start < 2 * ROOMS:
                continue
            first = start if first < 0 else first
            entries = os.pread(pagemap.fileno(), (end - start) // PAGE * 8, start // PAGE * 8)
            for page, entry in enumerate(memoryview(entries).cast("Q")):
                if entry & PRESENT and entry & FRAME:
                    found[(start - first) // PAGE + page] = entry & FRAME
    return found


def complaint_of(status: Status) -> str:
    """What a guest has found when it ended by itself; "" where that is nothing."""
    if not status.stopped or status.running:
        return ""
    return COMPLAINTS.get(status.code, "") if status.stopped == "POWERED_OFF" else status.why


@contextmanager
def _looking(driver: Driver, look: Callable[[str, str], None]) -> Iterator[None]:
    """Have a driver take its steps one by one, and look in between."""
    before = driver.at, driver.eager
    driver.at, driver.eager = look, False
    try:
        yield
    finally:
        driver.at, driver.eager = before


def _watched(vm: Vm, seconds: float) -> str:
    """What the guest complains of within some seconds from its first effect on."""
    deadline, begun = time.monotonic() + PATIENCE, False
    while time.monotonic() < deadline:
        status = vm.status
        if not status.running:
            return complaint_of(status) or "that it does not go on"
        if status.first_effect is not None and not begun:
            deadline, begun = time.monotonic() + seconds, True
        time.sleep(0.002)
    return "" if begun else f"nothing to do for {PATIENCE:g} s"
