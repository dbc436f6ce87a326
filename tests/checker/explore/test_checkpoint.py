"""A search that is lost at any moment goes on from what it left, to the same answers; nothing else is taken up."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attorn.checker.explore import Options, checkpoint, disk, explore
from attorn.checker.explore.options import Engine
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.checker.verdicts import Evidence
from attorn.model.instances import instance
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance
from tests.machines.known import BROKEN

TINY = BROKEN["caches"].instance
PLAIN = explore(TINY)


class Killed(BaseException):
    """What no part of the search catches."""


def dies_at(patch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """Let what settles files fail at one of its calls."""
    calls = iter(range(10_000))
    real = disk.settle

    def settle(file: object) -> None:
        if next(calls) == number:
            raise error
        real(file)

    for room in (disk, checkpoint):
        patch.setattr(room, "settle", settle)


def written_files() -> int:
    """How often a whole search settles a file: for the first level, after each, and each time for the index too."""
    return 2 * (1 + len(PLAIN.levels))


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
@pytest.mark.parametrize("symmetry", [False, True], ids=["plain", "symmetry"])
def test_a_search_that_is_lost_at_any_write_goes_on_to_the_same_answers(
    symmetry: bool, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(symmetry=symmetry, engine=engine)
    expected = explore(TINY, options)
    for number in range(written_files()):
        kept = replace(options, checkpoint=tmp_path / str(number))
        with monkeypatch.context() as context:
            dies_at(context, number, Killed())
            with pytest.raises(Killed):
                explore(TINY, kept)
        assert explore(TINY, kept) == expected


def test_no_write_beyond_those_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dies_at(monkeypatch, written_files(), Killed())
    assert explore(TINY, Options(checkpoint=tmp_path)) == PLAIN


def test_a_search_that_was_lost_again_and_again_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Options(checkpoint=tmp_path)
    for _ in range(written_files()):
        with monkeypatch.context() as context:
            dies_at(context, 3, Killed())
            try:
                assert explore(TINY, kept) == PLAIN
                break
            except Killed:
                continue
    else:
        pytest.fail("it never came to an end")


@pytest.mark.parametrize(("first", "then"), [("arrays", "compiled"), ("compiled", "arrays")])
def test_what_one_engine_left_another_takes_up(first: Engine, then: Engine, tmp_path: Path) -> None:
    stopped = explore(TINY, Options(checkpoint=tmp_path, engine=first, max_states=PLAIN.states // 2))
    assert not stopped.finished
    assert explore(TINY, Options(checkpoint=tmp_path, engine=then)) == PLAIN


def test_machine_code_leaves_the_states_to_the_disk_before_they_outgrow_their_memory(tmp_path: Path) -> None:
    options = Options(checkpoint=tmp_path, engine="compiled", memory=24 << 20)
    search = Search(Prepared.of(instance("claim-segments")), {}, options)
    search.run()
    assert search.by == "machine code"
    assert search.moved > 0
    assert search.peak <= 24 << 20
    assert search.states == 1_521_152  # as SPIN counts them


def test_violations_found_before_are_told_after(tmp_path: Path) -> None:
    memfd = instance("memfd")
    kept = Options(checkpoint=tmp_path, goals=False)
    explore(memfd, replace(kept, max_states=9_000))
    assert explore(memfd, kept) == explore(memfd, Options(goals=False))


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
def test_a_full_disk_ends_the_search_undetermined_and_it_goes_on_later(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Options(checkpoint=tmp_path, engine=engine)
    with monkeypatch.context() as context:
        dies_at(context, 5, OSError(errno.ENOSPC, "No space left on device"))
        stopped = explore(TINY, kept)
    assert not stopped.finished
    assert "No space left on device" in stopped.stopped
    assert Evidence.EXHAUSTED not in {each.evidence for each in stopped.verdicts}
    assert explore(TINY, kept) == PLAIN


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Options(symmetry=True), "its symmetry is False"),
        (Options(goals=False), "its goals is True"),
        (Options(properties=("one_writer",)), "its properties is None"),
    ],
    ids=["symmetry", "goals", "properties"],
)
def test_what_another_search_left_is_not_taken_up(other: Options, said: str, tmp_path: Path) -> None:
    explore(TINY, Options(checkpoint=tmp_path))
    with pytest.raises(BadInput, match=said):
        explore(TINY, replace(other, checkpoint=tmp_path))


def test_what_another_size_left_is_not_taken_up(tmp_path: Path) -> None:
    explore(TINY, Options(checkpoint=tmp_path))
    with pytest.raises(BadInput, match="its size is"):
        explore(Instance.of(TINY.machine, Cache=2), Options(checkpoint=tmp_path))


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def shortened(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize("harm", [altered, shortened, Path.unlink])
@pytest.mark.parametrize("file", ["level-00002-0.u64", "search.json"])
def test_files_that_are_not_as_they_were_left_are_refused(
    file: str, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    kept = Options(checkpoint=tmp_path)
    explore(TINY, kept)
    harm(tmp_path / TINY.name / file)
    if (file, harm) == ("search.json", Path.unlink):  # Then nothing was ever finished, and all is done anew.
        assert explore(TINY, kept) == PLAIN
        return
    with pytest.raises(BadInput, match=file):
        explore(TINY, kept)


def test_another_format_is_refused(tmp_path: Path) -> None:
    explore(TINY, Options(checkpoint=tmp_path))
    index = tmp_path / TINY.name / "search.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"format": 0}))
    with pytest.raises(BadInput, match="has format 0"):
        explore(TINY, Options(checkpoint=tmp_path))
