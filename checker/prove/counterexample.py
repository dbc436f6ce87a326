"""Counterexamples to induction: the smallest step that leaves the conjuncts, and whether its start is reachable."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from attorn.checker.explore import Options, explore
from attorn.checker.prove.finite import FixedSize
from attorn.checker.prove.obligations import Kind, Obligation
from attorn.checker.prove.z3_solver import z3
from attorn.checker.verdicts import Evidence, Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Cell, Clause, Concrete, Expr, Instance, Machine, Op, Property, Step, Values, all_of
from attorn.spec.language.expressions import equal, node, read
from attorn.spec.language.source import here

__all__ = ["Escape", "Reachability", "reachability", "smallest_escape", "violating_run"]


@dataclass(frozen=True)
class Escape:
    """A step from a state that satisfies all conjuncts to one that does not; not necessarily reachable.

    step is None when an initial state fails by itself; then before and after are that state.
    """

    instance: Instance
    step: Step | None
    before: Values
    after: Values
    conjunct: str


@dataclass(frozen=True)
class Reachability:
    """Whether the start of an escape is reachable in an instance: by a path, or not, or unknown (None)."""

    reachable: bool | None
    path: Path | None
    said: str


def smallest_escape(machine: Machine, obligation: Obligation, largest: int = 3) -> Escape | None:
    """The counterexample to an obligation with the fewest elements of all sorts together.

    largest: how many elements of one sort are tried at most.
    Returns None when there is none that small. Raises Unsound if the plain interpreter does not confirm it.
    """
    for instance in _instances(machine, largest):
        escape = _escape(instance, obligation)
        if escape is not None:
            return escape
    return None


def _instances(machine: Machine, largest: int) -> Iterator[Instance]:
    least = [max(1, len(sort.constants)) for sort in machine.sorts]
    choices = itertools.product(*(range(low, max(low, largest) + 1) for low in least))
    for sizes in sorted(choices, key=lambda sizes: (sum(sizes), sizes)):
        budgets = {budget.name: 1 for budget in machine.budgets}
        named = {sort.name: size for sort, size in zip(machine.sorts, sizes, strict=True)}
        yield Instance.of(machine, machine.name, **named, **budgets)


def _escape(instance: Instance, obligation: Obligation) -> Escape | None:
    sizes = FixedSize(instance)
    before = sizes.state("before")
    given = {each.variable.payload: sizes.variable(f"arg.{each.name}", each.sort) for each in obligation.parameters}
    solver = z3.SolverFor("QF_BV", ctx=sizes.context)
    solver.add(sizes.typed(before))
    solver.add([sizes.inside(given[each.variable.payload], each.sort) for each in obligation.parameters])
    for formula in (*(formula for _, formula in obligation.hypotheses), obligation.refuted):
        solver.add(sizes.boolean(sizes.term(formula, given, before)))
    if solver.check() != z3.sat:
        return None
    model = solver.model()
    start = sizes.values(model, before)
    arguments = sizes.values(model, [given[each.variable.payload] for each in obligation.parameters])
    return _confirmed(instance, obligation, start, arguments)


def _confirmed(instance: Instance, obligation: Obligation, start: Values, arguments: Values) -> Escape:
    concrete = Concrete(instance)
    if not all(concrete.value(formula, arguments, start) for _, formula in obligation.hypotheses) or not concrete.value(
        obligation.refuted, arguments, start
    ):
        raise Unsound(f"{obligation.name}: the plain interpreter does not confirm the solver's counterexample.")
    if obligation.kind is Kind.INITIAL:
        return Escape(instance, None, start, start, obligation.conjunct)
    step = Step(instance.machine.action(obligation.action), arguments)
    return Escape(instance, step, start, concrete.apply(start, step), obligation.conjunct)


def reachability(escape: Escape, max_states: int = 200_000) -> Reachability:
    """Ask the explorer whether the start of an escape is reachable in the escape's own instance."""
    if escape.step is None:
        return Reachability(True, Path(escape.before), "it is an initial state: a real violation")
    instance = escape.instance
    start = all_of(*(_cell_is(cell, value) for cell, value in zip(instance.cells, escape.before, strict=True)))
    sentence = "The start of the counterexample is not reached."
    never = Property("never_this_state", sentence, here(), (Clause(~start, here()),), two_state=False)
    machine = Machine("reachability", instance.machine.state, instance.machine.start, instance.machine.steps, (never,))
    found = explore(
        Instance(machine, instance.sizes, instance.limits, "reachability"),
        Options(properties=("never_this_state",), goals=False, max_states=max_states, threads=1),
    )
    verdict = found.verdict("never_this_state")
    shape = instance.shape()
    if verdict.evidence is Evidence.REFUTED:
        assert verdict.path is not None
        return Reachability(True, verdict.path, f"reachable in {len(verdict.path)} steps ({shape}): a real violation")
    if verdict.evidence is Evidence.EXHAUSTED:
        return Reachability(
            False,
            None,
            f"not reachable ({shape}, {found.states:,} states): a lemma is missing that excludes this state",
        )
    return Reachability(None, None, f"not known: {found.stopped}")


def violating_run(instance: Instance, stated: Property, max_states: int = 200_000) -> Path | None:
    """A shortest run of an instance that violates a property or lemma; None where the explorer finds none."""
    machine = instance.machine
    alone = Machine("violation", machine.state, machine.start, machine.steps, (replace(stated, lemma=False),))
    found = explore(
        Instance(alone, instance.sizes, instance.limits, "violation"),
        Options(properties=(stated.name,), goals=False, max_states=max_states, threads=1),
    )
    return found.verdict(stated.name).path


def _cell_is(cell: Cell, value: int) -> Expr:
    index = tuple(
        node(Op.CONSTANT, sort, (), number) for sort, number in zip(cell.field.domain, cell.index, strict=True)
    )
    return equal(read(cell.field, index), node(Op.CONSTANT, cell.field.codomain, (), value))
