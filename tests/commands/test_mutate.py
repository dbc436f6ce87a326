"""``attorn mutate``: a sample of mutants is judged, and an unfinished judgement is never a pass."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from attorn.command import main


def test_a_sample_is_judged_and_written(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["mutate", "--sample", "4", "--jobs", "1", "--out", str(tmp_path / "out")])
    assert "4 of" in ran.output
    written = json.loads((tmp_path / "out" / "mutation.json").read_text(encoding="utf-8"))
    assert sum(written["counts"].values()) == 4
    assert ran.exit_code == (2 if written["counts"]["undetermined"] else 1 if written["counts"]["hole"] else 0)


def test_an_interrupted_judgement_is_undetermined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import attorn.checker.mutate  # noqa: F401, loads the module whose part is replaced

    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["attorn.checker.mutate.score"], "_judged", interrupted)
    ran = CliRunner().invoke(main, ["mutate", "--sample", "3", "--jobs", "1", "--out", str(tmp_path / "out")])
    assert ran.exit_code == 2
    assert "UNDETERMINED" in ran.output
