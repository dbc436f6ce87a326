"""The judge: is a log a behaviour of the specification? Asked of the specification as it is written, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from attorn.model.migration import LIFE_STEPS
from attorn.model.protocol import Devices, Protocol
from attorn.model.reference.refusals import NotDone
from attorn.model.variants import build
from attorn.spec.handover import Handover, Outcome
from attorn.spec.language import Concrete, Instance, Machine, Step, Values, value_name
from attorn.spec.language.sorts import Sort
from attorn.spec.language.text import render
from attorn.spec.language.values import NotAValue, Value, value_number
from attorn.spec.trace import Event, Said
from attorn.spec.vocabulary import NONE, VM, Partition, Segment

__all__ = ["Departure", "Judge", "Verdict", "instance_for", "judged_machine"]

WORDS = 1 << 41
FAULTS = 1 << 16
NEAREST = 5


@cache
def judged_machine(protocol: Protocol) -> Machine:
    """The machine that a running system of a protocol is judged by: the protocol's, whose VMs can end, too."""
    locked = protocol.devices is Devices.LOCK

    def stop(s: Handover, vm: VM) -> None:
        s.require(s.source[vm] == s.target[vm])
        s.told[vm] = Outcome.OPEN
        if locked:
            s.lock[vm] = NONE

    def rebalance(s: Handover, segment: Segment, partition: Partition) -> None:
        s.require(s.mark[segment] == NONE)

    ending = [step for step in LIFE_STEPS if step.name in ("stop", "rebalance")]
    whole = build(protocol, "reference").variant("reference", add=ending)
    return whole.variant("reference", strengthen={"stop": stop, "rebalance": rebalance})


def instance_for(machine: Machine, vms: int, segments: int, partitions: int) -> Instance:
    """An instance with room for a running system, and for as many faults as may happen."""
    budgets = {budget.name: FAULTS for budget in machine.budgets}
    return Instance.of(
        machine, VM=vms, Segment=segments, Partition=partitions, Address=max(segments, 1), Word=WORDS, **budgets
    )


@dataclass(frozen=True)
class Departure:
    """Where a log departs from the specification.

    line:    number of the line, the first after the header is 1.  step: as the log tells it.
    clauses: what kept the step from happening, each with its place.
    differing: cells that were seen with another value than the step gives: cell, seen, expected.
    allowed: steps that could have happened instead, nearest first.
    """

    line: int
    step: str
    clauses: tuple[str, ...] = ()
    differing: tuple[tuple[str, str, str], ...] = ()
    allowed: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = [f"line {self.line}: {self.step or 'what was seen'} is no behaviour of the specification."]
        told += [f"  this does not hold: {clause}" for clause in self.clauses]
        told += [f"  {cell} was seen as {seen}; it must be {wanted}" for cell, seen, wanted in self.differing]
        if self.allowed:
            told.append(f"  allowed there: {', '.join(self.allowed)}")
        return "\n".join(told)


class Verdict(NotDone):
    """Raised by a live judge at the first line that departs from the specification."""

    def __init__(self, departure: Departure) -> None:
        super().__init__(str(departure))
        self.departure = departure


class Judge:
    """Follows a log, keeping every state that the specification allows after it; usually that is one.

    strict: raise Verdict at the first departure, instead of only keeping it in ``departure``.
    """

    def __init__(self, instance: Instance, owner: Iterable[int], strict: bool = False) -> None:
        self.instance = instance
        self.strict = strict
        self.lines = 0
        self.widest = 1
        self.departure: Departure | None = None
        self._concrete = Concrete(instance)
        self._actions = {action.name: action for action in instance.machine.actions}
        self._cells = {cell.name: number for number, cell in enumerate(instance.cells)}
        self.states: frozenset[Values] = frozenset({self._initial(list(owner))})

    def take(self, line: Event) -> None:
        """Judge the next line."""
        self.lines += 1
        if self.departure is not None:
            return
        for group in line.perhaps:
            self.states |= frozenset(self._after_all(group))
        if line.event:
            self._happen(Said(line.event, line.arguments), line)
        else:
            self._see(self.states, line, "")
        self.widest = max(self.widest, len(self.states))

    def take_all(self, lines: Iterable[Event]) -> Departure | None:
        """Judge lines to the end or the first departure, which is returned."""
        for line in lines:
            self.take(line)
            if self.departure is not None:
                break
        return self.departure

    def seen_now(self, cell: str) -> set[str]:
        """The values that a cell may have after the lines so far."""
        position = self._cells[cell]
        sort = self.instance.cells[position].field.codomain
        return {value_name(sort, state[position]) for state in self.states}

    def _happen(self, said: Said, line: Event) -> None:
        step = self._step(said)
        if step is None:
            self._depart(Departure(self.lines, _told(said), clauses=(f"the specification has no such step: {said}",)))
            return
        after = {self._concrete.apply(state, step) for state in self.states if self._concrete.enabled(state, step)}
        if not after:
            state = next(iter(self.states))
            blocking = tuple(
                f"{clause.where}: {render(clause.formula)}" for clause in self._concrete.blocking(state, step)
            )
            self._depart(Departure(self.lines, _told(said), blocking, allowed=self._allowed(state, step)))
            return
        self._see(frozenset(after), line, _told(said))

    def _see(self, states: frozenset[Values], line: Event, told: str) -> None:
        """Keep the states that agree with what was seen."""
        seen: dict[int, int] = {}
        for cell, value in line.state.items():
            position = self._cells.get(cell)
            number = None if position is None else self._number(self.instance.cells[position].field.codomain, value)
            if position is None or number is None:
                self._depart(Departure(self.lines, told, clauses=(f"no cell {cell} can be {value!r}",)))
                return
            seen[position] = number
        kept = frozenset(state for state in states if all(state[at] == number for at, number in seen.items()))
        if kept:
            self.states = kept
            return
        nearest = min(states, key=lambda state: sum(state[at] != number for at, number in seen.items()))
        cells = self.instance.cells
        self._depart(
            Departure(
                self.lines,
                told,
                differing=tuple(
                    (
                        cells[at].name,
                        value_name(cells[at].field.codomain, number),
                        value_name(cells[at].field.codomain, nearest[at]),
                    )
                    for at, number in seen.items()
                    if nearest[at] != number
                ),
                allowed=self._allowed(nearest, None),
            )
        )

    def _after_all(self, group: Iterable[Said]) -> Iterable[Values]:
        """The states after all steps of a group, where they can happen."""
        states = set(self.states)
        for said in group:
            step = self._step(said)
            if step is None:
                return ()
            states = {self._concrete.apply(state, step) for state in states if self._concrete.enabled(state, step)}
        return states

    def _allowed(self, state: Values, meant: Step | None) -> tuple[str, ...]:
        """Steps that are enabled, those nearest to the one that was meant first; guests write any word, told once."""
        found: list[tuple[int, str]] = []
        for action in self.instance.machine.actions:
            if action.party in ("fault", "guest"):
                continue
            for arguments in self.instance.arguments(action.parameters):
                step = Step(action, arguments)
                if self._concrete.enabled(state, step):
                    far = 0 if meant is None else 2 * (action is not meant.action) + (arguments != meant.arguments)
                    found.append((far, self._concrete.label(step)))
        return tuple(label for _, label in sorted(found)[:NEAREST])

    def _depart(self, departure: Departure) -> None:
        self.departure = departure
        if self.strict:
            raise Verdict(departure)

    def _step(self, said: Said) -> Step | None:
        action = self._actions.get(said.event)
        if action is None or {each.name for each in action.parameters} != set(said.arguments):
            return None
        numbers = [self._number(each.sort, said.arguments[each.name]) for each in action.parameters]
        known = [number for number in numbers if number is not None]
        return Step(action, tuple(known)) if len(known) == len(numbers) else None

    def _number(self, sort: Sort, value: Value) -> int | None:
        try:
            return value_number(self.instance, sort, value)
        except NotAValue:
            return None

    def _initial(self, owner: list[int]) -> Values:
        """The initial state in which the segments have these owners."""
        initial = self.instance.machine.initial
        state = [0] * len(self.instance.cells)
        for update in self._concrete.updates(initial.writes, ()):
            assert isinstance(update.position, int), "initial states are written cell by cell"
            cell = self.instance.cells[update.position]
            if update.value is None:
                state[update.position] = owner[cell.index[0]] if cell.field.name == "owner" else 0
            else:
                value = update.value
                state[update.position] = value if isinstance(value, int) else int(value(tuple(state), ()))
        return tuple(state)


def _told(said: Said) -> str:
    return f"{said.event}({', '.join(str(value) for value in said.arguments.values())})"
