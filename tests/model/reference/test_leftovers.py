"""Whatever becomes of the process that has a host, nothing of the host stays: no directory, no file of memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys
from pathlib import Path
from attorn.reference import Host

with Host(engine="pretend", segments=2, memory=Path(sys.argv[1]), coordinator="process") as host:
    host.create(segments=1)
    print(*sorted(path.name[:7] for path in Path(sys.argv[1]).glob("attorn-*")), flush=True)
    exec(sys.argv[2])
"""
PATIENCE = 20.0

ENDINGS = {
    "it goes well": ("pass", 0),
    "a test fails": ("assert False", 1),
    "it leaves at once": ("os._exit(7)", 7),
    "it is terminated": ("os.kill(os.getpid(), signal.SIGTERM)", -15),
    "it is killed": ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    "it is killed, and the firmware before": ("host.kill('firmware'); os.kill(os.getpid(), signal.SIGKILL)", -9),
    "it is killed, and a partition before": ("host.kill('partition0'); os.kill(os.getpid(), signal.SIGKILL)", -9),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_left_when(ending: str, tmp_path: Path) -> None:
    program, code = ENDINGS[ending]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), program],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stdout.split() == ["attorn-"] * 3, "the nursery's, the host's, and that of its segments"
    deadline = time.monotonic() + PATIENCE
    while (left := sorted(tmp_path.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.02)  # what outlives the process removes them
    assert left == []
