"""The account of a proof, for a terminal and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from attorn.checker.prove.counterexample import Escape, Reachability
from attorn.checker.prove.induction import Discharge, Proof, PropertyProof
from attorn.checker.report.lines import Paint, counted, plain
from attorn.checker.verdicts import Evidence
from attorn.spec.language import Concrete, render

__all__ = ["escape_lines", "proof_data", "proof_lines"]


def proof_lines(proof: Proof, width: int = 80, paint: Paint = plain) -> list[str]:
    """What was proved, obligation counts, and what is left open."""
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
    if unproved:
        lines += ["", f"  {paint('UNDETERMINED: not proved by induction, which is not yet a violation', 'doubt')}"]
        for each in unproved:
            lines += _named(each, margin, width, paint)
            lines += [f"{' ' * (4 + margin)}{text}" for text in _open(each)]
    return [*lines, "", *_counts(proof, width, paint)]


def _with(properties: Sequence[PropertyProof], evidence: Evidence) -> list[PropertyProof]:
    return [each for each in properties if each.evidence is evidence]


def _named(each: PropertyProof, margin: int, width: int, paint: Paint) -> list[str]:
    name = f"    {paint(f'{each.stated.name:{margin}}', 'strong')}"
    wrapped = textwrap.wrap(each.stated.sentence, width - 4 - margin) or [""]
    return [name + wrapped[0], *(" " * (4 + margin) + line for line in wrapped[1:])]


def _open(each: PropertyProof) -> Iterator[str]:
    for discharge in each.failed:
        action = discharge.obligation.action
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
        f"({len(proof.machine.actions)} actions): {len(asked):,} by {proof.options.solver}"
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
        if not each.done:
            lines.append(paint(f"  FAILED companion {each.obligation.name}: {_said(each)}", "bad"))
    if proof.stopped:
        lines += _wrapped(f"UNDETERMINED: {proof.stopped}", "  ", width)
    return lines


def _said(each: Discharge) -> str:
    return each.answer.result if each.answer is not None else "not asked"


def escape_lines(
    escape: Escape, conjunct_says: str, found: Reachability, width: int, paint: Paint = plain
) -> list[str]:
    """A counterexample to induction, before and after, and whether its start is reachable."""
    concrete = Concrete(escape.instance)
    title = f"counterexample to induction: {escape.conjunct} ({escape.instance.shape()})"
    lines = [
        paint(title, "bad"),
        "  smallest; NOT NECESSARILY REACHABLE: a step out of a state in which all conjuncts hold",
        *_wrapped(f"violated after it: {conjunct_says}", "  ", width),
    ]
    blank = tuple(0 for _ in escape.before)
    lines.append("  before (cells that are not their first value)")
    lines += [f"    {name} = {value}" for name, _, value in escape.instance.changes(blank, escape.before)]
    if escape.step is not None:
        lines.append(f"  step   {concrete.label(escape.step)}")
        lines += [
            f"    {name}  {old} → {new}" for name, old, new in escape.instance.changes(escape.before, escape.after)
        ]
    lines += _wrapped(f"is the state before it reachable?  {found.said}", "  ", width)
    return lines


def proof_data(proof: Proof) -> dict[str, Any]:
    """The proof as plain data, obligations one by one."""
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
                "lemma": each.lemma,
                "evidence": each.evidence.value,
                "conjuncts": [render(clause.formula) for clause in each.stated.conjuncts],
                "failed": [discharge.obligation.name for discharge in each.failed],
                "undecided": [discharge.obligation.name for discharge in each.open],
            }
            for each in proof.properties
        ],
        "obligations": [
            {
                "name": each.obligation.name,
                "expected": each.obligation.expected,
                "answer": "unchanged" if each.obligation.unchanged else _said(each),
                "attempts": 0 if each.answer is None else each.answer.attempts,
            }
            for each in (*proof.discharges, *proof.companions)
        ],
        "run": {
            "seconds": round(proof.seconds, 3),
            "obligations": {
                each.obligation.name: round(each.answer.seconds, 4)
                for each in (*proof.discharges, *proof.companions)
                if each.answer is not None
            },
        },
    }


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
