"""Whatever becomes of the process that has a host, nothing of the host stays: no directory, no file of memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attorn.model.reference.engines import missing

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
    "its group is terminated": ("os.killpg(0, signal.SIGTERM)", -15),
    "its terminal is closed": ("os.killpg(0, signal.SIGHUP)", -1),
    "its group is killed": ("os.killpg(0, signal.SIGKILL)", -9),
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
        start_new_session=True,
    )
    assert done.returncode == code
    assert done.stdout.split() == ["attorn-"] * 3, "the nursery's, the host's, and that of its segments"
    assert_empty(tmp_path)


def assert_empty(folder: Path) -> None:
    """Wait until what outlives a process has removed what was in a folder."""
    deadline = time.monotonic() + PATIENCE
    while (left := sorted(folder.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


@pytest.mark.skipif(len(missing()) > 1, reason="no engine executes real guests here")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["terminated", "killed"])
def test_nothing_is_left_of_a_demonstration_that_is(how: signal.Signals, tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "attorn", "run", "--hops", "0", "--pause", "0", "--memory", "4"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert running.stdout is not None
    assert b"hop   1" in running.stdout.readline()
    assert any(tmp_path.glob("attorn-run-*"))
    os.killpg(running.pid, how)
    assert running.wait() == -how
    running.stdout.close()
    assert_empty(tmp_path)
