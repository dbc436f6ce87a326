"""TLC, the model checker of TLA+, run on a module: what it finds, in numbers that can be compared."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from attorn.spec.errors import BadInput

__all__ = ["Checked", "tlc"]

COMMAND = "java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"


@dataclass(frozen=True)
class Checked:
    """What TLC found: transitions are all states that it generated but the initial ones.

    violated: names of invariants; ``Deadlock``; ``Temporal`` where a property of runs is, and ``Action`` where one of
              steps is. Of a state that violates several invariants TLC names the first.
    """

    states: int
    transitions: int
    violated: frozenset[str]


def tlc(folder: Path, name: str, archive: Path, *options: str) -> Checked:
    """Check NAME.tla by NAME.cfg in a folder, with TLC's archive, tla2tools.jar; it leaves files of its own there.

    Raises BadInput, with what TLC says, where there is no Java runtime, no archive, or TLC does not come to an end.
    """
    if shutil.which(COMMAND[0]) is None:
        raise BadInput("TLC needs a Java runtime, and no `java` is on the path (Debian: default-jre-headless).")
    if not archive.is_file():
        raise BadInput(f"{archive} is no file; name the tla2tools.jar that TLC is in.")
    done = subprocess.run(
        [*COMMAND, f"-Djava.io.tmpdir={folder}", "-cp", str(archive.resolve()), "tlc2.TLC", *options, "-config",
         f"{name}.cfg", f"{name}.tla"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    said = done.stdout + done.stderr
    begun = re.search(r"Finished computing initial states: ([\d,]+)(?: distinct)? states? generated", said)
    ended = re.findall(r"([\d,]+) states generated, ([\d,]+) distinct states found, ([\d,]+) states left", said)
    found = re.findall(r"Error: (?:Invariant (\w+) is|(Action|Temporal) propert|(Deadlock))", said)
    violated = frozenset(next(filter(None, each)) for each in found)
    if not begun or not ended or not (violated or "No error has been found" in said):
        raise BadInput(f"TLC did not come to an end:\n{said.strip()}")
    generated, states, _ = (int(each.replace(",", "")) for each in ended[-1])
    return Checked(states, generated - int(begun[1].replace(",", "")), violated)
