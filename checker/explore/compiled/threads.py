"""Threads that share the work of a level, all in this process; compiled code lets them run at once."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["Threads"]

T = TypeVar("T")

Tasks = Sequence[Callable[[], Any]]
Outcome = tuple[Any, BaseException | None]


class Threads:
    """Some threads that stay as long as this does; the caller's is one of them."""

    def __init__(self, count: int) -> None:
        self._tasks: list[SimpleQueue[Tasks | None]] = [SimpleQueue() for _ in range(count - 1)]
        self._outcomes: list[SimpleQueue[list[Outcome]]] = [SimpleQueue() for _ in range(count - 1)]
        for queues in zip(self._tasks, self._outcomes, strict=True):
            threading.Thread(target=_work, args=queues, daemon=True, name="attorn search").start()
        weakref.finalize(self, _end, self._tasks)

    def __len__(self) -> int:
        return 1 + len(self._tasks)

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What the tasks return, which are called at once as far as there are threads.

        An error in one, or an interrupt, is raised when all have ended: they work on what the caller looks at next.
        """
        count = len(self)
        given = [tasks[number::count] for number in range(1, count)]
        for more, inbox in zip(given, self._tasks, strict=True):
            inbox.put(more)
        outcomes = [_outcome(task) for task in tasks[::count]]
        shares = [outcomes, *(_awaited(outbox) for outbox in self._outcomes)]
        for share in shares:
            for _, error in share:
                if error is not None:
                    raise error
        return [shares[number % count][number // count][0] for number in range(len(tasks))]


def _awaited(outbox: SimpleQueue[list[Outcome]]) -> list[Outcome]:
    """What a thread has done, once it has, with an interrupt that came meanwhile."""
    interrupts: list[Outcome] = []
    while True:
        try:
            return outbox.get() + interrupts
        except KeyboardInterrupt as error:
            interrupts.append((None, error))


def _work(inbox: SimpleQueue[Tasks | None], outbox: SimpleQueue[list[Outcome]]) -> None:
    while (tasks := inbox.get()) is not None:
        outbox.put([_outcome(task) for task in tasks])


def _outcome(task: Callable[[], Any]) -> Outcome:
    try:
        return task(), None
    except BaseException as error:
        return None, error


def _end(inboxes: Sequence[SimpleQueue[Tasks | None]]) -> None:
    for inbox in inboxes:
        inbox.put(None)
