"""A ledger of obligations: what is known of each under changing sets of hypotheses, by unsat cores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from attorn.checker.prove.induction import ProofOptions
from attorn.checker.prove.obligations import Conjunct, Obligation, obligations
from attorn.checker.prove.solving import Answer, Cache, ask_all
from attorn.spec.language import Machine

__all__ = ["Ledger", "Standing"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Standing:
    """What a set of conjuncts comes to.

    inductive: its largest subset found to be inductive by itself.
    edges:     two-state conjuncts that follow from that subset.
    failed:    obligations with a counterexample that satisfies all conjuncts of the set.
    open:      obligations that the solver did not decide with all conjuncts of the set as hypotheses.
    """

    inductive: frozenset[str]
    edges: frozenset[str]
    failed: tuple[Obligation, ...]
    open: tuple[Obligation, ...]

    def proves(self, names: Collection[str]) -> bool:
        """Whether all these conjuncts are proved, of one state or of two."""
        return self.inductive | self.edges >= frozenset(names)


@dataclass
class _Entry:
    """An obligation that may use all hypotheses, and what was answered for some of them."""

    obligation: Obligation
    cores: list[frozenset[str]] = field(default_factory=list)
    failing: list[frozenset[str]] = field(default_factory=list)
    open: list[frozenset[str]] = field(default_factory=list)

    def core(self, given: frozenset[str]) -> frozenset[str] | None:
        """The smallest known set of hypotheses among those given that suffices, or None."""
        found = [core for core in self.cores if core <= given]
        return min(found, key=lambda core: (len(core), sorted(core)), default=None)

    def fails(self, given: frozenset[str]) -> bool:
        """Whether a counterexample is known that satisfies all hypotheses given."""
        return any(given <= known for known in self.failing)


class Ledger:
    """Asks each obligation as seldom as possible: a proof is valid wherever the hypotheses that it used are given."""

    def __init__(
        self,
        machine: Machine,
        conjuncts: Sequence[Conjunct],
        edges: Sequence[Conjunct],
        options: ProofOptions | None = None,
        cache: Cache | None = None,
    ) -> None:
        self._options, self._cache = options or ProofOptions(), cache
        self._conjuncts = frozenset(conjunct.name for conjunct in conjuncts)
        self._edges = frozenset(edge.name for edge in edges)
        self._entries = [_Entry(each) for each in obligations(machine, conjuncts, edges) if not each.unchanged]
        hypotheses = {name for entry in self._entries for name, _ in entry.obligation.hypotheses}
        self._always = frozenset(hypotheses - self._conjuncts)

    def standing(self, conjuncts: Collection[str], progress: Progress | None = None) -> Standing:
        """The largest inductive subset of some conjuncts, and what follows from it.

        progress: called with the number of questions answered and their total, in each round.
        """
        first = given = frozenset(conjuncts)
        undone: dict[frozenset[str], list[_Entry]] = {}
        while True:
            undone[given] = self._undone(given, progress)
            lost = {entry.obligation.conjunct for entry in undone[given]}
            if lost.isdisjoint(given):
                failed = [entry for entry in undone[first] if entry.fails(first)]
                unsure = [entry for entry in undone[first] if not entry.fails(first)]
                return Standing(
                    given,
                    self._edges - lost,
                    tuple(self._under(entry, first) for entry in failed),
                    tuple(self._under(entry, first) for entry in unsure),
                )
            given -= lost

    def used(self, conjuncts: Collection[str]) -> dict[str, frozenset[str]]:
        """For each conjunct of an inductive set, and each edge, the hypotheses that its own obligations used."""
        given = frozenset(conjuncts)
        found: dict[str, frozenset[str]] = {name: frozenset() for name in given | self._edges}
        for entry in self._entries:
            name = entry.obligation.conjunct
            core = entry.core(given | self._always) if name in found else None
            if core is not None:
                found[name] |= core
        return found

    def _undone(self, given: frozenset[str], progress: Progress | None) -> list[_Entry]:
        """The obligations of the conjuncts given, and of all edges, that are not known to hold by them."""
        wanted = [entry for entry in self._entries if entry.obligation.conjunct in given | self._edges]
        unproved = [entry for entry in wanted if entry.core(given | self._always) is None]
        unknown = [entry for entry in unproved if not entry.fails(given) and given not in entry.open]
        asked = [self._under(entry, given) for entry in unknown]
        questions = [(lambda each=each: each.text, each.expected) for each in asked]
        answers = ask_all(questions, "z3", self._options.timeout, self._options.jobs, self._cache, cores=True)
        for settled, (number, answer) in enumerate(answers, start=1):
            _note(unknown[number], asked[number], answer, given)
            if progress is not None:
                progress(settled, len(asked))
        return [entry for entry in unproved if entry.core(given | self._always) is None]

    def _under(self, entry: _Entry, given: frozenset[str]) -> Obligation:
        """An obligation with only the conjuncts given as hypotheses, besides what always is one."""
        named = entry.obligation.hypotheses
        return replace(entry.obligation, hypotheses=tuple(each for each in named if each[0] in given | self._always))


def _note(entry: _Entry, asked: Obligation, answer: Answer, given: frozenset[str]) -> None:
    if answer.result == "unsat":
        entry.cores.append(_names_of(asked, answer.core))
    elif answer.result == "sat":
        entry.failing.append(given)
    else:
        entry.open.append(given)


def _names_of(asked: Obligation, core: Sequence[int]) -> frozenset[str]:
    """The names of the hypotheses among the assertions with these numbers: axioms come first, what is refuted last."""
    axioms = len(asked.script.assertions) - len(asked.hypotheses) - 1
    return frozenset(
        asked.hypotheses[number - axioms][0] for number in core if 0 <= number - axioms < len(asked.hypotheses)
    )
