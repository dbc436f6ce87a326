"""All that may differ when the same is run again, as typed data: only manifests and profiles have it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "RunFacts",
    "Timing",
]


@dataclass(frozen=True)
class Timing:
    """What one instance or obligation cost.

    by:     what searched it, where there is a choice.
    phases: what the seconds went to, by name, where that was asked for: those of all processes together.
    """

    name: str
    seconds: float
    bytes_per_state: float = 0.0
    by: str = ""
    phases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFacts:
    """All that may differ when the same is run again: time, machine and versions. Only manifests have it.

    started: ISO 8601, with the offset.  seconds: of the whole run.  cores: that the computer has.
    """

    started: str
    seconds: float
    threads: int
    python: str
    platform: str
    cores: int
    versions: tuple[tuple[str, str], ...]
    timings: tuple[Timing, ...] = ()
