"""What the processes of a host hold, counted: to see whether migrations leave anything behind."""

from __future__ import annotations

import os
import time

from attorn.model.reference.host import Host
from attorn.model.reference.revocation import family

__all__ = ["holdings", "left_behind", "resident"]


def holdings(host: Host) -> dict[str, int]:
    """What this process and all that it has started hold, by what: counts, and bytes where that is said."""
    pids = family([os.getpid()])
    firmware = host.process_of("firmware")
    return {
        "processes": len(pids),
        "open files": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
        "mappings of segments": sum(_mappings(pid) for pid in pids),
        "bytes of segments": _segment_bytes(firmware),
        "segments": len(host.table().owner),
        "files of the host": sum(len(names) for _, _, names in os.walk(host.directory)),
    }


def left_behind(host: Host, before: dict[str, int], seconds: float = 10.0) -> dict[str, int]:
    """How much more is held than before, by what; whatever is about to be given up is waited for some seconds."""
    deadline = time.monotonic() + seconds
    while True:
        now = holdings(host)
        more = {what: now[what] - before[what] for what in before if now[what] > before[what]}
        if not more or time.monotonic() > deadline:
            return more
        time.sleep(0.01)


def resident(host: Host) -> int:
    """Bytes of memory of their own that firmware and partitions have, which last as long as the host."""
    found = 0
    for name in ("firmware", *host.names):
        with open(f"/proc/{host.process_of(name)}/status") as status:
            found += next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))
    return found


def _mappings(pid: int) -> int:
    with open(f"/proc/{pid}/maps") as maps:
        return sum("segment" in line for line in maps)


def _segment_bytes(firmware: int) -> int:
    paths = [f"/proc/{firmware}/fd/{each}" for each in os.listdir(f"/proc/{firmware}/fd")]
    return sum(os.stat(path).st_blocks * 512 for path in paths if "segment" in os.readlink(path))
