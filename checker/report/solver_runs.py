"""What a solver says of the runs of one instance; a violation is shown exactly as the explorer's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attorn.checker.report.account import Commands, instance_account
from attorn.checker.report.json_document import counterexample_data
from attorn.checker.report.lines import Paint, listed, plain, wrapped
from attorn.checker.report.model import InstanceAccount, PropertyAccount
from attorn.checker.report.runs import View
from attorn.checker.verdicts import Evidence, Exploration, Verdict
from attorn.spec.language import Instance

__all__ = ["SolverRuns", "runs_data", "runs_lines"]


@dataclass(frozen=True)
class SolverRuns:
    """What was asked of an instance, and what is known.

    asked:   which runs.
    marks:   by property, what the evidence amounts to: ``bounded(6)``, ``k = 2``.
    holds:   what it means of those that are not violated.
    stopped: why something is open, if it is.
    """

    instance: Instance
    asked: str
    verdicts: tuple[Verdict, ...]
    marks: Mapping[str, str]
    holds: str
    stopped: str
    seconds: float


def runs_lines(
    runs: SolverRuns,
    commands: Commands,
    elements: Sequence[tuple[str, str]] = (),
    width: int = 80,
    paint: Paint = plain,
) -> list[str]:
    """The verdicts, and every run that violates something in full."""
    account = _account(runs, commands)
    lines = [
        f"{paint(account.name, 'strong')} · {runs.asked}, by z3",
        *wrapped(listed(account.shape.split(" × "), "×"), width, "  "),
        *_verdicts(runs, account, width, paint),
        "",
        f"  {runs.seconds:.1f} s",
    ]
    view = View(account, elements, width=width, paint=paint)
    for each in account.properties:
        if each.counterexample is not None:
            lines += ["", *view.refutation(each)]
    return lines


def _verdicts(runs: SolverRuns, account: InstanceAccount, width: int, paint: Paint) -> Iterator[str]:
    margin = 2 + max((len(each.name) for each in account.properties), default=0)
    meanings = {
        Evidence.BOUNDED: (runs.holds, "good"),
        Evidence.EXHAUSTED: (runs.holds, "good"),
        Evidence.UNDETERMINED: (f"UNDETERMINED: {runs.stopped}", "doubt"),
        Evidence.REFUTED: ("REFUTED: a run violates it", "bad"),
    }
    for evidence, (meaning, role) in meanings.items():
        chosen = [each for each in account.properties if each.evidence is evidence]
        if chosen:
            yield ""
            yield from wrapped(meaning, width, "  ", paint=paint, role=role)
        for each in chosen:
            lead = f"    {paint(f'{each.name:{margin}}', 'bad' if each.counterexample else 'strong')}"
            yield from wrapped(each.sentence + _mark(runs, each), width, " " * (4 + margin), lead)


def _mark(runs: SolverRuns, each: PropertyAccount) -> str:
    mark = runs.marks.get(each.name, "")
    return f" ({mark})" if mark and each.evidence is not Evidence.REFUTED and mark not in runs.holds else ""


def runs_data(runs: SolverRuns, commands: Commands) -> dict[str, Any]:
    """The same as plain data."""
    account = _account(runs, commands)
    return {
        "format": "attorn solver runs 1",
        "machine": account.machine,
        "instance": account.name,
        "sizes": dict(account.sizes),
        "asked": runs.asked,
        "stopped": runs.stopped if any(each.evidence is Evidence.UNDETERMINED for each in account.properties) else "",
        "properties": [
            {
                "name": each.name,
                "evidence": each.evidence.value,
                "mark": runs.marks.get(each.name, ""),
                "counterexample": None if each.counterexample is None else counterexample_data(each.counterexample),
            }
            for each in account.properties
        ],
        "run": {"seconds": round(runs.seconds, 3)},
    }


def _account(runs: SolverRuns, commands: Commands) -> InstanceAccount:
    """What the explorer's account would say of these verdicts; each run in it is checked again on the way."""
    found = Exploration(runs.instance, "z3", (), 0, not runs.stopped, runs.stopped, runs.verdicts, (), {})
    return instance_account(found, commands)
