"""Programs that tests compile are kept for the session and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.checker.explore.compiled import machine_code


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("machine-code")


@pytest.fixture(autouse=True)
def kept_for_the_session(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_code, "folder", lambda: programs)
