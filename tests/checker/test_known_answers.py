"""Both engines on machines whose answers are known from the literature, or from a few lines of plain Python here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from attorn.checker import explore as explorer
from attorn.checker import oracle
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.language import Instance
from tests.machines.known import BROKEN, KNOWN

ENGINES: dict[str, Callable[[Instance], Exploration]] = {
    "oracle": oracle.explore,
    "explorer": lambda instance: explorer.explore(instance, explorer.Options(threads=1)),
}


@dataclass(frozen=True)
class Plain:
    """A machine in plain Python: initial states, moves by (action, state), and what must never be."""

    starts: Iterable[Any]
    moves: Callable[[Any], Iterator[tuple[str, Any]]]
    bad: Callable[[Any], bool]

    def searched(self) -> tuple[tuple[int, ...], int, dict[str, int], int | None]:
        """States by level, transitions, transitions by action, and the first level with a bad state."""
        level: set[Any] = set(self.starts)
        met: set[Any] = set()
        levels: list[int] = []
        fired: dict[str, int] = {}
        first: int | None = None
        while level:
            if first is None and any(self.bad(state) for state in level):
                first = len(levels)
            levels.append(len(level))
            met |= level
            steps = [move for state in level for move in self.moves(state)]
            for action, _ in steps:
                fired[action] = fired.get(action, 0) + 1
            level = {after for _, after in steps} - met
        return tuple(levels), sum(fired.values()), fired, first


def jugs(thirsty: bool) -> Plain:
    def moves(state: tuple[int, int]) -> Iterator[tuple[str, Any]]:
        small, large = state
        yield "fill_small", (3, large)
        yield "fill_large", (small, 5)
        yield "empty_small", (0, large)
        yield "empty_large", (small, 0)
        poured = min(small, 5 - large)
        yield "pour_into_large", (small - poured, large + poured)
        poured = min(large, 3 - small)
        yield "pour_into_small", (small + poured, large - poured)
        if thirsty and small:
            yield "drink", (small - 1, large)

    return Plain([(0, 0)], moves, lambda state: state[1] == 4)


def crossing(blind: bool) -> Plain:
    pairs = ({0, 1}, {1, 2})  # wolf and goat, goat and cabbage

    def eaten(state: tuple[bool, tuple[bool, ...]]) -> bool:
        farmer, over = state
        return any(
            len({over[each] for each in pair} | {farmer}) == 2 and over[min(pair)] == over[max(pair)] for pair in pairs
        )

    def moves(state: tuple[bool, tuple[bool, ...]]) -> Iterator[tuple[str, Any]]:
        farmer, over = state
        alone = (not farmer, over)
        if blind:
            yield "row_blindly", alone
        elif not eaten(alone):
            yield "row", alone
        for cargo in range(3):
            if over[cargo] == farmer:
                carried = (not farmer, tuple(not farmer if each == cargo else bank for each, bank in enumerate(over)))
                left = [each for each in range(3) if each != cargo and over[each] == farmer]
                if set(left) not in pairs:
                    yield "ferry", carried

    return Plain([(False, (False,) * 3)], moves, eaten)


def peterson(impolite: bool) -> Plain:
    def moves(state: Any) -> Iterator[tuple[str, Any]]:
        at, flag, turn = state
        for me in (0, 1):

            def now(place: str, raised: bool, whose: int = turn, me: int = me) -> Any:
                return (
                    tuple(place if each == me else at[each] for each in (0, 1)),
                    tuple(raised if each == me else flag[each] for each in (0, 1)),
                    whose,
                )

            if at[me] == "idle":
                yield "ask", now("asked", True)
            if at[me] == "asked":
                yield "yield_turn", now("waiting", flag[me], 1 - me)
                if impolite:
                    yield "enter_at_once", now("critical", flag[me])
            if at[me] == "waiting" and (turn == me or not flag[1 - me]):
                yield "enter", now("critical", flag[me])
            if at[me] == "critical":
                yield "leave", now("idle", False)

    return Plain([(("idle",) * 2, (False,) * 2, 0)], moves, lambda state: state[0] == ("critical",) * 2)


def caches(forgetful: bool) -> Plain:
    # A copy is its letter and the version that it holds; versions are told apart only as newest or older.
    def moves(state: Any) -> Iterator[tuple[str, Any]]:
        copies, memory = state
        for me, (kind, fresh) in enumerate(copies):
            others = [each for number, each in enumerate(copies) if number != me]
            if kind == "I":
                owner = next((each for each in others if each[0] == "M"), None)
                value = memory if owner is None else owner[1]
                shared = [("S", each[1]) if each[0] == "M" else each for each in copies]
                shared[me] = ("S", value)
                yield "load", (tuple(shared), value)
            else:
                gone = tuple(("I", False) if number == me else each for number, each in enumerate(copies))
                if forgetful:
                    yield "drop", (gone, memory)
                else:
                    yield "evict", (gone, fresh if kind == "M" else memory)
            yield "store", (tuple(("M", True) if number == me else ("I", False) for number in range(3)), False)

    def stale(state: Any) -> bool:
        return any(kind != "I" and not fresh for kind, fresh in state[0])

    return Plain([((("I", False),) * 3, True)], moves, stale)


def ring(stuck: bool) -> Plain:
    def moves(numbers: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
        bottom, middle, top = numbers
        if bottom == top and not stuck:
            yield "count_up", ((bottom + 1) % 3, middle, top)
        if middle != bottom:
            yield "copy_left", (bottom, bottom, top)
        if top != middle:
            yield "copy_left", (bottom, middle, middle)

    return Plain(itertools.product(range(3), repeat=3), moves, lambda numbers: not any(moves(numbers)))


def library(eager: bool) -> Plain:
    def moves(state: Any) -> Iterator[tuple[str, Any]]:
        reads, waits, writer = state
        for user in range(3):
            if user not in reads and writer is None and not waits:
                yield "read", (reads | {user}, waits, writer)
            if user in reads:
                yield "close", (reads - {user}, waits, writer)
            if user not in reads | waits and writer != user:
                yield "wait", (reads, waits | {user}, writer)
            if user in waits and writer is None and (eager or not reads):
                yield "write_early" if eager else "write", (reads, waits - {user}, user)
        if writer is not None:
            yield "finish", (reads, waits, None)

    nobody: frozenset[int] = frozenset()
    return Plain([(nobody, nobody, None)], moves, lambda state: state[2] is not None and bool(state[0]))


PLAIN = {"jugs": jugs, "crossing": crossing, "peterson": peterson, "caches": caches, "ring": ring, "library": library}

# What the plain search's notion of bad is called in the machine.
PROPERTY = {
    "jugs": "never_four",
    "crossing": "nothing_is_eaten",
    "peterson": "mutual_exclusion",
    "caches": "copies_are_fresh",
    "ring": "no_deadlock",
    "library": "nobody_reads_what_is_written",
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
@pytest.mark.parametrize("name", PLAIN)
def test_an_engine_counts_and_finds_what_a_plain_search_does(name: str, broken: bool, engine: str) -> None:
    levels, transitions, fired, first = PLAIN[name](broken).searched()
    found = ENGINES[engine]((BROKEN if broken else KNOWN)[name].instance)
    assert (found.levels, found.transitions) == (levels, transitions)
    assert {action: times for action, times in found.fired.items() if times} == fired
    verdict = found.verdict(PROPERTY[name])
    assert (None if verdict.path is None else len(verdict.path)) == first
    assert verdict.evidence is (Evidence.EXHAUSTED if first is None else Evidence.REFUTED)


@pytest.mark.parametrize("engine", ENGINES)
def test_four_litres_take_six_steps(engine: str) -> None:
    # The puzzle of the film; Lamport's DieHard.tla has TLC find the same six steps. By hand, 16 states: those where a
    # jug is empty or full, of which there are 4 * 6 less the 2 * 4 where neither is, and all of them are reached.
    found = ENGINES[engine](KNOWN["jugs"].instance)
    assert (found.states, [len(goal.path or ()) for goal in found.goals]) == (16, [6])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_farmer_crosses_seven_times(engine: str) -> None:
    # Alcuin, Propositiones ad acuendos juvenes, XVIII: seven crossings. By hand, ten safe situations: of 16, those are
    # not where the goat is with wolf, cabbage or both on the bank without the farmer, three for each bank.
    found = ENGINES[engine](KNOWN["crossing"].instance)
    assert (found.states, [len(goal.path or ()) for goal in found.goals]) == (10, [7])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_coherent_caches_share_or_one_of_them_owns(size: int, engine: str) -> None:
    # By hand: any set of caches may share the line, or exactly one of them has it modified.
    found = ENGINES[engine](Instance.of(KNOWN["caches"].machine, Cache=size))
    assert found.states == 2**size + size


@pytest.mark.parametrize("engine", ENGINES)
def test_a_drunk_litre_leaves_no_jug_level_after_three_steps(engine: str) -> None:
    # By hand: after a fill and a pour the small jug can be full with the large one between (3, 2); then a litre goes.
    # Before two steps no jug holds an odd measure, and (0, 3), the other state after two, has nothing to drink.
    found = ENGINES[engine](BROKEN["jugs"].instance)
    path = found.verdict("one_jug_is_level").path
    assert path is not None
    assert [move.step.action.name for move in path.moves] == ["fill_large", "pour_into_small", "drink"]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_ring_stabilises_and_never_stops(engine: str) -> None:
    # Dijkstra, EWD 426: with as many states as machines, privileges do not grow and at least one remains.
    found = ENGINES[engine](KNOWN["ring"].instance)
    assert [verdict.evidence for verdict in found.verdicts] == [Evidence.EXHAUSTED] * 3
    # By hand: where all three are privileged the numbers are x, y, x; one copy to the middle leaves one privilege.
    assert [len(goal.path or ()) for goal in found.goals] == [1]
