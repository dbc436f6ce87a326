"""What a person sees of VMs that hop: segments by owner, who executes, what the guest says, how long it stood."""

from __future__ import annotations

import os
import sys
import time
from statistics import median
from types import TracebackType
from typing import TYPE_CHECKING

import click

from attorn.checker.report.lines import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from attorn.model.reference.demonstration import Hop, Scene, Told

__all__ = ["Display", "summary"]

COLOURS = ("cyan", "magenta")
FRAME = 1 / 30
MOST_CELLS = 64


class Display:
    """Draws scenes on a terminal that watches; elsewhere it writes a line for each hop."""

    def __init__(self) -> None:
        self._drawn = 0.0
        self._told = 0
        self._hops: list[Hop] = []
        self._live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Display:
        if self._live:
            from rich.console import Console
            from rich.live import Live

            self._screen = Live(console=Console(), auto_refresh=False, transient=True)
            self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._screen.stop()
            for hop in self._hops:
                click.echo(_hop(hop))

    def __call__(self, scene: Scene) -> None:
        """Show how it is now."""
        self._hops = scene.hops
        if not self._live:
            for hop in scene.hops[self._told :]:
                click.echo(f"{_hop(hop)}   {scene.says.strip()}".rstrip())
            self._told = len(scene.hops)
        # Steps follow each other faster than a person sees; what takes time is drawing.
        elif scene.running == "" or time.monotonic() - self._drawn >= FRAME:
            self._screen.update(_drawing(scene), refresh=True)
            self._drawn = time.monotonic()


def _drawing(scene: Scene) -> RenderableType:
    from rich.text import Text

    text = Text("\n")
    for name, engine, colour in zip(scene.names, scene.engines, COLOURS, strict=True):
        text.append(f"  {name}  ", "bold")
        text.append(f"{engine:9}", colour)
        for number, owner in list(enumerate(scene.owner))[:MOST_CELLS]:
            if owner != name:
                text.append(" ")
            elif not scene.held[number]:
                text.append("·", "dim")
            else:
                text.append("■" if scene.mapped[number] else "□", colour)
        text.append("   executes it\n" if scene.running == name else "\n", "bold")
    text.append("\n  ■ a segment of the VM, mapped   □ not mapped   · free\n\n", "dim")
    text.append(f"  the guest   {scene.says}\n")
    text.append(f"  {scene.step:10}  {scene.events} steps so far, each allowed by the specification\n\n", "dim")
    for hop in scene.hops[-8:]:
        text.append(f"  {_hop(hop)}\n")
    return text


def _hop(hop: Hop) -> str:
    stood = "it was not seen to go on" if hop.downtime is None else f"the guest stood {hop.downtime * 1000:.1f} ms"
    went = "" if hop.migrated else f"; it did not migrate: {hop.why}"
    seen = "" if hop.attestation is None else f"\n         {hop.attestation}"
    return f"hop {hop.number:3}  {hop.source:>7} → {hop.target:7}  {stood}{went}{seen}"


def summary(told: Told) -> list[str]:
    """What there is to say at the end, in sentences."""
    size, segments = told.memory_bytes >> 20, counted(told.segments, "segment")
    lines = [f"{counted(len(told.hops), 'hop')} of a guest with {size} MiB in {segments}, which stayed where they are."]
    if stood := [hop.downtime for hop in told.hops if hop.downtime is not None]:
        lines.append(f"The guest stood {median(stood) * 1000:.1f} ms in the middle, {max(stood) * 1000:.1f} at most.")
    if told.digits is not None:
        verdict = "all of them right" if told.digits_right else "and NOT all of them are right"
        lines.append(f"It printed {told.digits:,} digits of e, {verdict}.")
    elif told.complaint:
        lines.append(f"It has found {told.complaint}.")
    else:
        lines.append(f"It printed {counted(told.lines, 'line')} and has found nothing wrong.")
    if told.departure:
        lines.append(f"The specification does not allow what happened: {told.departure}")
    else:
        lines.append(f"The specification allows each of the {told.events:,} steps that were logged.")
    return lines
