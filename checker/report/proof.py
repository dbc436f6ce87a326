"""The account of a proof, for a terminal and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from attorn.checker.prove.counterexample import Escape, Reachability
from attorn.checker.prove.fragment import Fragment
from attorn.checker.prove.induction import Discharge, Proof, PropertyProof
from attorn.checker.prove.matrix import obligation_matrix
from attorn.checker.prove.obligations import Obligation
from attorn.checker.report.lines import Paint, counted, formula, listed, plain, wrapped
from attorn.checker.verdicts import Evidence, Path
from attorn.spec.language import Concrete, Machine, Property, render

__all__ = ["Failing", "failing_lines", "proof_data", "proof_lines"]

NOT_REACHABLE = "NOT NECESSARILY REACHABLE"


@dataclass(frozen=True)
class Failing:
    """A property or lemma that a step does not keep: the smallest such step, and whether it can happen.

    escape: None where none is small enough; ``found`` is whether its start is reachable.
    run:    another run of that size that violates what is stated, if its start is not reachable.
    """

    stated: Property
    obligation: Obligation
    escape: Escape | None
    found: Reachability | None
    run: Path | None = None

    @property
    def refuted(self) -> bool:
        """Whether the step can happen, or another run does harm, so that what is stated is not true."""
        return self.run is not None or (self.found is not None and self.found.reachable is True)


def proof_lines(
    proof: Proof, fragment: Fragment, width: int = 80, paint: Paint = plain, refuted: Collection[str] = ()
) -> list[str]:
    """What was proved, obligation counts, and what is left open.

    refuted: the names of those of which a violation is known.
    """
    machine = proof.machine
    sorts = ", ".join(sort.name for sort in machine.sorts)
    lines = [
        f"{paint(machine.name, 'strong')} · specification {machine.digest[:12]} · any number of {sorts}",
        *_wrapped(machine.says, "  ", width),
    ]
    properties = [each for each in proof.properties if not each.lemma]
    lemmas = [each for each in proof.properties if each.lemma]
    margin = 2 + max((len(each.stated.name) for each in proof.properties), default=0)
    for title, chosen in (
        ("proved: true in every reachable state and step, whatever the sizes", _with(properties, Evidence.PROVED)),
        ("lemmas that the proof rests on, proved with the rest", _with(lemmas, Evidence.PROVED)),
    ):
        if chosen:
            lines += ["", f"  {paint(title, 'good')}"]
            lines += [line for each in chosen for line in _named(each, margin, width, paint)]
    unproved = [each for each in proof.properties if each.evidence is not Evidence.PROVED]
    for title, role, chosen in (
        (
            "UNDETERMINED: not proved by induction, which is not yet a violation",
            "doubt",
            [each for each in unproved if each.stated.name not in refuted],
        ),
        ("REFUTED: a run violates it, shown below", "bad", [each for each in unproved if each.stated.name in refuted]),
    ):
        if chosen:
            lines += ["", f"  {paint(title, role)}"]
        for each in chosen:
            lines += _named(each, margin, width, paint)
            lines += [f"{' ' * (4 + margin)}{text}" for text in _open(each)]
    return [*lines, "", *_fragment(fragment, width, paint), *_counts(proof, width, paint)]


def _fragment(fragment: Fragment, width: int, paint: Paint) -> Iterator[str]:
    """Whether solvers always decide what they are asked, or which clauses keep them from it."""
    first, *rest = fragment.said.splitlines()
    role = "" if fragment.decidable else "doubt"
    yield from wrapped(first, width, "  ", paint=paint, role=role)
    for line in rest:
        yield from wrapped(line.strip(), width, "      ", "    ", paint, role)


def _with(properties: Sequence[PropertyProof], evidence: Evidence) -> list[PropertyProof]:
    return [each for each in properties if each.evidence is evidence]


def _named(each: PropertyProof, margin: int, width: int, paint: Paint) -> list[str]:
    name = f"    {paint(f'{each.stated.name:{margin}}', 'strong')}"
    wrapped = textwrap.wrap(each.stated.sentence, width - 4 - margin) or [""]
    return [name + wrapped[0], *(" " * (4 + margin) + line for line in wrapped[1:])]


def _open(each: PropertyProof) -> Iterator[str]:
    for action in dict.fromkeys(discharge.obligation.action for discharge in each.failed):
        yield f"not preserved by {action}" if action else "not true of every initial state"
    for discharge in each.open:
        reason = discharge.answer.reason if discharge.answer is not None else "not asked"
        yield f"undecided: {discharge.obligation.name} ({reason})"
    if each.leans:
        yield "its proof needs conjuncts that are not proved themselves"


def _counts(proof: Proof, width: int, paint: Paint) -> list[str]:
    done = [each for each in proof.discharges if each.done]
    untouched = [each for each in done if each.obligation.unchanged]
    asked = [each for each in done if each.answer is not None and not each.obligation.unchanged]
    cached = sum(each.answer.cached for each in asked if each.answer is not None)
    text = (
        f"{len(done):,} of {counted(len(proof.discharges), 'obligation')} discharged "
        f"({counted(len(proof.machine.actions), 'action')}): {len(asked):,} by {proof.options.solver}"
        f"{f', {cached:,} of them from the cache' if cached else ''}; {len(untouched):,} because the action writes "
        f"nothing that the conjunct reads · {proof.seconds:.1f} s"
    )
    possible = sum(each.done for each in proof.companions)
    lines = _wrapped(text, "  ", width)
    lines += _wrapped(
        f"not empty: {possible} of {len(proof.companions)} companions answered as they must be (some state, with all "
        "conjuncts, enables each action and fits each premise; no action is forgotten)",
        "  ",
        width,
    )
    for each in proof.companions:
        if each.failed:
            lines.append(paint(f"  FAILED companion {each.obligation.name}: {_said(each)}", "bad"))
        elif each.answer is not None and not each.done:
            lines.append(paint(f"  UNDETERMINED companion {each.obligation.name}: {_said(each)}", "doubt"))
    if proof.stopped:
        lines += _wrapped(f"UNDETERMINED: {proof.stopped}", "  ", width)
    return lines


def _said(each: Discharge) -> str:
    return each.answer.result if each.answer is not None else "not asked"


def failing_lines(failing: Sequence[Failing], width: int, paint: Paint = plain) -> list[str]:
    """Counterexamples to induction: before and after, and whether they can happen."""
    return [line for each in failing for line in ("", *_failing(each, width, paint))]


def _failing(each: Failing, width: int, paint: Paint) -> Iterator[str]:
    name, escape, found = each.obligation.name, each.escape, each.found
    if escape is None or found is None:
        yield from wrapped(f"{name}: no counterexample with up to 3 elements of each sort.", width, "  ", "")
        return
    concrete = Concrete(escape.instance)
    number = int(escape.conjunct.rpartition(".")[2])
    conjunct = f", conjunct {number + 1} of {len(each.stated.conjuncts)}" if each.stated.conjuncts[1:] else ""
    kind = "lemma" if each.stated.lemma else "property"
    word = f" is {paint('REFUTED', 'bad')}" if each.refuted else ""
    doubt = "" if found.reachable else f", {NOT_REACHABLE}"
    title = f"{paint(each.stated.name, 'strong')}{conjunct}{word}: a step breaks this {kind}{doubt}"
    yield from wrapped(title, width, "  ", "")
    yield from wrapped(listed(escape.instance.shape().split(" × "), "×"), width, "  ")
    yield ""
    yield "  false of an initial state" if escape.step is None else "  false after it"
    yield from wrapped(formula(render(each.stated.conjuncts[number].formula)), width, "      ", "    ")
    yield "  before it (cells that are not their first value)"
    blank = tuple(0 for _ in escape.before)
    shown = escape.instance.changes(blank, escape.before)
    margin = max((len(cell) for cell, _, _ in shown), default=0)
    yield from (f"    {cell:{margin}}  {value}" for cell, _, value in shown)
    if escape.step is not None:
        yield f"  step {paint(concrete.label(escape.step), 'strong')}"
        changed = escape.instance.changes(escape.before, escape.after)
        margin = max((len(cell) for cell, _, _ in changed), default=0)
        yield from (f"    {cell:{margin}}  {old} → {new}" for cell, old, new in changed)
    yield from wrapped(f"is the state before it reachable? {found.said}", width, "    ", "  ")
    if each.run is not None:
        acts = " → ".join(concrete.label(move.step) for move in each.run.moves) or "in an initial state"
        yield from wrapped(f"but this run of the same size violates it: {acts}", width, "    ", "  ")


def proof_data(proof: Proof, fragment: Fragment, failing: Sequence[Failing] = ()) -> dict[str, Any]:
    """The proof as plain data, obligations one by one."""
    refuted = {each.stated.name for each in failing if each.refuted}
    matrix = obligation_matrix(proof)
    lemmas = {lemma.name for lemma in proof.machine.lemmas}
    return {
        "format": "attorn proof 1",
        "machine": proof.machine.name,
        "digest": proof.machine.digest,
        "solver": proof.options.solver,
        "proved": proof.proved,
        "stopped": proof.stopped,
        "properties": [
            {
                "name": each.stated.name,
                "sentence": each.stated.sentence,
                "where": str(each.stated.where),
                "lemma": each.lemma,
                "evidence": Evidence.REFUTED.value if each.stated.name in refuted else each.evidence.value,
                "conjuncts": [render(clause.formula) for clause in each.stated.conjuncts],
                "failed": [discharge.obligation.name for discharge in each.failed],
                "undecided": [discharge.obligation.name for discharge in each.open],
            }
            for each in proof.properties
        ],
        "decidable": fragment.decidable,
        "fragment": fragment.said,
        "failing": [_failing_data(proof.machine, each) for each in failing],
        "obligations": [
            {
                "name": each.obligation.name,
                "expected": each.obligation.expected,
                "answer": "unchanged" if each.obligation.unchanged else _said(each),
                "attempts": 0 if each.answer is None else each.answer.attempts,
            }
            for each in (*proof.discharges, *proof.companions)
        ],
        "matrix": {
            "rows": list(matrix.rows),
            "columns": [{"conjunct": name, "of": owner, "lemma": owner in lemmas} for name, owner in matrix.columns],
            "squares": [
                {"action": each.action, "conjunct": each.conjunct, "outcome": each.outcome} for each in matrix.squares
            ],
        },
        "run": {
            "matrix": [None if each.seconds is None else round(each.seconds, 4) for each in matrix.squares],
            "seconds": round(proof.seconds, 3),
            "obligations": {
                each.obligation.name: round(each.answer.seconds, 4)
                for each in (*proof.discharges, *proof.companions)
                if each.answer is not None
            },
        },
    }


def _failing_data(machine: Machine, each: Failing) -> dict[str, Any]:
    action = each.obligation.action
    data: dict[str, Any] = {
        "name": each.stated.name,
        "obligation": each.obligation.name,
        "refuted": each.refuted,
        "where": str(machine.action(action).where if action else each.stated.where),
    }
    if each.escape is not None and each.found is not None:
        instance, step = each.escape.instance, each.escape.step
        data |= {
            "sizes": instance.described(),
            "before": instance.readable(each.escape.before),
            "step": "" if step is None else Concrete(instance).label(step),
            "after": instance.readable(each.escape.after),
            "reachable": each.found.reachable,
            "says": each.found.said,
            "run": None if each.run is None else [Concrete(instance).label(move.step) for move in each.run.moves],
        }
    return data


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
