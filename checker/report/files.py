"""Writing files: aside first, then renamed, so that none is ever half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
    """Write texts by file name, in folders below if the names say so: all aside, then each renamed into place.

    The last name is renamed last. Raises BadInput.
    """
    aside: dict[Path, Path] = {}
    try:
        for name, text in texts.items():
            final = folder / name
            final.parent.mkdir(parents=True, exist_ok=True)
            aside[final] = final.with_name(f".{final.name}.{os.getpid()}.partial")
            aside[final].write_text(text, encoding="utf-8", newline="\n")
        for final, partial in aside.items():
            partial.replace(final)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}.") from error
    finally:
        for partial in aside.values():
            with suppress(OSError):  # Where nothing can be written, nothing is there to be removed.
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
