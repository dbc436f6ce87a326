"""States that do not fit the memory given are kept on the disk: the same are met, in the same order."""

from __future__ import annotations

import errno
import random
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from attorn.checker import oracle
from attorn.checker.agreement import differences
from attorn.checker.explore import Options, disk, explore
from attorn.checker.explore.disk import FiledRun, Sorter, mapped, written
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.model.instances import instance
from tests.machines.known import BROKEN

ROOM = 1_000


def drawn(chance: random.Random, count: int, first: int, words: int) -> list[tuple[int, ...]]:
    """States of which many have the same first word."""
    return [tuple(chance.randrange(first if word == 0 else 50) for word in range(words)) for _ in range(count)]


def rows(states: list[tuple[int, ...]], words: int) -> list[np.ndarray]:
    return [np.array([state[word] for state in states], np.uint64) for word in range(words)]


@pytest.mark.parametrize("words", [1, 2, 3])
@pytest.mark.parametrize("first", [2, 40, 1 << 60])
def test_what_is_sorted_by_parts_is_what_python_sorts(
    words: int, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "FEWEST", 8)
    chance = random.Random(words)
    sorter, everything = Sorter(tmp_path / "scratch", words, ROOM), set()
    for _ in range(30):
        states = drawn(chance, chance.randrange(1, 90), first, words)
        everything.update(states)
        sorter.add(rows(states, words))
    assert len(list((tmp_path / "scratch").iterdir())) > words
    found = [state for chunk in sorter for state in zip(*(word.tolist() for word in chunk), strict=True)]
    assert found == sorted(everything)
    sorter.close()
    assert not (tmp_path / "scratch").exists()


@pytest.mark.parametrize("words", [1, 2])
@pytest.mark.parametrize("first", [2, 1 << 60])
def test_a_list_on_the_disk_has_what_was_written(words: int, first: int, tmp_path: Path) -> None:
    chance = random.Random(7)
    inside, others = (sorted(set(drawn(chance, 400, first, words))) for _ in range(2))
    files = written(tmp_path, "list", words, [rows(inside[:100], words), rows(inside[100:], words)])
    run = FiledRun(mapped(tmp_path, files), 3)
    assert run.has(rows(others, words)).tolist() == [state in set(inside) for state in others]
    assert run.has(rows(inside, words)).all()
    assert (len(run.at(3)[0]), len(run.at(2)[0])) == (len(inside), 0)


def test_a_search_on_the_disk_says_what_the_second_engine_says(tmp_path: Path) -> None:
    small = instance("claim-small")
    found = explore(small, Options(memory=4_000, checkpoint=tmp_path, goals=False))
    assert differences(found, oracle.explore(small, goals=False)) == ()


def test_goals_of_several_stages_that_do_not_fit_are_not_said_to_be_out_of_reach(tmp_path: Path) -> None:
    found = explore(instance("claim-small"), Options(memory=4_000, checkpoint=tmp_path))
    assert {goal.name: goal.reached for goal in found.goals}["there_and_back"] is None


def test_violations_are_found_on_the_disk_in_as_few_steps(tmp_path: Path) -> None:
    broken = instance("memfd")
    kept = Options(memory=60_000, checkpoint=tmp_path, goals=False)
    plain = explore(broken, Options(goals=False))
    found = explore(broken, kept)
    lengths = [[each.path and len(each.path) for each in account.verdicts] for account in (plain, found)]
    assert lengths[0] == lengths[1]
    assert found.levels == plain.levels


def test_states_by_symmetry_go_to_the_disk_too(tmp_path: Path) -> None:
    small = instance("claim-small")
    found = explore(small, Options(memory=2_500, checkpoint=tmp_path, symmetry=True, goals=False))
    assert differences(found, oracle.explore(small, goals=False)) == ()


def searched(options: Options) -> Search:
    search = Search(Prepared.of(instance("claim-small")), {}, options)
    search.run()
    return search


def test_only_what_does_not_fit_goes_to_the_disk(tmp_path: Path) -> None:
    ample = searched(Options(memory=1 << 30, checkpoint=tmp_path / "ample"))
    scarce = searched(Options(memory=4_000, checkpoint=tmp_path / "scarce"))
    assert not ample.visited.filed and not ample.moved
    assert scarce.visited.filed and scarce.moved > 8 * scarce.states
    assert ample.levels == scarce.levels


def test_without_a_folder_the_search_stops_at_its_budget() -> None:
    found = explore(instance("claim-small"), Options(memory=4_000))
    assert "memory budget of 4,000 bytes reached" in found.stopped


def test_what_lies_on_the_disk_is_taken_up_in_as_little_memory(tmp_path: Path) -> None:
    kept = Options(memory=4_000, checkpoint=tmp_path)
    part = searched(replace(kept, max_states=700))
    assert part.stopped and part.visited.filed
    whole = searched(kept)
    assert whole.visited.filed and whole.states == 1_564  # as SPIN counts


def test_a_disk_that_is_full_while_states_are_sorted_ends_the_search_and_it_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Options(memory=4_000, checkpoint=tmp_path)

    def full(folder: Path, name: str, *rest: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    searched(replace(kept, max_states=700))
    with monkeypatch.context() as context:
        context.setattr("attorn.checker.explore.checkpoint.written", full)
        stopped = searched(kept)
    assert "No space left on device" in stopped.stopped
    assert searched(kept).states == 1_564


def test_a_broken_machine_is_not_taken_for_sound(tmp_path: Path) -> None:
    broken = BROKEN["caches"].instance
    found = explore(broken, Options(memory=200, checkpoint=tmp_path))
    assert differences(found, oracle.explore(broken)) == ()


@pytest.mark.slow
def test_an_instance_four_times_larger_than_the_memory_is_searched(tmp_path: Path) -> None:
    found = explore(instance("claim-segments"), Options(memory=3_000_000, checkpoint=tmp_path, goals=False))
    assert (found.states, found.transitions) == (1_521_152, 5_907_040)  # as SPIN counts
    assert found.states * 8 > 4 * 3_000_000
