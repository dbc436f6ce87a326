"""The nursery: a process that has loaded all modules and holds no VM, from which the others are forked in milliseconds.

To load Python's modules takes a third of a second for each process; a fork of one that has them takes a hundredth of
that. A fork must come before there is any VM, as a KVM VM belongs to the process that made it: in the nursery there is
none. It ends when nobody holds the other end of its lifeline.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.server import Server
from attorn.model.reference.wire import Caller, connect, listen

__all__ = ["Birth", "bear", "gone", "nursery", "passing_directory"]

MODULES = ("coordinator", "firmware", "partition", "vm_process")
LATER = ("guests.guest", "pretend", "vmm.kvm.engine")
"""What those load when they first need it: the first migration would wait for that."""
ABOVE = 1000
"""Handles in transit are kept above all numbers that options name."""


class Birth(msgspec.Struct, frozen=True):
    """What to start: a module's ``main``, with options as JSON, and handles under these numbers."""

    module: str
    options: str
    numbers: tuple[int, ...]


class _Running:
    """The nursery that this process has started, while it needs one."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="attorn-nursery-"))
        self.path = self.directory / "socket"
        listening = listen(self.path)
        ends, self._hold = os.pipe()
        root = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), *sys.path, root)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "attorn.model.reference.nursery", str(listening.fileno()), str(ends)],
            pass_fds=(listening.fileno(), ends),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # what ends a whole group of processes must leave somebody to clear up
            env={**os.environ, "PYTHONPATH": paths},
        )
        listening.close()
        os.close(ends)
        self.owner = os.getpid()
        atexit.register(self.close)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        if self.owner == os.getpid() and self._hold >= 0:
            os.close(self._hold)
            self._hold = -1
            self._process.wait()
            shutil.rmtree(self.directory, ignore_errors=True)


_running: _Running | None = None


def nursery() -> Path:
    """Where this process's nursery listens; it is started when there is none yet."""
    global _running  # one for each process, as it is expensive and has no state
    if _running is None or _running.owner != os.getpid() or not _running.alive:
        _running = _Running()
    return _running.path


def bear(path: Path, birth: Birth, handles: tuple[int, ...]) -> tuple[int, int]:
    """Have the nursery at a path start a process; its number, and a handle of it. Raises PeerGone."""
    channel = connect(path, "the nursery")
    try:
        caller = Caller(channel, seconds=60.0, attempts=1)
        pid, (handle,) = caller.call_for_handles("bear", handles, birth=birth)
        return int(pid), handle
    finally:
        channel.close()


@contextlib.contextmanager
def passing_directory(prefix: str, base: Path | None = None) -> Iterator[Path]:
    """A new directory that is removed whatever happens: by this process, or by its nursery when it has ended."""
    made, keeper = Path(tempfile.mkdtemp(prefix=prefix, dir=base)), nursery()
    _told(keeper, "entrust", made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        with contextlib.suppress(PeerGone):
            _told(keeper, "release", made)


def _told(path: Path, method: str, directory: Path) -> None:
    channel = connect(path, "the nursery")
    try:
        Caller(channel, seconds=60.0).call(method, directory=str(directory))
    finally:
        channel.close()


class _Forked(BaseException):
    """Leaves the nursery's loop in the child."""

    def __init__(self, birth: Birth, handles: tuple[int, ...]) -> None:
        super().__init__()
        self.birth = birth
        self.handles = handles


def main() -> None:
    """Serve as the nursery; in each child, run what it was started for."""
    listening, lifeline = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    entries: dict[str, Callable[[Any], None]] = {}
    for name in MODULES:
        entries[name] = import_module(f"attorn.model.reference.{name}").serve
    for name in LATER:
        import_module(f"attorn.model.reference.{name}")
    server = Server("the nursery", ())

    def bear(handles: tuple[int, ...], birth: Birth) -> tuple[int, list[int]]:
        """Fork a process."""
        if birth.module not in entries or len(handles) != len(birth.numbers):
            raise Refused(f"the nursery cannot start {birth.module} with {len(handles)} handles.")
        pid = os.fork()
        if pid == 0:
            # Copies, as the handles that came are closed when the request is done with, in the child too.
            raise _Forked(birth, tuple(fcntl.fcntl(handle, fcntl.F_DUPFD, ABOVE) for handle in handles))
        handle = os.pidfd_open(pid)
        server.watch(handle, lambda: reap(pid, handle))
        return pid, [handle]

    def reap(pid: int, handle: int) -> None:
        os.waitpid(pid, 0)
        server.unwatch(handle)
        os.close(handle)

    entrusted: set[str] = set()

    def entrust(directory: str) -> None:
        """See to a directory."""
        entrusted.add(directory)

    def release(directory: str) -> None:
        """See to it no more."""
        entrusted.discard(directory)

    for method in (bear, entrust, release):
        server.offer(method)

    def orphaned() -> None:
        entrusted.add(str(home))
        for directory in entrusted:
            shutil.rmtree(directory, ignore_errors=True)
        os._exit(0)

    door = socket.socket(fileno=listening)
    home = Path(door.getsockname()).parent
    server.accept_from(door)
    server.watch(lifeline, orphaned)
    gc.collect()
    gc.freeze()  # what is here at a fork stays, and is not looked through, and so copied, in each child
    try:
        server.run()
    except _Forked as forked:
        _live(forked, entries)


def _live(forked: _Forked, entries: dict[str, Callable[[Any], None]]) -> None:
    """Run a module in the child, with the handles that it was given and no others."""
    code, kept = 1, forked.handles
    try:
        os.closerange(3, ABOVE)
        for handle, number in zip(kept, forked.birth.numbers, strict=True):
            os.dup2(handle, number, inheritable=False)
        os.closerange(ABOVE, max(kept, default=ABOVE) + 1)
        entries[forked.birth.module](forked.birth.options)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def gone(handle: int, seconds: float = 0.0) -> bool:
    """Whether the process behind a handle has ended, or does within some time."""
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


if __name__ == "__main__":
    main()
