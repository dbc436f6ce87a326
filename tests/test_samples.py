"""The committed samples are what one command writes now; ``make samples`` writes them again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from attorn.checker.report.run_folder import MANIFEST, read_folder

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "reports" / "sample"


def attorn_(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "attorn", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def contents(folder: Path) -> dict[str, str]:
    files = [each for each in folder.rglob("*") if each.is_file() and each.name != MANIFEST]
    return {each.relative_to(folder).as_posix(): each.read_text(encoding="utf-8") for each in files}


def test_the_sample_of_a_report_is_current(tmp_path):
    done = attorn_("check", "reports/sample/handover.py", "--out", str(tmp_path / "run"))
    assert done.returncode == 1, done.stderr  # the hand-over is flawed on purpose
    assert contents(tmp_path / "run") == contents(SAMPLE / "run"), "write it again: make samples"


def test_the_sample_is_a_run_folder_that_can_be_read():
    assert set(read_folder(SAMPLE / "run").parts) == {"check", "pages"}


@pytest.mark.parametrize("form", ["aut", "graphml", "dot", "svg", "mermaid"])
def test_the_samples_of_graphs_are_current(form):
    done = attorn_("graph", "reports/sample/handover.py:two-pages", "--format", form)
    assert done.stdout == (SAMPLE / f"two-pages.{form}").read_text(encoding="utf-8"), "write it again: make samples"
