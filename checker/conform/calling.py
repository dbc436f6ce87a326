"""Calls of an adapter that are given up when they take too long."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

__all__ = ["Caller", "Hung", "Threw"]


@dataclass(frozen=True)
class Hung:
    """A call that had not ended in time."""

    seconds: float


@dataclass(frozen=True)
class Threw:
    """What a call raised."""

    error: BaseException


class _Late(BaseException):
    """Raised inside a call that takes too long."""


class Caller:
    """Runs the calls of one adapter, one after the other; after one that hung nothing is called any more.

    In the main thread of a Unix process a call is interrupted by an alarm. Elsewhere all calls run in a thread of
    their own, which is left behind where one does not end.
    """

    def __init__(self) -> None:
        self.hung = False
        self._thread: _Thread | None = None

    def __call__(self, call: Callable[[], Any], timeout: float) -> Any:
        """What the call returns, or Threw, or Hung."""
        assert not self.hung, "nothing is called after a call that hangs"
        if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
            result = _alarmed(call, timeout)
        else:
            self._thread = self._thread or _Thread()
            result = self._thread(call, timeout)
        self.hung = isinstance(result, Hung)
        return result

    def close(self) -> None:
        """Call nothing more."""
        if self._thread is not None:
            self._thread.close()


def _alarmed(call: Callable[[], Any], timeout: float) -> Any:
    """Run a call with an alarm set; an alarm that somebody else has set goes off no earlier than it would have."""
    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, _interrupt)
    theirs, interval = signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return _outcome(call, timeout)
    except _Late:  # It went off when the call had just ended.
        return Hung(timeout)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if theirs:
            left = max(theirs - (time.monotonic() - began), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _outcome(call: Callable[[], Any], timeout: float) -> Any:
    try:
        return call()
    except _Late:
        return Hung(timeout)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Threw(error)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise _Late


class _Thread:
    """A thread that runs what it is given."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="attorn adapter", daemon=True).start()

    def __call__(self, call: Callable[[], Any], timeout: float) -> Any:
        self._calls.put(call)
        try:
            return self._results.get(timeout=timeout)
        except queue.Empty:
            return Hung(timeout)

    def close(self) -> None:
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            self._results.put(_outcome(call, 0.0))
