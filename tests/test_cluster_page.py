"""The commands of docs/cluster.md do what the page says."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

import attorn
from tests.commands.running import attorn_

PAGE = Path(__file__).parent.parent / "docs" / "cluster.md"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_every_command_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    page = PAGE.read_text(encoding="utf-8")
    commands = re.findall(r"^\$ attorn (.*)$", page, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        done = attorn_(*shlex.split(command))
        assert done.exit_code == 0, (command, done.output)
    (call,) = re.findall(r"`attorn\.(check\(.*\))`", page)
    assert eval(call, {"check": attorn.check}).holds
