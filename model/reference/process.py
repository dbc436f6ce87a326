"""How the reference's processes are started, and how they end with the process that started them."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from attorn.model.reference.wire import Server

__all__ = ["Child", "KnownProcesses", "Options", "given_options", "serve_until_orphaned", "spawn", "started"]

Options = TypeVar("Options", bound=msgspec.Struct)


class Child:
    """A process that was started here."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.pid = process.pid
        self.handle = os.pidfd_open(process.pid)
        self._process = process

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it by SIGKILL and wait until it is gone."""
        if self.alive:
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self._process.wait()

    def wait(self, seconds: float) -> bool:
        """Whether it ends within some time."""
        poller = select.poll()
        poller.register(self.handle, select.POLLIN)
        if not poller.poll(seconds * 1000):
            return False
        self._process.wait()
        return True

    def close(self) -> None:
        """End it, if need be, and give up the handle."""
        self.kill()
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


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


def spawn(module: str, name: str, options: msgspec.Struct, handles: Iterable[int | socket.socket] = ()) -> Child:
    """Start a module of this package in a process of its own; exec, as a VM cannot be inherited.

    The handles keep their numbers in the child; the options go as JSON in its arguments.
    """
    numbers = [each if isinstance(each, int) else each.fileno() for each in handles]
    command = [sys.executable, "-m", f"attorn.model.reference.{module}", msgspec.json.encode(options).decode()]
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), *(p for p in sys.path if p), root)))
    process = subprocess.Popen(
        command, pass_fds=numbers, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": paths}
    )
    return Child(name, process)


def given_options(kind: type[Options]) -> Options:
    """The options with which this process was started."""
    return msgspec.json.decode(sys.argv[1], type=kind)


def serve_until_orphaned(server: Server, lifeline: int, at_the_end: Any = None) -> None:
    """Serve until told to stop, or until the process that holds the other end of the lifeline has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one

    def orphaned() -> None:
        if at_the_end is not None:
            at_the_end()
        os._exit(0)

    server.watch(lifeline, orphaned)
    server.run()
