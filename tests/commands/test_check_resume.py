"""``attorn check --checkpoint`` and ``--resume``: a check that was killed goes on, to the same report."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .running import attorn_


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def report(folder: str) -> list[bytes]:
    """All of a report, byte by byte; what may differ from run to run stands in the manifest."""
    return [Path(folder, name).read_bytes() for name in ("report.json", "report.md")]


def test_a_check_that_stopped_goes_on_with_more_room() -> None:
    done = attorn_("check", "claim-small", "--max-states", "1000", "--checkpoint", "kept", "--out", "part")
    assert done.exit_code == 2
    done = attorn_("check", "--resume", "kept", "--max-states", "2000", "--out", "rest")
    assert done.exit_code == 0
    attorn_("check", "claim-small", "--max-states", "2000", "--out", "whole")
    assert report("rest") == report("whole")


def test_both_searches_that_are_compared_leave_a_checkpoint() -> None:
    assert attorn_("check", "claim-tiny", "--check-symmetry", "--checkpoint", "kept", "--out", "whole").exit_code == 0
    assert Path("kept/unreduced/claim-tiny/search.json").exists()
    assert attorn_("check", "--resume", "kept", "--out", "rest").exit_code == 0
    assert report("rest") == report("whole")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["claim", "--resume", "kept"], "goes on with what kept was begun with: `attorn check claim-tiny`"),
        (["--resume", "kept", "--symmetry"], "goes on with what kept was begun with"),
        (["claim-tiny", "--checkpoint", "kept"], "holds the checkpoint of a check already"),
        (["--resume", "nowhere"], "holds no checkpoint"),
    ],
    ids=["other targets", "other search", "checkpoint twice", "no checkpoint"],
)
def test_what_does_not_fit_a_checkpoint_is_refused(arguments: list[str], said: str) -> None:
    assert attorn_("check", "claim-tiny", "--checkpoint", "kept").exit_code == 0
    done = attorn_("check", *arguments)
    assert done.exit_code == 3
    assert said in done.stderr


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 9, "attorn": "0", "asked": {}}'])
def test_a_damaged_note_of_what_was_asked_is_refused(text: str) -> None:
    Path("kept").mkdir()
    Path("kept/check.json").write_text(text)
    done = attorn_("check", "--resume", "kept")
    assert done.exit_code == 3
    assert "begun anew" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_check_that_is_killed_at_fifty_moments_comes_to_the_same_report() -> None:
    command = [sys.executable, "-m", "attorn", "check"]
    began = time.monotonic()
    subprocess.run([*command, "claim-segments", "--out", "whole"], check=True, stdout=subprocess.DEVNULL)
    whole = time.monotonic() - began
    moments = random.Random(1)
    kills, folders = 0, itertools.count()
    while kills < 50:
        folder = f"kept{next(folders)}"
        arguments = ["claim-segments", "--checkpoint", folder]
        while True:
            process = subprocess.Popen([*command, *arguments, "--out", "rest"], stdout=subprocess.DEVNULL)
            try:
                assert process.wait(moments.uniform(0, whole)) == 0
                break
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
            if Path(folder, "check.json").exists():
                arguments = ["--resume", folder]
        assert report("rest") == report("whole")
