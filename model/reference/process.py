"""How the reference's processes are started, and how they end with the process that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.reference.nursery import Birth, bear, gone
from attorn.model.reference.server import Server

__all__ = ["Child", "KnownProcesses", "Victim", "said_hello", "serve_until_orphaned", "spawn", "started"]


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


class Victim:
    """A process that is to be killed later, if it lives then: never another one that has got its number meanwhile."""

    def __init__(self, pid: int) -> None:
        self._handle = -1
        with contextlib.suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)

    def kill(self) -> None:
        """End it by SIGKILL, and do not wait."""
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        self.spare()

    def spare(self) -> None:
        """Leave it alone."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@dataclass(frozen=True)
class _Known:
    partition: str
    vm: str
    begun: str
    handle: int


class KnownProcesses:
    """The processes that have said hello, each by a handle; kept in a file for the next firmware."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[int, _Known] = {}
        with contextlib.suppress(FileNotFoundError):
            written = msgspec.json.decode(path.read_bytes(), type=dict[int, tuple[str, str, str]])
            for pid, (partition, vm, begun) in written.items():
                self._note(pid, partition, vm, begun)

    def add(self, pid: int, partition: str, vm: str) -> None:
        """Note a process, and forget those that have ended."""
        for each in [each for each in self._known if each == pid or not self._lives(each)]:
            os.close(self._known.pop(each).handle)
        self._note(pid, partition, vm, started(pid))
        written = {each: (said.partition, said.vm, said.begun) for each, said in self._known.items()}
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(written))
        fresh.replace(self._path)

    def all(self) -> list[int]:
        """All processes that live."""
        return [pid for pid in self._known if self._lives(pid)]

    def of(self, partition: str, vm: str = "") -> list[int]:
        """The processes of a partition that live; with a VM, only the one that was started to execute just that."""
        return [
            pid
            for pid, said in self._known.items()
            if said.partition == partition and vm in ("", said.vm) and self._lives(pid)
        ]

    def shared(self, pid: int) -> bool:
        """Whether a process executes more than one VM."""
        return pid in self._known and not self._known[pid].vm

    def close(self) -> None:
        """Give up the handles."""
        while self._known:
            os.close(self._known.popitem()[1].handle)

    def _note(self, pid: int, partition: str, vm: str, begun: str) -> None:
        """Know a process if it is still the one that began then."""
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        if begun and started(pid) == begun:
            self._known[pid] = _Known(partition, vm, begun, handle)
        else:
            os.close(handle)

    def _lives(self, pid: int) -> bool:
        return not gone(self._known[pid].handle)


def said_hello(path: Path) -> list[int]:
    """The processes that live of those noted in a file of a firmware."""
    known = KnownProcesses(path)
    try:
        return known.all()
    finally:
        known.close()


def started(pid: int) -> str:
    """When a process started, in clock ticks since boot, to tell it from later ones of its number; "" if it ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


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
