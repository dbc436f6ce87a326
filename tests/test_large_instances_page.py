"""The commands of docs/large-instances.md do what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.commands.running import attorn_

PAGE = Path(__file__).parent.parent / "docs" / "large-instances.md"
LARGE = "claim --segments 3 --addresses 3"


def commands() -> list[str]:
    return re.findall(r"^\$ attorn (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_command_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(commands()) == 8
    for command in commands():
        done = attorn_(
            *shlex.split(command.replace(LARGE, "claim-small").replace("check claim -", "check claim-small -"))
        )
        assert done.exit_code == 0, (command, done.output)
