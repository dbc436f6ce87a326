"""One line of progress on a terminal, drawn by the thread that searches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attorn.checker.explore import Progress

__all__ = ["counting_line", "progress_line"]

PAUSE = 0.1  # seconds between two drawings


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

        def draw(progress: Progress) -> None:
            nonlocal due
            if progress.seconds >= due:
                due = progress.seconds + PAUSE
                live.update(Text(_line(name, progress), no_wrap=True, overflow="ellipsis"), refresh=True)

        yield draw


def _line(name: str, progress: Progress) -> str:
    pace = progress.states / progress.seconds / 1000 if progress.seconds else 0
    return (
        f"  {name:18}depth {progress.depth} · {progress.states:,} states · {progress.frontier:,} new · "
        f"{pace:,.0f} thousand/s"
    )


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
