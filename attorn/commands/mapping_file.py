"""What lines of a log mean, as a file of the user's own says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attorn.checker.conform.mapping import LogMapping
from attorn.commands.machine_file import imported
from attorn.spec.errors import BadInput

__all__ = ["load_mapping"]


def load_mapping(name: str) -> LogMapping:
    """The mapping of a file: its function ``read``, and its list ``hidden``; one of them may be missing.

    Raises BadInput where the file cannot be read or imported, or has neither.
    """
    file = Path(name)
    if not file.is_file():
        raise BadInput(f"there is no file {file}.")
    module = imported(file)
    read, hidden = getattr(module, "read", None), getattr(module, "hidden", ())
    if read is None and not hidden:
        raise BadInput(f"{file} defines no mapping. Write a function read(event) in it, or a list `hidden` of actions.")
    if read is not None and not callable(read):
        raise BadInput(f"{file}: `read` must be a function of an event.")
    if isinstance(hidden, str) or not isinstance(hidden, Iterable) or not all(isinstance(each, str) for each in hidden):
        raise BadInput(f"{file}: `hidden` must be a list of names of actions.")
    return LogMapping(read, tuple(hidden))
