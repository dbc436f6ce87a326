"""The same machine in other checkers: its twins, run as their authors recommend for speed."""

from __future__ import annotations

import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import ran

__all__ = ["Run", "Sizes", "rumur", "rumur_present", "spin", "spin_present"]

TWINS = Path(__file__).parents[1] / "spec" / "twins"
NAMES = ("VMS", "SEGMENTS", "PARTITIONS", "WORDS", "ADDRESSES")
Sizes = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Run:
    """What a checker did.

    states, transitions: those of the machine, as spec/twins/README.md derives them from what the checker prints.
    building: seconds to generate and compile, which ``seconds`` is without.
    """

    name: str
    states: int
    transitions: int
    seconds: float
    peak: int
    building: float = 0.0


def spin_present() -> bool:
    return all(map(shutil.which, ("spin", "gcc")))


def rumur_present() -> bool:
    return all(map(shutil.which, ("rumur", "gcc")))


def spin(folder: Path, sizes: Sizes, states: int, breadth_first: bool) -> Run:
    """SPIN, with a hash table of as many slots as there are states, and a stack as deep."""
    shutil.copy(TWINS / "migration.pml", folder)
    defines = [f"-D{name}={size}" for name, size in zip(NAMES, sizes, strict=True)]
    building = ran(folder, "spin", "-a", *defines, "migration.pml").seconds
    options = ["-DSAFETY", "-DNOREDUCE", "-DMEMLIM=16000", *["-DBFS"] * breadth_first]
    building += ran(folder, "gcc", "-w", "-O3", "-march=native", *options, "-o", "pan", "pan.c").seconds
    slots = f"-w{max(states.bit_length(), 18)}"
    done = ran(folder, "./pan", slots, *([] if breadth_first else [f"-m{states + 1000}"]), measure=True)
    assert "errors: 0" in done.said, done.said
    assert "max search depth too small" not in done.said, done.said
    vms, segments, partitions = sizes[:3]
    initial = partitions ** (vms + segments)
    on_the_way = sum(partitions**chosen for chosen in range(vms + segments)) if breadth_first else 1
    return Run(
        f"SPIN, {'breadth' if breadth_first else 'depth'} first",
        _number(r"(\d+) states, stored", done.said) - on_the_way,
        _number(r"(\d+) transitions", done.said) - initial - on_the_way,
        done.seconds,
        done.peak,
        building,
    )


def rumur(folder: Path, sizes: Sizes) -> Run:
    """rumur, with as many threads as it wants: all."""
    text = (TWINS / "migration.m").read_text()
    for name, size in zip(NAMES, sizes, strict=True):
        text = re.sub(rf"(?m)^(  {name}): \d+;$", rf"\1: {size};", text)
    (folder / "migration.m").write_text(text)
    generate = ("rumur", "--deadlock-detection", "stuck", "--color", "off", "--output", "migration.c", "migration.m")
    building = ran(folder, *generate).seconds
    wide = ["-mcx16"] if platform.machine() == "x86_64" else []
    compile_ = ("gcc", "-w", "-O3", "-march=native", *wide, "-o", "migration", "migration.c", "-lpthread")
    building += ran(folder, *compile_).seconds
    done = ran(folder, "./migration", measure=True)
    assert "No error found" in done.said, done.said
    states, rules = _number(r"([\d,]+) states", done.said), _number(r"([\d,]+) rules fired", done.said)
    return Run("rumur, all threads", states, rules, done.seconds, done.peak, building)


def _number(pattern: str, text: str) -> int:
    """What the pattern finds last: what comes before are reports of progress."""
    return int(re.findall(pattern, text)[-1].replace(",", ""))
