"""Many hops in one go leave nothing behind: no process, open file, mapping, file or byte of a segment."""

from __future__ import annotations

import os

import pytest

from attorn.model.reference.holdings import holdings, left_behind, resident
from attorn.model.reference.host import Host

WARM = 4
ROOM = 4 << 20
"""Bytes that firmware and partitions may grow by in a thousand hops: caches that fill, and no more than that."""


@pytest.mark.parametrize(
    "hops", [12, pytest.param(1000, marks=(pytest.mark.slow, pytest.mark.timeout(1800)), id="a thousand")]
)
def test_hops_leave_nothing_behind(hops: int) -> None:
    with Host(2, engine="pretend", segments=8, size=1 << 16, observe=False) as host:
        vm = host.create(segments=4)
        for number in range(WARM):
            assert vm.migrate(f"partition{(number + 1) % 2}").migrated
        before, own = holdings(host), resident(host)
        for number in range(hops):
            assert vm.migrate(f"partition{(number + 1) % 2}").migrated
        assert left_behind(host, before) == {}
        assert resident(host) - own < ROOM
        assert vm.status.running and host.departure is None


def test_what_is_left_behind_is_counted() -> None:
    with Host(2, engine="pretend", segments=2, size=1 << 16) as host:
        host.create(segments=1)
        before = holdings(host)
        kept = os.memfd_create("kept")
        (host.directory / "left").write_text("here")
        assert left_behind(host, before, seconds=0.1) == {"open files": 1, "files of the host": 1}
        os.close(kept)
