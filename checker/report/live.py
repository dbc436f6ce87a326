"""One line of progress on a terminal, drawn by the thread that searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attorn.checker.explore import Progress

__all__ = ["progress_line"]

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
