"""cloud-hypervisor: the event monitors of both sides of a local migration.

A monitor writes pretty-printed JSON objects with blank lines between them; names and times are those of the project's
docs/event-monitor.md. Times count from the start of each VMM, so the two sides need the seconds between those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.mapping import Either, either, happens, seen
from attorn.model.presets import PRESETS
from attorn.spec.errors import BadInput
from attorn.spec.trace import Event

__all__ = ["BUDGETS", "HIDDEN", "PROTOCOL", "events", "read"]

PROTOCOL = PRESETS["memfd"].protocol
"""The source pauses and sends; the destination restores, resumes, and only then answers; the source shuts down."""

BUDGETS = {"crashes": 2, "losses": 0, "timeouts": 1, "cancels": 1}

HIDDEN = (
    "start", "allocate", "execute",
    "describe", "transfer", "reassign", "map", "receive", "create", "answer",
    "time_out", "notice", "decline", "insist", "remind", "forget", "give_back", "reclaim", "remap",
    "settle", "crash", "bury",
)  # fmt: skip

PARTITIONS = {"source": "partition0", "destination": "partition1"}

SILENT = ("guest", "vdpa", "virtio-device")
QUIET = (
    "booting", "booted", "restoring", "restored", "pausing", "resuming", "resizing", "resized", "device-removed",
    "coredumping", "snapshotting", "snapshotted", "rebooting", "rebooted",
    "migration-starting", "migration-started", "migration-memory-iteration", "migration-failed",
    "migration-receive-ready", "migration-receive-starting", "migration-receive-started",
    "migration-receive-finished", "migration-receive-failed", "postcopy-migration-completed",
)  # fmt: skip
"""Events that the specification does not speak of, or whose effect is seen in others."""


def read(event: Event) -> Event | Either | list[Event] | None:
    """What an event of one side means."""
    match event.party, event.event.split(".", 1):
        case "source", ["vm", "paused"]:
            return happens("suspend", vm="vm0", partition="partition1")
        case "source", ["vm", "resumed"]:
            return happens("roll_back", vm="vm0")
        case "source", ["vm", "migration-finished"]:
            return happens("hear", vm="vm0")
        case "source", ["vm", "migration-cancelled"]:
            return either(happens("cancel", vm="vm0"), [])
        case "source", ["vm", "shutdown"]:
            return either(happens("exit", vm="vm0"), happens("crash", partition="partition0"))
        case "destination", ["vm", "resumed"]:
            return happens("resume", vm="vm0")
        case "destination", ["vm", "shutdown"]:
            return happens("crash", partition="partition1")
        case _, ["vm", "deleted"] | ["vmm", _]:
            return []
        case side, ["vm", name] if name in QUIET and side in PARTITIONS:
            return seen({f"up[{PARTITIONS[side]}]": True})
        case _, [source, _] if source in SILENT:
            return []
    return None


def events(lines: ByteLines, side: str, later: float = 0.0) -> Iterator[Event]:
    """The events of one side. Raises BadInput for what no event monitor writes."""
    for number, text in _objects(lines):
        said = _said(lines.name, number, text)
        try:
            stamp = said["timestamp"]
            time = stamp["secs"] + stamp["nanos"] / 1e9
            name = f"{said['source']}.{said['event']}"
        except (KeyError, TypeError) as error:
            raise BadInput(
                f"{lines.name}:{number}:1: expected an event with a timestamp (secs, nanos), a source and an event."
            ) from error
        properties = {key: str(value) for key, value in (said.get("properties") or {}).items()}
        yield Event(time=round(time + later, 9), party=side, event=name, arguments={**properties})


def _objects(lines: ByteLines) -> Iterator[tuple[int, bytes]]:
    """The objects, each with the number of its first line: what stands between blank lines."""
    first, text = 0, b""
    for number, line in lines:
        if line.strip():
            first = first if text else number
            text += line + b"\n"
        elif text:
            yield first, text
            text = b""
    if text:
        yield first, text


def _said(file: str, number: int, text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{number + error.lineno - 1}:{error.colno}"
        raise BadInput(
            f"{file}:{where}: not JSON: {error.msg}. An event monitor writes one object at a time."
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file}:{number}:1: not JSON: {error}.") from error
    if not isinstance(said, dict):
        raise BadInput(f"{file}:{number}:1: expected a JSON object, as an event monitor writes them.")
    return said
