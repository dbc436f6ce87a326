"""The report as SARIF 2.1.0: a run for each part, a rule for each statement, a result where it is decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attorn.checker.report.book import Book
from attorn.checker.report.documents import BrokenStep, Hazards, ProofDocument, Proved, Surveyed
from attorn.checker.report.sarif_blocks import (
    HOLDS,
    REFUTED,
    UNDETERMINED,
    fingerprints,
    locations,
    related,
    rule,
    run,
)
from attorn.checker.report.sarif_check import checked

__all__ = ["render_sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
KINDS = {"proved": "pass", "refuted": "fail"}


def render_sarif(book: Book) -> str:
    """What is found out, for viewers of findings: refuted is ``fail``, undetermined ``open``, else ``pass``.

    A hazard passes where it is found, as it must be. Of a survey, which looks at designs that are meant to fail, what
    is refuted somewhere is a note.
    """
    commands = dict(book.commands)
    runs = [] if book.report is None else [checked(book.report)]
    runs += [_proof(book, each, commands.get(f"proof-{each.machine}", "")) for each in book.proofs]
    if book.hazards is not None:
        runs.append(_hazards(book, book.hazards, commands.get("hazards", "")))
    if book.survey is not None:
        runs.append(_survey(book, book.survey, commands.get("guarantees", "")))
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1, ensure_ascii=False) + "\n"


def _proof(book: Book, proof: ProofDocument, command: str) -> dict[str, Any]:
    """Of properties and lemmas; what a step that can happen breaks is at the line of that step."""
    refuted = any(each.evidence == "refuted" for each in proof.properties)
    ranked = all(each.evidence == "proved" for each in proof.progress.properties)
    code = REFUTED if refuted else HOLDS if proof.proved and ranked else UNDETERMINED
    broken = {each.name: each for each in proof.failing}
    return run(
        f"proof/{proof.machine}",
        book.attorn,
        command,
        code,
        (
            *(rule(each.name, each.sentence, each.where) for each in proof.properties),
            *(rule(each.name, each.sentence, each.where) for each in proof.progress.properties),
        ),
        (
            *(_proved(proof.machine, each, broken.get(each.name)) for each in proof.properties),
            *(_decided(proof.machine, each.name, each.evidence, each.where) for each in proof.progress.properties),
        ),
        [proof.stopped] if proof.stopped else [],
    )


def _proved(machine: str, stated: Proved, broken: BrokenStep | None) -> dict[str, Any]:
    result = _decided(machine, stated.name, stated.evidence, stated.where)
    if stated.evidence != "refuted" or broken is None:
        return result
    if broken.run is not None:
        told = f"this run violates it: {' → '.join(broken.run) or 'an initial state'}."
    elif broken.step:
        told = f"{broken.step} breaks it. Is the state before it reachable? {broken.says}."
    else:
        told = "it is false of an initial state."
    return {
        **result,
        "message": {"text": f"{stated.sentence} This is refuted of {machine}: {told}"},
        "locations": locations(broken.where) or locations(stated.where),
        "relatedLocations": related(stated.where),
        "partialFingerprints": fingerprints(stated.name, machine, broken.obligation, *(broken.run or (broken.step,))),
    }


def _decided(machine: str, name: str, evidence: str, where: str) -> dict[str, Any]:
    kind = KINDS.get(evidence, "open")
    return {
        "ruleId": name,
        "kind": kind,
        "level": "error" if kind == "fail" else "none",
        "message": {"text": f"{name} is {evidence} of {machine}, whatever the sizes."},
        "locations": locations(where),
        "properties": {"machine": machine, "evidence": evidence},
    }


def _hazards(book: Book, table: Hazards, command: str) -> dict[str, Any]:
    """A hazard is at the line of the property that must catch it."""
    kinds = [
        "pass" if each.standing == "found" else "open" if each.standing.startswith("undetermined") else "fail"
        for each in table.hazards
    ]
    return run(
        "hazards",
        book.attorn,
        command,
        REFUTED if "fail" in kinds else UNDETERMINED if "open" in kinds else HOLDS,
        (rule(each.id, f"{each.name} ({each.system}): {each.sentence}", each.where) for each in table.hazards),
        (
            {
                "ruleId": each.id,
                "kind": kind,
                "level": "error" if kind == "fail" else "none",
                "message": {"text": f"{each.id}, {each.name}, is {each.standing}; {each.caught_by} must catch it."},
                "locations": locations(each.where),
                "properties": {"standing": each.standing, "steps": each.steps},
            }
            for each, kind in zip(table.hazards, kinds, strict=True)
        ),
    )


def _survey(book: Book, survey: Surveyed, command: str) -> dict[str, Any]:
    return run(
        "guarantees",
        book.attorn,
        command,
        UNDETERMINED if survey.stopped else HOLDS,
        (rule(name, says, survey.where.get(name, "")) for name, says in survey.properties.items()),
        _guarantees(survey),
        [survey.stopped] if survey.stopped else [],
    )


def _guarantees(survey: Surveyed) -> Iterator[dict[str, Any]]:
    """How many designs keep each property, and the shortest run of those that do not."""
    for name in survey.properties:
        cells = [(each, each.guarantees[name]) for each in survey.cells if name in each.guarantees]
        refuted = [(found.steps, cell) for cell, found in cells if found.evidence == "refuted"]
        undecided = sum(found.evidence == "undetermined" for _, found in cells)
        told = f"{name} is refuted in {len(refuted)} and undetermined in {undecided} of {len(cells)} designs."
        if refuted:
            steps, cell = min(refuted, key=lambda each: each[0])
            choices = ", ".join(f"{choice} {value}" for choice, value in cell.choices.items())
            told += f" The shortest run has {steps} steps, with {choices}, under {cell.fault}."
        yield {
            "ruleId": name,
            "kind": "fail" if refuted else "open" if undecided or not cells else "pass",
            "level": "note" if refuted else "none",
            "message": {"text": told},
            "locations": locations(survey.where.get(name, "")),
            "properties": {"refuted": len(refuted), "undetermined": undecided, "designs": len(cells)},
        }
