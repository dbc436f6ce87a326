"""The explorer beside SPIN and rumur on the same machine, in one run; and what its speed depends on."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tabulate import tabulate

from attorn.checker.explore import Options, explore
from attorn.checker.explore.layout import Layout
from attorn.checker.explore.options import Engine
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.model.migration import CLAIM
from attorn.spec.language import Instance
from benchmarks.measuring import MIB, ran
from benchmarks.rivals import Run, Sizes, rumur, rumur_present, spin, spin_present

__all__ = ["run"]

SMALLEST: Sizes = (1, 1, 2, 2, 1)
SMALL: Sizes = (2, 3, 2, 2, 2)
LARGE: Sizes = (2, 2, 3, 3, 3)
LARGER: Sizes = (2, 3, 3, 2, 2)
ENGINES: tuple[Engine, ...] = ("auto", "arrays")
RUNS = 3
ROOT = Path(__file__).parents[1]
PROGRAM = """
import json, sys, time
from attorn.checker.explore.questions import Broken, IllDefined, Stuck
from attorn.model.instances import instance
asked = instance(sys.argv[1])
questions = {each.name: Broken(each) for each in asked.machine.properties}
begun = time.perf_counter()
from attorn.checker.explore.compiled.kernel import Kernel
from attorn.checker.explore.compiled.planes import Planes
planes = Planes(asked)
kernel = Kernel(asked, planes, {**questions, "stuck": Stuck(), "fault": IllDefined()})
seconds = time.perf_counter() - begun
print(json.dumps({"bits": planes.bits, "words": planes.words, "steps": kernel.effects, "seconds": seconds}))
"""


def claim(sizes: Sizes) -> Instance:
    names = ("VM", "Segment", "Partition", "Word", "Address")
    return Instance.of(CLAIM, "claim", **dict(zip(names, sizes, strict=True)))


def attorn(sizes: Sizes, engine: Engine, threads: int) -> Run:
    """The explorer as a process of its own, from its start to its end, with every property on every state.

    The median of some runs, after one that leaves its program on the disk.
    """
    command = (sys.executable, "-m", "benchmarks.exploring", engine, *map(str, (threads, *sizes)))
    tried = [ran(ROOT, *command, measure=True) for _ in range(RUNS + 1)][1:]
    done = sorted(tried, key=lambda each: each.seconds)[RUNS // 2]
    found = json.loads(done.said)
    assert found["finished"], found
    assert found["holds"], found
    how = "arrays" if engine == "arrays" else found["by"]
    name = f"attorn, {how}, {threads} {'process' if engine == 'arrays' else 'thread'}{_plural(engine, threads)}"
    return Run(name, found["states"], found["transitions"], done.seconds, done.peak)


def _plural(engine: Engine, threads: int) -> str:
    return "" if threads == 1 else "es" if engine == "arrays" else "s"


def side_by_side(title: str, sizes: Sizes, patient: bool = True) -> None:
    """All checkers on one instance, the slow ones for the patient; the first row is what ratios are to."""
    cores = sorted({os.cpu_count() or 1, 1}, reverse=True)
    ours = [attorn(sizes, engine, threads) for engine in ENGINES for threads in cores]
    rivals: list[Run] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if spin_present():
            rivals += [spin(folder, sizes, ours[0].states, breadth_first) for breadth_first in (False, True)]
        if patient and rumur_present():
            rivals.append(rumur(folder, sizes))
    runs = [*ours, *rivals]
    assert len({(each.states, each.transitions) for each in runs}) == 1, runs
    shape = " × ".join(map(str, sizes))
    print(f"\n## {title}: {shape}, {runs[0].states:,} states, {runs[0].transitions:,} transitions\n")
    rows = [
        [
            each.name,
            each.seconds,
            each.seconds / runs[0].seconds,
            each.states / each.seconds / 1e6,
            each.transitions / each.seconds / 1e6,
            each.peak / each.states,
            each.peak / MIB,
            each.building,
        ]
        for each in runs
    ]
    rates = ["million states/s", "million transitions/s"]
    header = ["checker", "seconds", "ratio", *rates, "bytes a state", "peak MiB", "+ building, seconds"]
    print(tabulate(rows, header, floatfmt=("", ".2f", ".2f", ".2f", ".2f", ".0f", ".0f", ".1f"), tablefmt="github"))
    if rivals:
        best = min(rivals, key=lambda each: each.seconds)
        for each in ours:
            print(f"\n{best.name} takes {best.seconds / each.seconds:.1f} times as long as {each.name}", end="")
        print()


def width() -> None:
    """The same states in arrays, packed in more words than they need."""
    print("\n## Arrays with states of one, two and three words: the second instance again, one process\n")
    prepared = Prepared.of(claim(SMALL))
    options = Options(threads=1, engine="arrays")
    Search(prepared, {}, options).run()  # so that none of the rows pays for what is done once
    rows = []
    for words in (1, 2, 3):
        bits = -(-prepared.layout.bits // words) + 3 * (words > 1)
        layout = Layout(prepared.layout.components, len(prepared.concrete.instance.cells), bits=bits)
        assert layout.words == words, layout.words
        initial = layout.pack(prepared.layout.unpack(prepared.initial))
        search = Search(dataclasses.replace(prepared, layout=layout, initial=initial), {}, options)
        begun = time.perf_counter()
        search.run()
        seconds = time.perf_counter() - begun
        rows.append([words, layout.bits, search.states / seconds / 1e6, seconds * 1e9 / search.states])
    print(tabulate(rows, ["words", "bits used", "million states/s", "ns a state"], floatfmt=".2f", tablefmt="github"))


def programs() -> None:
    """What it takes to have the program of an instance: made and compiled, or made and found on the disk."""
    print("\n## Programs: every property asked, in a process of its own\n")
    rows = []
    for name in ("claim", "claim-segments", "claim-vms", "firmware", "firmware-two", "memfd", "live-update"):
        with tempfile.TemporaryDirectory() as folder:
            told = [ran(ROOT, "env", f"XDG_CACHE_HOME={folder}", sys.executable, "-c", PROGRAM, name) for _ in range(2)]
        cold, warm = (json.loads(done.said) for done in told)
        rows.append([name, cold["bits"], cold["words"], cold["steps"], cold["seconds"], warm["seconds"]])
    header = ["instance", "bits a state", "words", "steps", "seconds at first", "seconds from then on"]
    print(tabulate(rows, header, floatfmt=("", "", "", "", ".2f", ".2f"), tablefmt="github"))


def run(quick: bool = False) -> None:
    """Print the tables."""
    programs()
    side_by_side("The smallest instance", SMALLEST)
    side_by_side("About a million states", SMALL)
    width()
    if not quick:
        side_by_side("More than ten million states", LARGE)
        side_by_side("Sixteen million states, more steps from each", LARGER, patient=False)


def main(engine: Engine, threads: int, *sizes: int) -> None:
    """One exploration, told as JSON."""
    vms, segments, partitions, words, addresses = sizes
    found = explore(
        claim((vms, segments, partitions, words, addresses)), Options(goals=False, threads=threads, engine=engine)
    )
    holds = all(verdict.evidence.value == "exhausted" for verdict in found.verdicts)
    told = {"states": found.states, "transitions": found.transitions, "finished": found.finished, "holds": holds}
    print(json.dumps({**told, "by": found.by}))


if __name__ == "__main__":
    named: Any = sys.argv[1]
    main(named, *map(int, sys.argv[2:]))
