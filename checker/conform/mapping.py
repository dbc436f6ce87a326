"""What lines of a log mean to the specification: as they stand, or as a user's few lines of Python say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from attorn.checker.conform.trace import Event, Value
from attorn.spec.errors import BadInput

__all__ = ["AS_IT_STANDS", "Either", "LogMapping", "either", "happens", "seen"]

Way = tuple[Event, ...]
"""Events, one after the other; none if nothing happened that the specification speaks of."""


@dataclass(frozen=True)
class Either:
    """One of several things happened, and the log does not say which."""

    ways: tuple[Way, ...]


def happens(action: str, /, **arguments: Value) -> Event:
    """An action happened: ``happens("suspend", vm="vm0")``; arguments that are left out are not known."""
    return Event(event=action, arguments=arguments)


def seen(state: Mapping[str, Value]) -> Event:
    """Some cells had these values: ``seen({"phase[vm0]": "RUNNING"})``."""
    return Event(state=dict(state))


def either(*ways: Event | Iterable[Event]) -> Either:
    """One of several happened: ``either(happens("stop"), [])`` if the line may mean nothing."""
    return Either(tuple(_way(each) for each in ways))


@dataclass(frozen=True)
class LogMapping:
    """What lines mean, and which actions leave none.

    read:   from a line, as an Event without its time, to an Event, several, none (``[]``), or ``either(...)``. It is
            asked once for equal lines, so it must not remember anything. None: lines speak of actions by themselves.
    hidden: names of actions that may happen at any moment without a line.
    """

    read: Callable[[Event], object] | None = None
    hidden: tuple[str, ...] = ()

    def ways(self, event: Event) -> tuple[Way, ...]:
        """What a line may mean, in the words of the machine. Raises BadInput where the mapping does not say."""
        if self.read is None:
            return ((event,),)
        try:
            said = self.read(event)
        except Exception as error:
            raise BadInput(f"the mapping fails on this line: {type(error).__name__}: {error}") from error
        if said is None:
            raise BadInput("the mapping returns None for this line; let it return [] where a line means nothing")
        return said.ways if isinstance(said, Either) else (_way(said),)


AS_IT_STANDS = LogMapping()


def _way(said: object) -> Way:
    if isinstance(said, Event):
        return (said,)
    if isinstance(said, Iterable) and not isinstance(said, str):
        events = tuple(said)
        if all(isinstance(each, Event) for each in events):
            return events
    raise BadInput(f"a mapping returns events, made with happens() or seen(), or a list of them; this is {said!r}")
