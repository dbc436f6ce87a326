"""docs/tutorial.md does what it says: its files are written, and its commands are run in order, in one folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PIECE = re.compile(r"Save it as\s+`([\w.]+)`|```(python|console)\n(.*?)```", re.DOTALL)
CODES = {
    "attorn check": 1,
    "attorn simulate": 2,
    "attorn explain": 1,
    "pytest test_my_vmm.py": 1,
    "h3.json --on-reference": 1,
}
START = {
    "attorn": ["-m", "attorn"],
    "pytest": ["-m", "pytest", "-p", "attorn.pytest_plugin", "-p", "no:cacheprovider"],
}


def sections() -> list[tuple[str, str]]:
    """Title and text of each numbered section."""
    parts = re.split(r"^## (\d\. .*)$", PAGE, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run(command: str, folder: Path) -> tuple[int, str]:
    """What a command prints, and its exit code; without a shell, as the page's commands need none."""
    program, *arguments = shlex.split(command)
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, *START[program], *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(("title", "text"), sections(), ids=[title for title, _ in sections()])
def test_a_section_can_be_followed(title: str, text: str, tmp_path: Path) -> None:
    name, commands = "", 0
    for saved, language, block in PIECE.findall(text):
        if saved:
            name = saved
        elif language == "python":
            (tmp_path / name).write_text(block, encoding="utf-8")
        else:
            for part in block.strip().removeprefix("$ ").split("\n$ "):
                command, *shown = part.splitlines()
                code, said = run(command, tmp_path)
                wanted = next((code for prefix, code in CODES.items() if prefix in command), 0)
                assert code == wanted, f"{command} exits with {code}: {said}"
                for line in shown:
                    assert " ".join(line.split()) in said, f"{command} does not say `{line}`: {said}"
                commands += 1
    assert commands


def test_every_exit_code_named_here_is_of_a_command_on_the_page() -> None:
    for prefix in CODES:
        assert prefix in PAGE
