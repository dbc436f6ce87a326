"""Lemma search: make properties inductive by clauses that are guessed from small instances and then proved."""

from __future__ import annotations

import functools
import itertools
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from attorn.checker.explore import Options, reachable_blocks
from attorn.checker.prove.columns import Sample, column, observed_states
from attorn.checker.prove.counterexample import Escape, smallest_escape
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.checker.prove.ledger import Ledger, Standing
from attorn.checker.prove.lemma_source import lemma_source
from attorn.checker.prove.minimize import smallest_subset
from attorn.checker.prove.obligations import Conjunct, Kind, inductive_set, two_state_conjuncts
from attorn.checker.prove.pool import Choice, Pool
from attorn.checker.prove.small_steps import Left, SmallSteps, Undecided, Wanted
from attorn.checker.prove.solving import Cache
from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange, TooLarge
from attorn.spec.language import Clause, Concrete, Expr, Instance, Machine, Property, render
from attorn.spec.language.source import here

__all__ = ["FoundLemma", "Outcome", "Search", "SearchOptions", "find_lemmas", "reachable_states", "small_instances"]


WALKS, WALK_LENGTH = 200, 80


class Outcome(Enum):
    """What a search came to."""

    FOUND = "found"
    NOT_FOUND = "not found"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class SearchOptions:
    """How to search: how long altogether (seconds), and how to prove.

    most_states: an instance with more reachable states than this is only walked at random.
    """

    seconds: float = 120.0
    most_states: int = 200_000
    proof: ProofOptions = field(default_factory=ProofOptions)


@dataclass(frozen=True)
class FoundLemma:
    """A lemma that the search found: as data, as a line to read, and as Python to paste."""

    stated: Property
    text: str
    source: str


@dataclass(frozen=True)
class Search:
    """The account of one search.

    machine:   without the author's own lemmas; with those found, if they suffice.
    lemmas:    a set that suffices and of which none can be left out; empty unless found.
    proof:     of the machine with the lemmas found, for any size.
    escape:    the step that no candidate excludes, if that is why nothing was found; not necessarily reachable.
    states:    how many reachable states the candidates were filtered by.
    mined:     how many candidates there were.
    escapes:   how many steps out of the properties were excluded by one candidate each.
    dropped:   how many candidates were tried and found not to hold.
    """

    machine: Machine
    outcome: Outcome
    reason: str
    lemmas: tuple[FoundLemma, ...] = ()
    proof: Proof | None = None
    escape: Escape | None = None
    states: int = 0
    mined: int = 0
    escapes: int = 0
    dropped: int = 0
    seconds: float = 0.0


def find_lemmas(
    machine: Machine,
    instances: Sequence[Instance],
    options: SearchOptions | None = None,
    cache: Cache | None = None,
    progress: Callable[[str], None] | None = None,
) -> Search:
    """Find lemmas that make the properties of a machine inductive for any size, from the properties alone.

    A step that leaves the properties and lemmas so far is excluded by the simplest clause that holds in all reachable
    states of the instances; such a clause has to be preserved in turn, and is dropped where nothing makes it so.
    What is found is what a search for the largest inductive set of all these clauses would find, but small.
    instances: their reachable states filter the candidates; the author's own lemmas are not used.
    progress:  told in a line what was found out.
    Not to find a set does not mean that there is none. An interrupt or the end of the time is ``undetermined``.
    """
    search = _Searching(machine, instances, options or SearchOptions(), cache, progress or (lambda line: None))
    try:
        return search.run()
    except Undecided as stopped:
        return search.account(Outcome.UNDETERMINED, str(stopped))
    except KeyboardInterrupt:
        return search.account(Outcome.UNDETERMINED, "interrupted")


def small_instances(machine: Machine, max_states: int = 100_000) -> tuple[Instance, ...]:
    """Instances worth filtering by, for a machine of which nobody says: at most one for each two sorts.

    The two grow by one element first, then all others in turns, then the two again, as long as there are not more than
    so many states.
    """
    least = {sort.name: max(1, len(sort.constants)) for sort in machine.sorts}
    budgets = {budget.name: 1 for budget in machine.budgets}

    def instance(sizes: tuple[int, ...]) -> Instance:
        return Instance.of(machine, machine.name, **dict(zip(least, sizes, strict=True)), **budgets)

    @functools.cache
    def fits(sizes: tuple[int, ...]) -> bool:
        try:
            return reachable_states(instance(sizes), max_states) is not None
        except BadInput:  # no initial state, or too many: another size may do
            return False

    found = []
    for leading in itertools.combinations(range(len(least)), min(2, len(least))):
        sizes = tuple(least.values())
        for place in (*leading, *(place for place in range(len(least)) if place not in leading), *leading):
            grown = tuple(size + (place == position) for position, size in enumerate(sizes))
            sizes = grown if fits(grown) else sizes
        found.append(sizes)
    maximal = [
        sizes
        for sizes in dict.fromkeys(found)
        if not any(other != sizes and all(map(operator.le, sizes, other)) for other in found)
    ]
    return tuple(map(instance, maximal))


def reachable_states(instance: Instance, max_states: int) -> Sample | None:
    """All reachable states of an instance, or None if there are more than so many."""
    try:
        blocks = list(reachable_blocks(instance, Options(properties=(), goals=False, max_states=max_states)))
    except TooLarge as stopped:
        if "interrupt" in str(stopped):
            raise KeyboardInterrupt from stopped
        return None
    return Sample(instance, np.concatenate(blocks).astype(np.int16))


class _NotFound(Exception):
    """There is nothing to find; never shown, the search turns it into an account."""

    def __init__(self, reason: str, escape: Escape | None = None) -> None:
        super().__init__(reason)
        self.escape = escape


class _Searching:
    """One search: the lemmas adopted so far, and what it knows of them."""

    def __init__(
        self,
        machine: Machine,
        instances: Sequence[Instance],
        options: SearchOptions,
        cache: Cache | None,
        say: Callable[[str], None],
    ) -> None:
        self.machine = machine.variant(machine.name, remove=[each.name for each in machine.lemmas])
        self.instances = [Instance(self.machine, each.sizes, each.limits, each.name) for each in instances]
        self.options, self.cache, self.say = options, cache, say
        self.conjuncts, self.edges = inductive_set(self.machine), two_state_conjuncts(self.machine)
        self.wanted = {each.name: Wanted(each.clause.formula) for each in self.conjuncts}
        self.wanted |= {each.name: Wanted(each.clause.formula, two_state=True) for each in self.edges}
        self.lemmas: dict[str, Choice] = {}
        self.pool: Pool | None = None
        self.states = self.escapes = self.dropped = 0
        self.begun = time.perf_counter()

    def run(self) -> Search:
        """Search until the properties are inductive, first in a small instance, then for any size."""
        try:
            self.pool = Pool(self.machine, self._samples(), self._check_time)
            steps = self._small_steps()
            while True:
                while (left := steps.left(self.wanted)) is not None:
                    self._exclude(steps, _escape(steps.instance, left), left.violated)
                ledger = self._ledger()
                standing = ledger.standing([name for name, each in self.wanted.items() if not each.two_state])
                self._check_time()
                if standing.proves(self._properties):
                    kept = smallest_subset(
                        ledger,
                        [each.name for each in self.conjuncts],
                        self._properties,
                        {name: [name] for name in self.lemmas if name in standing.inductive},
                    )
                    return self._proved(kept)
                self._exclude_larger(steps, standing)
        except _NotFound as failure:
            return self.account(Outcome.NOT_FOUND, str(failure), escape=failure.escape)

    def account(self, outcome: Outcome, reason: str, **found: Any) -> Search:
        """What the search came to, with its figures."""
        return Search(
            **{"machine": self.machine, **found},
            outcome=outcome,
            reason=reason,
            states=self.states,
            mined=self.pool.mined if self.pool else 0,
            escapes=self.escapes,
            dropped=self.dropped,
            seconds=time.perf_counter() - self.begun,
        )

    @property
    def _properties(self) -> list[str]:
        return [each.name for each in (*self.conjuncts, *self.edges)]

    def _seconds_left(self) -> float:
        return self.begun + self.options.seconds - time.perf_counter()

    def _check_time(self) -> None:
        if self._seconds_left() <= 0:
            raise Undecided(f"the {self.options.seconds:g} seconds are over")

    def _samples(self) -> list[Sample]:
        """Reachable states of the instances, and some of a larger one; a property false there needs no lemmas."""
        samples = []
        for instance in self.instances:
            sample = reachable_states(instance, self.options.most_states)
            if sample is None:
                samples += self._walked(instance)
            else:
                samples.append(self._checked(sample, f"reachable states of {instance.shape()}"))
        samples += self._walked(self._joined(2, max))
        if not samples:
            raise Undecided("no instance is small enough to be explored or walked")
        return samples

    def _walked(self, instance: Instance) -> list[Sample]:
        try:
            observed = observed_states(instance, WALKS, WALK_LENGTH)
        except BadInput:  # no initial state of that size, or too many to choose from
            return []
        return [self._checked(observed, f"states on random walks of {instance.shape()}")]

    def _checked(self, sample: Sample, about: str) -> Sample:
        self.states += len(sample.states)
        about = f"{len(sample.states):,} {about}"
        self.say(about)
        for conjunct in self.conjuncts:
            if not column(sample, conjunct.clause.formula).all():
                raise _NotFound(f"{conjunct.owner} is false in one of the {about}")
        self._check_time()
        return sample

    def _joined(self, more: int, choose: Callable[[int, int], int]) -> Instance:
        """The instance that has of each sort the most of any instance, or so many more than it must, as chosen."""
        sizes = {
            sort: choose(max(each.sizes[sort] for each in self.instances), max(1, len(sort.constants)) + more)
            for sort in self.machine.sorts
        }
        limits = {budget: max(each.limits[budget] for each in self.instances) for budget in self.machine.budgets}
        return Instance(self.machine, sizes, limits, self.machine.name)

    def _small_steps(self) -> SmallSteps:
        """Steps between states with properties, of an instance that is as small as it can be and not too special."""
        steps = SmallSteps(self._joined(1, min), self._seconds_left)
        for conjunct in self.conjuncts:
            if not steps.holds_initially(conjunct.clause.formula):
                raise _NotFound(f"{conjunct.owner} is false in an initial state of {steps.instance.shape()}")
            steps.assume(conjunct.name, conjunct.clause.formula)
        return steps

    def _ledger(self) -> Ledger:
        found = [
            Conjunct(name.removesuffix(".0"), 0, Clause(self.wanted[name].formula, here()), lemma=True)
            for name in self.lemmas
        ]
        return Ledger(self.machine, [*self.conjuncts, *found], self.edges, self.options.proof, self.cache)

    def _exclude(self, steps: SmallSteps, escape: Escape, violated: Sequence[str]) -> None:
        """Adopt the simplest candidate that is false before the escape; if there is none, drop what it violates."""
        assert self.pool is not None
        while (choice := self.pool.simplest_excluding(escape.instance, escape.before)) is not None:
            formula = self.pool.formula(choice)
            if steps.holds_initially(formula):
                self._adopt(steps, choice, formula)
                return
            self.pool.drop(choice)
        for name in violated:
            if name not in self.lemmas:
                raise _NotFound(f"no candidate excludes a step after which {name} is false", escape)
            self._drop(steps, name)

    def _adopt(self, steps: SmallSteps, choice: Choice, formula: Expr) -> None:
        self.escapes += 1
        name = f"candidate {self.escapes}.0"  # no property has such a name
        self.lemmas[name] = choice
        self.wanted[name] = Wanted(formula)
        steps.assume(name, formula)
        self.say(f"added   {render(formula)}")

    def _drop(self, steps: SmallSteps, name: str) -> None:
        assert self.pool is not None
        self.dropped += 1
        self.say(f"dropped {render(self.wanted.pop(name).formula)}")
        self.pool.drop(self.lemmas.pop(name))
        steps.drop(name)

    def _exclude_larger(self, steps: SmallSteps, standing: Standing) -> None:
        """Go on from a counterexample that the small instance has no room for."""
        for obligation in standing.failed:
            escape = smallest_escape(self.machine, obligation)
            self._check_time()
            if escape is None:
                continue
            if obligation.kind is not Kind.INITIAL:
                self._exclude(steps, escape, (obligation.conjunct,))
            elif obligation.conjunct in self.lemmas:
                self._drop(steps, obligation.conjunct)
            else:
                raise _NotFound(f"{obligation.conjunct} is false in an initial state", escape)
            return
        raise Undecided(
            f"for any size, the solver left {len(standing.open)} obligations open, and {len(standing.failed)} fail "
            "with no counterexample of up to 3 elements a sort"
        )

    def _proved(self, kept: Sequence[str]) -> Search:
        """Prove the machine once more, with the lemmas kept as an author would have declared them."""
        taken = {each.name for each in (*self.machine.steps, *self.machine.statements)}
        names = (name for number in range(1, 1_000_000) if (name := f"found_{number}") not in taken)
        lemmas = []
        for kept_name, name in zip(kept, names, strict=False):
            formula = self.wanted[kept_name].formula
            sentence = f"Found by search: {render(formula)}."
            stated = Property(name, sentence, here(), (Clause(formula, here()),), two_state=False, lemma=True)
            lemmas.append(FoundLemma(stated, render(formula), lemma_source(stated, self.machine)))
        with_lemmas = self.machine.variant(self.machine.name, add=[each.stated for each in lemmas])
        proof = prove(with_lemmas, self.options.proof, self.cache)
        if not proof.proved:
            return self.account(Outcome.UNDETERMINED, proof.stopped or "the final proof has open obligations")
        number = f"{len(lemmas)} lemmas suffice" if len(lemmas) != 1 else "one lemma suffices"
        reason = f"{number if lemmas else 'no lemma is needed'}: every property is proved for any size"
        return self.account(Outcome.FOUND, reason, lemmas=tuple(lemmas), proof=proof, machine=with_lemmas)


def _escape(instance: Instance, left: Left) -> Escape:
    try:
        after = Concrete(instance).apply(left.before, left.step)
    except (DoubleWrite, OutOfRange):  # only its start matters, which need not be reachable
        after = left.before
    return Escape(instance, left.step, left.before, after, left.violated[0])
