"""A survey as tables: for each property, which choices keep it under which faults; and what follows from that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tabulate import tabulate

from attorn.checker.report.lines import Paint, plain
from attorn.checker.survey import Cell, Survey, pairs_apart, restoring
from attorn.checker.verdicts import Evidence

__all__ = ["LEGEND", "survey_data", "survey_lines", "survey_markdown"]

LEGEND = "✓ always   k/n by k of n choices   ✗s never, in s steps   ? undetermined   · not stated"


def properties(cells: Iterable[Cell]) -> list[str]:
    """All properties that some cell decides, in the order met."""
    return list(dict.fromkeys(name for cell in cells for name in cell.guarantees))


def table(cells: Sequence[Cell], stated: str, column: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """One property: a row for each fault, a column for each combination of the choices named; sums over the others."""
    faults = list(dict.fromkeys(cell.key["fault"] for cell in cells))
    columns = list(dict.fromkeys(tuple(cell.key[name] for name in column) for cell in cells))
    rows = []
    for fault in faults:
        row = [fault]
        for combination in columns:
            group = [
                cell
                for cell in cells
                if cell.key["fault"] == fault and tuple(cell.key[name] for name in column) == combination
            ]
            row.append(_mark(group, stated))
        rows.append(row)
    return ["fault", *("\n".join(combination) for combination in columns)], rows


def _mark(group: Sequence[Cell], stated: str) -> str:
    known = [cell.guarantees[stated] for cell in group if stated in cell.guarantees]
    if not known:
        return "·"
    held = sum(each.holds for each in known)
    if held == len(known):
        return "✓"
    if any(each.evidence is Evidence.UNDETERMINED for each in known):
        return "?"
    if held:
        return f"{held}/{len(known)}"
    return f"✗{min(each.steps for each in known)}"


def survey_lines(survey: Survey, shown: Sequence[str], column: Sequence[str], paint: Paint = plain) -> Iterator[str]:
    """The survey for a terminal: one small table a property, then what follows."""
    cells = survey.known
    for stated in shown or properties(cells):
        header, rows = table(cells, stated, column)
        yield ""
        yield paint(stated, "strong")
        yield from ("  " + line for line in tabulate(rows, header, tablefmt="simple", stralign="left").splitlines())
    yield ""
    yield LEGEND
    yield ""
    yield from conclusions(cells, shown or properties(cells))
    if survey.stopped:
        yield paint(f"UNDETERMINED: {survey.stopped}", "doubt")


def conclusions(cells: Sequence[Cell], shown: Sequence[str]) -> Iterator[str]:
    """What the table says in words; every sentence is computed from the cells."""
    for stated in shown:
        group = [cell for cell in cells if stated in cell.guarantees]
        held = sum(cell.guarantees[stated].holds for cell in group)
        if held == len(group):
            yield f"{stated} holds in all {len(group)} cells."
            continue
        always = [row for row in restoring(group, stated) if row[3] == row[4]]
        yield f"{stated} holds in {held} of {len(group)} cells."
        for name, old, new, good, _ in always:
            yield f"  choosing {name} = {new} instead of {old} restores it in all {good} cells that lack it."
    apart = [row for row in pairs_apart(cells) if row[1] in shown and row[2] in shown]
    for fault, first, second in apart:
        yield f"under `{fault}`, some choice gives {first} and some gives {second}, but none gives both."
    if not apart:
        yield "no two of these properties exclude each other under any fault."


def survey_markdown(survey: Survey, column: Sequence[str]) -> str:
    """The whole survey as Markdown."""
    cells = survey.known
    shown = properties(cells)
    lines = ["# Guarantees", "", f"{len(cells)} cells: every choice under every class of faults. {LEGEND}.", ""]
    for stated in shown:
        header, rows = table(cells, stated, column)
        flat = [name.replace("\n", " ") for name in header]
        lines += [f"## {stated}", "", tabulate(rows, flat, tablefmt="github"), ""]
    lines += ["## What follows", "", *(f"- {line.strip()}" for line in conclusions(cells, shown)), ""]
    return "\n".join(lines)


def survey_data(survey: Survey) -> dict[str, Any]:
    """The whole survey as plain data."""
    return {
        "format": "attorn survey 1",
        "stopped": survey.stopped,
        "cells": [
            {
                **cell.key,
                "states": cell.states,
                "guarantees": {
                    name: {"evidence": each.evidence.value, "steps": each.steps}
                    for name, each in cell.guarantees.items()
                },
            }
            for cell in survey.known
        ],
        "restoring": {
            name: [list(row) for row in restoring([c for c in survey.known if name in c.guarantees], name)]
            for name in properties(survey.known)
        },
        "apart": [list(row) for row in pairs_apart(survey.known)],
    }
