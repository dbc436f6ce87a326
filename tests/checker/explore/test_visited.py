"""Sets of packed states are exact, also where different states are sorted by the same number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attorn.checker.explore.visited import Run, Visited, distinct, joined

FEW = st.lists(st.tuples(*(st.integers(0, 3) for _ in range(3))), max_size=60)
SPREAD = st.lists(st.tuples(st.integers(0, 2**64 - 1)), max_size=200)
SETTINGS = settings(deadline=None, derandomize=True, database=None, max_examples=200)


def packed(states):
    """States as columns of words."""
    if not states:
        return [np.empty(0, np.uint64)] * 3
    return [np.array(word, np.uint64) for word in zip(*states, strict=True)]


def plain(rows):
    return list(zip(*(word.tolist() for word in rows), strict=True))


def run_of(rows):
    return Run(rows, np.zeros(len(rows[0]), np.uint8))


@SETTINGS
@given(st.one_of(FEW, SPREAD))
def test_distinct_states_are_in_order_and_each_is_there_once(states):
    assert plain(distinct(packed(states))) == sorted(set(states))


@SETTINGS
@given(FEW.filter(bool), FEW)
def test_a_run_has_just_its_states(held, asked):
    run = run_of(distinct(packed(held)))
    assert run.has(packed(asked)).tolist() == [state in set(held) for state in asked]
    ordered = sorted(set(held))
    assert run.place(packed(asked)).tolist() == [sum(each < state for each in ordered) for state in asked]


@SETTINGS
@given(SPREAD.filter(bool), SPREAD)
def test_a_run_of_spread_states_has_just_its_states(held, asked):
    run = run_of(distinct(packed(held)))
    wanted = [np.array([state[0] for state in [*asked, *held]], np.uint64)]
    assert run.has(wanted).tolist() == [state in set(held) for state in [*asked, *held]]


@SETTINGS
@given(st.lists(FEW, max_size=6))
def test_what_was_visited_is_not_new(parts):
    visited = Visited()
    met: set[tuple[int, ...]] = set()
    levels = []
    for depth, part in enumerate(parts):
        new = visited.new(distinct(packed(part)))
        assert plain(new) == sorted(set(part) - met)
        met |= set(part)
        visited.add(new, depth)
        visited.settle()
        levels.append(plain(new))
    assert len(visited) == len(met)
    if met:
        assert [plain(visited.level(depth)) for depth in range(len(parts))] == levels
    if visited.runs:
        assert sorted(plain(joined([run.rows for run in visited.runs]))) == sorted(met)


@pytest.mark.parametrize("extreme", [0, 2**64 - 1])
def test_the_least_and_the_greatest_number_are_states_like_others(extreme):
    run = run_of([np.array([extreme], np.uint64)])
    assert run.has([np.array([extreme, 17], np.uint64)]).tolist() == [True, False]


def test_runs_that_are_near_in_size_are_merged():
    visited = Visited()
    for first in range(8):
        visited.add([np.arange(first, 8000, 8, dtype=np.uint64)], 300 * first)
        visited.settle()
    assert len(visited.runs) <= 3
    assert plain(visited.level(600)) == [(state,) for state in range(2, 8000, 8)]
    assert len(visited) == 8000
