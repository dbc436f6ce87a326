"""Threads that share the work of a level, all in this process; compiled code lets them run at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

__all__ = ["Threads"]

T = TypeVar("T")


class Threads:
    """Some threads that stay; a single one is that of the caller."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def __len__(self) -> int:
        return self._count

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What the tasks return, which are called at once; an error in one is raised when all have ended."""
        if self._pool is None:
            return [task() for task in tasks]
        called = [self._pool.submit(task) for task in tasks]
        try:
            wait(called)
        except KeyboardInterrupt:
            wait(called)  # They work on what this caller looks at next.
            raise
        return [each.result() for each in called]
