"""The full campaign of faults on the reference implementation: ``python -m benchmarks.faults``.

Every process is killed at every step boundary, inside steps and at random moments, messages are disturbed, and forged
configurations are handed in; after each, the host is looked over. Takes about half an hour on two cores; ``--share``
makes all of it smaller.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tabulate import tabulate

from attorn.model.reference.campaign import (
    Strike,
    Tally,
    boundary_strikes,
    disturb,
    forge,
    inside_strikes,
    kill_at,
    kill_at_random,
    quiet_host,
)
from attorn.model.reference.host import Host
from attorn.model.reference.noise import NoiseSetting

KILLS, MOMENTS, MESSAGES = 1_000, 500, 10_000
SHARES = (0.1, 0.25, 0.4)


def main() -> None:
    """Run the campaign and print the table of counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description="Faults survived, counted.")
    parser.add_argument("--share", type=float, default=1.0, help="how much of the full campaign to run (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--logs", type=Path, help="a folder in which to keep the event logs")
    parser.add_argument("--only", default="", help="run only the parts in whose name this occurs, such as SIGKILL")
    options = parser.parse_args()
    if not 0 < options.share <= 1:
        parser.error(f"--share is more than 0 and at most 1, and not {options.share:g}")
    rows, faults = [], []
    for name, run in _parts(options.share, options.seed, options.logs):
        if options.only not in name:
            continue
        began = time.monotonic()
        tally = run()
        faults += tally.faults
        row = (
            name, tally.runs, tally.endings["migrated"], tally.endings["stayed"], tally.endings["lost"],
            len(tally.faults), f"{time.monotonic() - began:.0f} s",
        )  # fmt: skip
        rows.append(row)
        print("  ".join(map(str, row)), file=sys.stderr, flush=True)
    heads = ("what", "runs", "migrated", "stayed", "lost, and said so", "broken", "time")
    print(tabulate(rows, headers=heads, tablefmt="github"))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


def _parts(share: float, seed: int, logs: Path | None) -> Iterator[tuple[str, Callable[[], Tally]]]:
    at_boundaries, inside = list(boundary_strikes()), list(inside_strikes())
    rounds = max(1, round(share * (KILLS - MOMENTS) / (len(at_boundaries) + len(inside)) + 0.5)) if share >= 1 else 1
    limit = None if share >= 1 else max(1, round(share * len(at_boundaries)))
    hosts = _Hosts(logs)
    yield "SIGKILL at a step boundary", lambda: _struck(hosts, at_boundaries[:limit] * rounds)
    yield "SIGKILL inside a step", lambda: _struck(hosts, inside[:limit] * rounds)
    times = max(1, round(share * MOMENTS))
    for moment, observe, within in (("", True, 0.4), (", several steps in one message", False, 0.04)):
        yield f"SIGKILL at a random moment{moment}", partial(_random, hosts, times, seed, observe, within)
    for number, noisy in enumerate(SHARES):
        messages = max(1, round(share * MESSAGES / len(SHARES) + 1))
        yield f"{messages:,} messages disturbed, {noisy:.0%} of all", partial(_noise, messages, noisy, seed + number)
    yield "forged configurations, each handed in twice", _forged


class _Hosts:
    """Makes hosts, each with its log in a folder if that is wanted."""

    def __init__(self, logs: Path | None) -> None:
        self._logs = logs
        self._count = 0
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)

    def fresh(self, **given: object) -> Host:
        """One more."""
        self._count += 1
        log = None if self._logs is None else self._logs / f"{self._count}.jsonl"
        return quiet_host(None, log=log, **given)


def _struck(hosts: _Hosts, strikes: list[Strike]) -> Tally:
    tally = Tally()
    while tally.runs < len(strikes):  # a host whose log departs from the specification is followed by another
        with hosts.fresh() as host:
            tally.add(kill_at(host, strikes[tally.runs :]))
    return tally


def _random(hosts: _Hosts, times: int, seed: int, observe: bool, within: float) -> Tally:
    tally = Tally()
    while tally.runs < times:
        with hosts.fresh(observe=observe) as host:
            tally.add(kill_at_random(host, times - tally.runs, seed + tally.runs, within))
    return tally


def _noise(messages: int, share: float, seed: int) -> Tally:
    with quiet_host(noise=NoiseSetting(share=share, seed=seed), seconds=0.1, attempts=60) as host:
        return disturb(host, messages)


def _forged() -> Tally:
    with quiet_host(coordinator="inline") as host:
        return forge(host)


if __name__ == "__main__":
    main()
