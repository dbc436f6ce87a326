"""The compiled set of states against Python's own, where it is easy and where everything collides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attorn.checker.explore.compiled import table as module
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.compiled.threads import Threads
from attorn.spec.errors import TooLarge

Rows = NDArray[np.uint64]
MEMORY = 1 << 28
EVERY_BIT = (1 << 64) - 1
# Which bits of the hash count: the highest four choose the segment, the 32 after them are the fingerprint.
HASHES = {
    "whole": EVERY_BIT,
    "one segment": EVERY_BIT >> 4,
    "sixteen fingerprints": 0xF << 28 | 0xF << 60,
    "high fingerprints": 0xF << 56,
    "nothing": 0,
}


def drawn(seed: int, count: int, words: int, values: int) -> Rows:
    """States, many of them more than once, zero among them; those of several words differ in any of them."""
    rows = np.random.default_rng(seed).integers(0, values, (count, words)).astype(np.uint64)
    rows[np.arange(count), np.arange(count) % words] <<= np.uint64(40)
    rows[count // 2] = 0
    return rows


def in_order(rows: Rows) -> list[tuple[int, ...]]:
    return list(dict.fromkeys(map(tuple, rows.tolist())))


@pytest.mark.parametrize("hashed", HASHES.values(), ids=HASHES.keys())
@pytest.mark.parametrize("words", [1, 2, 3, 4, 7])
def test_new_states_are_logged_once_in_the_order_in_which_they_come(words: int, hashed: int) -> None:
    rows = drawn(1, 3_000, words, 1_000)
    table = Table(words, MEMORY, hashed)
    met: set[tuple[int, ...]] = set()
    for first in range(0, len(rows), 371):
        batch = rows[first : first + 371]
        new = {*map(tuple, batch.tolist())} - met
        assert table.insert(batch) == len(new)
        met |= new
    assert [*map(tuple, table.log.tolist())] == in_order(rows)
    assert len(table) == len(met)
    assert table.find(table.log).tolist() == [*range(len(met))]


@pytest.mark.parametrize("words", [1, 3])
def test_what_was_not_inserted_is_not_found(words: int) -> None:
    table = Table(words, MEMORY)
    assert table.find(np.zeros((1, words), np.uint64)).tolist() == [-1]
    rows = drawn(2, 5_000, words, 1 << 30)
    table.insert(rows[:2_000])
    met = {*map(tuple, rows[:2_000].tolist())}
    found = table.find(rows) >= 0
    assert found.tolist() == [row in met for row in map(tuple, rows.tolist())]
    assert not found.all()


def test_a_table_grows_and_keeps_what_it_has() -> None:
    rows = np.random.default_rng(3).permutation(400_000).astype(np.uint64)[:, None]
    table = Table(1, MEMORY)
    sizes = []
    for first in range(0, len(rows), 50_000):
        assert table.insert(rows[first : first + 50_000]) == 50_000
        sizes.append(table.bytes / len(table))
    assert (table.log == rows).all()
    assert (table.find(rows) == np.arange(len(rows))).all()
    # A word of state, and a word for each slot, of which between four fifths and eight fifteenths are used.
    assert all(8 + 8 / (4 / 5) <= each <= 8 + 8 / (8 / 15) for each in sizes)


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("hashed", HASHES.values(), ids=HASHES.keys())
def test_the_log_is_the_same_for_any_number_of_threads_and_any_division(hashed: int, threads: int) -> None:
    rows = drawn(4, 60_000 if hashed == EVERY_BIT else 3_000, 2, 5_000 if hashed == EVERY_BIT else 30)
    alone, shared = Table(2, MEMORY, hashed), Table(2, MEMORY, hashed)
    team = Threads(threads)
    for batch in np.array_split(rows, 7):
        shares = np.array_split(batch, [len(batch) // 5, len(batch) // 2])  # of different lengths
        parts = np.full((len(shares), len(batch), 2), 7, np.uint64)
        for part, share in zip(parts, shares, strict=True):
            part[: len(share)] = share
        new = alone.insert(batch)
        assert shared.insert_parts(parts, [len(share) for share in shares], team) == new
    assert shared.log.tobytes() == alone.log.tobytes()
    assert (shared.find(alone.log) == np.arange(len(alone))).all()
    assert [*map(tuple, alone.log.tolist())] == in_order(rows)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_batch_can_be_sifted_while_another_is_taken(threads: int) -> None:
    rows = drawn(5, 12_000, 2, 2_000).reshape(6, 2, 1_000, 2)
    table, team = Table(2, MEMORY), Threads(threads)
    buffers = np.empty((2, 2, 1_000, 2), np.uint64)
    batches = [table.batch(buffer, threads) for buffer in buffers]
    for number in range(len(rows) + 1):
        if number < len(rows):
            buffers[number % 2] = rows[number]
            for part in (1, 0):
                batches[number % 2].sift(part, 1_000)
        if number:
            table.take(batches[(number - 1) % 2], 2, team)
    assert [*map(tuple, table.log.tolist())] == in_order(rows.reshape(-1, 2))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_table_stops_at_its_memory_and_still_knows_what_it_had(threads: int) -> None:
    memory, rows = 3_000_000, np.arange(400_000, dtype=np.uint64).reshape(-1, 1_000, 1)
    table, team = Table(1, memory), Threads(threads)
    with pytest.raises(MemoryError, match="no room for more"):
        for batch in rows:
            table.insert_parts(batch.reshape(2, 500, 1), [500, 500], team)
            assert table.bytes <= memory
    assert 40_000 <= len(table) < memory / 16
    assert (table.find(rows.reshape(-1, 1)[: len(table)]) == np.arange(len(table))).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_more_states_than_a_slot_can_name_are_refused(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 100)  # instead of 2**32 - 1
    table = Table(1, MEMORY)
    rows = np.arange(200, dtype=np.uint64)[:, None]
    assert table.insert(rows[:90]) == 90
    with pytest.raises(TooLarge, match="tells at most 100 states apart"):
        table.insert_parts(rows[None], [200], Threads(threads))


def test_a_table_that_an_error_left_half_done_takes_no_more() -> None:
    table = Table(1, 1_000_000)
    with pytest.raises(MemoryError):
        table.insert(np.arange(100_000, dtype=np.uint64)[:, None])
    with pytest.raises(AssertionError, match="takes no more"):
        table.insert(np.zeros((1, 1), np.uint64))
