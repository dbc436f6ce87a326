"""Two real QEMUs on this machine, which hand a VM over in shared memory; what QMP says of it is recorded."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

QEMU = "qemu-system-x86_64"
DEADLINE = 60.0


class Qmp:
    """One QEMU's monitor; its events go to a file as they come."""

    def __init__(self, path: Path, record: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE)
        until = time.monotonic() + DEADLINE
        while True:
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        self._lines = self._socket.makefile("rb")
        self._record = record.open("wb")
        self._events: list[dict[str, Any]] = []
        self._message()
        self.do("qmp_capabilities")

    def _message(self) -> dict[str, Any] | None:
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            return None
        if not line:
            return None
        message: dict[str, Any] = json.loads(line)
        if "event" in message:
            self._events.append(message)
            self._record.write(line)
            self._record.flush()
        return message

    def do(self, command: str, **arguments: Any) -> Any:
        """Give a command and return its answer; None if QEMU ends before it answers."""
        said = (
            json.dumps({"execute": command, "arguments": arguments}) if arguments else json.dumps({"execute": command})
        )
        try:
            self._socket.sendall(said.encode() + b"\n")
        except OSError:
            return None
        while (message := self._message()) is not None:
            if "error" in message:
                raise AssertionError(f"{command}: {message['error']}")
            if "return" in message:
                return message["return"]
        return None

    def until(self, name: str, *statuses: str) -> None:
        """Wait for an event; it may have come already."""
        seen = 0
        while True:
            for event in self._events[seen:]:
                if event["event"] == name and (not statuses or event["data"]["status"] in statuses):
                    return
            seen = len(self._events)
            assert self._message() is not None, f"QEMU ended before {name} {statuses}"

    def to_the_end(self) -> None:
        """Read what is left."""
        while self._message() is not None:
            pass
        self._record.close()
        self._lines.close()
        self._socket.close()


@contextlib.contextmanager
def pair(folder: Path) -> Iterator[tuple[Qmp, Qmp, subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """A QEMU that executes a VM of 16 MiB without disks, and one that awaits it; both are gone at the end."""
    running = []
    try:
        for side, more in (("source", ()), ("destination", ("-incoming", "defer"))):
            command = [
                QEMU, "-M", "pc,memory-backend=m", "-accel", "tcg", "-m", "16", "-nodefaults", "-display", "none",
                "-object", f"memory-backend-file,id=m,size=16M,mem-path={folder}/memory,share=on",
                "-qmp", f"unix:{folder}/{side}.socket,server=on,wait=off", *more,
            ]  # fmt: skip
            running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        source, destination = (
            Qmp(folder / f"{side}.socket", folder / f"{side}.jsonl") for side in ("source", "destination")
        )
        yield source, destination, running[0], running[1]
    finally:
        for process in running:
            process.kill()
            process.wait()


def record(folder: Path, kind: str) -> None:
    """Record one migration as ``source.jsonl`` and ``destination.jsonl``: completed, cancelled, or killed.

    For the last the destination dies when the VM is suspended and its memory about to be handed over.
    """
    address = f"unix:{folder}/migration"
    with pair(folder) as (source, destination, _, waiting):
        wanted = [
            "events",
            "return-path",
            "x-ignore-shared",
            *(["pause-before-switchover"] if kind != "completed" else []),
        ]
        for side in (source, destination):
            side.do("migrate-set-capabilities", capabilities=[{"capability": each, "state": True} for each in wanted])
        destination.do("migrate-incoming", uri=address)
        source.do("migrate", uri=address)
        match kind:
            case "completed":
                source.until("MIGRATION", "completed")
                destination.until("RESUME")
                destination.until("MIGRATION", "completed")
            case "cancelled":
                source.until("MIGRATION", "pre-switchover")
                source.do("migrate_cancel")
                source.until("MIGRATION", "cancelled")
                source.until("RESUME")
            case "killed":
                source.until("MIGRATION", "pre-switchover")
                waiting.kill()
                waiting.wait()
                with contextlib.suppress(AssertionError):  # it may have noticed already
                    source.do("migrate-continue", state="pre-switchover")
                source.until("MIGRATION", "failed")
                source.until("RESUME")
        source.do("quit")
        source.to_the_end()
        if kind == "completed":
            destination.do("quit")
        if kind == "cancelled":
            waiting.kill()
        destination.to_the_end()


if __name__ == "__main__":  # python -m tests.systems.qemu_pair FOLDER: record all three kinds
    import sys

    for name in ("completed", "cancelled", "killed"):
        where = Path(sys.argv[1], name)
        where.mkdir(parents=True, exist_ok=True)
        record(where, name)
        for leftover in ("memory", "source.socket", "destination.socket", "migration"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(where / leftover)
