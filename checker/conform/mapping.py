"""What lines of a log mean to the specification: as they stand, or as a user's few lines of Python say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from attorn.spec.errors import BadInput
from attorn.spec.language.values import Value
from attorn.spec.trace import Event

__all__ = ["AS_IT_STANDS", "Choice", "Either", "LogMapping", "either", "happens", "seen"]

Way = tuple[Event, ...]
"""Events, one after the other; none if nothing happened that the specification speaks of."""
Choice = tuple[Way, ...]
"""Ways, of which one was taken."""


@dataclass(frozen=True)
class Either:
    """One of several things happened, and the log does not say which."""

    ways: Choice


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

    read:   from a line, as an Event without its time, to an Event, ``either(...)``, or a list of such, which is empty
            if it means nothing. It is asked once for equal lines. None: lines speak of actions by themselves.
    hidden: names of actions that may happen at any moment without a line.
    """

    read: Callable[[Event], object] | None = None
    hidden: tuple[str, ...] = ()

    def choices(self, event: Event) -> tuple[Choice, ...]:
        """What a line means in the words of the machine: choices, made one after the other.

        Raises BadInput where the mapping does not say.
        """
        if self.read is None:
            return _as_it_stands(event)
        try:
            said = self.read(event)
        except Exception as error:
            raise BadInput(f"the mapping fails on this line: {type(error).__name__}: {error}") from error
        if said is None:
            raise BadInput("the mapping returns None for this line; let it return [] where a line means nothing")
        parts = [said] if isinstance(said, Event | Either) else _listed(said)
        return tuple(each.ways if isinstance(each, Either) else ((each,),) for each in parts)


AS_IT_STANDS = LogMapping()


def _as_it_stands(event: Event) -> tuple[Choice, ...]:
    """Of each group of steps that perhaps were taken all or none; then what the line says that happened."""
    groups = [
        ((), tuple(Event(event=step.event, arguments=step.arguments) for step in group)) for group in event.perhaps
    ]
    return (*groups, ((event,),)) if event.event or event.state else tuple(groups)


def _way(said: Event | Iterable[Event]) -> Way:
    events = [said] if isinstance(said, Event) else _listed(said)
    found = tuple(each for each in events if isinstance(each, Event))
    if len(found) < len(events):
        raise BadInput("either() takes events and lists of events, not another either()")
    return found


def _listed(said: object) -> list[Event | Either]:
    found: list[Event | Either] = []
    for each in said if isinstance(said, Iterable) and not isinstance(said, str) else [said]:
        if not isinstance(each, Event | Either):
            raise BadInput(
                f"a mapping returns events, made with happens(), seen() or either(), or a list; this is {each!r}"
            )
        found.append(each)
    return found
