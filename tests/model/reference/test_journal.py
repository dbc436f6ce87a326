"""The journal and the table: what was durable comes back, what was torn never happened, what is damaged is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.model.reference.journal import Journal
from attorn.model.reference.records import (
    Allocated,
    Entered,
    Intended,
    Moved,
    Plan,
    Record,
    Settled,
    Snapshot,
    Started,
    Withdrawn,
)
from attorn.model.reference.refusals import Damaged, Refused
from attorn.model.reference.table import Table

SIZE = 4096
BEGINNING: list[Record] = [
    Snapshot(size=SIZE, partitions=("partition0", "partition1"), owner=["partition0"] * 3 + ["partition1"]),
    Started("vm0", "partition0", Plan(guest="pretend")),
    Allocated("vm0", {0: 0, 1: SIZE}),
]
MIGRATION: list[Record] = [
    Intended("vm0", "partition1", b"configuration"),
    Moved("vm0", "partition1", (0, 1), "reassign"),
    Entered("vm0"),
    Settled("vm0"),
]


def written(path: Path, records: list[Record]) -> None:
    journal: Journal[Record] = Journal(path, Record)
    assert list(journal.replay()) == []
    for record in records:
        journal.append(record)
    journal.close()


def replayed(path: Path) -> list[Record]:
    journal: Journal[Record] = Journal(path, Record)
    try:
        return list(journal.replay())
    finally:
        journal.close()


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path, [*BEGINNING, *MIGRATION])
    assert replayed(path) == [*BEGINNING, *MIGRATION]


@pytest.mark.parametrize("missing", [1, 3, 15, 16, 17])
def test_a_torn_end_is_cut_off_and_the_journal_goes_on_from_there(tmp_path: Path, missing: int) -> None:
    path = tmp_path / "journal"
    written(path, [*BEGINNING, *MIGRATION])
    path.write_bytes(path.read_bytes()[:-missing])
    assert replayed(path) == [*BEGINNING, *MIGRATION[:-1]]
    journal: Journal[Record] = Journal(path, Record)
    list(journal.replay())
    journal.append(MIGRATION[-1])
    journal.close()
    assert replayed(path) == [*BEGINNING, *MIGRATION]


def test_a_bit_flipped_before_the_end_is_an_error_and_no_record_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path, [*BEGINNING, *MIGRATION])
    whole = path.read_bytes()
    last = len(replayed(path)) - 1
    outcomes = set()
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        path.write_bytes(damaged)
        try:
            outcomes.add(len(replayed(path)))
        except Damaged:
            outcomes.add(-1)
    # Only the last record can be taken for torn; damage anywhere else is told.
    assert outcomes == {-1, last}


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"dear diary, today nothing happened\n" * 9)
    with pytest.raises(Damaged, match="not a journal"):
        replayed(path)


def test_one_record_can_stand_for_all(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path, [*BEGINNING, *MIGRATION])
    table = Table.replayed(replayed(path))
    assert table is not None
    journal: Journal[Record] = Journal(path, Record)
    list(journal.replay())
    journal.rewrite(table.snapshot())
    journal.append(Intended("vm0", "partition0", b"back"))
    journal.close()
    again = Table.replayed(replayed(path))
    assert again is not None
    assert again.entry("vm0").source == "partition1" and again.entry("vm0").configuration == b"back"
    assert again.owner == ["partition1", "partition1", "partition0", "partition1"]


# Each with what must be refused after the beginning and these further records, and why.
REFUSED: list[tuple[list[Record], Record, str]] = [
    ([], Started("vm0", "partition0", Plan(guest="pretend")), "exists already"),
    ([], Allocated("vm0", {0: 2 * SIZE}), "segment 0 is allocated to vm0"),
    ([], Allocated("vm0", {3: 2 * SIZE}), "segment 3 belongs to partition1"),
    ([], Allocated("vm0", {2: SIZE}), "has memory at guest address"),
    ([], Allocated("vm0", {9: 2 * SIZE}), "no segment 9"),
    ([], Moved("vm0", "partition1", (0,), "reassign"), "does not migrate"),
    ([], Entered("vm0"), "has not given it away"),
    ([], Settled("vm0"), "has not been let in"),
    (MIGRATION[:1], Entered("vm0"), "partition1 does not own segment"),
    (MIGRATION[:1], Intended("vm0", "partition1", b"again"), "migrates to partition1 already"),
    (MIGRATION[:1], Moved("vm0", "partition1", (2,), "reassign"), "segment 2 is not allocated to VM vm0"),
    (MIGRATION[:2], Withdrawn("vm0"), "partition0 does not own segment"),
    (MIGRATION[:3], Withdrawn("vm0"), "too late to take back"),
    (MIGRATION[:3], Entered("vm0"), "was let in before"),
    (MIGRATION[:3], Moved("vm0", "partition0", (0, 1), "give_back"), "has been let in; its segments stay"),
]


@pytest.mark.parametrize(
    ("before", "record", "why"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_table_refuses(before: list[Record], record: Record, why: str) -> None:
    table = Table.replayed([*BEGINNING, *before])
    assert table is not None
    with pytest.raises(Refused, match=why):
        table.check(record)
