"""Team: work shared by processes that are forked for it, and so see all that has been found without copying it."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar

from attorn.checker.explore.phases import Phase, running, spends
from attorn.spec.errors import AttornError

__all__ = ["WorkerLost", "available", "together"]

T = TypeVar("T")


class WorkerLost(AttornError):
    """A process that worked on a level ended without a result; the text says what that means for the search."""


def available() -> bool:
    """Whether this system can share work so."""
    return hasattr(os, "fork")


@spends(Phase.WAITING)
def together(tasks: Sequence[Callable[[], T]], meanwhile: Callable[[], None]) -> list[T]:
    """What the tasks return, each called in a process of its own; this one does something else meanwhile.

    An error in a task is raised here. When this process is interrupted, the others are ended first.
    """
    files = [_shared_file() for _ in tasks]
    workers: list[int] = []
    try:
        for task, file in zip(tasks, files, strict=True):
            worker = os.fork()
            if worker == 0:
                _work(task, file)
            workers.append(worker)
        meanwhile()
        while workers:
            os.waitpid(workers[0], 0)
            del workers[0]
        return [_result(file) for file in files]
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
        for file in files:
            file.close()


def _shared_file() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("attorn"), "w+b", buffering=0)
    return tempfile.TemporaryFile()


def _work(task: Callable[[], Any], file: IO[bytes]) -> None:
    """Leave the outcome in the file and end this process, whatever happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told too, and ends us
    try:
        clock = running()
        if clock is not None:
            clock.restart()
        try:
            outcome = True, task()
        except Exception as error:
            outcome = False, error
        if clock is not None:
            clock.enter(Phase.OTHER)
        pickle.dump((*outcome, {} if clock is None else clock.seconds), file, pickle.HIGHEST_PROTOCOL)
        file.flush()
    finally:
        os._exit(0)


def _result(file: IO[bytes]) -> Any:
    file.seek(0)
    try:
        succeeded, result, spent = pickle.load(file)
    except (EOFError, pickle.UnpicklingError):
        raise WorkerLost("memory exhausted") from None
    clock = running()
    if clock is not None:
        clock.add(spent)
    if succeeded:
        return result
    raise result
