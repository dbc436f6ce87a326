"""What can be explored: worlds by name, each built when it is first asked for."""

from __future__ import annotations

import difflib
import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from attorn.checker.explorer.facts import WorldFacts, world_facts
from attorn.checker.explorer.playing import Played
from attorn.checker.explorer.seeking import Found
from attorn.checker.explorer.view import Viewer
from attorn.checker.explorer.world import World, plain
from attorn.spec.errors import UnknownName
from attorn.spec.language import Instance

__all__ = ["Catalogue", "Entry", "Open"]


@dataclass(frozen=True)
class Entry:
    """A world that is offered.

    group:   under which heading.  title, says: what it is.
    aim:     the goal or property that it is about, if it is about one.
    command: what the user types to explore it, and it alone.
    """

    name: str
    group: str
    title: str
    says: str
    build: Callable[[], Instance]
    aim: str = ""
    command: str = ""


class Open:
    """A world that has been built, and what was found in it; ``played`` is the log that it was built for."""

    def __init__(self, entry: Entry, played: Played | None = None) -> None:
        self.entry, self.played = entry, played
        self.world = World(entry.build())
        self.viewer = Viewer(self.world)
        self.facts: WorldFacts = world_facts(self.world)
        self.landmarks: dict[str, Found] = {}
        self.lock = threading.Lock()
        self.viewer.view(self.world.walk(0, []))  # Formulas are made now, while nobody else makes any.

    def notes(self, start: int, labels: Sequence[str]) -> Sequence[str]:
        """What the log says of the first steps of a run, as long as they are those of the log."""
        if self.played is None or self.world.starts[start] != self.played.path.start:
            return ()
        same = itertools.takewhile(
            lambda pair: pair[0] == plain(pair[1]), zip(self.world.labels_of(self.played.path), labels, strict=False)
        )
        return self.played.notes[: sum(1 for _ in same)]


class Catalogue:
    """The worlds that are offered; the first entry is where one begins."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = {entry.name: entry for entry in entries}
        self._open: dict[str, Open] = {}

    def open(self, name: str) -> Open:
        """The world of that name, built now if it was not before; raises UnknownName."""
        if name not in self._open:
            if name not in self.entries:
                near = difflib.get_close_matches(name, self.entries, n=1)
                advice = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(self.entries)}."
                raise UnknownName(f"no world is called `{name}` here. {advice}")
            self._open[name] = Open(self.entries[name])
        return self._open[name]

    def add(self, entry: Entry, played: Played) -> Open:
        """One more world, for a log; it takes the place of an earlier one of that name."""
        made = Open(entry, played)
        self.entries[entry.name] = entry
        self._open[entry.name] = made
        return made

    def is_open(self, name: str) -> bool:
        """Whether the world has been built."""
        return name in self._open
