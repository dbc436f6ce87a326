"""How near the set of visited states comes to what the memory of this machine allows at all, by width and threads."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from attorn.checker.explore import Options, explore
from attorn.checker.explore.compiled.machine_code import MachineCode
from attorn.checker.explore.compiled.native import Word, local, prefetch, program_text
from attorn.checker.explore.compiled.planes import Planes
from attorn.checker.explore.compiled.reserved import Reserved
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.compiled.threads import Threads
from attorn.checker.verdicts import Evidence
from attorn.model.instances import instance

__all__ = ["run"]

STATES, FEW = 10_000_000, 1_000_000
ROUND = 1 << 17  # states that are inserted at once, by all threads together
SHARES = (10, 14, 10)  # of what a search comes to: new states, those met a moment ago, those met at any time
MOMENT = 2_000  # states
LINE = 64
QUICK, LARGE = ("claim-segments",), ("claim-segments", "claim-vms")


def scatter(memory: Word, lines: Word, batches: Word, seed: Word) -> Word:
    """Add one to a word in lines of memory drawn at random, as many at once as the table looks up."""
    places = local(64)
    for _batch in range(batches):
        for number in range(64):
            seed = seed * 6364136223846793005 + 1442695040888963407
            places[number] = memory + ((seed >> 32) * lines >> 32) * 64
            prefetch(places[number])
        for number in range(64):
            place = places[number]
            place[0] += 1
    return seed


def run(quick: bool = False) -> None:
    """Print the tables."""
    states = FEW if quick else STATES
    print(
        f"\n## The wall, by {states:,} states: millions a second, of writes at random places of as much memory as slots"
    )
    print("take, and of rows put into the table that are all new, all met, or as they come in a search\n")
    head = ["words", "threads", "writes", "new", "met", "search", "bytes a state"]
    print(tabulate(_rows(states), head, floatfmt=".1f", tablefmt="github"))
    print(
        "\n## Whole searches beside it: millions of states and of transitions a second, every property on every state\n"
    )
    head = ["instance", "words", "threads", "states", "states/s", "transitions/s", "writes a transition"]
    print(tabulate(_searches(QUICK if quick else LARGE), head, intfmt=",", floatfmt=".1f", tablefmt="github"))


def _searches(names: tuple[str, ...]) -> Iterator[list[object]]:
    for name in names:
        chosen = instance(name)
        for threads in _threads():
            found = explore(chosen, Options(engine="compiled", threads=threads, goals=False))
            assert found.finished and all(each.evidence is Evidence.EXHAUSTED for each in found.verdicts), name
            words = Planes(chosen).words
            writes = _written(Threads(threads), round(found.bytes_per_state - 8 * words) * found.states)
            pace = found.transitions / found.seconds / 1e6
            yield [name, words, threads, found.states, found.states / found.seconds / 1e6, pace, writes / pace]


def _threads() -> tuple[int, ...]:
    return (1, 2) if (os.cpu_count() or 1) > 1 else (1,)


def _rows(states: int) -> Iterator[list[object]]:
    for words in (1, 2, 3, 4):
        for threads in _threads():
            team = Threads(threads)
            table = Table(words)
            new = _rate(partial(_inserted, table, team, _numbered(states), words), states)
            writes = _written(team, table.bytes - 8 * words * len(table))
            drawn = np.random.default_rng(1).integers(0, states, states).astype(np.uint64)
            met = _rate(partial(_inserted, table, team, drawn, words), states)
            assert len(table) == states
            size = table.bytes / states
            del table
            mixed = _search(states)
            table = Table(words)
            search = _rate(partial(_inserted, table, team, mixed, words), len(mixed))
            assert len(table) == states
            yield [words, threads, writes, new, met, search, size]


def _numbered(states: int) -> NDArray[np.uint64]:
    return np.arange(states, dtype=np.uint64)


def _search(states: int) -> NDArray[np.uint64]:
    """Numbers of states as a search comes to them: each new one with some that were met before."""
    fresh, near, far = SHARES
    groups = states // fresh
    draw = np.random.default_rng(2)
    known = np.maximum(np.arange(groups, dtype=np.int64) * fresh, 1)[:, None]
    numbers = np.empty((groups, sum(SHARES)), np.int64)
    numbers[:, :fresh] = np.arange(groups * fresh).reshape(groups, fresh)
    numbers[:, fresh : fresh + near] = np.maximum(known - 1 - draw.integers(0, MOMENT, (groups, near)), 0)
    numbers[:, fresh + near :] = draw.integers(0, known, (groups, far))
    return numbers.reshape(-1).astype(np.uint64)


def _inserted(table: Table, team: Threads, numbers: NDArray[np.uint64], words: int) -> float:
    """Insert states by their numbers; the seconds that the table took."""
    room = ROUND // len(team)
    parts = np.empty((len(team), room, words), np.uint64)
    seconds = 0.0
    for first in range(0, len(numbers), ROUND):
        shares = np.array_split(numbers[first : first + ROUND], len(team))
        for part, share in zip(parts, shares, strict=True):
            for word in range(words):
                np.multiply(share, np.uint64(2 * word + 1), out=part[: len(share), word])
        began = time.perf_counter()
        table.insert_parts(parts, [len(share) for share in shares], team)
        seconds += time.perf_counter() - began
    return seconds


def _rate(work: Callable[[], float], count: int) -> float:
    """Millions a second."""
    return count / work() / 1e6


def _written(team: Threads, size: int) -> float:
    """Millions of writes a second at random places of some memory, by all threads together."""
    code = MachineCode(program_text([scatter], [], {}))
    function = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * 4)(code.address("scatter"))
    memory, batches = Reserved(size), 1 << 18
    memory.use(size)
    memory.words[:] = 0
    began = time.perf_counter()
    team.run([partial(function, memory.address, size // LINE, batches, seed) for seed in range(len(team))])
    return 64 * batches * len(team) / (time.perf_counter() - began) / 1e6
