"""Sessions: a system and its specification side by side, one attempt after the other."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any, NoReturn, Self

from attorn.checker.conform import adapter, calling
from attorn.checker.conform.adapter import Adapter, Factory, Refused, class_of, implemented
from attorn.checker.conform.calling import Caller, Hung, Threw
from attorn.checker.conform.departures import (
    AdapterHung,
    AdapterLied,
    AdapterRaised,
    Attempt,
    Departure,
    Program,
    RefusedButChanged,
    WronglyAccepted,
    WronglyRefused,
    WrongState,
)
from attorn.checker.conform.observation import Observed, Observer
from attorn.spec.errors import BadInput, TooLarge
from attorn.spec.language import Concrete, Instance, Step, Values, render
from attorn.spec.language.concrete import Failure
from attorn.spec.language.values import NotAValue, Value, value_data, value_number

__all__ = ["Binding", "Session"]

MOST_POSSIBLE = 10_000
SHOWN = 6
OWN_FILES = (__file__, calling.__file__, adapter.__file__)


@dataclass(frozen=True)
class Choices:
    """What can be tried where the system may be in any of some states.

    allowed:   steps that the specification allows in one of them.
    decisive:  steps that it forbids in all, by a single clause in one of them.
    forbidden: the other steps that it forbids.
    """

    allowed: tuple[Step, ...]
    decisive: tuple[Step, ...]
    forbidden: tuple[Step, ...]


class Binding:
    """An instance and the adapters that drive a system by it: all that every run shares.

    Raises BadInput where the adapter cannot drive anything of the instance.
    """

    def __init__(self, instance: Instance, factory: Factory) -> None:
        self.instance, self.factory = instance, factory
        self.adapter = class_of(factory)
        self.actions = implemented(factory, instance.machine)
        self.concrete = Concrete(instance)
        self.observer = Observer(instance)
        names = {action.name for action in self.actions} - set(self.adapter.by_itself)
        self.steps = tuple(step for step in self.concrete.steps if step.action.name in names)
        self.hidden = tuple(step for step in self.concrete.steps if step.action.name in self.adapter.by_itself)
        self.kept: dict[tuple[Values, ...], Any] = {}

    @property
    def begins_as_told(self) -> bool:
        """Whether the system can be brought into any initial state."""
        return self.adapter.begin is not Adapter.begin

    @cached_property
    def initial_states(self) -> tuple[Values, ...]:
        """All initial states."""
        return tuple(self.concrete.initial_states())

    def choices(self, possible: Sequence[Values]) -> Choices:
        """What can be tried now."""
        by_count: tuple[list[Step], ...] = ([], [], [])
        for step in self.steps:
            against = min(len(self.concrete.blocking(state, step)) for state in possible)
            by_count[min(against, 2)].append(step)
        return Choices(*map(tuple, by_count))

    def step(self, action: str, given: Sequence[Value], named: Mapping[str, Value]) -> Step:
        """The step of that name and arguments; raises BadInput where there is none."""
        found = self.instance.machine.action(action)
        names = [parameter.name for parameter in found.parameters]
        values = dict(zip(names, given, strict=False)) | dict(named)
        if len(given) > len(names) or values.keys() != set(names):
            raise BadInput(f"{action} takes {', '.join(names) or 'nothing'}; it was given {(*given, *named)}.")
        try:
            numbers = tuple(value_number(self.instance, each.sort, values[each.name]) for each in found.parameters)
        except NotAValue as error:
            raise BadInput(f"{action}: {error}.") from None
        return Step(found, numbers)

    def arguments(self, step: Step) -> dict[str, Value]:
        """The arguments of a step as an adapter gets them."""
        return {
            each.name: value_data(each.sort, number)
            for each, number in zip(step.action.parameters, step.arguments, strict=True)
        }

    def label(self, step: Step) -> str:
        """A step as reports print it."""
        return self.concrete.label(step)


@dataclass
class Tally:
    """What was tried, over all runs: how often each step was taken, and refused; and the cells that were seen."""

    runs: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)


class Session:
    """One run of a system, beside the states that the specification may be in.

    A system of which all is seen is in one state. Where it is seen in part only, or takes steps by itself, each state
    that agrees with all that was seen is followed.

    possible: these states.  program: what was tried.
    """

    def __init__(self, binding: Binding, tally: Tally | None = None) -> None:
        self.binding, self.tally = binding, tally or Tally()
        self.possible: tuple[Values, ...] = ()
        self.program = Program(None)
        self._caller = Caller()
        self._adapter: Adapter | None = None
        self._seen: Observed = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def begin(self, start: Mapping[str, Value] | Values | None = None) -> None:
        """Make a fresh system, in an initial state if it can be told one.

        start: the state, or some of its cells by name; the first initial state that has these is taken.
        """
        binding = self.binding
        self.tally.runs += 1
        self._adapter = self._call("making the adapter", binding.factory, binding.adapter.timeout)
        initial = binding.initial_states
        if start is not None or binding.begins_as_told:
            state = self._chosen(start)
            if binding.begins_as_told:
                self.program = Program(state)
                told = binding.observer.told(state)
                self._call("begin", lambda: self._driven.begin(told))
            initial = (state,)
        self._look("at the start", self._closed(initial))
        if not self._seen and binding.adapter.observe is Adapter.observe:
            raise BadInput(
                f"{binding.adapter.__name__} shows nothing of its state, so nothing can be compared. Write observe, "
                "which returns some fields."
            )

    def do(self, action: str, *given: Value, **named: Value) -> None:
        """Take an action that the specification allows."""
        step = self.binding.step(action, given, named)
        if not any(self.binding.concrete.enabled(state, step) for state in self.possible):
            raise BadInput(f"{self.binding.label(step)} is not allowed here: {self._against(step)[0]}.")
        self.attempt(step)

    def refuse(self, action: str, *given: Value, **named: Value) -> None:
        """Try an action that the specification forbids: the system must decline it and stay as it is."""
        step = self.binding.step(action, given, named)
        if all(self.binding.concrete.enabled(state, step) for state in self.possible):
            raise BadInput(f"{self.binding.label(step)} is allowed here, so there is nothing to refuse.")
        self.attempt(step)

    def attempt(self, step: Step) -> bool:
        """Try a step; whether the system took it.

        Raises a Departure where it does not do what the specification says.
        """
        binding, concrete = self.binding, self.binding.concrete
        label = binding.label(step)
        able = tuple(state for state in self.possible if concrete.enabled(state, step))
        unable = tuple(state for state in self.possible if state not in able)
        wanted = True if not unable else False if not able else None
        self.program = Program(self.program.start, (*self.program.attempts, Attempt(step, wanted)))
        arguments = binding.arguments(step)
        result = self._call(label, lambda: self._driven.apply(step.action.name, arguments), refusable=True)
        where = f"step {len(self.program)}, {label}"
        if isinstance(result, Threw):
            self.tally.refused[label] += 1
            said = f" ({result.error})" if str(result.error) else ""
            if not unable:
                self._depart(WronglyRefused, f"{where}: the specification allows it, and the system declines it{said}.")
            self._look_unchanged(where, unable)
            return False
        self.tally.taken[label] += 1
        if not able:
            self._depart(
                WronglyAccepted,
                f"{where}: the specification forbids it, and the system takes it.",
                ["it needs", *(f"  {line}" for line in self._against(step))],
            )
        self._look(f"after {where}", self._closed([concrete.apply(state, step) for state in able]))
        return True

    def close(self) -> None:
        """Give the system back; a close that fails is a departure of its own."""
        driven, self._adapter = self._adapter, None
        if driven is not None and not self._caller.hung:
            try:
                self._call("close", driven.close, driven.timeout)
            finally:
                self._caller.close()

    @property
    def _driven(self) -> Adapter:
        if self._adapter is None:
            raise BadInput("the run has not begun; call begin first.")
        return self._adapter

    def _chosen(self, start: Mapping[str, Value] | Values | None) -> Values:
        """An initial state as it is asked for."""
        initial = self.binding.initial_states
        if start is None:
            return initial[0]
        if isinstance(start, tuple):
            return start
        cells = self.binding.observer.read(start)
        for state in initial:
            if _agrees(state, cells):
                return state
        raise BadInput(f"no initial state of {self.binding.instance.name} has {dict(start)}.")

    def _closed(self, states: Sequence[Values]) -> tuple[Values, ...]:
        """All states that the system may have gone to by itself from some."""
        found = dict.fromkeys(states)
        if self.binding.hidden:
            waiting = list(found)
            while waiting:
                state = waiting.pop()
                for step in self.binding.hidden:
                    if self.binding.concrete.enabled(state, step):
                        after = self.binding.concrete.apply(state, step)
                        if after not in found:
                            found[after] = None
                            waiting.append(after)
                if len(found) > MOST_POSSIBLE:
                    raise TooLarge(
                        f"more than {MOST_POSSIBLE:,} states are possible for what is seen of the system. Show more "
                        "fields, name fewer actions in by_itself, or take a smaller instance."
                    )
        return tuple(found)

    def _look(self, when: str, states: Sequence[Values]) -> None:
        """Keep those of some states that agree with what the system shows; at least one must."""
        seen = self._observed(when)
        possible = tuple(state for state in states if _agrees(state, seen))
        if not possible:
            self._refuse_fickle(when, seen)
            self._depart(
                WrongState,
                f"{when}, the system is not where the specification is.",
                [*self._differences(states, seen), *self._violated(states, seen)],
            )
        self.possible, self._seen = self._closed(possible), seen

    def _look_unchanged(self, where: str, states: Sequence[Values]) -> None:
        """The system has declined a step: it must show what it showed before."""
        if self.binding.hidden:
            self._look(f"after {where}, which it declined", states)
            return
        when = f"after {where}, which it declined"
        before, seen = self._seen, self._observed(when)
        changed = [cell for cell in seen if cell in before and seen[cell] != before[cell]]
        if changed:
            self._refuse_fickle(when, seen)
            name, value = self.binding.observer.name, self.binding.observer.value
            self._depart(
                RefusedButChanged,
                f"{where}: the system declines it, as it must, and yet its state changes.",
                [f"{name(cell)}  {value(cell, before[cell])} → {value(cell, seen[cell])}" for cell in changed],
            )
        self.possible = tuple(state for state in states if _agrees(state, seen))
        self._seen = before | seen

    def _observed(self, when: str) -> Observed:
        said = self._call("observe", self._driven.observe)
        try:
            seen = self.binding.observer.read(said)
        except BadInput as error:
            self._depart(AdapterLied, f"{when}, observe says what cannot be: {error}.")
        self.tally.seen.update(seen)
        return seen

    def _refuse_fickle(self, when: str, seen: Observed) -> None:
        """Look again: a system with which nothing happens in between shows the same."""
        again = self._observed(when)
        name, value = self.binding.observer.name, self.binding.observer.value
        fickle = [cell for cell in seen if cell in again and seen[cell] != again[cell]]
        if fickle and not self.binding.hidden:
            self._depart(
                AdapterLied,
                f"{when}, observe was called twice, with nothing in between, and said two things.",
                [f"{name(cell)}  {value(cell, seen[cell])}, then {value(cell, again[cell])}" for cell in fickle],
            )

    def _differences(self, states: Sequence[Values], seen: Observed) -> list[str]:
        """How the system differs from the nearest of some states."""
        if not states:
            return []
        nearest = min(states, key=lambda state: _distance(state, seen))
        name, value = self.binding.observer.name, self.binding.observer.value
        cells = [cell for cell in sorted(seen) if nearest[cell] != seen[cell]]
        wide = max(len(name(cell)) for cell in cells)
        lines = [
            f"{name(cell):{wide}}  {value(cell, nearest[cell])} by the specification, {value(cell, seen[cell])} in the "
            "system"
            for cell in cells
        ]
        if len(states) > 1:
            lines.append(f"({len(states):,} states were possible; this is the nearest)")
        return lines

    def _violated(self, states: Sequence[Values], seen: Observed) -> list[str]:
        """The invariants that what the system shows would violate, in the nearest state otherwise."""
        if not states:
            return []
        concrete = self.binding.concrete
        nearest = min(states, key=lambda state: _distance(state, seen))
        shown = tuple(seen.get(cell, number) for cell, number in enumerate(nearest))
        lines = []
        for stated in self.binding.instance.machine.properties:
            if not stated.two_state and concrete.holds(stated, nearest):
                failure = concrete.failure(stated, shown)
                if failure is not None:
                    lines.append(f"violates {stated.name}: {stated.sentence}{_witness(failure)}")
        return lines

    def _against(self, step: Step) -> list[str]:
        """The clauses that forbid a step, in the possible state with the fewest."""
        concrete = self.binding.concrete
        names = {each.variable.payload: each.name for each in step.action.parameters}
        blocking = min((concrete.blocking(state, step) for state in self.possible), key=len)
        return [f"{render(clause.formula, names)}  ({clause.where})" for clause in blocking]

    def _call(self, what: str, call: Callable[[], Any], timeout: float | None = None, refusable: bool = False) -> Any:
        """The result of a call of the adapter; Threw with Refused, where that may be."""
        result = self._caller(call, self._driven.timeout if timeout is None else timeout)
        if isinstance(result, Hung):
            self._depart(AdapterHung, f"{self._at(what)} had not ended after {result.seconds:g} s.")
        if isinstance(result, Threw) and not (refusable and isinstance(result.error, Refused)):
            error = result.error
            frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename not in OWN_FILES]
            lines = [f"{frame.filename}:{frame.lineno}: {frame.line}" for frame in frames[-SHOWN:]]
            if isinstance(error, Refused):
                lines.append("Refused is for actions; only they can be declined.")
            self._depart(AdapterRaised, f"{self._at(what)} raised {type(error).__name__}: {error}", lines, error)
        return result

    def _at(self, what: str) -> str:
        step = f"step {len(self.program)}" if self.program.attempts else "the start"
        return f"{step}, {what}:" if what in ("observe", "close", "begin") else f"{step}, {what},"

    def _depart(
        self, kind: type[Departure], headline: str, details: Sequence[str] = (), cause: BaseException | None = None
    ) -> NoReturn:
        raise kind(headline, details, self.program) from cause


def _agrees(state: Values, seen: Observed) -> bool:
    return all(state[cell] == number for cell, number in seen.items())


def _distance(state: Values, seen: Observed) -> int:
    return sum(state[cell] != number for cell, number in seen.items())


def _witness(failure: Failure) -> str:
    told = ", ".join(f"{name}={value}" for name, value in failure.witness)
    return f" (for {told})" if told else ""
