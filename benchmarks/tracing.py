"""Checking logs: lines a second, the memory that it takes, and how wide the set of possible states becomes."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from tabulate import tabulate

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.trace import Event, events, header, trace_lines
from attorn.checker.conform.trace_check import TraceChecker
from attorn.checker.conform.trace_reader import TraceReader
from attorn.checker.verdicts import Move
from attorn.checker.verdicts import Path as Run
from attorn.model.instances import instance
from attorn.spec.language import Concrete, Instance
from benchmarks.measuring import MIB, ran

WALK = 20_000  # steps that are told at a time
HIDDEN = ("execute", "unmap", "map")
PARTLY = 500  # as many times fewer lines where steps are hidden


def walk(chosen: Instance, length: int, whole: bool, hidden: tuple[str, ...]) -> Iterator[Event]:
    """The events of a random run, with times; hidden steps are left out."""
    concrete, choose = Concrete(chosen), random.Random(1)
    state = choose.choice(concrete.initial_states())
    after: dict[tuple[int, ...], list[Move]] = {}
    told = 0
    yield next(events(chosen, Run(state)))
    while told < length:
        start, moves = state, []
        for _ in range(WALK):
            if state not in after:
                after[state] = [Move(step, reached) for step, reached in concrete.successors(state)]
            moves.append(choose.choice(after[state]))
            state = moves[-1].state
        for event in list(events(chosen, Run(start, tuple(moves)), whole))[1:]:
            if event.event not in hidden and told < length:
                told += 1
                yield msgspec.structs.replace(event, time=told / 1000)


def run(quick: bool = False) -> None:
    """Print the table."""
    lines = 100_000 if quick else 1_000_000
    print("\n## Logs of random runs of `claim` (two VMs, two segments; 136,704 states)\n")
    chosen = instance("claim")
    rows = []
    for title, whole, hidden in (
        ("all steps, and the cells that changed", False, ()),
        ("all steps, and all 56 cells each time", True, ()),
        (f"without {', '.join(HIDDEN)}", False, HIDDEN),
    ):
        count = lines // PARTLY if hidden else lines
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "log.jsonl")
            with file.open("wb") as out:
                out.writelines(trace_lines(header(chosen, hidden), walk(chosen, count, whole, hidden)))
            told = ran(Path.cwd(), sys.executable, "-m", "benchmarks.tracing", str(file), measure=True)
            found = json.loads(told.said)
            rows.append([
                title, found["lines"], file.stat().st_size / MIB, found["seconds"], found["lines"] / found["seconds"],
                told.peak / MIB, found["widest"], found["mean"],
            ])  # fmt: skip
    columns = ["what is seen", "lines", "MiB", "CPU seconds", "lines/s", "peak MiB", "possible states, most", "mean"]
    print(tabulate(rows, columns, floatfmt=("", ",.0f", ".0f", ".1f", ",.0f", ".0f", ",.0f", ".1f"), tablefmt="github"))


def main(file: str) -> None:
    """One check, told as JSON; its seconds are those of the one core that it takes, whatever else runs there."""
    begun = time.process_time()
    verdict = TraceChecker(instance("claim")).check(TraceReader(ByteLines.of(file)))
    seconds = time.process_time() - begun
    assert verdict.refusal is None
    print(json.dumps({"seconds": seconds, "lines": verdict.lines, "widest": verdict.widest, "mean": verdict.mean}))


if __name__ == "__main__":
    main(sys.argv[1])
