"""What a mutant does otherwise than its original: nothing for any size, nothing on small instances, or an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.mutate.operators import levels
from attorn.checker.prove.obligations import Conjunct
from attorn.checker.prove.smtlib import script
from attorn.checker.prove.solving import ask
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Action, Concrete, Expr, Field, Instance, Machine, Op, Step, Values, all_of
from attorn.spec.language.expressions import FALSE, equal, quantified, read, recording
from attorn.spec.language.substitution import cell_after

__all__ = ["Difference", "Reach", "difference", "reach"]

MORE = "it happens where the original does not, and changes something there"
LESS = "it does not happen where the original does"
OTHER = "where both happen it does not do the same"
IDLE = "it happens where the original does not, but only to change nothing"


@dataclass(frozen=True)
class Difference:
    """How the steps of a mutant differ from those of the action that it replaces.

    kinds:   of MORE, LESS, OTHER and IDLE those that occur in states which the original reaches in the instances.
    proved:  whether the other kinds are impossible for any size; else they are only not met in the instances.
    example: a step that just one of the two makes, in words.
    """

    kinds: frozenset[str]
    proved: bool
    example: str = ""

    @property
    def adds_steps(self) -> bool:
        """Whether the mutant makes a step that changes something and that the original does not make."""
        return not self.kinds.isdisjoint((MORE, OTHER))


@dataclass(frozen=True)
class Reach:
    """The states that a machine reaches in an instance, nearest first."""

    concrete: Concrete
    states: tuple[Values, ...]


def reach(instance: Instance) -> Reach:
    """Visit an instance, which must be small, in the plainest way."""
    concrete = Concrete(instance)
    met = dict.fromkeys(concrete.initial_states())
    queue = list(met)
    for state in queue:
        for _, after in concrete.successors(state):
            if after not in met:
                met[after] = None
                queue.append(after)
    return Reach(concrete, tuple(queue))


def difference(
    machine: Machine, mutant: Action, conjuncts: Sequence[Conjunct], reaches: Sequence[Reach], timeout: float = 2.0
) -> Difference:
    """Compare a mutant with its original: for any size as far as a solver can, and on states reached in instances.

    conjuncts: an inductive set of the original. Where both make the same steps from all states that satisfy it,
               both reach the same states. The same is true of the states in ``reaches``, for those sizes.
    timeout:   seconds for one question to the solver.
    """
    original = machine.action(mutant.name)
    possible = {MORE, LESS, OTHER, IDLE} - set(_impossible(machine, original, mutant, conjuncts, timeout))
    if not possible:
        return Difference(frozenset(), True)
    kinds: set[str] = set()
    example = ""
    for each in reaches:
        for kind, said in _met(each, original, mutant):
            example = example or said
            kinds.add(kind)
    return Difference(frozenset(kinds), possible <= kinds, example)


def _impossible(
    machine: Machine, original: Action, mutant: Action, conjuncts: Sequence[Conjunct], timeout: float
) -> Iterator[str]:
    """The kinds of difference that no state shows which satisfies the conjuncts."""
    given = [conjunct.clause.formula for conjunct in conjuncts]
    old, new = original.guard, mutant.guard
    written = {write.field for write in (*original.writes, *mutant.writes)}
    fields = [field for field in machine.state.fields.values() if field in written]
    idle = all_of(*(_same(field, mutant, None) for field in fields))
    alike = all_of(*(_same(field, mutant, original) for field in fields))
    for kind, case in (
        (MORE, all_of(new, ~old, ~idle)),
        (LESS, all_of(old, ~new)),
        (OTHER, all_of(old, new, ~alike)),
        (IDLE, all_of(new, ~old, idle)),
    ):
        if case is FALSE or (old is new and kind is not OTHER):
            yield kind
            continue
        try:
            answer = ask(script([*given, case], mutant.parameters).text("unsat"), timeout=timeout, seeds=(0,))
        except SpecificationError:  # such as count(...), which has no meaning for sorts of unknown size
            return
        if answer.result == "unsat":
            yield kind


def _same(field: Field, one: Action, other: Action | None) -> Expr:
    """Whether a field is the same after both actions, or the same after the one as before."""

    def cell(*index: Expr) -> Expr:
        before = read(field, index)
        return equal(cell_after(one.writes, field, index), cell_after(other.writes, field, index) if other else before)

    with recording(None, 1 + max(levels(one) | (levels(other) if other else set()), default=-1)):
        names = tuple(f"x{number}" for number in range(len(field.domain)))
        return quantified(Op.FORALL, field.domain, cell, names) if names else cell()


def _met(reach: Reach, original: Action, mutant: Action) -> Iterator[tuple[str, str]]:
    """The kinds of difference in the states reached, each once, with an example from the nearest state."""
    concrete = reach.concrete
    given = tuple(concrete.instance.arguments(mutant.parameters))
    seen: set[str] = set()
    for state in reach.states:
        for arguments in given:
            old, new = Step(original, arguments[: len(original.parameters)]), Step(mutant, arguments)
            kind, after = _compared(concrete, state, old, new)
            if kind and kind not in seen:
                seen.add(kind)
                yield kind, _told(concrete, state, old if kind is LESS else new, after)


def _compared(concrete: Concrete, state: Values, old: Step, new: Step) -> tuple[str, Values]:
    was, now = concrete.enabled(state, old), concrete.enabled(state, new)
    if was and now:
        before, after = concrete.apply(state, old), concrete.apply(state, new)
        return ("" if before == after else OTHER), after
    if now:
        after = concrete.apply(state, new)
        return (IDLE if after == state else MORE), after
    return (LESS, concrete.apply(state, old)) if was else ("", state)


def _told(concrete: Concrete, before: Values, step: Step, after: Values) -> str:
    changed = concrete.instance.changes(before, after)
    said = ", ".join(f"{cell}: {old} → {new}" for cell, old, new in changed) or "nothing changes"
    return f"{concrete.label(step)}: {said}"
