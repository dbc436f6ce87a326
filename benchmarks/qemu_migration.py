"""QEMU's own local migration of a VM with the same memory: in place by x-ignore-shared, and stopped and copied."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

__all__ = ["QEMU", "migrated"]

QEMU = shutil.which("qemu-system-x86_64")
PATIENCE = 120.0


class _Machine:
    """One QEMU process and its monitor."""

    def __init__(self, folder: Path, name: str, memory: Path, size: int, *more: str) -> None:
        assert QEMU is not None
        self.monitor = folder / f"{name}.monitor"
        self.process = subprocess.Popen(
            [
                *(QEMU, "-accel", "kvm", "-accel", "tcg", "-nodefaults", "-display", "none", "-cpu", "qemu64"),
                *("-object", f"memory-backend-file,id=memory,size={size},mem-path={memory},share=on"),
                *("-machine", "pc,memory-backend=memory", "-m", f"{size >> 20}M"),
                *("-qmp", f"unix:{self.monitor},server=on,wait=off", *more),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._events: list[dict[str, Any]] = []
        self._connect()
        self.ask("qmp_capabilities")

    def _connect(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.connect(str(self.monitor))
                break
            except OSError:
                self._socket.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)
        self._socket.settimeout(PATIENCE)
        self._file = self._socket.makefile("r")
        self._file.readline()

    def ask(self, command: str, **arguments: Any) -> Any:
        """Have a command done; give what it returned."""
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            said = json.loads(self._file.readline())
            if "event" in said:
                self._events.append(said)
            elif "error" in said:
                raise RuntimeError(f"QEMU refuses {command}: {said['error']['desc']}")
            else:
                return said["return"]

    def when(self, event: str) -> float:
        """Wait for an event; give when it happened, in seconds of the wall clock."""
        while True:
            for said in self._events:
                if said["event"] == event:
                    stamp = said["timestamp"]
                    return float(stamp["seconds"] + stamp["microseconds"] / 1e6)
            said = json.loads(self._file.readline())
            if "event" in said:
                self._events.append(said)

    def forget(self) -> None:
        """Wait only for events from here on."""
        self._events.clear()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._file.close()
        self._socket.close()


def migrated(size: int, in_place: bool) -> float:
    """Migrate a VM of ``size`` bytes, all pages populated, once; give the seconds from its stop to its going on.

    in_place: both processes map one file, and x-ignore-shared leaves it out; nothing is released or verified.
              Otherwise the VM is stopped, and its memory copied through a socket.
    """
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        folder = Path(directory)
        memory = folder / "memory"
        _populate(memory, size)
        other = memory if in_place else folder / "other"
        source = _Machine(folder, "source", memory, size)
        target = _Machine(folder, "target", other, size, "-incoming", "defer")
        try:
            return _migrate(source, target, folder / "channel", in_place)
        finally:
            source.end()
            target.end()


def _migrate(source: _Machine, target: _Machine, channel: Path, in_place: bool) -> float:
    for machine in (source, target):
        if in_place:
            capability = {"capability": "x-ignore-shared", "state": True}
            machine.ask("migrate-set-capabilities", capabilities=[capability])
        machine.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
    target.ask("migrate-incoming", uri=f"unix:{channel}")
    time.sleep(0.5)
    source.forget()
    target.forget()
    if not in_place:
        source.ask("stop")
    source.ask("migrate", uri=f"unix:{channel}")
    stopped = source.when("STOP")
    if not in_place:
        # A VM that was stopped before is not set going by its destination.
        while source.ask("query-migrate")["status"] not in ("completed", "failed"):
            time.sleep(0.002)
        target.ask("cont")
    return target.when("RESUME") - stopped


def _populate(path: Path, size: int) -> None:
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
