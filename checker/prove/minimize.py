"""What a proof leans on: redundant lemmas, the lemmas behind each property, and implied conjuncts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from attorn.checker.prove.induction import ProofOptions
from attorn.checker.prove.ledger import Ledger
from attorn.checker.prove.obligations import Conjunct, inductive_set, two_state_conjuncts
from attorn.checker.prove.smtlib import script
from attorn.checker.prove.solving import Cache, ask_all
from attorn.spec.language import Machine

__all__ = ["Implied", "Minimal", "Uses", "closure", "minimize", "smallest_subset"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Uses:
    """The lemmas and the other properties that the proof of a property or lemma used, directly or through others."""

    name: str
    lemmas: tuple[str, ...]
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Implied:
    """A conjunct that follows from others in every state, without induction."""

    conjunct: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Minimal:
    """What the proof of a machine needs.

    proved:        whether everything is proved with all lemmas; if not, only ``undone`` says more.
    needed:        conjuncts of lemmas that suffice together, none of which can be left out any more.
    indispensable: those of them without which the proof fails even if all other lemmas are kept.
    redundant:     lemmas of which no conjunct is needed.
    uses:          for each property and each needed lemma, with just the needed conjuncts as hypotheses.
    idle_guards:   clauses of guards that no obligation used: the properties would hold without them.
    undone:        obligations that failed or stayed open with all lemmas.
    """

    machine: Machine
    proved: bool
    needed: tuple[str, ...] = ()
    indispensable: tuple[str, ...] = ()
    redundant: tuple[str, ...] = ()
    uses: tuple[Uses, ...] = ()
    implied: tuple[Implied, ...] = ()
    idle_guards: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    seconds: float = 0.0


def minimize(
    machine: Machine, options: ProofOptions | None = None, cache: Cache | None = None, progress: Progress | None = None
) -> Minimal:
    """Find out what the proof of a machine needs, by unsat cores and by leaving lemmas out.

    Lemmas are tried from the last to the first, whole ones before single conjuncts, so that the answer is always the
    same one of the possibly many smallest ones. What the solver cannot decide without a lemma counts as needing it.
    progress: called with the stage of the work, and how much of it is done.
    """
    begun = time.perf_counter()
    options = options or ProofOptions()
    told = progress or (lambda stage, done, total: None)
    conjuncts, edges = inductive_set(machine), two_state_conjuncts(machine)
    ledger = Ledger(machine, conjuncts, edges, options, cache)
    everything = [conjunct.name for conjunct in conjuncts]
    wanted = [conjunct.name for conjunct in (*conjuncts, *edges) if not conjunct.lemma]
    standing = ledger.standing(everything, lambda done, total: told("all lemmas", done, total))
    if not standing.proves([*everything, *wanted]):
        undone = tuple(each.name for each in (*standing.failed, *standing.open))
        return Minimal(machine, False, undone=undone, seconds=time.perf_counter() - begun)

    lemmas = {each.name: [c.name for c in conjuncts if c.owner == each.name] for each in machine.lemmas}
    fixed = [name for name in wanted if name in set(everything)]
    whole = smallest_subset(ledger, fixed, wanted, lemmas, lambda done, total: told("lemmas", done, total))
    single = {name: [name] for lemma in whole for name in lemmas[lemma]}
    needed = smallest_subset(ledger, fixed, wanted, single, lambda done, total: told("conjuncts", done, total))
    indispensable = tuple(
        name for name in needed if not ledger.standing([each for each in everything if each != name]).proves(wanted)
    )
    used = ledger.used([*fixed, *needed])
    return Minimal(
        machine,
        True,
        needed,
        indispensable,
        tuple(name for name, parts in lemmas.items() if not set(parts) & set(needed)),
        _uses(machine, used),
        _implied(conjuncts, options, cache, lambda done, total: told("implied conjuncts", done, total)),
        _idle_guards(machine, used),
        seconds=time.perf_counter() - begun,
    )


def smallest_subset(
    ledger: Ledger,
    fixed: Collection[str],
    wanted: Collection[str],
    units: Mapping[str, Sequence[str]],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[str, ...]:
    """Units, each some conjuncts, that still prove all that is wanted, and none of which can be left out any more.

    fixed: conjuncts that are always there. All units together must suffice. They are tried from the last to the first.
    """
    kept = dict(units)
    for done, unit in enumerate(reversed(list(units)), start=1):
        if unit in kept:
            rest = {name: parts for name, parts in kept.items() if name != unit}
            standing = ledger.standing([*fixed, *(part for parts in rest.values() for part in parts)])
            if standing.proves(wanted):
                kept = {name: parts for name, parts in rest.items() if standing.inductive.issuperset(parts)}
        if progress is not None:
            progress(done, len(units))
    return tuple(kept)


def closure(used: Mapping[str, Collection[str]], start: Collection[str]) -> frozenset[str]:
    """All that some conjuncts use, directly or through others."""
    found: set[str] = set()
    open_ = list(start)
    while open_:
        for name in used.get(open_.pop(), ()):
            if name not in found:
                found.add(name)
                open_.append(name)
    return frozenset(found)


def _uses(machine: Machine, used: Mapping[str, Collection[str]]) -> tuple[Uses, ...]:
    lemmas = [each.name for each in machine.lemmas]
    properties = [each.name for each in machine.properties]
    found = []
    for stated in (*machine.properties, *machine.lemmas):
        own = [name for name in used if _owner(name) == stated.name]
        if own:
            owners = {_owner(name) for name in closure(used, own)} - {stated.name}
            found.append(
                Uses(
                    stated.name,
                    tuple(name for name in lemmas if name in owners),
                    tuple(name for name in properties if name in owners),
                )
            )
    return tuple(found)


def _owner(conjunct: str) -> str:
    return conjunct.rpartition(".")[0]


def _idle_guards(machine: Machine, used: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    busy = {name for names in used.values() for name in names}
    return tuple(
        f"{action.name}.{number}"
        for action in machine.actions
        for number in range(len(action.clauses))
        if f"guard of {action.name}, clause {number}" not in busy
    )


def _implied(
    conjuncts: Sequence[Conjunct], options: ProofOptions, cache: Cache | None, progress: Callable[[int, int], None]
) -> tuple[Implied, ...]:
    """Ask for each conjunct whether all others exclude its negation; the core says which of them do."""
    others = {each.name: [other for other in conjuncts if other is not each] for each in conjuncts}
    scripts = [script([o.clause.formula for o in others[c.name]], [~c.clause.formula]) for c in conjuncts]
    questions = [(lambda text=text: text.text("unsat"), "unsat") for text in scripts]
    found: dict[int, Implied] = {}
    answers = ask_all(questions, "z3", options.timeout, options.jobs, cache, cores=True)
    for done, (number, answer) in enumerate(answers, start=1):
        name = conjuncts[number].name
        axioms = len(scripts[number].assertions) - len(conjuncts)
        used = [position - axioms for position in answer.core if 0 <= position - axioms < len(others[name])]
        if answer.result == "unsat":
            found[number] = Implied(name, tuple(others[name][position].name for position in used))
        progress(done, len(scripts))
    return tuple(found[number] for number in sorted(found))
