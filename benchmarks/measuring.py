"""Running a command: how long it takes, and how much memory it and its children take at the most."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MIB", "Ran", "ran"]

MIB = 1 << 20
PAUSE = 0.02  # seconds between two looks at the memory


@dataclass(frozen=True)
class Ran:
    """A command that ended.

    seconds: wall clock, from start to end of the process.
    peak:    bytes, the greatest sum met of the proportional set sizes of the process and its children.
    """

    said: str
    seconds: float
    peak: int


def ran(folder: Path, *command: str, measure: bool = False) -> Ran:
    """Run a command in a folder; raises CalledProcessError, with what it said, where it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watch = _Watch(process.pid) if measure else None
    said = process.communicate()[0]
    seconds = time.perf_counter() - begun
    peak = watch.stop() if watch else 0
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, said)
    return Ran(said, seconds, peak)


class _Watch(threading.Thread):
    """Looks at the memory of a process and its children again and again."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process, self._ended, self._peak = process, threading.Event(), 0
        self.start()

    def run(self) -> None:
        while not self._ended.wait(PAUSE):
            self._peak = max(self._peak, sum(map(_proportional, [self._process, *_children(self._process)])))

    def stop(self) -> int:
        self._ended.set()
        self.join()
        return self._peak


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{process}/task"):
            for child in Path(f"/proc/{process}/task/{task}/children").read_text().split():
                found += (int(child), *_children(int(child)))
    except OSError:  # it ended meanwhile
        pass
    return found


def _proportional(process: int) -> int:
    """Memory of a process in bytes; what it shares with others is divided by how many share it."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
