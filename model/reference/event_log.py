"""The event log: JSON lines of every step, with what was seen of the state after it, in the words of the model.

The first line is a header; each other line is one event, or what was seen without one. That is attorn's trace format.
One kind of line is the log's own: ``perhaps`` lists steps of which nobody lives who knows whether they happened, such
as the one that a process was asked for when it died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from attorn.model.reference.refusals import Damaged

__all__ = ["Event", "EventLog", "Header", "Line", "Perhaps", "Said", "Tail", "Value", "read_log"]

Value = bool | int | str | None
"""True or false, a number, the name of an element or member, or null for nothing."""


class Header(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the log is a log of: the machine, sizes of its sorts, and who wrote it."""

    format: Literal["attorn-trace"]
    version: Literal[1]
    machine: str
    digest: str = ""
    sizes: dict[str, int] = {}
    hidden: tuple[str, ...] = ()
    recorder: str = ""


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step by its name, with its arguments by theirs."""

    event: str
    arguments: dict[str, Value] = {}


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A step that happened, and cells of the state as they were seen after it; either may be missing."""

    time: float = 0.0
    party: str = ""
    event: str = ""
    arguments: dict[str, Value] = {}
    state: dict[str, Value] = {}
    note: str = ""


class Perhaps(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that may have happened since the line before: of each group all, or none."""

    perhaps: Annotated[tuple[tuple[Said, ...], ...], msgspec.Meta(min_length=1)]
    time: float = 0.0
    note: str = ""


Line = Event | Perhaps
_encode = msgspec.json.Encoder().encode


class EventLog:
    """Appends lines to a file, and hands each to whoever listens.

    header: begins the log, in place of what the file held; without one the log goes on where another has left it.
    held: keep lines until ``flush``, so that nobody waits for the file while a VM stands still.
    """

    def __init__(self, path: Path | None, header: Header | None, held: bool = False) -> None:
        self._held: list[Line] | None = [] if held else None
        self.path = path
        self.header = header
        self.listeners: list[Callable[[Line], None]] = []
        self._start = time.monotonic()
        self._file = None if path is None else path.open("ab" if header is None else "wb", buffering=0)
        if self._file is not None and header is not None:
            self._file.write(_encode(header) + b"\n")

    def event(
        self,
        party: str,
        event: str,
        arguments: Mapping[str, Value] | Sequence[Mapping[str, Value]] = (),
        state: Mapping[str, Value] | None = None,
        note: str = "",
    ) -> None:
        """Log a step; given several sets of arguments, that many steps of the name, with the state after the last."""
        now = round(time.monotonic(), 6)
        many = [arguments] if isinstance(arguments, Mapping) else list(arguments)
        lines = [Event(time=now, party=party, event=event, arguments=dict(each)) for each in many]
        if lines:
            lines[-1] = msgspec.structs.replace(lines[-1], state=dict(state or {}), note=note)
        self._write(lines)

    def seen(self, state: Mapping[str, Value], note: str = "") -> None:
        """Log what was seen, without a step."""
        self._write([Event(time=round(time.monotonic(), 6), state=dict(state), note=note)])

    def perhaps(self, groups: Sequence[Sequence[Said]], note: str = "") -> None:
        """Log steps of which it is not known whether they happened."""
        told = tuple(tuple(group) for group in groups if group)
        if told:
            self._write([Perhaps(perhaps=told, time=round(time.monotonic(), 6), note=note)])

    @property
    def silent(self) -> bool:
        """Whether nobody would read what is logged."""
        return self._file is None and not self.listeners

    def flush(self) -> None:
        """Write what was kept."""
        if self._held:
            lines, self._held = self._held, None
            self._write(lines)
            self._held = []

    def close(self) -> None:
        """Close the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, lines: Sequence[Line]) -> None:
        if self._held is not None:
            self._held += lines
            return
        if self._file is not None:
            self._file.write(b"".join(_encode(line) + b"\n" for line in lines))
        for listener in self.listeners:
            for line in lines:
                listener(line)


def read_log(path: Path) -> tuple[Header, Iterator[Line]]:
    """The header and the lines of a log; raises Damaged, with the line, for what is none."""
    first, *rest = path.read_bytes().splitlines() or [b""]
    try:
        header = msgspec.json.decode(first, type=Header)
    except msgspec.DecodeError as error:
        raise Damaged(f"{path}:1: expected a header of attorn-trace, version 1: {error}.") from None
    return header, (_line(content, f"{path}:{number}") for number, content in enumerate(rest, start=2))


class Tail:
    """Reads the lines that are added to a log, as far as they are whole, after those that are there already."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size

    def lines(self) -> Iterator[Line]:
        """The lines since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            whole, end, _ = file.read().rpartition(b"\n")
        self._at += len(whole) + len(end)
        for content in whole.splitlines():
            yield _line(content, str(self._path))


def _line(content: bytes, where: str) -> Line:
    kind: type[Line] = Perhaps if content.startswith(b'{"perhaps"') else Event
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise Damaged(f"{where}: not a line of a log: {error}.") from None
