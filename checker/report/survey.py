"""A survey as tables: for each property, which choices keep it under which faults; and what follows from that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tabulate import tabulate

from attorn.checker.report.lines import Paint, plain
from attorn.checker.survey import Cell, Survey, pairs_apart, restoring
from attorn.checker.verdicts import Evidence

__all__ = ["LEGEND", "HeatMap", "Tally", "Words", "heat_map", "survey_data", "survey_lines", "survey_markdown"]

LEGEND = (
    "∎ always, proved for any size   ✓ always   k/n by k of n choices   ✗s never, in s steps   "
    "? undetermined   · not stated"
)
ALWAYS_GIVEN = (("memory",), ("journal",), ("memory", "journal"))
"""Choices that are taken as made, one set after the other, when guarantees are looked for that exclude each other."""


@dataclass(frozen=True)
class Words:
    """What faults and properties are, by name, for those who read the survey alone; and of which specification.

    where: the lines of properties.
    """

    faults: Mapping[str, str]
    properties: Mapping[str, str]
    specification: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tally:
    """What became of one property in a group of cells: those of one fault, and of one combination of some choices.

    held:     cells that have it, ``proved`` of them for any size.  of: cells that state it.
    open:     cells in which it is undetermined.
    shortest: steps of the shortest run of the group that refutes it; 0 where none does.
    """

    held: int = 0
    proved: int = 0
    open: int = 0
    of: int = 0
    shortest: int = 0

    @property
    def mark(self) -> str:
        """The tally in a sign or two: see LEGEND."""
        if not self.of:
            return "·"
        if self.held == self.of:
            return "∎" if self.proved == self.of else "✓"
        if self.open:
            return "?"
        return f"{self.held}/{self.of}" if self.held else f"✗{self.shortest}"


@dataclass(frozen=True)
class HeatMap:
    """One property: a row for each fault, a column for each combination of the choices named."""

    property: str
    choices: tuple[str, ...]
    faults: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    tallies: tuple[tuple[Tally, ...], ...]


def properties(cells: Iterable[Cell]) -> list[str]:
    """All properties that some cell decides, in the order met."""
    return list(dict.fromkeys(name for cell in cells for name in cell.guarantees))


def heat_map(cells: Sequence[Cell], stated: str, choices: Sequence[str]) -> HeatMap:
    """The tallies of one property, over all choices that are not named."""
    groups: dict[tuple[str, tuple[str, ...]], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.key["fault"], tuple(cell.key[name] for name in choices)), []).append(cell)
    faults = tuple(dict.fromkeys(fault for fault, _ in groups))
    columns = tuple(dict.fromkeys(column for _, column in groups))
    tallies = tuple(tuple(_tally(groups.get((fault, column), ()), stated) for column in columns) for fault in faults)
    return HeatMap(stated, tuple(choices), faults, columns, tallies)


def table(cells: Sequence[Cell], stated: str, column: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """One property as text: header and rows."""
    found = heat_map(cells, stated, column)
    rows = [
        [fault, *(each.mark for each in tallies)] for fault, tallies in zip(found.faults, found.tallies, strict=True)
    ]
    return ["fault", *("\n".join(combination) for combination in found.columns)], rows


def _tally(group: Sequence[Cell], stated: str) -> Tally:
    known = [cell.guarantees[stated] for cell in group if stated in cell.guarantees]
    return Tally(
        held=sum(each.holds for each in known),
        proved=sum(each.evidence is Evidence.PROVED for each in known),
        open=sum(each.evidence is Evidence.UNDETERMINED for each in known),
        of=len(known),
        shortest=min((each.steps for each in known if each.evidence is Evidence.REFUTED), default=0),
    )


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
        proved = sum(cell.guarantees[stated].evidence is Evidence.PROVED for cell in group)
        if proved:
            yield f"{stated} is proved for any size in {proved} cells."
        if held == len(group):
            yield f"{stated} holds in all {len(group)} cells."
            continue
        always = [row for row in restoring(group, stated) if row[3] == row[4]]
        yield f"{stated} holds in {held} of {len(group)} cells."
        for name, old, new, good, _ in always:
            yield f"  choosing {name} = {new} instead of {old} restores it in all {good} cells that lack it."
    apart = [row for row in pairs_apart(cells) if row[1] in shown and row[2] in shown]
    for place, first, second in apart:
        yield f"under `{place[0]}`, some choice gives {first} and some gives {second}, but none gives both."
    if not apart:
        yield "no two of these properties exclude each other under any fault: some choice gives both."
    yield from _exclusions(cells, shown)


def _exclusions(cells: Sequence[Cell], shown: Sequence[str]) -> Iterator[str]:
    """Pairs that exclude each other once some choices are made; not said again where fewer choices made suffice."""
    said: set[tuple[str, str, str, tuple[tuple[str, str], ...]]] = set()
    for given in (each for each in ALWAYS_GIVEN if all(name in cells[0].key for name in each)):
        for (fault, *values), first, second in pairs_apart(cells, given):
            chosen = tuple(zip(given, values, strict=True))
            known = any((fault, first, second, (part,)) in said for part in chosen)
            if first not in shown or second not in shown or known:
                continue
            said.add((fault, first, second, chosen))
            told = " and ".join(f"{name} = {value}" for name, value in chosen)
            yield f"with {told}, under `{fault}`: either {first} or {second} can be had, not both."


def survey_markdown(survey: Survey, column: Sequence[str], words: Words) -> str:
    """The whole survey as Markdown."""
    cells = survey.known
    shown = properties(cells)
    lines = ["# Guarantees", "", f"{len(cells)} cells: every choice under every class of faults. {LEGEND}.", ""]
    if words.specification:
        lines += [f"Specification `{words.specification}`.", ""]
    faults = [(name, says) for name, says in words.faults.items() if any(cell.key["fault"] == name for cell in cells)]
    lines += [tabulate(faults, ["fault", "what goes wrong"], tablefmt="github"), ""]
    lines += ["## What follows", "", *(f"- {line.strip()}" for line in conclusions(cells, shown)), ""]
    for stated in shown:
        header, rows = table(cells, stated, column)
        flat = [name.replace("\n", " ") for name in header]
        sentence = words.properties.get(stated, "")
        lines += [f"## {stated}", "", *([sentence, ""] if sentence else [])]
        lines += [tabulate(rows, flat, tablefmt="github"), ""]
    return "\n".join(lines)


def survey_data(survey: Survey, column: Sequence[str], words: Words) -> dict[str, Any]:
    """The whole survey as plain data: see docs/guarantees.md."""
    cells = survey.known
    names = properties(cells)
    return {
        "format": "attorn survey 2",
        "specification": words.specification,
        "stopped": survey.stopped,
        "faults": dict(words.faults),
        "properties": {name: words.properties.get(name, "") for name in names},
        "where": {name: words.where[name] for name in names if name in words.where},
        "cells": [
            {
                "choices": {name: value for name, value in cell.key.items() if name != "fault"},
                "fault": cell.key["fault"],
                "states": cell.states,
                "guarantees": {
                    name: {"evidence": each.evidence.value, "steps": each.steps}
                    for name, each in cell.guarantees.items()
                },
            }
            for cell in cells
        ],
        "maps": [asdict(heat_map(cells, name, column)) for name in names],
        "restoring": {
            name: [
                {"choice": choice, "from": old, "to": new, "restored": good, "of": total}
                for choice, old, new, good, total in restoring([c for c in cells if name in c.guarantees], name)
            ]
            for name in names
        },
        "apart": [
            {"fault": fault, "given": dict(zip(given, values, strict=True)), "properties": [first, second]}
            for given in ((), *ALWAYS_GIVEN)
            if cells and all(name in cells[0].key for name in given)
            for (fault, *values), first, second in pairs_apart(cells, given)
        ],
        "conclusions": list(conclusions(cells, names)) if cells else [],
    }
