"""The trace format: JSON lines that say what happened in a system, in the words of a machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import msgspec

from attorn.spec.language import Instance
from attorn.spec.language.values import Value

__all__ = ["FORMAT", "VERSION", "Event", "Header", "Said", "Value", "header", "trace_lines", "trace_schema"]

FORMAT: Literal["attorn-trace"] = "attorn-trace"
VERSION: Literal[1] = 1

Name = Annotated[str, msgspec.Meta(min_length=1)]


def _says(text: str, **limits: Any) -> msgspec.Meta:
    return msgspec.Meta(description=text, **limits)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The first line: what the trace is a trace of."""

    format: Annotated[Literal["attorn-trace"], _says("What kind of file this is.")]
    version: Annotated[Literal[1], _says("Rises when a reader of the former form would misread the new one.")]
    machine: Annotated[Name, _says("The machine in whose words the trace speaks.")]
    digest: Annotated[str, _says("The machine's digest, if it was known.", pattern="^[0-9a-f]*$")] = ""
    sizes: Annotated[dict[str, Annotated[int, msgspec.Meta(ge=0)]], _says("Sort or budget → size.")] = {}
    hidden: Annotated[tuple[Name, ...], _says("Actions that may have happened without leaving a line.")] = ()
    recorder: Annotated[str, _says("Who wrote the trace.")] = ""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A step by name, with its arguments."""

    event: Annotated[Name, _says("The action.")]
    arguments: Annotated[dict[str, Value], _says("Parameter → value; what is left out is not known.")] = {}


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A line after the first: what happened, and what was seen of the state after it; either may be missing."""

    time: Annotated[float | None, _says("Seconds since any moment; never less than on the line before.")] = None
    party: Annotated[str, _says("Whose step it was, as the specification calls parties.")] = ""
    event: Annotated[str, _says("The action that happened; none where the line only tells what was seen.")] = ""
    arguments: Annotated[dict[str, Value], _says("Parameter → value; what is left out is not known.")] = {}
    state: Annotated[
        dict[str, Value],
        _says("Cell, such as owner[segment0] → its value after the event; what is left out is not known."),
    ] = {}
    perhaps: Annotated[
        tuple[tuple[Said, ...], ...],
        _says("Steps that were perhaps taken just before, such as those that a dead process was asked for: of each "
              "group, in order, all or none."),
    ] = ()  # fmt: skip
    note: Annotated[str, _says("For people; no check reads it.")] = ""


def trace_schema() -> dict[str, Any]:
    """The JSON schema of a line: a header on the first, an event on each other."""
    (header_schema, event_schema), parts = msgspec.json.schema_components(
        (Header, Event), ref_template="#/$defs/{name}"
    )
    parts["Event"]["anyOf"] = [{"required": [each]} for each in ("event", "state", "perhaps")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:attorn:trace:{VERSION}",
        "title": "A line of a trace",
        "anyOf": [header_schema, event_schema],
        "$defs": parts,
    }


def header(instance: Instance, hidden: Iterable[str] = (), recorder: str = "") -> Header:
    """The first line of a trace in the words of an instance."""
    return Header(
        format=FORMAT,
        version=VERSION,
        machine=instance.machine.name,
        digest=instance.machine.digest,
        sizes=instance.described(),
        hidden=tuple(hidden),
        recorder=recorder,
    )


def trace_lines(first: Header, events: Iterable[Event]) -> Iterator[bytes]:
    """The lines of a trace, each with its end of line, to be written as they come."""
    encoder = msgspec.json.Encoder()
    yield encoder.encode(first) + b"\n"
    for event in events:
        yield encoder.encode(event) + b"\n"


if __name__ == "__main__":
    import json
    from pathlib import Path as File

    schema = json.dumps(trace_schema(), indent=2, ensure_ascii=False)
    File(__file__).with_name("trace.schema.json").write_text(schema + "\n", encoding="utf-8")
