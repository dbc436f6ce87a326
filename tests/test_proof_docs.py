"""The commands of docs/proof.md do what the page says, on a small machine, and its words are those of the reports."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from attorn.checker.mutate import Fate
from tests.commands.running import attorn_, write
from tests.commands.test_prove import RING

PAGE = (Path(__file__).parent.parent / "docs" / "proof.md").read_text(encoding="utf-8")
SMALL = {"prove claim": "prove ring.py:proved", "verify proof/": "verify proof/ --machine ring.py:proved --jobs 1"}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def commands() -> list[str]:
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line.removeprefix("$ ").partition("#")[0].strip() for line in block.splitlines()]


def test_the_commands_that_leave_evidence_and_check_it_run() -> None:
    write("ring.py", RING)
    assert [command.split()[0] for command in commands()] == ["attorn", "attorn", "python"]
    for command in commands():
        program, *arguments = shlex.split(command)
        if program == "python":
            subprocess.run([sys.executable, *arguments, "--jobs", "1"], check=True, capture_output=True)
            continue
        for large, small in SMALL.items():
            command = command.replace(large, small)
        done = attorn_(*shlex.split(command)[1:])
        assert done.exit_code == 0, (command, done.output)


def test_every_option_that_the_page_names_exists() -> None:
    options = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert options
    helps = attorn_("prove", "--help").stdout + attorn_("verify", "--help").stdout + attorn_("mutate", "--help").stdout
    assert {each for each in options if each not in helps} == set()


def test_the_fates_of_mutants_are_those_of_the_report() -> None:
    rows = set(re.findall(r"^\| (\w+) \|", PAGE.partition("| fate | means |")[2], re.MULTILINE))
    assert rows == {fate.name.lower() for fate in Fate}
