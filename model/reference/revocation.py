"""How memory is taken from a process that may have kept it: each policy with the guarantee that it gives.

Linux has no revoke that keeps the contents of memory. What there is:

cooperate  The VMM unmaps; the firmware reads /proc/PID/maps and /proc/PID/fd of the partition's processes and refuses
           to go on if one still has a mapping or a handle. It holds against mistakes, not against malice: a handle in
           flight in a socket, or with a process outside the partition, is not seen.
ptrace     The firmware stops each process and has it map nothing over the memory, and close. It holds against a
           process that keeps its mapping; handles in flight are not seen.
kill       The firmware ends each process that has the memory and waits until it is gone. Nothing of it runs any more.
none       Nothing is taken: the `shared` memory semantics of the model, in which exclusivity is a convention.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from attorn.model.reference.refusals import Refused, Unsupported
from attorn.model.reference.segments import Identity

__all__ = ["Ending", "Hold", "Policy", "by_file", "end", "family", "holds_of"]


class Policy(Enum):
    """How the firmware makes sure that the source cannot touch memory that it has lost."""

    COOPERATE = "cooperate"
    PTRACE = "ptrace"
    KILL = "kill"
    NONE = "none"


def policy_named(name: Policy | str) -> Policy:
    """The policy of a name; raises Refused, with those that there are."""
    try:
        return Policy(name)
    except ValueError:
        raise Refused(f"there is no policy {name!r}; there are: {', '.join(each.value for each in Policy)}.") from None


@dataclass(frozen=True)
class Hold:
    """What a process has of some segments.

    mappings: start, length and segment of each mapping.  handles: number and segment of each open file.
    """

    pid: int
    mappings: tuple[tuple[int, int, int], ...]
    handles: tuple[tuple[int, int], ...]

    def __bool__(self) -> bool:
        return bool(self.mappings or self.handles)

    def __str__(self) -> str:
        kept = sorted({segment for *_, segment in (*self.mappings, *self.handles)})
        listed = ", ".join(map(str, kept[:4])) + (" and more" if len(kept) > 4 else "")
        return f"process {self.pid} has {len(self.mappings)} mappings and {len(self.handles)} handles of {listed}"


def family(pids: Iterable[int]) -> list[int]:
    """Some processes and all their descendants, as far as they live."""
    found: list[int] = []
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found and (children := _children(pid)) is not None:
            found.append(pid)
            waiting += children
    return found


def _children(pid: int) -> list[int] | None:
    """The processes that the threads of a process have started; None when it has ended.

    A thread that ends leaves its children to another, which may have been asked before: then all are asked again.
    """
    while True:
        found: list[int] = []
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except (FileNotFoundError, ProcessLookupError):
            return None
        try:
            for thread in threads:
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            if not os.path.exists("/proc/thread-self/children"):
                raise Unsupported("this kernel does not tell of children in /proc (CONFIG_PROC_CHILDREN).") from None
            continue
        return found


def holds_of(pid: int, segments: dict[tuple[int, int], int]) -> Hold:
    """What a process has of segments, given by device and inode; nothing when it is dead."""
    mappings: list[tuple[int, int, int]] = []
    handles: list[tuple[int, int]] = []
    try:
        content = Path(f"/proc/{pid}/maps").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return Hold(pid, (), ())
    except PermissionError:
        raise Unsupported(f"/proc/{pid}/maps cannot be read; run as the user of that process, or as root.") from None
    for device in {each for each, _ in segments}:
        # Most processes have no mapping of the device at all, and looking for its number is quick.
        number = b"%02x:%02x" % (os.major(device), os.minor(device))
        if b" " + number + b" " not in content:
            continue
        for start, stop, inode in re.findall(rb"(?m)^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ " + number + rb" (\d+)", content):
            segment = segments.get((device, int(inode)))
            if segment is not None:
                mappings.append((int(start, 16), int(stop, 16) - int(start, 16), segment))
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                found = os.stat(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue  # closed since it was listed
            segment = segments.get((found.st_dev, found.st_ino))
            if segment is not None:
                handles.append((int(name), segment))
    except (FileNotFoundError, ProcessLookupError):
        return Hold(pid, (), ())
    return Hold(pid, tuple(mappings), tuple(handles))


def by_file(identities: dict[int, Identity]) -> dict[tuple[int, int], int]:
    """Segments by device and inode, as /proc names files."""
    return {(each.device, each.inode): number for number, each in identities.items()}


class Ending:
    """The end of a process: it is killed at once, and waited for when that is asked for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = -1
        with contextlib.suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self, seconds: float = 10.0) -> None:
        """Wait until nothing of it runs; raises Refused when it does not end in time."""
        if self._handle < 0:
            return
        try:
            poller = select.poll()
            poller.register(self._handle, select.POLLIN)
            if not poller.poll(seconds * 1000):
                raise Refused(f"process {self.pid} has been killed and has not ended within {seconds:g} s.")
        finally:
            os.close(self._handle)
            self._handle = -1


def end(pid: int, seconds: float = 10.0) -> None:
    """Kill a process and wait until nothing of it runs; raises Refused when it does not end in time."""
    Ending(pid).wait(seconds)
