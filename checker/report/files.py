"""Writing the report: aside first, then renamed, so that no file is ever half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attorn.spec.errors import BadInput

__all__ = ["output_folder", "write_files"]


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Make sure, before anything else is done, that files can be written to a folder; it is made if need be.

    Folders that were made and are still empty at the end are removed again. Raises BadInput.
    """
    made = _missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _remove_empty(made)
        raise BadInput(
            f"cannot write to the folder {folder}: {error.strerror}. Choose another one with --out."
        ) from error
    try:
        yield
    finally:
        _remove_empty(made)


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts by file name: all aside, then each renamed into place. Raises BadInput."""
    aside: dict[Path, Path] = {}
    try:
        for name, text in texts.items():
            aside[folder / name] = folder / f".{name}.{os.getpid()}.partial"
            aside[folder / name].write_text(text, encoding="utf-8", newline="\n")
        for final, partial in aside.items():
            partial.replace(final)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}.") from error
    finally:
        for partial in aside.values():
            partial.unlink(missing_ok=True)


def _missing(folder: Path) -> list[Path]:
    """The folder and its parents that do not exist, innermost first."""
    return [each for each in (folder, *folder.parents) if not each.exists()]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:  # It holds the report, or was never made.
            return
