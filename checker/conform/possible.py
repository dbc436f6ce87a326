"""The states that a system may be in after what has been seen of it: all of them, or as many as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from attorn.checker.conform.words import Happening, choices
from attorn.spec.errors import TooLarge
from attorn.spec.language import Concrete, Step, Values

__all__ = ["MOST_STATES", "Meaning", "Possible", "Tracker"]

MOST_STATES = 100_000
MOST_KEPT = 50_000
MOST_TRIED = 2_000

Way = tuple[Happening, ...]
Meaning = tuple[tuple[Way, ...], ...]
"""What a line means: choices between ways, made one after the other, each way a sequence of happenings.

It is one object for equal lines.
"""


@dataclass(eq=False, slots=True)
class Possible:
    """States, one of which the system is in.

    whole: no state is missing because there was no room for it.
    """

    states: frozenset[Values]
    whole: bool
    following: dict[int, tuple[Meaning, Possible]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.states)


class Tracker:
    """Follows the set of possible states from line to line; what it has worked out once it remembers, within limits.

    hidden: steps that may be taken at any moment without being seen.
    most:   states that a set may have; beyond it states are left out, and the set is not ``whole`` any more.
    keep:   only runs through states that this is true of are followed; all where it is None.

    ``widest`` is the largest set so far; ``work`` counts how many steps were tried in how many states.
    """

    def __init__(
        self,
        concrete: Concrete,
        hidden: Sequence[Step] = (),
        most: int = MOST_STATES,
        keep: Callable[[Values], bool] | None = None,
    ) -> None:
        self._concrete = concrete
        self.hidden = hidden
        self._most = most
        self._keep = keep
        self._known: dict[tuple[frozenset[Values], bool], Possible] = {}
        self._closed: dict[Possible, Possible] = {}
        self._kept = 0
        self.widest = self.work = 0

    def start(self, seen: Iterable[tuple[int, int]] = ()) -> Possible:
        """The initial states; where they are too many to list, those in which open cells are as was seen.

        Raises TooLarge where these are too many, too.
        """
        try:
            states = self._concrete.initial_states()
        except TooLarge:
            states = self._concrete.initial_states(seen=dict(seen))
        return self._possible(filter(self._keep, states) if self._keep else states, True)

    def after(self, possible: Possible, meaning: Meaning) -> Possible:
        """The states that are possible after a line; none if the line is impossible."""
        found = possible.following.get(id(meaning))
        if found is not None:
            return found[1]
        reached = self._after(possible, meaning)
        if self._kept > MOST_KEPT:
            self._known.clear()
            self._closed.clear()
            self._kept = 0
            reached = Possible(reached.states, reached.whole)
        else:
            possible.following[id(meaning)] = meaning, reached
            self._kept += 1
        return reached

    def closed(self, possible: Possible) -> Possible:
        """With the states that hidden steps lead to, nearest first until there is no room."""
        if not self.hidden:
            return possible
        found = self._closed.get(possible)
        if found is None:
            found = self._closed[possible] = self._close(possible)
        return found

    @cached_property
    def all_steps(self) -> tuple[Step, ...]:
        """All steps that can be tried one by one: those of actions without too many choices of arguments."""
        instance = self._concrete.instance
        return tuple(
            Step(action, arguments)
            for action in instance.machine.actions
            if choices(instance, action) <= MOST_TRIED
            for arguments in instance.arguments(action.parameters)
        )

    def steps(self, possible: Possible, steps: Iterable[Step]) -> Possible:
        """The states after one of some steps, without hidden ones."""
        return self._possible(self._taken(possible.states, Happening(tuple(steps), ())), possible.whole)

    def _after(self, possible: Possible, meaning: Meaning) -> Possible:
        for ways in meaning:
            ends = [self._through(possible, way) for way in ways]
            possible = ends[0]
            if len(ends) > 1:
                states = (state for each in ends for state in each.states)
                possible = self._possible(states, all(each.whole for each in ends))
        return possible

    def _through(self, possible: Possible, way: Way) -> Possible:
        for happening in way:
            closed = self.closed(possible)
            if happening.steps is None:
                states: Iterable[Values] = filter(happening.fits, closed.states)
            else:
                states = self._taken(closed.states, happening)
            possible = self._possible(states, closed.whole)
        return possible

    def _taken(self, states: Iterable[Values], happening: Happening) -> Iterator[Values]:
        enabled, apply, fits, keep = self._concrete.enabled, self._concrete.apply, happening.fits, self._keep
        steps = happening.steps or ()
        for state in states:
            self.work += len(steps)
            for step in steps:
                if enabled(state, step):
                    after = apply(state, step)
                    if fits(after) and (keep is None or keep(after)):
                        yield after

    def _close(self, possible: Possible) -> Possible:
        met, whole = set(possible.states), possible.whole
        level = list(met)
        hidden = Happening(tuple(self.hidden), ())
        while level:
            reached: list[Values] = []
            for after in self._taken(level, hidden):
                if after in met:
                    continue
                if len(met) >= self._most:
                    whole = False
                    break
                met.add(after)
                reached.append(after)
            level = reached if whole else []
        return self._possible(met, whole)

    def _possible(self, states: Iterable[Values], whole: bool) -> Possible:
        chosen = frozenset(states)
        if len(chosen) > self._most:
            chosen, whole = frozenset(sorted(chosen)[: self._most]), False
        self.widest = max(self.widest, len(chosen))
        key = chosen, whole
        found = self._known.get(key)
        if found is None:
            self._kept += len(chosen)
            found = self._known[key] = Possible(chosen, whole)
        return found
