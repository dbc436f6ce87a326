"""How long a guest stands when its VM is handed over in place, beside copying its memory and beside QEMU.

``python -m benchmarks downtime`` prints all tables; ``--quick`` leaves out 8 GiB and the thousand hops.
``python -m benchmarks.downtime compare policies`` prints some of them; there are: cases, large, compare, policies,
witnesses, hops.
"""

from __future__ import annotations

import argparse
import mmap
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

from attorn.model.reference.attestation import witnessed
from attorn.model.reference.engines import missing
from attorn.model.reference.fault_points import Defect
from attorn.model.reference.holdings import holdings, left_behind, resident
from attorn.reference import Ending, Host, Vm
from benchmarks.qemu_migration import QEMU, migrated

__all__ = ["run"]

MIB, GIB = 1 << 20, 1 << 30
HOPS = 5
WARM = 2
"""Hops that are not counted: in the first, every process loads what it needs for the first time."""
EVERY_PAGE = 4096 + 64
STAGES = {
    "suspend": ("suspend",),
    "describe": ("describe", "transfer"),
    "receive": ("receive",),
    "release": ("unlock", "unmap", "reassign"),
}
"""Stages of a handover, by the steps of the protocol that they are made of; what is left is taking over."""
TAKE_OVER = "take over"


@dataclass(frozen=True)
class Case:
    """Which VM is handed over between which VMMs. Sizes in bytes.

    stride: from one cell that the guest uses to the next.  huge: whether memory is in pages of 2 MiB where it can be.
    policy: how memory is taken from the source.
    """

    memory: int
    segment: int
    engines: tuple[str, str] = ("kvm", "kvm")
    stride: int = EVERY_PAGE
    huge: bool = False
    policy: str = "kill"


@dataclass
class Measured:
    """Downtimes of the hops of one case, and seconds of each stage, hop by hop.

    faults: page faults of the guest's process from when it is seen to go on until it has gone over its memory once.
    """

    downtimes: list[float] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)

    @property
    def downtime(self) -> float:
        """The middle one."""
        return statistics.median(self.downtimes)

    def take(self, ending: Ending, downtime: float) -> None:
        self.downtimes.append(downtime)
        for stage, steps in STAGES.items():
            self.stages.setdefault(stage, []).append(sum(ending.steps.get(step, 0.0) for step in steps))
        before = sum(found[-1] for stage, found in self.stages.items() if stage != TAKE_OVER)
        self.stages.setdefault(TAKE_OVER, []).append(downtime - before)

    def add(self, other: Measured) -> None:
        """Count the hops of another measurement of the same case in."""
        self.downtimes += other.downtimes
        self.faults += other.faults
        for stage, seconds in other.stages.items():
            self.stages.setdefault(stage, []).extend(seconds)


@contextmanager
def hosted(case: Case, **more: Any) -> Iterator[tuple[Host, Vm, Path]]:
    """A host with the VM of a case; nobody looks at each step."""
    count = case.memory // case.segment
    owner = ["partition0"] * count
    engines = {f"partition{number}": engine for number, engine in enumerate(case.engines)}
    with tempfile.TemporaryDirectory() as directory, huge_pages(Path(directory), case) as memory:
        console = Path(directory) / "console"
        given: dict[str, Any] = {
            "observe": False,
            "judge": False,
            "seconds": 120.0,
            "memory": memory,
            "policy": case.policy,
        } | more
        with Host(engines, segments=count, size=case.segment, owner=owner, **given) as host:
            vm = host.create("memory", segments=count, console=str(console), stride=str(case.stride))
            yield host, vm, console


@contextmanager
def huge_pages(directory: Path, case: Case) -> Iterator[Path | str]:
    """Where memory comes from: a memory filesystem of huge pages, mounted for the case, or memfds."""
    if not case.huge:
        yield "memfd"
        return
    at = directory / "huge"
    at.mkdir()
    options = f"huge=always,size={case.memory + 64 * MIB}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "attorn", str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def hop(vm: Vm, target: str) -> tuple[Ending, float]:
    """Hand a VM over; give how it went, and the seconds from the order to suspend to the guest's first effect."""
    ending = vm.migrate(target)
    if not ending.migrated or ending.began is None:
        raise RuntimeError(f"a hop did not end well: {ending.why}")
    while (first := vm.status.first_effect) is None:
        if not vm.status.running:
            raise RuntimeError(f"the guest has ended: {vm.status}")
        time.sleep(0.001)
    return ending, first - ending.began


def sweeps(console: Path, more: int) -> None:
    """Wait until the guest has gone over its memory so many times more."""

    def lines() -> int:
        return console.read_text().count("\n") if console.exists() else 0

    wanted = lines() + more
    while lines() < wanted:
        time.sleep(0.005)


def measured(case: Case, hops: int = HOPS) -> Measured:
    """Hop to and fro, each time after the guest has gone over all its memory."""
    found = Measured()
    with hosted(case) as (host, vm, console):
        sweeps(console, 1)
        for number in range(WARM + hops):
            there = f"partition{(number + 1) % 2}"
            ending, downtime = hop(vm, there)
            process = host.process_of(there, vm.name)
            before = page_faults(process)
            sweeps(console, 1)
            if number >= WARM:
                found.take(ending, downtime)
                found.faults.append(page_faults(process) - before)
    return found


def page_faults(process: int) -> int:
    """Page faults of a process so far that needed no disk."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[7])


def copied(size: int) -> float:
    """Seconds to copy so much populated memory to another process, through a Unix socket: the transfer alone."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MIB)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * MIB)
    memory = mmap.mmap(-1, size)
    for at in range(0, size, 4096):
        memory[at] = 1
    child = os.fork()
    if not child:
        try:
            ours.close()
            with mmap.mmap(-1, size) as target, memoryview(target) as view:
                got = 0
                while got < size:
                    got += theirs.recv_into(view[got : got + 4 * MIB])
                theirs.sendall(b"!")
        finally:
            os._exit(0)
    theirs.close()
    began = time.monotonic()
    ours.sendall(memory)
    ours.recv(1)
    seconds = time.monotonic() - began
    os.waitpid(child, 0)
    ours.close()
    memory.close()
    return seconds


def sustained(engines: tuple[str, str], hops: int) -> str:
    """Hop so often without a pause; say how fast that went, and what was left behind."""
    case = Case(8 * MIB, 2 * MIB, engines)
    with hosted(case) as (host, vm, console):
        sweeps(console, 2)
        for number in range(20):
            hop(vm, f"partition{(number + 1) % 2}")
        before, own, began = holdings(host), resident(host), time.monotonic()
        for number in range(hops):
            hop(vm, f"partition{(number + 1) % 2}")
        seconds = time.monotonic() - began
        left, grown = left_behind(host, before), resident(host) - own
        sweeps(console, 2)
    return (
        f"{'-'.join(engines)}: {hops:,} hops, {hops / seconds:.1f} a second; left behind: {left or 'nothing'}; "
        f"firmware and partitions have {grown >> 10:+,} KiB of memory of their own"
    )


# Tables


def usable() -> tuple[list[str], bool]:
    """The engines that there are, and whether memory of huge pages can be mounted."""
    lacking = missing()
    return [name for name in ("kvm", "unicorn") if name not in lacking], os.geteuid() == 0


def run(quick: bool) -> None:
    """Print all tables."""
    for why in missing().values():
        print(f"left out: {why}")
    engines, may_mount = usable()
    if not may_mount:
        print("left out: huge pages, which need a mount, and so root")
    if not engines:
        return
    for part in PARTS:
        if not quick or part not in ("large", "hops"):
            show(part)


def show(part: str) -> None:
    """Print one table."""
    # The journal is on a memory filesystem: what a disk takes to make a record durable is the disk's.
    tempfile.tempdir = "/dev/shm"
    PARTS[part]()
    print(flush=True)


def cases() -> None:
    """By memory, segment size, page size and pair of VMMs."""
    engines, may_mount = usable()
    pairs = [(one, other) for one in engines for other in engines]
    best = (engines[0], engines[0])
    wanted = [Case(64 * MIB, 2 * MIB, pair) for pair in pairs] + [Case(64 * MIB, 64 * MIB, best)]
    wanted += [Case(GIB, 64 * MIB, best, stride=2 * MIB + 64), Case(GIB, 64 * MIB, best)]
    if may_mount:
        wanted += [Case(GIB, segment, best, huge=True) for segment in (2 * MIB, 64 * MIB, GIB)]
    _table({case: measured(case) for case in wanted})


def large() -> None:
    """8 GiB, by how it is touched and in which pages."""
    engines, may_mount = usable()
    best = (engines[0], engines[0])
    wanted = [Case(8 * GIB, 64 * MIB, best, stride=2 * MIB + 64), Case(8 * GIB, 64 * MIB, best)]
    if may_mount:
        wanted += [Case(8 * GIB, segment, best, huge=True) for segment in (64 * MIB, GIB)]
    _table({case: measured(case, hops=3) for case in wanted})


def policies() -> None:
    """By how memory is taken from the source."""
    engines, may_mount = usable()
    best = (engines[0], engines[0])
    wanted = [Case(64 * MIB, 2 * MIB, best, policy=policy) for policy in ("kill", "ptrace", "cooperate")]
    if may_mount:
        wanted += [Case(GIB, GIB, best, huge=True, policy=policy) for policy in ("kill", "ptrace", "cooperate")]
    _table({case: measured(case) for case in wanted})


def compare() -> None:
    """Beside copying and beside QEMU, in turn, so that all meet the same machine."""
    engines, may_mount = usable()
    best = (engines[0], engines[0])
    rows = []
    for memory, segments in ((64 * MIB, (2 * MIB, 64 * MIB)), (GIB, (2 * MIB, 64 * MIB, GIB))):
        huge = may_mount and memory == GIB
        ours = {segment: Measured() for segment in segments}
        copies, shared, moved = [], [], []
        for _ in range(3):
            for segment, found in ours.items():
                if QEMU:
                    shared.append(migrated(memory, True))
                found.add(measured(Case(memory, segment, best, huge=huge)))
            copies.append(copied(memory))
            if QEMU:
                moved.append(migrated(memory, False))
        middle = statistics.median
        for segment, found in ours.items():
            row = [_size(memory), _size(segment), found.downtime * 1000, middle(copies) * 1000]
            row.append(middle(copies) / found.downtime)
            if QEMU:
                row += [middle(shared) * 1000, found.downtime / middle(shared)]
                row += [middle(moved) * 1000, middle(moved) / found.downtime]
            rows.append(row)
    headers = ["memory", "segment", "attorn", "socket copy", "times"]
    if QEMU:
        headers += ["QEMU x-ignore-shared", "attorn takes", "QEMU stop and copy", "times"]
    else:
        print("QEMU is left out: apt-get install qemu-system-x86")
    print("ms, medians; attorn until the guest's first effect, released and verified; the socket copy is the transfer")
    print("alone; x-ignore-shared from stop to resume, and it releases nothing\n")
    print(tabulate(rows, headers=headers, floatfmt=".1f"))


def witnesses() -> None:
    """That nothing was copied, and that a copy would be noticed."""
    engines, _ = usable()
    case = Case(64 * MIB, 2 * MIB, (engines[0], engines[0]))
    for what, defects in (
        ("a hop", frozenset()),
        ("one segment copied on purpose", frozenset({Defect.COPIED_SEGMENT})),
    ):
        with hosted(case, defects=defects) as (_, vm, console):
            sweeps(console, 2)
            print(f"{what}: {witnessed(vm, 'partition1')[1]}")


def hops() -> None:
    """A thousand in one go."""
    engines, _ = usable()
    for pair in dict.fromkeys([(engines[0], engines[0]), (engines[0], engines[-1])]):
        print(sustained(pair, 1000))


PARTS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (cases, large, compare, policies, witnesses, hops)
}


def _table(found: dict[Case, Measured]) -> None:
    print("ms, median of each; release: until the source has nothing and the destination owns all, which is verified;")
    print("take over: until the guest's first effect; faults: of pages, from about a millisecond after that until the")
    print("guest has gone over its memory once; what a small one is done with by then is not seen\n")
    headers = ["memory", "segment", "pages", "touched", "VMMs", "policy", "downtime", *STAGES, TAKE_OVER, "faults"]
    print(tabulate([_row(case, each) for case, each in found.items()], headers=headers, floatfmt=".1f"))


def _row(case: Case, found: Measured) -> list[object]:
    touched = "all" if case.stride == EVERY_PAGE else "64 bytes in 2 MiB"
    stages = [statistics.median(found.stages[stage]) * 1000 for stage in (*STAGES, TAKE_OVER)]
    pages = "2 MiB" if case.huge else "4 KiB"
    return [
        *(_size(case.memory), _size(case.segment), pages, touched, "-".join(case.engines), case.policy),
        *(found.downtime * 1000, *stages, f"{statistics.median(found.faults):,.0f}"),
    ]


def _size(count: int) -> str:
    return f"{count // GIB} GiB" if count >= GIB else f"{count // MIB} MiB"


def main() -> None:
    """Print the tables that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.downtime", description=__doc__)
    parser.add_argument("parts", nargs="+", choices=list(PARTS), help="which tables")
    for part in parser.parse_args().parts:
        show(part)


if __name__ == "__main__":
    main()
