"""``attorn explore``: walk through an instance in the browser, state by state."""

from __future__ import annotations

import contextlib
import os
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from attorn.commands.words import Count, echo, painter, size_options

if TYPE_CHECKING:
    from attorn.checker.conform.trace_check import TraceSource
    from attorn.checker.explorer import Entry, Replay
    from attorn.model.hazards import Hazard
    from attorn.spec.language import Instance

__all__ = ["explore"]

FIRST = "claim"


@click.command(short_help="Walk through an instance in the browser.")
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
    from attorn.spec.errors import BadInput

    entries, aim = _entries(what or FIRST, sizes)
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
    desk = Desk(catalogue, limits, lambda name, data: _log(name, data, sizes))
    # What is wrong with a machine or a log is told here, before any page opens.
    if log:
        replay = desk.play(AskPlay(log, _text(log)))
        first, title, where = replay.world, replay.says, _place(replay)
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


def _entries(what: str, sizes: Mapping[str, int]) -> tuple[list[Entry], str]:
    """The worlds on offer, the one asked for first; and the goal or property to begin at."""
    from attorn.commands.targets import checked_names, is_file, resolve
    from attorn.model.hazards import HAZARDS

    place, _, aim = what.rpartition("/")
    if not place or aim.endswith(".py") or (is_file(what) and ".py" in aim):
        place, aim = what, ""
    offered = list(_offered())
    if place.upper() in HAZARDS:
        hazard = HAZARDS[place.upper()]
        if aim:
            checked_names([hazard.mutated], [aim])
        chosen = [_hazard(hazard)]
        aim = aim or hazard.caught_by
    else:
        from attorn.checker.explorer import Entry

        chosen = [
            Entry(
                each.instance.name, "chosen", each.instance.shape(), each.instance.machine.says, _known(each.instance)
            )
            for each in resolve([place], sizes)
        ]
        if aim:
            checked_names([each.build().machine for each in chosen], [aim])
    names = {each.name for each in chosen}
    return [*chosen, *(each for each in offered if each.name not in names)], aim


def _known(instance: Instance) -> Callable[[], Instance]:
    return lambda: instance


def _offered() -> Iterator[Entry]:
    """The named instances, and the known failures."""
    from attorn.checker.explorer import Entry
    from attorn.model.hazards import HAZARDS
    from attorn.model.instances import INSTANCES

    for each in INSTANCES.values():
        sizes = " × ".join(f"{size} {name}" for name, size in each.sizes.items())
        yield Entry(each.name, "instances", sizes, each.says, each.build)
    for hazard in HAZARDS.values():
        yield _hazard(hazard)


def _hazard(each: Hazard) -> Entry:
    from attorn.checker.explorer import Entry

    def build() -> Instance:
        return each.instance(each.mutated)

    return Entry(each.id, "hazards", f"{each.name} ({each.system})", each.sentence, build, each.caught_by)


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


def _text(log: str) -> str:
    """The text of a log; raises BadInput where it cannot be read."""
    from attorn.spec.errors import BadInput

    try:
        return Path(log).read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot read {log}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{log} is no text in UTF-8: byte {error.start}. A log is JSON lines, or a run in ITF."
        ) from error


def _log(name: str, data: bytes, sizes: Mapping[str, int]) -> tuple[Instance, TraceSource]:
    """The instance and the lines of a log."""
    from attorn.checker.conform.byte_lines import ByteLines
    from attorn.checker.conform.itf import ItfReader
    from attorn.checker.conform.trace_reader import TraceReader
    from attorn.commands.trace import instance_of

    if name.endswith(".itf.json"):
        source: TraceSource = ItfReader(data, name)
    else:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            source = TraceReader(ByteLines(os.dup(file.fileno()), name))
    return instance_of(source.header, None, sizes), source


def _browse(address: str) -> None:
    """Open the user's browser, if this session has one."""
    if (
        os.name != "posix"
        or os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.uname().sysname == "Darwin"
    ):
        webbrowser.open(address)
