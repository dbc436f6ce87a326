"""k-induction: properties that hold in runs of any length, on one instance, without visiting its states."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from attorn.checker.prove.bounded import INTERRUPTED, Search, stated_properties
from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.z3_solver import z3
from attorn.checker.verdicts import Evidence, Verdict
from attorn.spec.errors import Unsound
from attorn.spec.language import Instance

__all__ = ["KInduction", "KVerdict", "prove_by_k_induction"]

WELL_DEFINED = ""  # no property has this name


@dataclass(frozen=True)
class KVerdict:
    """What is known of one property; ``k`` is the length of the runs that showed it, 0 if none did.

    The evidence is ``exhausted`` where it holds: as much is known of this instance as if every state of it had been
    visited, and nothing is known of other sizes.
    """

    verdict: Verdict
    k: int


@dataclass(frozen=True)
class KInduction:
    """The account of one proof by k-induction.

    largest: the greatest k allowed.  reached: the greatest k tried.
    stopped: why something stays open though a greater k was allowed; empty otherwise.
    """

    instance: Instance
    largest: int
    reached: int
    verdicts: tuple[KVerdict, ...]
    stopped: str
    seconds: float

    def verdict(self, name: str) -> KVerdict:
        """The verdict of one property."""
        return next(each for each in self.verdicts if each.verdict.name == name)


def prove_by_k_induction(
    instance: Instance,
    largest: int = 6,
    properties: Collection[str] | None = None,
    timeout: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> KInduction:
    """Show that no run of any length violates the properties, or find a shortest one that does.

    largest:    the greatest k that is tried.
    properties: names to report, ``no_deadlock`` among them; all when None.
    timeout:    seconds for one question to the solver.
    progress:   called after each k with it and the number of properties still open.

    All properties and lemmas of the machine are shown together. For k = 1, 2, ... there are two questions. The base,
    by bounded checking: does a run of up to k steps from an initial state violate one? The step: does a run of k
    steps from *any* state violate one at its end, and none before, without a state that comes twice before its end?
    Statements that fail in the step are taken away, as a hypothesis too, until none fails: a shortest violation of
    one that is left would have such an end, so there is none. They may be used from then on; the others wait for a
    greater k. That every step is well defined (see check_bounded) is one of the statements, and until it is shown no
    property is called shown.

    Raises what check_bounded raises.
    """
    began = time.perf_counter()
    wanted = stated_properties(instance, properties)
    induction = _Induction(instance, timeout)
    reached = 0
    try:
        induction.base.deepen(0)
        for k in range(1, largest + 1):
            induction.deepen(k)
            reached = k
            still_open = [name for name in wanted if induction.is_open(name)]
            if progress is not None:
                progress(k, len(still_open))
            if not still_open or induction.base.stopped:
                break
    except KeyboardInterrupt:
        induction.unanswered = INTERRUPTED
    verdicts = tuple(induction.verdict(name) for name in wanted)
    stopped = induction.unanswered or induction.base.stopped
    return KInduction(instance, largest, reached, verdicts, stopped, time.perf_counter() - began)


class _Induction:
    """Runs from an initial state, in the base, and runs from any state, in the step.

    shown: the statements that hold in every run, each with the k that showed it.
    """

    def __init__(self, instance: Instance, timeout: float) -> None:
        lemmas = {lemma.name: lemma for lemma in instance.machine.lemmas}
        self.base = Search(instance, {**stated_properties(instance, None), **lemmas}, timeout)
        self.transition = self.base.transition
        self.shown = {WELL_DEFINED: 0} if self.transition.ill_defined is None else {}
        self.unanswered = ""
        self._step = Incremental(self.transition.sizes.context, timeout)
        self._step.add(self.transition.at(self.transition.typed, 0))

    def is_open(self, name: str) -> bool:
        """Whether a property is neither refuted nor shown."""
        return name not in self.base.paths and not (name in self.shown and WELL_DEFINED in self.shown)

    def deepen(self, k: int) -> None:
        """Make base and step one longer, and show what can be shown by them."""
        self.base.deepen(k)
        self._step.add(self.transition.at(self.transition.step, k - 1))
        self._step.add(*(z3.Not(self.transition.same_state(earlier, k - 1)) for earlier in range(k - 1)))
        self._step.add(*self._holding(self.shown, range(k, k + 1)))
        candidates = [name for name in (*self.base.open, WELL_DEFINED) if name not in self.shown]
        while failing := self._failing(candidates, candidates, k):
            candidates = [name for name in candidates if name not in failing]
        self.shown |= dict.fromkeys(candidates, k)
        self._step.add(*self._holding(candidates, range(k + 1)))

    def _failing(self, asked: Sequence[str], candidates: Sequence[str], k: int) -> list[str]:
        """Some of the candidates asked about that fail at the end of a run though all hold before; or are not known."""
        if not asked:
            return []
        ends = self.base.violation([name for name in asked if name != WELL_DEFINED], k)
        if WELL_DEFINED in asked:
            ends = z3.Or(ends, self.transition.at(self.transition.ill_defined, k))
        said = self._step.ask(*self._holding(candidates, range(k)), ends)
        if said is None:
            return []
        if isinstance(said, str):
            self.unanswered = self.unanswered or f"z3 gave no answer for runs of {k} steps: {said}"
            return (
                list(asked) if len(asked) == 1 else [x for name in asked for x in self._failing([name], candidates, k)]
            )
        failing = [name for name in asked if self._fails(name, said, k)]
        if not failing:
            raise Unsound(f"{self.transition.instance.name}: z3 shows a step that violates nothing.")
        return failing

    def _fails(self, name: str, model: z3.ModelRef, k: int) -> bool:
        if name == WELL_DEFINED:
            ill_defined = self.transition.at(self.transition.ill_defined, k)
            return bool(z3.is_true(model.eval(ill_defined, model_completion=True)))
        return self.base.runs.violates(self.transition.path(model, k), self.base.stated[name])

    def _holding(self, names: Iterable[str], times: Iterable[int]) -> list[Any]:
        """The statements hold in the states at these times, and in the steps to them."""
        known = [name for name in names if name != WELL_DEFINED]
        return [z3.Not(self.base.violation(known, time)) for time in times]

    def verdict(self, name: str) -> KVerdict:
        """What is known of one property."""
        verdict = self.base.verdict(name, depth=0).verdict
        if verdict.evidence is Evidence.REFUTED:
            return KVerdict(verdict, 0)
        if self.is_open(name):
            return KVerdict(replace(verdict, evidence=Evidence.UNDETERMINED), 0)
        return KVerdict(replace(verdict, evidence=Evidence.EXHAUSTED), max(self.shown[name], self.shown[WELL_DEFINED]))
