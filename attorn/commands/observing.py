"""What ``attorn run`` leaves in a run folder: the run as observed, with how long the guest stood in the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from attorn.checker.report.observed import Episode, Observed, observed_markdown
from attorn.checker.report.run_facts import Timing
from attorn.commands.recording import Clock, record, summarize
from attorn.model.reference.guests.guest import GUESTS

if TYPE_CHECKING:
    from attorn.model.reference.demonstration import Told

__all__ = ["leave", "observed", "part_name"]


def part_name(guest: str, engines: Sequence[str]) -> str:
    """What the part of a run folder is called that has a run."""
    return f"run-{guest}-{'-'.join(engines)}"


def leave(folder: Path, told: Told, command: str, clock: Clock) -> None:
    """Write a run into a run folder, and the pages anew."""
    found = observed(told)
    name = part_name(told.guest, told.engines)
    texts = {
        f"{name}.json": msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n",
        f"{name}.md": observed_markdown(found),
    }
    stood = [Timing(_named(hop.number), hop.downtime) for hop in told.hops if hop.downtime is not None]
    record(folder, name, command, {told.machine: told.specification}, clock.facts(timings=stood), texts)
    summarize(texts[f"{name}.md"])


def observed(told: Told) -> Observed:
    """The run without its times, and without what depends on them, such as how much the guest has printed."""
    if told.digits is None:
        computed = told.complaint or "it has found nothing wrong"
    elif not told.digits:
        computed = "it has printed no digit yet"
    else:
        right = "every digit is right" if told.digits_right else "NOT every digit is right"
        computed = f"{right}, computed again by Python's decimal module"
    wrong = "a digit that the guest printed is not right" if told.digits_right is False else ""
    source, target = told.engines
    return Observed(
        name=f"{told.guest} between {source} and {target}",
        machine=told.machine,
        digest=told.specification,
        steps=told.events,
        departure=told.departure,
        complaint=told.complaint or wrong,
        facts=(
            ("guest", f"{told.guest}: {GUESTS[told.guest].says}"),
            ("engines of the two VMMs", f"{source}, {target}"),
            ("memory", f"{told.memory_bytes >> 20} MiB in {told.segments} segments"),
            ("what it computed", computed),
            ("copies of memory", "not looked for in this run"),
        ),
        episodes=tuple(
            Episode(_named(hop.number), f"{hop.source} → {hop.target}", hop.migrated, hop.why) for hop in told.hops
        ),
    )


def _named(hop: int) -> str:
    return f"hop {hop}"
