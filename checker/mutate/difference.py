"""What a mutant does otherwise than its original: nothing for any size, nothing on small instances, or an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.mutate.operators import levels
from attorn.checker.mutate.solver import possible
from attorn.checker.prove.obligations import Conjunct
from attorn.spec.language import Action, Concrete, Expr, Field, Instance, Machine, Op, Step, Values, all_of
from attorn.spec.language.expressions import equal, read
from attorn.spec.language.quantifiers import quantified
from attorn.spec.language.scopes import recording
from attorn.spec.language.substitution import cell_after

__all__ = ["Difference", "Reach", "difference", "reach"]

MORE = "it also happens where the original does not, and changes something there"
LESS = "it does not happen everywhere where the original does"
OTHER = "where both happen it does something else"
IDLE = "it also happens where it changes nothing"


@dataclass(frozen=True)
class Difference:
    """How the steps of a mutant differ from those of the action that it replaces.

    kinds:   of MORE, LESS, OTHER and IDLE those that occur in states which the original reaches in the instances.
    proved:  whether the other kinds are impossible for any size; else they are only not met in the instances.
    inert:   whether the mutant never changes anything in those states, so that it might as well not exist.
    example: a step that just one of the two makes, in words.
    """

    kinds: frozenset[str]
    proved: bool
    inert: bool = False
    example: str = ""

    @property
    def none_for_any_size(self) -> bool:
        """Whether both make exactly the same steps, whatever the sizes."""
        return self.proved and not self.kinds

    @property
    def said(self) -> str:
        """The difference in words."""
        if self.kinds:
            return "; ".join(sorted(self.kinds))
        return "the same steps for any size" if self.proved else "the same steps in the instances"

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
    open_kinds = _possible(machine, original, mutant, conjuncts, timeout)
    if not open_kinds:
        return Difference(frozenset(), True)
    met: dict[str, str] = {}
    inert = bool(reaches)
    for each in reaches:
        for found in _compared(each, original, mutant):
            inert = inert and (found.kind == LESS or found.after == found.before)
            if found.kind and found.kind not in met:
                met[found.kind] = found.told(each.concrete)
    example = next((met[kind] for kind in (MORE, OTHER, LESS, IDLE) if kind in met), "")
    return Difference(frozenset(met), open_kinds <= set(met), inert, example)


def _possible(
    machine: Machine, original: Action, mutant: Action, conjuncts: Sequence[Conjunct], timeout: float
) -> set[str]:
    """The kinds of difference that some state may show which satisfies the conjuncts."""
    old, new = original.guard, mutant.guard
    written = {write.field for write in (*original.writes, *mutant.writes)}
    fields = [field for field in machine.state.fields.values() if field in written]
    idle = all_of(*(_same(field, mutant, None) for field in fields))
    alike = all_of(*(_same(field, mutant, original) for field in fields))
    cases = {
        MORE: all_of(new, ~old, ~idle),
        LESS: all_of(old, ~new),
        OTHER: all_of(old, new, ~alike),
        IDLE: all_of(new, ~old, idle),
    }
    if old is new:
        cases = {OTHER: cases[OTHER]}
    given = [conjunct.clause.formula for conjunct in conjuncts]
    answers = possible(given, tuple(cases.values()), mutant.parameters, timeout)
    return {kind for kind, answer in zip(cases, answers, strict=True) if answer is not False}


def _same(field: Field, one: Action, other: Action | None) -> Expr:
    """Whether a field is the same after both actions, or the same after the one as before."""

    def cell(*index: Expr) -> Expr:
        before = read(field, index)
        return equal(cell_after(one.writes, field, index), cell_after(other.writes, field, index) if other else before)

    with recording(None, 1 + max(levels(one) | (levels(other) if other else set()), default=-1)):
        names = tuple(f"x{number}" for number in range(len(field.domain)))
        return quantified(Op.FORALL, field.domain, cell, names) if names else cell()


@dataclass(frozen=True)
class _Pair:
    """A step of the mutant, or else of the original, from a state: where it leads, and where the original's leads."""

    kind: str
    step: Step
    before: Values
    after: Values
    usual: Values

    def told(self, concrete: Concrete) -> str:
        label, changes = concrete.label(self.step), concrete.instance.changes
        said = f"{label}: {_listed(changes(self.before, self.after))}"
        if self.kind == OTHER:
            return f"{said}, instead of {_listed(changes(self.before, self.usual))}"
        return f"no longer {said}" if self.kind == LESS else said


def _compared(reach: Reach, original: Action, mutant: Action) -> Iterator[_Pair]:
    """All steps of the mutant, and those that it lacks, from the states reached, nearest first."""
    concrete = reach.concrete
    choices = [
        (Step(original, arguments[: len(original.parameters)]), Step(mutant, arguments))
        for arguments in concrete.instance.arguments(mutant.parameters)
    ]
    for state in reach.states:
        for old, new in choices:
            was, now = concrete.enabled(state, old), concrete.enabled(state, new)
            usual = concrete.apply(state, old) if was else state
            after = concrete.apply(state, new) if now else state
            if was and now:
                yield _Pair("" if after == usual else OTHER, new, state, after, usual)
            elif now:
                yield _Pair(IDLE if after == state else MORE, new, state, after, usual)
            elif was:
                yield _Pair(LESS, old, state, usual, usual)


def _listed(changes: Sequence[tuple[str, str, str]]) -> str:
    return ", ".join(f"{cell}: {old} → {new}" for cell, old, new in changes) or "nothing changes"
