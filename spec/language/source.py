"""Where in the author's files something was written."""

from __future__ import annotations

import linecache
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

__all__ = ["Where", "author", "here"]

# By names of modules: methods that dataclasses make have no file. Cached properties trace when first asked.
_OURS = (__name__.rpartition(".")[0], "functools")
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


@dataclass(frozen=True, order=True)
class Where:
    """A line of a file."""

    file: str
    line: int

    @property
    def text(self) -> str:
        """The source line itself, stripped, or nothing if it cannot be read."""
        return linecache.getline(self.file, self.line).strip()

    @property
    def path(self) -> str:
        """The file as a reader knows it: relative to the package or to the working folder."""
        for root in (_PACKAGE, os.path.realpath(_PACKAGE) + os.sep, os.getcwd() + os.sep):
            if self.file.startswith(root):
                return Path(self.file[len(root) :]).as_posix()
        return self.file

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def here() -> Where:
    """The innermost line outside the language itself: what the author wrote."""
    frame = author()
    return Where(frame.f_code.co_filename, frame.f_lineno)


def author() -> FrameType:
    """The innermost frame outside the language itself."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
    return frame
