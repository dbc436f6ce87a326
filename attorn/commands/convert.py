"""``attorn convert``: what a real system has logged, as a trace."""

from __future__ import annotations

import click

__all__ = ["convert"]


@click.command()
@click.argument("system", metavar="SYSTEM")
@click.argument("source", metavar="SOURCE")
@click.argument("destination", metavar="DESTINATION")
@click.option("--later", type=float, default=0.0, help="Seconds by which the destination's clock started later.")
def convert(system: str, source: str, destination: str, later: float) -> int:
    """Print what both sides of a local migration have logged as one trace, which attorn trace reads.

    SYSTEM is qemu (QMP events, one a line) or cloud-hypervisor (event monitors, whose clocks count from the start of
    each VMM: give --later).

    \b
    attorn convert qemu source.jsonl destination.jsonl > log.jsonl
    attorn trace log.jsonl
    """
    from attorn.checker.conform.byte_lines import ByteLines
    from attorn.commands.words import nearest
    from attorn.spec.errors import UnknownName
    from attorn.spec.trace import trace_lines
    from attorn.systems import SYSTEMS

    if system not in SYSTEMS:
        raise UnknownName(f"attorn does not know the logs of `{system}`. {nearest(system, SYSTEMS)}")
    first, events = SYSTEMS[system].trace(ByteLines.of(source), ByteLines.of(destination), later)
    for line in trace_lines(first, events):
        click.echo(line.decode(), nl=False)
    return 0
