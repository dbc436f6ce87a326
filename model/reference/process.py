"""How the reference's processes are started, and how they end with the process that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.reference.nursery import Birth, bear, gone
from attorn.model.reference.wire import Server

__all__ = ["Child", "KnownProcesses", "serve_until_orphaned", "spawn", "started"]


class Child:
    """A process that was started here; it is known by a handle, which its successor in number does not have."""

    def __init__(self, name: str, pid: int, handle: int) -> None:
        self.name = name
        self.pid = pid
        self._handle = handle

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._handle >= 0 and not gone(self._handle)

    def kill(self) -> None:
        """End it by SIGKILL, and wait until it is gone."""
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            gone(self._handle, 60.0)

    def close(self) -> None:
        """End it, if need be, and give up the handle."""
        self.kill()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class KnownProcesses:
    """The processes that have said hello, by what /proc tells of them; kept in a file for the next firmware."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[int, tuple[str, str, str]] = {}
        if path.exists():
            self._known = msgspec.json.decode(path.read_bytes(), type=dict[int, tuple[str, str, str]])

    def add(self, pid: int, partition: str, vm: str) -> None:
        """Note a process, and forget those that have ended."""
        self._known[pid] = partition, vm, started(pid)
        self._known = {each: said for each, said in self._known.items() if started(each) == said[2] != ""}
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._known))
        fresh.replace(self._path)

    def all(self) -> list[int]:
        """All processes that live."""
        return [pid for pid, (_, _, begun) in self._known.items() if started(pid) == begun]

    def of(self, partition: str) -> list[int]:
        """The processes of a partition that live."""
        return [pid for pid, (whose, _, begun) in self._known.items() if whose == partition and started(pid) == begun]

    def shared(self, pid: int) -> bool:
        """Whether a process executes more than one VM."""
        return pid in self._known and not self._known[pid][1]


def started(pid: int) -> str:
    """When a process started, in clock ticks since boot, to tell it from later ones of its number; "" if it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def spawn(
    path: Path, module: str, name: str, options: msgspec.Struct, handles: Iterable[int | socket.socket] = ()
) -> Child:
    """Have the nursery at a path start a module of this package in a process of its own.

    The handles keep their numbers in the child.
    """
    numbers = tuple(each if isinstance(each, int) else each.fileno() for each in handles)
    pid, handle = bear(path, Birth(module, msgspec.json.encode(options).decode(), numbers), numbers)
    return Child(name, pid, handle)


def serve_until_orphaned(server: Server, lifeline: int, at_the_end: Any = None) -> None:
    """Serve until told to stop, or until the process that holds the other end of the lifeline has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one

    def orphaned() -> None:
        if at_the_end is not None:
            at_the_end()
        os._exit(0)

    server.watch(lifeline, orphaned)
    server.run()
