"""Reading a trace: each line is what the format says, or the reader says where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.json_places import Twice, column, not_json, refuse_twice
from attorn.spec.errors import BadInput
from attorn.spec.language.values import Value
from attorn.spec.trace import FORMAT, VERSION, Event, Header

__all__ = ["Line", "TraceReader"]

T = TypeVar("T")
MOST_KEPT = 20_000
LEAD = b'{"time":'
PLACE = re.compile(r"(?P<text>Object contains unknown field `(?P<field>.*)`|.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
KEYS = re.compile(r"\.(\w+)")
EXPECTED_HEADER = (
    f'expected a header such as {{"format":"{FORMAT}","version":{VERSION},"machine":"NAME"}} on the first line'
)


class Line(NamedTuple):
    """One event as it stands in its file; lines that differ only in their time share one event."""

    number: int
    time: float | None
    event: Event
    raw: bytes


class TraceReader:
    """The header and the lines of a trace; iterate once. All that is wrong raises BadInput: ``file:line:column: what``.

    Cost: lines that differ from an earlier one only in their time, which comes first, are not read again.
    """

    def __init__(self, lines: ByteLines) -> None:
        self.lines = lines
        self._header_decoder = msgspec.json.Decoder(Header)
        self._decoder = msgspec.json.Decoder(Event)
        self._time = msgspec.json.Decoder(float)
        self.header = self._read_header()

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.lines.name

    def __iter__(self) -> Iterator[Line]:
        kept: dict[bytes, Event] = {}
        latest: float | None = None
        for number, raw in self.lines:
            time, rest = self._timed(raw)
            event = kept.get(rest)
            if event is None:
                event = self._read(number, raw)
                time = event.time
                if rest is not raw:
                    event = msgspec.structs.replace(event, time=None)
                if len(kept) >= MOST_KEPT:
                    kept.clear()
                kept[rest] = event
            elif rest is raw:
                time = event.time
            if time is not None:
                if latest is not None and time < latest:
                    text = f"expected a time of {latest} or later; the lines of a trace are in order of time"
                    raise self._error(number, raw, ("time",), text)
                latest = time
            yield Line(number, time, event, raw)

    def hurry(self, seconds: float) -> None:
        """From now on end where no line comes for so long."""
        self.lines.patience = seconds

    def error(self, line: Line, path: Sequence[str], text: str) -> BadInput:
        """What is wrong with a line, and where: at the key that a path leads to."""
        return self._error(line.number, line.raw, path, text)

    def _error(self, number: int, raw: bytes, path: Sequence[str], text: str, which: int = 1) -> BadInput:
        return BadInput(f"{self.name}:{number}:{column(raw.decode(errors='replace'), path, which)}: {text}.")

    def _timed(self, raw: bytes) -> tuple[float | None, bytes]:
        """The time at the head of a line, and the rest; the line itself where it has no such head."""
        if raw.startswith(LEAD):
            end = raw.find(b",")
            try:
                return self._time.decode(raw[len(LEAD) : end]), raw[end:]
            except msgspec.DecodeError:
                pass
        return None, raw

    def _read_header(self) -> Header:
        found = next(iter(self.lines), None)
        if found is None:
            raise BadInput(f"{self.name}:1:1: the file is empty; {EXPECTED_HEADER}.")
        number, raw = found
        try:
            said = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            said = None
        if isinstance(said, dict):
            if said.get("format") != FORMAT:
                raise self._error(number, raw, ("format",), EXPECTED_HEADER)
            if said.get("version") != VERSION:
                raise self._error(
                    number, raw, ("version",), f"expected version {VERSION} of the format, which this attorn reads"
                )
        return self._checked(number, raw, self._header_decoder)

    def _read(self, number: int, raw: bytes) -> Event:
        event = self._checked(number, raw, self._decoder)
        if not (event.event or event.state or event.perhaps):
            raise self._error(number, raw, (), "expected an event, or what was seen of the state; the line has neither")
        return event

    def _checked(self, number: int, raw: bytes, decoder: msgspec.json.Decoder[T]) -> T:
        """The line as the format says it; the mistakes that msgspec lets pass or does not place are found here."""
        try:
            said = decoder.decode(raw)
            refuse_twice(raw)
        except msgspec.ValidationError as error:
            found = PLACE.fullmatch(str(error))
            assert found is not None
            path = [*KEYS.findall(found["path"] or "")]
            if "[...]" in (found["path"] or ""):
                path.append(_misfit(json.loads(raw, parse_int=_small)[path[0]]))
            raise self._error(number, raw, path or [found["field"] or ""], _sentence(found["text"])) from error
        except Twice as error:
            raise self._error(number, raw, (str(error),), f'the key "{error}" stands here twice', 2) from error
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise self._not_json(number, raw, error) from error
        return said

    def _not_json(self, number: int, raw: bytes, error: Exception) -> BadInput:
        where, what = not_json(raw)
        if not what:
            at = re.search(r"\(byte (\d+)\)", str(error))
            where, what = int(at[1]) + 1 if at else 1, f"not JSON: {error}"
        if self.lines.cut and ("truncated" in str(error) or "end of data" in str(error)):
            what = f"the file ends in the middle of a line: it is cut off ({what})"
        return BadInput(f"{self.name}:{number}:{where}: {what}. A trace has one JSON object a line.")


def _misfit(values: dict[str, Any]) -> str:
    """The key of the first value that neither a cell, an argument nor a size can have."""
    strange = [key for key, value in values.items() if not isinstance(value, Value)]
    negative = [key for key, value in values.items() if type(value) is not int or value < 0]
    return next(iter(strange + negative), "")


def _small(digits: str) -> int | tuple[()]:
    """A number that fits 64 bits; others are no values."""
    return int(digits) if len(digits) < 19 else ()


def _sentence(text: str) -> str:
    """What msgspec says is wrong, as this package says it."""
    text = text.replace("`", "").replace(" | ", " or ").replace("str", "text").replace("int", "whole number")
    return text[0].lower() + text[1:]
