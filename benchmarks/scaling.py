"""What symmetry saves as instances grow, and what a search that does not fit its memory moves to and from the disk."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from attorn.checker.explore import Options, explore
from attorn.checker.explore.options import Engine
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.model.instances import instance

__all__ = ["run"]

PLAIN = 2_000_000  # states up to which an instance is searched without symmetry too
GROWING: tuple[tuple[str, dict[str, int]], ...] = (
    ("claim-small", {}),
    ("claim", {}),
    ("claim-segments", {}),
    ("claim-vms", {}),
    ("claim", {"Segment": 3, "Address": 3}),
    ("claim", {"Segment": 4, "Address": 4}),
    ("claim", {"VM": 3, "Segment": 3, "Address": 3}),
    ("claim", {"Segment": 5, "Address": 3}),
    ("firmware", {}),
    ("firmware", {"Segment": 3}),
    ("firmware", {"Segment": 6}),
    ("firmware", {"Segment": 8}),
    ("firmware-two", {}),
    ("firmware", {"VM": 2}),
    ("firmware", {"VM": 2, "Segment": 3}),
    ("memfd", {"VM": 2, "Segment": 4}),
)
ENGINES: tuple[Engine, ...] = ("auto", "arrays")  # large levels by machine code, and none
QUICK = 3
SHARES = (1, 2, 4, 8)  # a search is given the memory that its states take, divided by these


def run(quick: bool = False) -> None:
    """Print both tables."""
    print("\nsymmetry: states there are, states searched for them, and seconds of the whole search by each engine")
    head = ["instance", "changed", "states", "searched", "fewer", "left alone s", "on arrays s", "without symmetry s"]
    print(tabulate(_symmetry(GROWING[:QUICK] if quick else GROWING), head, intfmt=",", floatfmt=".1f"))
    print("\ndisk: bytes of memory given for each state that there is, bytes moved, and time against ample memory")
    head = ["instance", "memory a state", "moved a state", "times as long"]
    print(tabulate(_disk("claim" if quick else "claim-segments"), head, intfmt=",", floatfmt=".1f"))


def _symmetry(growing: tuple[tuple[str, dict[str, int]], ...]) -> Iterator[list[object]]:
    for name, changed in growing:
        chosen = instance(name, **changed)
        alone, arrays = (explore(chosen, Options(symmetry=True, goals=False, engine=each)) for each in ENGINES)
        assert (alone.states, alone.orbits) == (arrays.states, arrays.orbits)
        assert alone.orbits is not None
        plain = explore(chosen, Options(goals=False)).seconds if alone.states <= PLAIN else None
        said = ", ".join(f"{size} {sort}" for sort, size in changed.items())
        fewer = f"{alone.states / alone.orbits:,.0f} times"
        yield [name, said, alone.states, alone.orbits, fewer, alone.seconds, arrays.seconds, plain]


def _disk(name: str) -> Iterator[list[object]]:
    ample: float | None = None
    for share in (0, *SHARES):
        prepared = Prepared.of(instance(name))
        with tempfile.TemporaryDirectory() as folder:
            states = explore(instance(name), Options(symmetry=True, goals=False)).states if share else 1
            memory = states * prepared.layout.bytes // share if share else None
            search = Search(prepared, {}, Options(memory=memory, checkpoint=Path(folder)))
            began = time.perf_counter()
            search.run()
            took = time.perf_counter() - began
        ample = ample or took
        given = f"{memory / search.states:.1f}" if memory else "ample"
        yield [name, given, search.moved / search.states, took / ample]
