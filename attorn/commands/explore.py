"""``attorn explore``: walk through an instance in the browser, state by state."""

from __future__ import annotations

import contextlib
import os
import webbrowser
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from attorn.commands.words import Count, echo, painter, size_options

if TYPE_CHECKING:
    from attorn.checker.explorer import Replay

__all__ = ["explore"]

FIRST = "claim"


@click.command()
@click.argument("what", metavar="[INSTANCE|FILE.py|HAZARD][/ID]", required=False)
@size_options
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on.  [default: a free one]")
@click.option("--at", "where", metavar="ADDRESS", help="Open at this state: what follows the # in the page's address.")
@click.option("--log", metavar="FILE", help="Play a log: a trace, or a run in ITF (*.itf.json).")
@click.option("--no-browser", is_flag=True, help="Print the address and leave the browser alone.")
@click.option("--max-states", type=Count(), help="Most states that one search looks at.  [default: 3,000,000]")
@click.option("--seconds", type=Count(), help="Most seconds that one search takes.  [default: 20]")
def explore(
    what: str | None,
    sizes: Mapping[str, int],
    port: int,
    where: str | None,
    log: str | None,
    no_browser: bool,
    max_states: int | None,
    seconds: int | None,
) -> int:
    """Open a page on this computer that shows a state, what can happen next, why the rest cannot, and what holds.

    \b
    attorn explore                             the claim, with two VMs
    attorn explore firmware --segments 3       another size
    attorn explore my_machine.py               a machine of your own
    attorn explore claim/there_and_back        at a run that reaches a goal
    attorn explore memfd/at_most_one_runner    at a counterexample
    attorn explore H3                          where a known failure happens
    attorn explore --log run.jsonl             the run of a log, step by step

    The page answers to this computer only, and to whoever has the token in the address printed. Ctrl-C ends it.
    """
    from attorn.commands.worlds import log_text, read_log, worlds
    from attorn.spec.errors import BadInput

    entries, aim = worlds(what or FIRST, sizes)
    try:
        from attorn.checker.explorer.server import LOOPBACK, listen, new_token, serve
    except ImportError as error:
        raise BadInput(
            f"the explorer needs the package `{error.name}`, which is not installed. Install it with: "
            'pip install "attorn[explore]"'
        ) from error
    from attorn.checker.explorer import AskPlay, Bounds, Catalogue, Desk

    catalogue = Catalogue(entries)
    limits = Bounds(max_states or Bounds.states, Bounds.memory, float(seconds or Bounds.seconds))
    desk = Desk(catalogue, limits, lambda name, data: read_log(name, data, sizes))
    # What is wrong with a machine or a log is told here, before any page opens.
    if log:
        replay = desk.play(AskPlay(log, log_text(log)))
        first, title, where = replay.world, replay.says, where or _place(replay)
    else:
        first, title = entries[0].name, entries[0].title
        desk.facts(first)
    with listen(port) as at:
        token = new_token()
        address = f"http://{LOOPBACK}:{at.getsockname()[1]}/{_fragment(where, first, aim, token)}"
        paint = painter()
        echo([f"  {paint(first, 'strong')}  {title}", f"  {address}", "  Ctrl-C ends it."])
        if not no_browser:
            _browse(address)
        with contextlib.suppress(KeyboardInterrupt):
            serve(desk, at, token)
    click.echo("\n  The explorer has ended.", err=True)
    return 0


def _fragment(where: str | None, name: str, aim: str, token: str) -> str:
    """What follows the address of the page: the place to open at, and the token, which is never sent in a URL."""
    if where is None:
        return f"#/{name}?token={token}{f'&to={aim}' if aim else ''}"
    where = where.removeprefix("#")
    return f"#{where}{'&' if '?' in where else '?'}token={token}"


def _place(replay: Replay) -> str:
    """The address of the run of a log."""
    parts = (replay.world, str(replay.start), *replay.labels)
    return "".join(f"/{quote(part, safe='(),')}" for part in parts)


def _browse(address: str) -> None:
    """Open the user's browser, if this session has one."""
    if (
        os.name != "posix"
        or os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.uname().sysname == "Darwin"
    ):
        webbrowser.open(address)
