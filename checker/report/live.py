"""One line of progress on a terminal, drawn by the thread that searches."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attorn.checker.report.lines import lasting

if TYPE_CHECKING:
    from attorn.checker.explore import Progress

__all__ = ["Pace", "counting_line", "line", "progress_line"]

PAUSE = 0.1  # seconds between two drawings
WINDOW = 5.0  # seconds over which the rate is taken, or since the last progress if that is longer ago


@contextmanager
def progress_line(name: str, wanted: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Yields what an explorer is to call with its progress, or None where no terminal watches.

    No thread is started: a search may fork, and a forked thread's locks would never be released.
    """
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        due = 0.0
        pace = Pace()

        def draw(progress: Progress) -> None:
            nonlocal due
            rate = pace(progress)
            if progress.seconds >= due:
                due = progress.seconds + PAUSE
                live.update(Text(line(name, progress, rate), no_wrap=True, overflow="ellipsis"), refresh=True)

        yield draw


class Pace:
    """States a second over the last seconds, and so when the rest of them will be done."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, progress: Progress) -> float:
        """The rate up to a progress, told one after the other; zero as long as it is not known."""
        done = progress.states - progress.frontier + progress.done  # Steps were taken from these.
        self._seen.append((progress.seconds, done))
        while len(self._seen) > 2 and self._seen[1][0] <= progress.seconds - WINDOW:
            self._seen.popleft()
        began, first = self._seen[0]
        return (done - first) / (progress.seconds - began) if progress.seconds > began else 0.0


def line(name: str, progress: Progress, rate: float) -> str:
    """What is told; what matters less comes last, where a narrow terminal cuts it off."""
    parts = [f"depth {progress.depth}", f"{progress.states:,} states"]
    if rate:
        parts.append(f"{rate / 1e6:.1f} million/s" if rate >= 1e6 else f"{rate / 1e3:,.0f} thousand/s")
        if progress.rest is not None:
            parts.append(f"about {lasting((progress.frontier - progress.done + progress.rest) / rate)} left")
    return f"  {name}  " + " · ".join([*parts, f"{progress.frontier:,} new"])


@contextmanager
def counting_line(noun: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yields what is to be called with how many things are settled of how many, or None where no terminal watches."""
    if not sys.stderr.isatty():
        yield None
        return

    def draw(settled: int, total: int) -> None:
        print(f"\r  {settled:,} of {total:,} {noun}", end="", file=sys.stderr, flush=True)

    try:
        yield draw
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
