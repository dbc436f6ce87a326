"""The clock of a search counts every second once, for the phase that says so."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from attorn.checker.explore import explore, phases
from attorn.checker.explore.phases import Clock, Phase, clocked, running, spends
from attorn.checker.explore.team import available, together
from attorn.model.instances import instance


class Hands:
    """A time that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    moved = Hands()
    monkeypatch.setattr(phases, "time", moved)
    yield moved


def taken(clock: Clock) -> dict[str, float]:
    return {str(phase): seconds for phase, seconds in clock.seconds.items() if seconds}


def test_a_phase_within_another_interrupts_it(hands: Hands) -> None:
    @spends(Phase.GUARDS)
    def guards() -> None:
        hands.now += 1
        successors()
        hands.now += 2

    @spends(Phase.SUCCESSORS)
    def successors() -> None:
        hands.now += 10

    with clocked() as clock:
        hands.now += 100
        guards()
        hands.now += 200
    assert taken(clock) == {"other": 300, "guards": 3, "successors": 10}


def test_a_phase_that_is_held_takes_all_that_it_calls(hands: Hands) -> None:
    @spends(Phase.GUARDS)
    def guards() -> None:
        hands.now += 1

    @spends(Phase.RUNS, held=True)
    def runs(again: bool) -> None:
        hands.now += 10
        guards()
        if again:
            runs(False)

    with clocked() as clock:
        guards()
        runs(True)
        guards()
    assert taken(clock) == {"guards": 2, "runs": 22}


def test_an_error_ends_a_phase_too(hands: Hands) -> None:
    @spends(Phase.DISK, held=True)
    def fails() -> None:
        hands.now += 1
        raise OSError("full")

    with clocked() as clock:
        with pytest.raises(OSError):
            fails()
        hands.now += 5
    assert taken(clock) == {"disk": 1, "other": 5}


def test_without_a_clock_nothing_is_counted(hands: Hands) -> None:
    @spends(Phase.GUARDS)
    def guards() -> int:
        return 7

    assert running() is None
    with clocked(wanted=False) as clock:
        assert running() is None
        assert guards() == 7
    assert taken(clock) == {}


@pytest.mark.skipif(not available(), reason="this system cannot fork")
def test_what_other_processes_spend_is_counted() -> None:
    @spends(Phase.PROPERTIES)
    def busy() -> int:
        end = time.perf_counter() + 0.05
        while time.perf_counter() < end:
            pass
        return 3

    with clocked() as clock:
        assert together([busy, busy], lambda: None) == [3, 3]
    # Each of the two was at it for so long, while this process did nothing but wait.
    assert clock.seconds[Phase.PROPERTIES] >= 0.1
    assert clock.seconds[Phase.WAITING] > 0


def test_a_search_spends_time_on_what_it_does() -> None:
    began = time.perf_counter()
    with clocked() as clock:
        explore(instance("claim-small"))
    took = time.perf_counter() - began
    assert sum(clock.seconds.values()) == pytest.approx(took, rel=0.05)
    searched = {Phase.BUILDING, Phase.GUARDS, Phase.SUCCESSORS, Phase.PROPERTIES, Phase.DUPLICATES, Phase.RUNS}
    assert all(clock.seconds[phase] > 0 for phase in searched)
    assert not any(clock.seconds[phase] for phase in (Phase.DISK, Phase.SYMMETRY, Phase.WAITING))
