"""How long a guest stands when its VM is handed over in place, beside copying its memory and beside QEMU.

``python -m benchmarks downtime`` prints the tables; ``--quick`` leaves out 8 GiB and the thousand hops.
"""

from __future__ import annotations

import mmap
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tabulate import tabulate

from attorn.model.reference.engines import missing
from attorn.model.reference.fault_points import Defect
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
    "describe": ("describe", "transfer", "receive"),
    "release": ("unlock", "unmap"),
    "reassign": ("reassign",),
    "create": ("map", "create", "resume"),
}
"""Stages of a handover, by the steps of the protocol that they are made of."""


@dataclass(frozen=True)
class Case:
    """Which VM is handed over between which VMMs. Sizes in bytes.

    stride: from one cell that the guest uses to the next.  huge: whether memory is in pages of 2 MiB where it can be.
    """

    memory: int
    segment: int
    engines: tuple[str, str] = ("kvm", "kvm")
    stride: int = EVERY_PAGE
    huge: bool = False


@dataclass
class Measured:
    """Downtimes of the hops of one case, and seconds of each stage, hop by hop."""

    downtimes: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)

    @property
    def downtime(self) -> float:
        """The middle one."""
        return statistics.median(self.downtimes)

    def take(self, ending: Ending, downtime: float) -> None:
        self.downtimes.append(downtime)
        for stage, steps in STAGES.items():
            self.stages.setdefault(stage, []).append(sum(ending.steps.get(step, 0.0) for step in steps))


@contextmanager
def hosted(case: Case, **more: object) -> Iterator[tuple[Host, Vm, Path]]:
    """A host with the VM of a case, whose source has its process ended when it has to release memory."""
    count = case.memory // case.segment
    owner = ["partition0"] * count
    engines = {f"partition{number}": engine for number, engine in enumerate(case.engines)}
    with tempfile.TemporaryDirectory() as directory, huge_pages(Path(directory), case) as memory:
        console = Path(directory) / "console"
        given = {"observe": False, "judge": False, "seconds": 120.0, "memory": memory, "policy": "kill"} | more
        with Host(engines, segments=count, size=case.segment, owner=owner, **given) as host:  # type: ignore[arg-type]
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
    with hosted(case) as (_, vm, console):
        for number in range(WARM + hops):
            sweeps(console, 1)
            ending, downtime = hop(vm, f"partition{(number + 1) % 2}")
            if number >= WARM:
                found.take(ending, downtime)
    return found


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


# Witnesses that nothing was copied


def frames(pid: int) -> dict[int, int]:
    """Physical frame number of each page of the guest that a process has touched, by the page's number."""
    found: dict[int, int] = {}
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        spans = [line.split(maxsplit=1)[0].split("-") for line in maps if "/memfd:" in line]
        first = min(int(start, 16) for start, _ in spans)
        for start, end in ((int(start, 16), int(end, 16)) for start, end in spans):
            entries = os.pread(pagemap.fileno(), (end - start) // 4096 * 8, start // 4096 * 8)
            for page in range(len(entries) // 8):
                entry = int.from_bytes(entries[8 * page : 8 * page + 8], "little")
                if entry >> 63:
                    found[(start - first) // 4096 + page] = entry & (1 << 55) - 1
    return found


def same_frames(case: Case, **more: object) -> tuple[int, int]:
    """Hand a VM over; count the pages that both VMMs have touched, and those of them that lie in the same frame."""
    with hosted(case, **more) as (host, vm, console):
        sweeps(console, 2)
        before = frames(host.process_of("partition0", vm.name))
        hop(vm, "partition1")
        sweeps(console, 2)
        after = frames(host.process_of("partition1", vm.name))
    both = before.keys() & after.keys()
    return len(both), sum(before[page] == after[page] for page in both)


# Leaks


def held(host: Host, vm: Vm) -> dict[str, int]:
    """What the processes of a host hold: files, mappings, processes; and bytes of memory filesystems in use."""
    partition = vm.partition
    pids = [
        os.getpid(),
        *(host.process_of(name) for name in ("firmware", *host.names)),
        host.process_of(partition, vm.name),
    ]
    mappings = 0
    for pid in pids:
        with open(f"/proc/{pid}/maps") as maps:
            mappings += sum("memfd:segment" in line for line in maps)
    children = sum(_parent(entry) in pids for entry in os.listdir("/proc") if entry.isdigit())
    return {
        "files": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
        "mappings of segments": mappings,
        "processes": children,
        "owned segments": len(host.table().owner),
    }


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def sustained(engines: tuple[str, str], hops: int) -> str:
    """Hop so often without a pause; say how fast that went, and what was left behind."""
    case = Case(8 * MIB, 2 * MIB, engines)
    with hosted(case) as (host, vm, console):
        sweeps(console, 1)
        for number in range(4):
            hop(vm, f"partition{(number + 1) % 2}")
        before, began = held(host, vm), time.monotonic()
        for number in range(hops):
            hop(vm, f"partition{(number + 1) % 2}")
        seconds = time.monotonic() - began
        after = held(host, vm)
        sweeps(console, 2)
    left = {what: after[what] - before[what] for what in before if after[what] != before[what]}
    return f"{'-'.join(engines)}: {hops:,} hops, {hops / seconds:.1f} a second; left behind: {left or 'nothing'}"


# Tables


def run(quick: bool) -> None:
    """Print all tables."""
    # The journal is on a memory filesystem: what a disk takes to make a record durable is the disk's.
    tempfile.tempdir = "/dev/shm"
    lacking = missing()
    for why in lacking.values():
        print(f"left out: {why}")
    engines = [name for name in ("kvm", "unicorn") if name not in lacking]
    if not engines:
        return
    best = engines[0]
    may_mount = os.geteuid() == 0
    if not may_mount:
        print("left out: huge pages, which need a mount, and so root")
    pairs = [(one, other) for one in engines for other in engines]
    cases = [Case(64 * MIB, 2 * MIB, pair) for pair in pairs]
    cases += [Case(64 * MIB, 64 * MIB, (best, best))]
    cases += [Case(GIB, 64 * MIB, (best, best), stride=2 * MIB + 64)]
    if may_mount:
        cases += [Case(GIB, segment, (best, best), huge=True) for segment in (2 * MIB, 64 * MIB, GIB)]
    if not quick:
        cases += [Case(GIB, 64 * MIB, (best, best))]
        cases += [Case(8 * GIB, 64 * MIB, (best, best), stride=2 * MIB + 64)]
        cases += [Case(8 * GIB, GIB, (best, best), stride=2 * MIB + 64, huge=True)] if may_mount else []
    found = {}
    for case in cases:
        found[case] = measured(case)
        print(f"  {_size(case.memory)} in {_size(case.segment)}: {found[case].downtime * 1000:.1f} ms", file=sys.stderr)
    print(f"\nms, median of {HOPS} hops and of each stage; release: the source's process has ended, it maps nothing\n")
    print(tabulate([_row(case, each) for case, each in found.items()], headers=_headers(), floatfmt=".1f"))
    _compare(found, quick)
    _witness(best)
    if not quick:
        print()
        for pair in dict.fromkeys([(best, best), (engines[0], engines[-1])]):
            print(sustained(pair, 1000))


def _headers() -> list[str]:
    return ["memory", "segment", "pages", "touched", "VMMs", "downtime", *STAGES]


def _row(case: Case, found: Measured) -> list[object]:
    touched = "all" if case.stride == EVERY_PAGE else "64 bytes in 2 MiB"
    stages = [statistics.median(found.stages[stage]) * 1000 for stage in STAGES]
    return [
        *(_size(case.memory), _size(case.segment), "2 MiB" if case.huge else "4 KiB", touched, "-".join(case.engines)),
        *(found.downtime * 1000, *stages),
    ]


def _size(count: int) -> str:
    return f"{count // GIB} GiB" if count >= GIB else f"{count // MIB} MiB"


def _compare(found: dict[Case, Measured], quick: bool) -> None:
    rows = []
    for memory in (64 * MIB, GIB):
        ours = min(
            (each.downtime for case, each in found.items() if case.memory == memory and case.stride == EVERY_PAGE),
        )
        copy = statistics.median(copied(memory) for _ in range(3))
        row: list[object] = [_size(memory), ours * 1000, copy * 1000, copy / ours]
        if QEMU:
            shared, moved = (statistics.median(migrated(memory, way) for _ in range(3)) for way in (True, False))
            row += [shared * 1000, ours / shared, moved * 1000, moved / ours]
        rows.append(row)
    headers = ["memory", "attorn, best", "socket copy", "ratio"]
    if QEMU:
        headers += ["QEMU x-ignore-shared", "attorn takes", "QEMU stop and copy", "ratio"]
    else:
        print("\nQEMU is left out: apt-get install qemu-system-x86")
    print(
        "\nms; attorn releases and verifies, the socket copy is the transfer alone, x-ignore-shared releases nothing\n"
    )
    print(tabulate(rows, headers=headers, floatfmt=".1f"))


def _witness(engine: str) -> None:
    if os.geteuid():
        print("\nFrame numbers are left out: only root reads them in /proc/PID/pagemap.")
        return
    case = Case(64 * MIB, 2 * MIB, (engine, engine))
    touched, same = same_frames(case)
    print(f"\nframes: of {touched:,} pages touched before and after a hop, {same:,} are in the same frame;")
    spoilt = same_frames(case, defects=frozenset({Defect.COPIED_SEGMENT}))
    print(f"with one segment of 32 copied on purpose, {spoilt[1]:,} of {spoilt[0]:,}.")
    print("digests: compared before and after each hop, by the judge, in tests/model/reference/test_host.py")
