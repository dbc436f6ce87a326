"""What a page asks, and the pure functions that answer it."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from attorn.checker.conform.trace_check import TraceSource
from attorn.checker.explorer.catalogue import Catalogue, Entry, Open
from attorn.checker.explorer.facts import WorldFacts
from attorn.checker.explorer.playing import play
from attorn.checker.explorer.seeking import Bounds, Found, Outcome, condition, landmark, seek
from attorn.checker.explorer.view import View
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance

__all__ = ["AskLandmark", "AskPlay", "AskSeek", "AskView", "Desk", "LogReader", "Offer", "Replay", "Run"]


class Run(msgspec.Struct, forbid_unknown_fields=True):
    """A run from an initial state."""

    start: int
    labels: list[str]


LogReader = Callable[[str, bytes], tuple[Instance, TraceSource]]


class AskView(msgspec.Struct, forbid_unknown_fields=True):
    """Show the moment after ``at`` steps of a run, or its end; compared with the end of another, if one is given."""

    world: str
    start: int = 0
    labels: list[str] = []
    at: int | None = None
    against: Run | None = None


class AskSeek(msgspec.Struct, forbid_unknown_fields=True):
    """Find the shortest run from the end of a run to a condition."""

    world: str
    condition: str
    start: int = 0
    labels: list[str] = []


class AskLandmark(msgspec.Struct, forbid_unknown_fields=True):
    """Find the shortest run to a goal, or to the violation of a property."""

    world: str
    name: str


class AskPlay(msgspec.Struct, forbid_unknown_fields=True):
    """Play a log: its name, and its text."""

    name: str
    text: str


@dataclass(frozen=True)
class Replay:
    """The run of a log, and the world that was made for it."""

    world: str
    says: str
    accepted: bool
    start: int
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """A world as a list of them shows it."""

    name: str
    group: str
    title: str
    says: str
    aim: str
    command: str


class Desk:
    """Answers what pages ask, whatever thread asks it; one search at a time.

    Views take a lock for each world. All that makes formulas takes the one lock of searches, because nodes of formulas
    are shared by all machines.
    """

    def __init__(self, catalogue: Catalogue, bounds: Bounds | None = None, logs: LogReader | None = None) -> None:
        """``logs`` tells the instance and the lines of a log by its name and bytes; without it none can be played."""
        self._catalogue = catalogue
        self._logs = logs
        self._limits = bounds or Bounds()
        self._making = threading.Lock()
        self._running: Bounds | None = None

    def offers(self) -> list[Offer]:
        """All worlds."""
        return [Offer(e.name, e.group, e.title, e.says, e.aim, e.command) for e in self._catalogue.entries.values()]

    def facts(self, name: str) -> WorldFacts:
        """What there is to know of a world; raises UnknownName."""
        return self._open(name).facts

    def view(self, ask: AskView) -> View:
        """One moment of a run; raises BadInput for a run that cannot begin."""
        opened = self._open(ask.world)
        with opened.lock:
            other = None
            if ask.against is not None:
                other = opened.world.walk(ask.against.start, ask.against.labels).path.states[-1]
            walk = opened.world.walk(ask.start, ask.labels)
            return opened.viewer.view(walk, ask.at, other, opened.notes(ask.start, ask.labels))

    def seek(self, ask: AskSeek, bounds: Bounds | None = None) -> Found:
        """The shortest run from the end of a run to a condition; raises BadInput where that cannot be read."""
        opened = self._open(ask.world)
        with opened.lock:
            walk = opened.world.walk(ask.start, ask.labels)
        if walk.obstacle:
            raise BadInput(f"step {walk.obstacle.number}, {walk.obstacle.label}: {walk.obstacle.says}.")
        bounds = bounds or self.bounds()
        self._end_search(bounds)
        with self._making:
            wanted = condition(opened.world, ask.condition)
            return seek(opened.world, walk.path.states[-1], wanted, bounds)

    def landmark(self, ask: AskLandmark, bounds: Bounds | None = None) -> Found:
        """A shortest run to a goal or violation, kept once it is decided; raises UnknownName."""
        opened = self._open(ask.world)
        if ask.name not in opened.landmarks:
            bounds = bounds or self.bounds()
            self._end_search(bounds)
            with self._making:
                found = landmark(opened.world, ask.name, bounds)
            if found.outcome is Outcome.UNDETERMINED:
                return found
            opened.landmarks[ask.name] = found
        return opened.landmarks[ask.name]

    def play(self, ask: AskPlay) -> Replay:
        """The run of a log, in a world of its own; raises BadInput for what is none, or is too large to be shown."""
        if self._logs is None:
            raise BadInput("no logs can be played here.")
        name = ask.name.replace("\\", "/").rpartition("/")[2] or "log"
        self.close()
        with self._making:
            instance, source = self._logs(name, ask.text.encode())
            played = play(instance, source)
            command = f"attorn explore --log {shlex.quote(ask.name)}"
            entry = Entry(name, "logs", instance.shape(), played.says, lambda: instance, command=command)
            opened = self._catalogue.add(entry, played)
        world = opened.world
        labels = tuple(world.labels_of(played.path))
        return Replay(name, played.says, played.accepted, world.start_of(played.path.start), labels)

    def bounds(self) -> Bounds:
        """Bounds for one more search."""
        return Bounds(self._limits.states, self._limits.memory, self._limits.seconds)

    def close(self) -> None:
        """End the search that runs."""
        if self._running is not None:
            self._running.stop.set()

    def _end_search(self, follows: Bounds) -> None:
        self.close()
        self._running = follows

    def _open(self, name: str) -> Open:
        if self._catalogue.is_open(name):
            return self._catalogue.open(name)
        self.close()
        with self._making:
            return self._catalogue.open(name)
