"""The tables of a report as CSV, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io

from attorn.checker.report.book import Book
from attorn.checker.report.model import InstanceAccount, Report

__all__ = ["Table", "csv_text", "report_tables", "tables"]

Table = tuple[tuple[str, ...], list[tuple[object, ...]]]
"""Names of columns, and rows."""


def tables(book: Book) -> dict[str, Table]:
    """All tables that a book has, by name."""
    found: dict[str, Table] = {} if book.report is None else report_tables(book.report)
    if book.proofs:
        rows: list[tuple[object, ...]] = [
            (proof.machine, proof.solver, each.name, each.expected, each.answer)
            for proof in book.proofs
            for each in proof.obligations
        ]
        found["obligations"] = ("machine", "solver", "obligation", "expected", "answer"), rows
    if book.hazards is not None:
        rows = [(h.id, h.name, h.system, h.caught_by, h.standing, h.steps, h.loop) for h in book.hazards.hazards]
        found["hazards"] = ("hazard", "name", "system", "caught_by", "standing", "steps", "loop"), rows
    if book.survey is not None and book.survey.cells:
        keys = tuple(book.survey.cells[0].choices)
        rows = [
            (*(cell.choices[key] for key in keys), cell.fault, name, each.evidence, each.steps, cell.states)
            for cell in book.survey.cells
            for name, each in cell.guarantees.items()
        ]
        found["guarantees"] = (*keys, "fault", "property", "evidence", "steps", "states"), rows
    if book.observed:
        rows = [
            (run.name, each.name, each.says, "yes" if each.done else "no", each.why)
            for run, _ in book.observed
            for each in run.episodes
        ]
        found["episodes"] = ("run", "episode", "what", "as_asked", "why"), rows
    if book.mutation:
        rows = [
            (m.machine, each.name, each.action, each.operator, each.fate, " ".join(each.noticed), each.says)
            for m in book.mutation
            for each in m.mutants
        ]
        found["mutants"] = ("machine", "mutant", "action", "operator", "fate", "noticed_by", "sentence"), rows
    return found


def report_tables(report: Report) -> dict[str, Table]:
    """The tables of a check."""
    return {
        "verdicts": (
            ("machine", "instance", "statement", "kind", "verdict", "steps", "loop", "claim", "hazards", "where"),
            [row for each in report.instances for row in _verdicts(each)],
        ),
        "instances": (
            ("machine", "instance", "sizes", "states", "transitions", "depth", "finished", "agreement"),
            [
                (i.machine, i.name, i.shape, i.states, i.transitions, i.depth, i.finished, i.agreement.value)
                for i in report.instances
            ],
        ),
        "levels": (
            ("instance", "depth", "states"),
            [(i.name, depth, states) for i in report.instances for depth, states in enumerate(i.levels)],
        ),
        "actions": (
            ("machine", "instance", "action", "party", "transitions", "clauses", "where"),
            [
                (i.machine, i.name, each.action, each.party, each.times, each.clauses, each.where)
                for i in report.instances
                for each in i.fired
            ],
        ),
    }


def csv_text(table: Table) -> str:
    """A table as CSV: a line of names, then the rows."""
    head, rows = table
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *rows])
    return out.getvalue()


def _verdicts(instance: InstanceAccount) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for each in instance.properties:
        found = each.counterexample
        steps, loop = (
            ("", "") if found is None else (len(found.trace.steps), len(found.loop.steps) if found.loop else "")
        )
        rows.append(
            (instance.machine, instance.name, each.name, each.kind, each.evidence.value, steps, loop, each.claim,
             " ".join(each.hazards), each.where)
        )  # fmt: skip
    for goal in instance.goals:
        steps = len(goal.trace.steps) if goal.trace else ""
        rows.append(
            (instance.machine, instance.name, goal.name, "goal", goal.verdict, steps, "", goal.claim, "", goal.where)
        )
    return rows
