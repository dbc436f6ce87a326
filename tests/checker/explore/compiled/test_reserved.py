"""Memory is reserved as far as the system lends it, begins where a line of the cache does, and is zero."""

from __future__ import annotations

import mmap
from typing import Any

import pytest

from attorn.checker.explore.compiled.reserved import Reserved, installed
from attorn.checker.explore.team import available, together

MIB = 1 << 20


def refuse_above(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lend = mmap.mmap

    def lent(number: int, size: int, **how: Any) -> mmap.mmap:
        if size > limit:
            raise OSError(12, "Cannot allocate memory")
        return lend(number, size, **how)

    monkeypatch.setattr(mmap, "mmap", lent)


def test_memory_is_zero_and_can_be_written() -> None:
    room = Reserved(4 * MIB)
    assert len(room.words) == 4 * MIB // 8
    assert room.address % 64 == 0
    room.use(1)
    room.use(3 * MIB)
    assert not room.words.any()
    room.words[[0, -1]] = 7
    assert room.words.sum() == 14


def test_half_is_left_to_others_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_above(5 * MIB, monkeypatch)
    assert Reserved(5 * MIB).words.nbytes == 5 * MIB
    assert Reserved(16 * MIB).words.nbytes == 2 * MIB  # 4 MiB are lent


def test_where_nothing_is_lent_memory_is_exhausted(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_above(0, monkeypatch)
    with pytest.raises(MemoryError, match="lends no memory"):
        Reserved(MIB)


def test_a_machine_has_memory() -> None:
    assert installed() >= 256 * MIB


@pytest.mark.skipif(not available(), reason="this system cannot fork")
def test_a_process_with_much_memory_reserved_can_fork() -> None:
    rooms = [Reserved(installed()) for _ in range(3)]
    rooms[0].words[0] = 7
    assert together([lambda: 1, lambda: 2], lambda: None) == [1, 2]
    assert rooms[0].words[0] == 7
