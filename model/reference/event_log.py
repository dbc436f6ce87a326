"""The event log: JSON lines of every step, with what was seen of the state after it, in the words of the model.

It is a trace, as ``attorn.spec.trace`` has it; ``perhaps`` lists steps of which nobody lives who knows whether they
happened, such as the one that a process was asked for when it died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from attorn.model.reference.refusals import Damaged
from attorn.spec.language.values import Value
from attorn.spec.trace import Event, Header, Said

__all__ = ["EventLog", "Tail"]

_encode = msgspec.json.Encoder().encode


class EventLog:
    """Appends lines to a file, and hands each to whoever listens.

    header: begins the log, in place of what the file held; without one the log goes on where another has left it.
    held: keep lines until ``flush``, so that nobody waits for the file while a VM stands still.
    """

    def __init__(self, path: Path | None, header: Header | None, held: bool = False) -> None:
        self._held: list[Event] | None = [] if held else None
        self.path = path
        self.header = header
        self.listeners: list[Callable[[Event], None]] = []
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
            self._write([Event(perhaps=told, time=round(time.monotonic(), 6), note=note)])

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

    def _write(self, lines: Sequence[Event]) -> None:
        if self._held is not None:
            self._held += lines
            return
        if self._file is not None:
            self._file.write(b"".join(_encode(line) + b"\n" for line in lines))
        for listener in self.listeners:
            for line in lines:
                listener(line)


class Tail:
    """Reads the lines that are added to a log, as far as they are whole, after those that are there already."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size

    def lines(self) -> Iterator[Event]:
        """The lines since the last time; raises Damaged for one that is none."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            whole, end, _ = file.read().rpartition(b"\n")
        self._at += len(whole) + len(end)
        for content in whole.splitlines():
            try:
                yield msgspec.json.decode(content, type=Event)
            except msgspec.DecodeError as error:
                raise Damaged(f"{self._path}: not a line of a log: {error}.") from None
