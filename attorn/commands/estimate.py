"""``attorn estimate``: how large a search will be, before it is begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from attorn.commands.words import echo, size_options, width

if TYPE_CHECKING:
    from attorn.checker.explore.estimate import Estimate

__all__ = ["estimate"]


@click.command()
@click.argument("target", metavar="INSTANCE|FILE.py[:NAME]")
@size_options
@click.option("--seconds", type=float, default=20.0, show_default=True, help="Time that the estimate may take.")
def estimate(target: str, sizes: Mapping[str, int], seconds: float) -> None:
    """Say how many states an instance has, and what memory and time a search of all of them takes.

    Where a search by symmetry ends soon, the number is exact. Else it is judged by smaller sizes of the same machine,
    and lies within the bounds that are told, as far as the growth goes on as it was seen.

    \\b
    attorn estimate claim --vms 3 --segments 3
    attorn estimate my_machine.py --size Node=6
    """
    from attorn.checker.explore.estimate import estimate as estimated
    from attorn.checker.report import wrapped
    from attorn.commands.status_line import status_line
    from attorn.commands.targets import resolve_one

    chosen = resolve_one(target, sizes)
    with status_line(width()) as say:
        found = estimated(chosen.instance, seconds, say)
    lines = [
        wrapped(each, width(), "  ") for each in (f"{chosen.instance.name}: {chosen.instance.shape()}", *_told(found))
    ]
    echo(line for paragraph in lines for line in paragraph)
    echo(["", f"next    {chosen.check()}{' --symmetry' if found.searched else ''}"])


def _told(found: Estimate) -> list[str]:
    from attorn.checker.report import lasting

    if found.exact:
        size = f"exactly {found.states:,} states and {found.transitions:,} transitions"
        how = f"counted by symmetry, of which {found.searched:,} states were searched"
    else:
        size = f"about {_round(found.states)} states ({_round(found.low)} to {_round(found.high)})"
        largest = max(found.basis, key=lambda each: each.states)
        how = f"judged by {len(found.basis)} smaller sizes, the largest of {largest.states:,} states: {largest.shape}"
    cost = f"a search of every state takes about {_bytes(found.bytes)} and {lasting(found.seconds)} on this machine"
    return [f"  {size}", f"  {how}", f"  {cost}"]


def _round(number: int) -> str:
    """Two digits of a number; more are not known."""
    digits = max(len(str(number)) - 2, 0)
    return f"{round(number, -digits):,}"


def _bytes(number: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number //= 1024
    return f"{number:,} TiB"
