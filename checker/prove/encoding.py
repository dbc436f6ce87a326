"""The encoding certificate: the formulas that proofs use mean what the plain interpreter does, step by step."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.states import reachable_blocks
from attorn.checker.prove.encoding_text import Met, cells_after, judged_conjuncts, text_differences
from attorn.checker.prove.finite import FixedSize
from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.z3_solver import z3
from attorn.spec.errors import DoubleWrite, OutOfRange
from attorn.spec.language import Concrete, Instance, Step, Values, value_name
from attorn.spec.language.substitution import initial_formula, step_formula

__all__ = ["EncodingCertificate", "certify_encoding"]

SHOWN = 20


@dataclass(frozen=True)
class EncodingCertificate:
    """What was compared between the plain interpreter and the formulas, and where they differ.

    reachable: reachable states looked at.  complete: whether these are all.  arbitrary: other states looked at.
    starts:    initial states; the formula for them has no other solution.
    edges:     (state, action, arguments) with a step; the formula has that successor and no other solution at all.
    refusals:  (state, action, arguments) without a step; the formula has no solution.
    judgments: (step, conjunct or cell) that has, written over the state before, the value that it has in the successor.
    scripts:   SMT-LIB texts of which the solver said what the interpreter does.
    untold:    why there are no such texts; empty if there are.
    """

    instance: Instance
    reachable: int
    complete: bool
    arbitrary: int
    starts: int
    edges: int
    refusals: int
    judgments: int
    scripts: int
    untold: str
    differences: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether no difference was found."""
        return not self.differences


def certify_encoding(
    instance: Instance,
    states: int = 500,
    arbitrary: int = 50,
    scripts: int = 40,
    timeout: float = 20.0,
    progress: Callable[[int, int], None] | None = None,
) -> EncodingCertificate:
    """Check the translation that proofs rest on against the plain interpreter, on a small instance.

    states:    reachable states to look at, all if there are no more; else as many at most, evenly spaced.
    arbitrary: states to look at besides, drawn from all by a fixed seed: properties are false in some of these.
    scripts:   steps to put to the solver as text, spread evenly over the actions.
    timeout:   seconds for one question to the solver.
    progress:  called with the number of states looked at and their total.

    1. ``initial_formula`` and ``step_formula``, over cells of fixed size: with the state before and the arguments known
       and the state after open, the only solution is the successor, and there is none where the action is not enabled.
       So every edge is in the formula, and of non-edges not a sample but all are out of it, whatever the state after;
       and so it is with initial states.
    2. ``after_step``, which obligations use for the state after: each conjunct, and each cell, so rewritten has in the
       state before the value that it has in the successor.
    3. The SMT-LIB text, read by the solver from text: with its sorts given the instance's elements, the relation of
       an action from a state holds for each successor, and for nothing else; guard and rewritten conjunct have the
       values that the interpreter gives them.

    The first ``SHOWN`` differences are kept. Raises KeyboardInterrupt if interrupted: half a certificate is none.
    """
    began = time.perf_counter()
    chosen, complete = _spread(reachable_blocks(instance), states)
    drawn = _drawn(instance, arbitrary)
    check = _Check(instance, timeout)
    check.look_at_starts()
    for number, state in enumerate((*chosen, *drawn), start=1):
        check.look_at(state, reachable=number <= len(chosen))
        if progress is not None:
            progress(number, len(chosen) + len(drawn))
        if len(check.differences) >= SHOWN:
            break
    texts = text_differences(check.concrete, check.starts, check.steps, check.refused, scripts, timeout)
    return EncodingCertificate(
        instance=instance,
        reachable=len(chosen),
        complete=complete,
        arbitrary=len(drawn),
        starts=len(check.starts),
        edges=check.edges,
        refusals=check.refusals,
        judgments=check.judgments,
        scripts=texts.asked,
        untold=texts.untold,
        differences=(*check.differences, *texts.differences)[:SHOWN],
        seconds=time.perf_counter() - began,
    )


def _spread(blocks: Iterable[NDArray[np.int64]], most: int) -> tuple[list[Values], bool]:
    """At most so many states, evenly spaced, and whether these are all; the others are not kept."""
    stride, place = 1, 0
    kept: list[Values] = []
    for block in blocks:
        kept += [tuple(map(int, state)) for state in block[-place % stride :: stride]]
        place += len(block)
        while len(kept) > most:
            kept, stride = kept[::2], 2 * stride
    return kept, stride == 1


def _drawn(instance: Instance, count: int) -> list[Values]:
    chance = random.Random(count)
    return [tuple(chance.randrange(cell.size) for cell in instance.cells) for _ in range(count)]


class _Check:
    """Compares formulas with the interpreter, state by state; keeps what it met of each action for the texts.

    steps, refused: for each action, states and arguments with a step, and without one.
    """

    def __init__(self, instance: Instance, timeout: float) -> None:
        self.machine = instance.machine
        self.concrete = Concrete(instance)
        self.edges = self.refusals = self.judgments = 0
        self.differences: list[str] = []
        self.steps: dict[str, list[Met]] = {action.name: [] for action in self.machine.actions}
        self.refused: dict[str, list[Met]] = {action.name: [] for action in self.machine.actions}
        fields = tuple(self.machine.state.fields.values())
        self._relations = {action.name: step_formula(action, fields) for action in self.machine.actions}
        self._judged = {action.name: judged_conjuncts(self.machine, action) for action in self.machine.actions}
        self._cells = {action.name: cells_after(instance, action) for action in self.machine.actions}
        self._sizes = FixedSize(instance)
        self._after = self._sizes.state("after")
        self._whole = self._sizes.packed(self._after)
        self._timeout = timeout
        self._solver = self._typed_solver()
        self.starts = self.concrete.initial_states()

    def _typed_solver(self) -> Incremental:
        solver = Incremental(self._sizes.context, self._timeout)
        solver.add(*self._sizes.typed(self._after))
        return solver

    def look_at_starts(self) -> None:
        """Compare the initial states: the formula has these solutions, for some arguments, and no other."""
        initial, solver = self.machine.initial, self._typed_solver()
        given = {each.variable.payload: self._sizes.variable(each.name, each.sort) for each in initial.parameters}
        solver.add(*(self._sizes.inside(given[each.variable.payload], each.sort) for each in initial.parameters))
        formula = initial_formula(initial)
        solver.add(self._sizes.boolean(self._sizes.term(formula, given, before=self._after)))
        for state in self.starts:
            if not isinstance(solver.ask(self._is(state)), z3.ModelRef):
                self.differences.append(f"initial state: the formula does not allow it; {self._told(state)}")
        solver.add(*(z3.Not(self._is(state)) for state in self.starts))
        if solver.ask() is not None:
            self.differences.append("initial state: the formula allows another one")

    def _is(self, state: Values) -> Any:
        """The open state is this one."""
        number = self._sizes.number(state, self._after)
        return self._sizes.boolean(number is not None and (self._whole == number))

    def look_at(self, state: Values, reachable: bool) -> None:
        """Compare everything that can and cannot happen in a state."""
        interpret = self._sizes.interpreter(state, self._after)
        for step in self.concrete.steps:
            try:
                after = self.concrete.apply(state, step) if self.concrete.enabled(state, step) else None
            except (DoubleWrite, OutOfRange):
                if reachable:
                    raise
                continue  # the action has no meaning in this state, which is not known to be reached
            given = {each.variable.payload: n for each, n in zip(step.action.parameters, step.arguments, strict=True)}
            formula = interpret(self._relations[step.action.name], given)
            if after is None:
                self._compare_refusal(state, step, formula)
                self.refused[step.action.name].append(Met(state, step, state))
            else:
                self._compare_edge(state, step, after, formula)
                self._compare_rewritten(state, step, after)
                self.steps[step.action.name].append(Met(state, step, after))

    def _compare_refusal(self, state: Values, step: Step, formula: Any) -> None:
        self.refusals += 1
        if formula is not False and self._solver.ask(self._sizes.boolean(formula)) is not None:
            self._differ(state, step, "the formula allows a step, but the action is not enabled")

    def _compare_edge(self, state: Values, step: Step, after: Values, formula: Any) -> None:
        self.edges += 1
        formula = self._sizes.boolean(formula)
        if not isinstance(self._solver.ask(formula, self._is(after)), z3.ModelRef):
            self._differ(state, step, "the formula does not allow the step")
        if self._solver.ask(formula, z3.Not(self._is(after))) is not None:
            self._differ(state, step, "the formula allows another state after the step")

    def _compare_rewritten(self, state: Values, step: Step, after: Values) -> None:
        rewritten_cells = self._cells[step.action.name]
        for cell, formula, value in zip(self.concrete.instance.cells, rewritten_cells, after, strict=True):
            self.judgments += 1
            number = self.concrete.value(formula, step.arguments, state)
            if number != value:
                said = value_name(cell.field.codomain, number)
                self._differ(state, step, f"{cell.name}, rewritten over the state before, is {said}")
        for each in self._judged[step.action.name]:
            self.judgments += 1
            rewritten = bool(self.concrete.value(each.rewritten, step.arguments, state))
            if rewritten != each.holds(self.concrete, state, after):
                self._differ(state, step, f"{each.conjunct.name}, rewritten over the state before, says {rewritten}")

    def _differ(self, state: Values, step: Step, how: str) -> None:
        self.differences.append(f"{self.concrete.label(step)}: {how}; before, {self._told(state)}")

    def _told(self, state: Values) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.concrete.instance.readable(state).items())
