"""Workers of a cluster on this one machine: what they cost and exchange, and a model of what more machines give."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tabulate import tabulate

from attorn.checker.explore import Options
from attorn.checker.explore.cluster import connected, gathered
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.model.instances import instance
from attorn.spec.language import Instance
from tests.checker.explore.dealing import Dealt

__all__ = ["run"]

WORKERS = (1, 2)
EMPTY = (1, 2, 4)
TRIES = 2
DEALT = (1, 2, 10, 100)
MACHINES = (1, 10, 100)
STATES = (10**9, 10**11)  # of the searches that are modelled
NETWORK = 1.25e9  # bytes a second that a machine can receive: 10 Gbit/s
MODEL = """
## A model, not a measurement: a search on n machines, one worker on each

seconds(n) = states · c · u(n) / n  +  states · x(n) / (n · network)  +  levels · (a + m · n²)

c, of one worker a state: {c:.2g} s, from the search with one worker above; levels: {levels}, as there;
u(n), the largest share against the mean, and x(n), bytes a state that are sent, as dealt above; network: {network:.3g}
bytes a second into each machine, assumed; a = {a:.2g} s and m = {m:.2g} s by least squares from the levels with next to
nothing in them. Machines are taken to be as fast as this one. Efficiency is against arrays in one process.
"""


@dataclass(frozen=True)
class Ran:
    """A search: how many states and levels, seconds without those that Ray takes to begin, bytes exchanged."""

    states: int
    levels: int
    seconds: float
    moved: int


def run(quick: bool = False) -> None:
    """Print the tables."""
    chosen = instance("claim") if quick else instance("claim", Partition=3, Word=3, Address=3)
    small = instance("claim-tiny")
    plain = searched(chosen, Options(engine="arrays"))
    native = searched(chosen, Options(engine="compiled", threads=1))
    kept = in_folder(chosen)
    print(f"\n## claim, {chosen.shape()}: {plain.states:,} states in {plain.levels} levels, on this machine\n")
    rows: list[list[object]] = [
        ["one process, arrays", plain.seconds, 1.0, None, None],
        ["one process, machine code, one thread", native.seconds, native.seconds / plain.seconds, None, None],
        ["one process, arrays, with a checkpoint", kept.seconds, kept.seconds / plain.seconds, None, None],
    ]
    spread = {workers: on_cluster(chosen, workers) for workers in WORKERS}
    for workers, each in spread.items():
        share = spread[1].seconds / (workers * each.seconds)
        rows.append(
            [
                f"workers: {workers}",
                each.seconds,
                each.seconds / plain.seconds,
                share,
                each.moved / each.states,
            ]
        )
    head = ["", "seconds", "times arrays in one process", "efficiency against 1 worker", "bytes exchanged a state"]
    print(tabulate(rows, head, floatfmt=".2f", tablefmt="github"))

    empty = {workers: on_cluster(small, workers) for workers in EMPTY}
    print(f"\n## claim, {small.shape()}: {empty[1].states:,} states in {empty[1].levels} levels\n")
    rows = [[workers, 1000 * each.seconds / each.levels] for workers, each in empty.items()]
    print(tabulate(rows, ["workers", "milliseconds a level"], floatfmt=".1f", tablefmt="github"))

    dealt = dict(shares(instance("claim")))
    print("\n## claim, dealt to more workers than this machine can run: what they would exchange, and how even it is\n")
    rows = [[workers, sent, uneven] for workers, (sent, uneven) in dealt.items()]
    head = ["workers", "bytes exchanged a state", "largest share against the mean"]
    print(tabulate(rows, head, floatfmt=".2f", tablefmt="github"))
    model(plain, spread[1], empty, dealt)


def model(plain: Ran, one: Ran, empty: dict[int, Ran], dealt: dict[int, tuple[float, float]]) -> None:
    """Print what the figures measured here would make of more machines."""
    counts = np.array(list(empty))
    level = np.array([each.seconds / each.levels for each in empty.values()])
    (fixed, each), *_ = np.linalg.lstsq(np.stack([np.ones(len(counts)), counts**2], 1), level)
    c = (one.seconds - one.levels * (fixed + each)) / one.states
    print(MODEL.format(c=c, levels=one.levels, network=NETWORK, a=fixed, m=each))
    rows = []
    for states, machines in itertools.product(STATES, MACHINES):
        sent, uneven = dealt[machines]
        alone = states * plain.seconds / plain.states
        parts = (
            states * c * uneven / machines,
            states * sent / (machines * NETWORK),
            one.levels * (fixed + each * machines**2),
        )
        rows.append([states, machines, *parts, sum(parts), alone / sum(parts), alone / (machines * sum(parts))])
    head = ["states", "machines", "steps s", "exchange s", "levels s", "together s", "times as fast", "efficiency"]
    form = (",", "", ".0f", ".0f", ".0f", ".0f", ".1f", ".2f")
    print(tabulate(rows, head, intfmt=",", floatfmt=form, tablefmt="github"))


def searched(chosen: Instance, options: Options) -> Ran:
    """Every state of an instance, with nothing asked of it."""
    prepared = Prepared.of(chosen)
    search = Search(prepared, {}, options)
    assert search.held  # by now workers have begun
    began = time.perf_counter()
    search.run()
    assert not search.stopped, search.stopped
    return Ran(search.states, len(search.levels), time.perf_counter() - began, search.moved)


def in_folder(chosen: Instance) -> Ran:
    """In one process, with all states left in a folder, as a cluster leaves them."""
    with tempfile.TemporaryDirectory() as folder:
        return searched(chosen, Options(checkpoint=Path(folder)))


def on_cluster(chosen: Instance, workers: int) -> Ran:
    """By workers that have begun already; the fastest of some tries."""
    with connected("auto", workers):
        found = []
        for _ in range(TRIES):
            with gathered(Options(cluster="auto", workers=workers)) as options:
                found.append(searched(chosen, options))
    return min(found, key=lambda each: each.seconds)


def shares(chosen: Instance) -> Iterator[tuple[int, tuple[float, float]]]:
    """For some numbers of workers: bytes exchanged a state, and the largest share of the work against the mean."""
    for workers in DEALT:
        with tempfile.TemporaryDirectory() as folder:
            dealt = Dealt(chosen, Options(checkpoint=Path(folder)), workers)
            sent, largest = 0, 0
            while dealt.checkpoint.counts[-1]:
                merged = dealt.advance()
                sent += sum(each.received for each in merged)
                largest += max(each.files.count for each in merged)
            states = sum(dealt.checkpoint.counts)
        yield workers, (sent / states, largest * workers / states)
