"""Checking logs: lines a second, the memory that it takes, and how wide the set of possible states becomes."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tabulate import tabulate

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.run_traces import events
from attorn.checker.conform.trace_check import TraceChecker
from attorn.checker.conform.trace_reader import TraceReader
from attorn.checker.verdicts import Move
from attorn.checker.verdicts import Path as Run
from attorn.model.instances import instance
from attorn.spec.language import Concrete, Instance, Values
from attorn.spec.trace import header, trace_lines
from benchmarks.measuring import MIB, ran

HIDDEN = ("execute", "unmap", "map")


def write(out: BinaryIO, chosen: Instance, length: int, whole: bool, hidden: tuple[str, ...]) -> None:
    """The log of a random run, with times; hidden steps leave no line."""
    concrete, choose = Concrete(chosen), random.Random(1)
    state = choose.choice(concrete.initial_states())
    out.writelines(trace_lines(header(chosen, hidden), events(chosen, Run(state))))
    after: dict[Values, list[tuple[bytes, Values]]] = {}
    told = 0
    while told < length:
        if state not in after:
            after[state] = [
                (b"" if step.action.name in hidden else tail(chosen, state, Move(step, reached), whole), reached)
                for step, reached in concrete.successors(state)
            ]
        line, state = choose.choice(after[state])
        if line:
            told += 1
            out.write(b'{"time":%d.%03d,' % divmod(told, 1000) + line)


def tail(chosen: Instance, state: Values, move: Move, whole: bool) -> bytes:
    """The line of a step without its time, and without its first bracket."""
    _, event = events(chosen, Run(state, (move,)), whole)
    return next(islice(trace_lines(header(chosen), [event]), 1, None))[1:]


def run(quick: bool = False) -> None:
    """Print the table."""
    lines = 100_000 if quick else 1_000_000
    print("\n## Logs of random runs, checked in one pass\n")
    rows = []
    for name, title, whole, hidden, part in (
        ("claim-small", "all steps, and the cells that changed", False, (), 1),
        ("claim-small", "all steps, and all cells each time", True, (), 5),
        ("claim-small", f"all but {', '.join(HIDDEN)}", False, HIDDEN, 100),
        ("claim", "all steps, and the cells that changed", False, (), 10),
    ):
        chosen, count = instance(name), lines // part
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "log.jsonl")
            with file.open("wb") as out:
                write(out, chosen, count, whole, hidden)
            told = ran(Path.cwd(), sys.executable, "-m", "benchmarks.tracing", name, str(file), measure=True)
            found = json.loads(told.said)
            size, pace = file.stat().st_size / MIB, found["lines"] / found["seconds"]
            states = found["widest"], found["mean"]
            rows.append([name, title, found["lines"], size, found["seconds"], pace, told.peak / MIB, *states])
    columns = ["instance", "what is seen", "lines", "MiB", "CPU s", "lines/s", "peak MiB", "states, most", "mean"]
    formats = ("", "", ",.0f", ".0f", ".1f", ",.0f", ".0f", ",.0f", ".1f")
    print(tabulate(rows, columns, floatfmt=formats, tablefmt="github"))


def main(name: str, file: str) -> None:
    """One check, told as JSON; its seconds are those of the one core that it takes, whatever else runs there."""
    begun = time.process_time()
    verdict = TraceChecker(instance(name)).check(TraceReader(ByteLines.of(file)))
    seconds = time.process_time() - begun
    assert verdict.refusal is None
    print(json.dumps({"seconds": seconds, "lines": verdict.lines, "widest": verdict.widest, "mean": verdict.mean}))


if __name__ == "__main__":
    main(*sys.argv[1:])
