"""The protocols that hazards start from: each holds what it is asked for until one thing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attorn.model.presets import PRESETS
from attorn.model.protocol import ExitOrder, Journal, Part, Protocol

__all__ = ["FIRMWARE", "LIVE_UPDATE", "LOGGED_MEMFD", "MEMFD", "WAITING", "having"]

FIRMWARE = PRESETS["firmware"].protocol
"""Memory is exclusive, the firmware keeps a log, and the source exits once all is reassigned."""

WAITING = replace(FIRMWARE, exit_order=ExitOrder.AFTER_ANSWER)
"""The same, but the source waits for the destination's answer before it exits."""

MEMFD = PRESETS["memfd"].protocol
"""Memory is shared, nothing is written down, and the source waits for the answer."""

LOGGED_MEMFD = replace(MEMFD, journal=Journal.LOG)
"""Memory is shared, and a log decides between source and destination."""

LIVE_UPDATE = PRESETS["live-update"].protocol
"""Nobody executes between source and destination; what is marked is kept."""


def having(protocol: Protocol, *parts: Part, **choices: Any) -> Protocol:
    """A protocol with further parts, and other choices."""
    return replace(protocol, parts=frozenset(parts), **choices)
