"""QEMU: the QMP events of both sides of a local migration, one JSON object a line.

Names and data of the events are those of QEMU's QMP reference manual (run-state.json, migration.json).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.mapping import Either, either, happens, seen
from attorn.model.protocol import Answer, ExitOrder, Journal, Memory, Protocol
from attorn.spec.errors import BadInput
from attorn.spec.language.values import Value
from attorn.spec.trace import Event

__all__ = ["BUDGETS", "HIDDEN", "PROTOCOL", "events", "read"]

PROTOCOL = Protocol(Memory.SHARED, ExitOrder.AFTER_ANSWER, Answer.BEFORE_RESUME, Journal.NONE, demands_all=False)
"""Memory is shared (``x-ignore-shared``, cpr-transfer); the destination answers on the return path, then resumes."""

BUDGETS = {"crashes": 2, "losses": 0, "timeouts": 1, "cancels": 1}

HIDDEN = (
    "start", "allocate", "execute",  # before the log begins, and the guest
    "describe", "transfer", "reassign", "map", "receive", "create", "answer",  # inside the migration stream
    "time_out", "notice", "decline", "insist", "remind", "forget", "give_back", "reclaim", "remap",
    "settle", "crash", "bury",
)  # fmt: skip

PARTITIONS = {"source": "partition0", "destination": "partition1"}

SILENT = (
    "MIGRATION_PASS", "UNPLUG_PRIMARY", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_READY", "JOB_STATUS_CHANGE",
    "NIC_RX_FILTER_CHANGED", "FAILOVER_NEGOTIATED", "RTC_CHANGE", "BALLOON_CHANGE", "VSERPORT_CHANGE",
    "DEVICE_DELETED", "SPICE_CONNECTED", "SPICE_DISCONNECTED", "SPICE_INITIALIZED", "SPICE_MIGRATE_COMPLETED",
    "VNC_CONNECTED", "VNC_DISCONNECTED", "VNC_INITIALIZED", "ACPI_DEVICE_OST", "BLOCK_WRITE_THRESHOLD",
    "RESET", "POWERDOWN", "WATCHDOG", "SUSPEND", "SUSPEND_DISK", "WAKEUP",
)  # fmt: skip
"""Events that the specification does not speak of."""


def read(event: Event) -> Event | Either | list[Event] | None:
    """What an event of one side means."""
    match event.party, event.event, event.arguments.get("status"):
        case "source", "STOP", _:
            return happens("suspend", vm="vm0", partition="partition1")
        case "source", "RESUME", _:
            return happens("roll_back", vm="vm0")
        case "source", "MIGRATION", "completed":
            return happens("hear", vm="vm0")
        case "source", "MIGRATION", "cancelling":
            return either(happens("cancel", vm="vm0"), [])  # before the VM is suspended, there is nothing to cancel
        case "source", "SHUTDOWN", _:
            return either(happens("exit", vm="vm0"), happens("crash", partition="partition0"))
        case "destination", "RESUME", _:
            return happens("resume", vm="vm0")
        case "destination", "STOP", _:
            return []  # incoming migrations stop before they start
        case "destination", "SHUTDOWN", _:
            return happens("crash", partition="partition1")
        case side, "MIGRATION", str() if side in PARTITIONS:
            return seen({f"up[{PARTITIONS[side]}]": True})  # what else follows of it is seen itself
        case _, name, _ if name in SILENT:
            return []
    return None


def events(lines: ByteLines, side: str, later: float = 0.0) -> Iterator[Event]:
    """The events of one side; greetings and answers of QMP between them are passed over.

    Raises BadInput for lines that QMP does not have.
    """
    for number, line in lines:
        if not line.strip():
            continue
        said = _said(lines.name, number, line)
        if "event" not in said:
            if said.keys() & {"QMP", "return", "error"}:
                continue
            raise BadInput(f"{lines.name}:{number}:1: expected a QMP event, greeting or answer.")
        try:
            name, stamp = str(said["event"]), said["timestamp"]
            time = stamp["seconds"] + stamp["microseconds"] / 1e6
        except (KeyError, TypeError) as error:
            raise BadInput(f"{lines.name}:{number}:1: expected a timestamp in seconds and microseconds.") from error
        data = said.get("data") or {}
        plain: dict[str, Value] = {key: value for key, value in data.items() if isinstance(value, bool | int | str)}
        yield Event(time=round(time + later, 6), party=side, event=name, arguments=plain)


def _said(file: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        where = getattr(error, "colno", 1)
        raise BadInput(f"{file}:{number}:{where}: not JSON: {error}. QMP has one JSON object a line.") from error
    if not isinstance(said, dict):
        raise BadInput(f"{file}:{number}:1: expected a JSON object, as QMP sends them.")
    return said
