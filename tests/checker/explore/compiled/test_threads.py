"""Threads that share work return what was asked of each, and end together."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from attorn.checker.explore.compiled.threads import Threads


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tasks_return_in_their_order_however_many_there_are(count: int) -> None:
    team = Threads(count)
    assert len(team) == count
    for number in (0, 1, 2, 3, 7):
        tasks = [partial(pow, value, 2) for value in range(number)]
        assert team.run(tasks) == [value * value for value in range(number)]


def test_tasks_run_at_once() -> None:
    met = threading.Barrier(3, timeout=60)  # Nobody gets through alone.
    assert sorted(Threads(3).run([met.wait] * 3)) == [0, 1, 2]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("wrong", [0, 1])
def test_an_error_is_raised_when_all_have_ended(count: int, wrong: int) -> None:
    done: list[int] = []

    def fails() -> None:
        raise MemoryError("none left")

    tasks = [lambda: done.append(1)] * 3
    tasks[wrong] = fails
    team = Threads(count)
    with pytest.raises(MemoryError, match="none left"):
        team.run(tasks)
    assert done == [1, 1]
    assert team.run([lambda: 2]) == [2]


def test_an_interrupt_waits_for_the_others() -> None:
    done: list[int] = []

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Threads(2).run([interrupted, lambda: done.append(1)])
    assert done == [1]


def test_threads_end_with_their_owner() -> None:
    others = {*threading.enumerate()}
    team = Threads(3)
    started = {*threading.enumerate()} - others
    assert len(started) == 2
    del team
    for thread in started:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in started)
