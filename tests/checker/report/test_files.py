"""Reports appear whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from attorn.checker.report import output_folder, write_files
from attorn.spec.errors import BadInput


def test_folders_are_made_and_files_written(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with output_folder(folder):
        write_files(folder, {"x.md": "text\n", "x.json": "{}\n"})
    assert sorted(each.name for each in folder.iterdir()) == ["x.json", "x.md"]
    assert (folder / "x.md").read_bytes() == b"text\n"


def test_old_files_are_replaced_and_others_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("old")
    (tmp_path / "notes").write_text("mine")
    with output_folder(tmp_path):
        write_files(tmp_path, {"x.md": "new"})
    assert (tmp_path / "x.md").read_text() == "new"
    assert (tmp_path / "notes").read_text() == "mine"


def test_folders_that_stay_empty_are_removed_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), output_folder(tmp_path / "a" / "b"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with output_folder(tmp_path / "a"):
        pass
    assert (tmp_path / "a").is_dir()


def test_a_file_in_the_way_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "b"):
        with pytest.raises(BadInput, match=r"cannot write to the folder .* Choose another one"), output_folder(folder):
            pytest.fail("the search would have begun")
    assert (tmp_path / "file").read_text() == "mine"


def test_if_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("old")
    with pytest.raises(BadInput, match="cannot write to"):
        write_files(tmp_path, {"x.md": "new", "x.md/x.json": "{}"})
    assert (tmp_path / "x.md").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.md"]


def test_a_file_system_that_can_only_be_read_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: Path, *given: object, **named: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    for name in ("write_text", "unlink"):  # A read-only file system refuses to remove even what is not there.
        monkeypatch.setattr(Path, name, refuses)
    with pytest.raises(BadInput, match=r"cannot write to .*: Read-only file system"):
        write_files(tmp_path, {"x.md": "new"})
