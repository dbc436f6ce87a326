"""Is a log a behaviour of the specification? One pass over its lines, with the set of states that are possible."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Protocol

from attorn.checker.conform.mapping import AS_IT_STANDS, LogMapping
from attorn.checker.conform.possible import MOST_STATES, Meaning, Possible, Tracker
from attorn.checker.conform.trace_reader import Line
from attorn.checker.conform.words import Happening, Misfit, Words
from attorn.spec.errors import BadInput
from attorn.spec.language import Concrete, Instance, Property
from attorn.spec.trace import Event, Header

__all__ = ["Ending", "Heard", "Refusal", "TraceChecker", "TraceSource", "TraceVerdict"]

BEFORE, AHEAD = 8, 20
PATIENCE = 0.5  # seconds to wait for the lines after a bad one, by which repairs are tried
MOST_MEANINGS = 20_000


class TraceSource(Protocol):
    """Where lines come from."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def header(self) -> Header:
        """What its first line says."""

    def __iter__(self) -> Iterator[Line]:
        """The lines after it."""

    def hurry(self, seconds: float) -> None:
        """From now on end where no line comes for so long."""

    def error(self, line: Line, path: Sequence[str], text: str) -> BadInput:
        """What is wrong with a line, and where."""


class Ending(Enum):
    """How a check ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Heard:
    """A line, what it means, and the states that were possible before it."""

    before: Possible
    line: Line
    meaning: Meaning


@dataclass(frozen=True)
class Refusal:
    """The first line that no possible state allows.

    earlier: the lines before it, the nearest last.
    later:   the lines after it, as far as they have come and can be understood.
    """

    bad: Heard
    earlier: tuple[Heard, ...]
    later: tuple[tuple[Line, Meaning], ...]


@dataclass(frozen=True)
class TraceVerdict:
    """What is known of a log.

    lines:   how many were read, the header not among them.
    widest:  the largest number of states possible after a line, and ``widest_line`` where that was.
    mean:    the mean of these numbers.
    hidden:  actions that may have happened without a line; ``searched`` is the largest set of states that they led to.
    whole:   whether no state was left out for want of room; without that a refusal would mean nothing.
    broken:  invariants that every run that does what the log says violates, each with the line by which that is
             certain; only where they were asked for.
    """

    ending: Ending
    lines: int
    widest: int
    widest_line: int
    mean: float
    searched: int
    hidden: tuple[str, ...]
    whole: bool
    refusal: Refusal | None = None
    broken: tuple[tuple[Property, int], ...] = ()


class TraceChecker:
    """Checks logs of one instance.

    mapping: what lines mean, and which actions leave none, beside those that the header of a log names.
    most:    how many states may be possible at a time; where there are more, a log can be accepted but not refused.
    invariants: whether to look for invariants that the log is certain to violate; each is followed by itself.
    listener: is told of each line that is possible, with the states possible after it.
    """

    def __init__(
        self,
        instance: Instance,
        mapping: LogMapping = AS_IT_STANDS,
        most: int = MOST_STATES,
        invariants: bool = False,
        listener: Callable[[Heard, Possible], None] | None = None,
    ) -> None:
        self.concrete = Concrete(instance)
        self.words = Words(self.concrete)
        self.tracker = Tracker(self.concrete)
        self._mapping = mapping
        self._most = most
        self._listener = listener
        self._asked = [each for each in instance.machine.properties if invariants and not each.two_state]
        self._meanings: dict[int, tuple[Event, Meaning]] = {}

    def check(self, source: TraceSource) -> TraceVerdict:
        """Read a log to its end, or to the first line that is no behaviour.

        Raises BadInput, with file, line and column, for what is no trace in the words of this machine.
        """
        hidden = tuple(dict.fromkeys((*source.header.hidden, *self._mapping.hidden)))
        self._refuse_another(source)
        self.tracker = tracker = Tracker(self.concrete, self.words.hidden(hidden), self._most)
        earlier: deque[Heard] = deque(maxlen=BEFORE)
        reader = iter(source)
        first = next(reader, None)
        if first is None:
            raise BadInput(f"{source.name}:2:1: expected events after the header; nothing would be checked.")
        seen = () if tracker.hidden else _seen_at_the_start(self.meaning(source, first))
        possible = tracker.start(seen)
        lines = total = widest = widest_line = 0
        refusal = None
        watches = [_Watch(self.concrete, tracker, stated, self._most, seen) for stated in self._asked]
        for line in chain((first,), reader):
            lines += 1
            meaning = self.meaning(source, line)
            heard = Heard(possible, line, meaning)
            possible = tracker.after(possible, meaning)
            width = len(possible.states)
            if not width:
                refusal = Refusal(heard, tuple(earlier), self._ahead(source, reader))
                break
            if self._listener is not None:
                self._listener(heard, possible)
            for watch in watches:
                watch.after(meaning, line.number)
            earlier.append(heard)
            total += width
            if width > widest:
                widest, widest_line = width, line.number
        whole = possible.whole
        ending = Ending.ACCEPTED if refusal is None else Ending.REFUSED if whole else Ending.UNDETERMINED
        mean = total / max(1, lines - (refusal is not None))
        broken = tuple((each.stated, each.broken) for each in watches if each.broken)
        return TraceVerdict(ending, lines, widest, widest_line, mean, tracker.widest, hidden, whole, refusal, broken)

    def meaning(self, source: TraceSource, line: Line) -> Meaning:
        """What a line means; raises BadInput where it means nothing that the machine has words for."""
        found = self._meanings.get(id(line.event))
        if found is not None:
            return found[1]
        try:
            meaning = tuple(
                tuple(tuple(map(self.words.happening, way)) for way in ways)
                for ways in self._mapping.choices(line.event)
            )
        except Misfit as error:
            path = error.path if self._mapping.read is None else ()
            raise source.error(line, path, str(error)) from error
        except BadInput as error:
            raise source.error(line, (), str(error)) from error
        if len(self._meanings) >= MOST_MEANINGS:
            self._meanings.clear()
        self._meanings[id(line.event)] = line.event, meaning
        return meaning

    def _refuse_another(self, source: TraceSource) -> None:
        """Refuse a log of another version of the machine; a log of another machine is checked, as the user wants it."""
        machine, header = self.concrete.instance.machine, source.header
        if header.machine == machine.name and not machine.digest.startswith(header.digest):
            raise BadInput(
                f"{source.name}:1:1: the log was recorded against another version of {machine.name}: "
                f"expected the digest {machine.digest[:12]}…, got {header.digest[:12]}…. Record it again."
            )

    def _ahead(self, source: TraceSource, reader: Iterator[Line]) -> tuple[tuple[Line, Meaning], ...]:
        """Some lines after a bad one; what is wrong with them does not matter any more."""
        source.hurry(PATIENCE)
        found: list[tuple[Line, Meaning]] = []
        try:
            for line in reader:
                found.append((line, self.meaning(source, line)))
                if len(found) == AHEAD:
                    break
        except BadInput:
            pass
        return tuple(found)


def _seen_at_the_start(meaning: Meaning) -> tuple[tuple[int, int], ...]:
    """What a first line has seen of the initial state: nothing where something may have happened before."""
    match meaning:
        case (((Happening(steps=None, seen=seen),),),):
            return seen
    return ()


class _Watch:
    """Follows the runs that do what the log says and keep one invariant; ``broken`` is the line without such a run."""

    def __init__(
        self, concrete: Concrete, tracker: Tracker, stated: Property, most: int, seen: tuple[tuple[int, int], ...]
    ) -> None:
        self.stated = stated
        self.broken = 0
        self._tracker = Tracker(concrete, tracker.hidden, most, lambda state: concrete.holds(stated, state))
        self._possible = self._tracker.start(seen)

    def after(self, meaning: Meaning, number: int) -> None:
        """Follow a line that some run does."""
        if self._possible.states:
            self._possible = self._tracker.after(self._possible, meaning)
            if not self._possible.states and self._possible.whole:
                self.broken = number
