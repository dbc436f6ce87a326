"""Lines of a file or a pipe, as they come: constant memory, and no waiting for more than one line."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

from attorn.spec.errors import BadInput

__all__ = ["ByteLines"]

CHUNK = 1 << 16
MOST_BYTES = 1 << 20


class ByteLines:
    """Numbered lines, without their ends; a line is handed on as soon as its end has come.

    name:     what messages call the file.
    most:     bytes that a line may have; a longer one is bad input, not a reason to take all memory.
    patience: seconds to wait for more; for ever where None. Set it to look ahead in a pipe that may stay silent.
    cut:      whether the last line given out had no end: the file may have been cut off in it.
    """

    def __init__(self, descriptor: int, name: str, most: int = MOST_BYTES) -> None:
        self.name = name
        self.patience: float | None = None
        self.cut = False
        self._descriptor = descriptor
        self._most = most
        self._lines = self._split()

    @staticmethod
    def of(file: str) -> ByteLines:
        """The lines of a file by name, or of standard input where the name is ``-``. Raises BadInput."""
        if file == "-":
            return ByteLines(0, "standard input")
        try:
            return ByteLines(os.open(file, os.O_RDONLY), file)
        except OSError as error:
            raise BadInput(f"cannot read {file}: {error.strerror}.") from error

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self._lines

    def _split(self) -> Iterator[tuple[int, bytes]]:
        number, rest = 0, b""
        while chunk := self._read():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                number += 1
                if len(line) > self._most:
                    raise self._too_long(number)
                yield number, line
            if len(rest) > self._most:
                raise self._too_long(number + 1)
        if rest:
            self.cut = True
            yield number + 1, rest

    def _too_long(self, number: int) -> BadInput:
        return BadInput(
            f"{self.name}:{number}:{self._most + 1}: the line is longer than {self._most:,} bytes. "
            "A trace has one JSON object a line."
        )

    def _read(self) -> bytes:
        """What has come; nothing at the end, or where nothing comes in time."""
        if self.patience is not None and not select.select([self._descriptor], [], [], self.patience)[0]:
            return b""
        try:
            return os.read(self._descriptor, CHUNK)
        except OSError as error:
            raise BadInput(f"cannot read {self.name}: {error.strerror}.") from error
