"""One line on the terminal that says how far a long work is; nothing where no terminal watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["status_line"]


@contextmanager
def status_line(width: int = 80) -> Iterator[Callable[[str], None]]:
    """Yields what to call with the line, which takes the place of the one before; it is gone at the end."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return

    def say(text: str) -> None:
        shown = f"  {text}"
        print(f"\r\033[K{shown[: width - 1]}", end="", file=sys.stderr, flush=True)

    try:
        yield say
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
