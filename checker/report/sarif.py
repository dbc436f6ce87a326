"""The report as SARIF 2.1.0: a rule for each statement, a result where its run ends, the steps as a code flow."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from attorn.checker.report.book import Book
from attorn.checker.report.model import (
    Counterexample,
    GoalAccount,
    InstanceAccount,
    Outcome,
    PropertyAccount,
    Report,
    TraceStep,
)
from attorn.checker.verdicts import Evidence

__all__ = ["render_sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "SRCROOT"


def render_sarif(book: Book) -> str:
    """What a check says, for viewers of findings: refuted is ``fail``, undetermined ``open``, else ``pass``."""
    runs = [] if book.report is None else [_run(book.report)]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1, ensure_ascii=False) + "\n"


def _run(report: Report) -> dict[str, Any]:
    stated: dict[str, PropertyAccount | GoalAccount] = {}
    for instance in report.instances:
        stated |= {each.name: each for each in instance.properties if each.name not in stated}
        stated |= {each.name: each for each in instance.goals if each.name not in stated}
    rules = {name: number for number, name in enumerate(stated)}
    code = {Outcome.HOLDS: 0, Outcome.REFUTED: 1, Outcome.UNDETERMINED: 2}[report.outcome]
    return {
        "tool": {
            "driver": {
                "name": "attorn",
                "version": report.attorn,
                "rules": [_rule(each) for each in stated.values()],
            }
        },
        "invocations": [
            {
                "commandLine": report.command,
                "executionSuccessful": code != 2,
                "exitCode": code,
                "exitCodeDescription": report.outcome.value,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": text}} for text in _unfinished(report)
                ],
            }
        ],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder that holds spec/ and model/."}}},
        "columnKind": "unicodeCodePoints",
        "results": [
            result
            for instance in report.instances
            for result in (
                *(_property(instance, each, rules[each.name]) for each in instance.properties),
                *(_goal(instance, each, rules[each.name]) for each in instance.goals),
            )
        ],
    }


def _unfinished(report: Report) -> list[str]:
    told = [f"{name} was not searched: the user interrupted." for name in report.not_searched]
    told += [f"{each.name}: stopped: {each.stopped}." for each in report.instances if not each.finished]
    return told + [
        f"{i.name}: progress undetermined: {i.progress_stopped}." for i in report.instances if i.progress_stopped
    ]


def _rule(stated: PropertyAccount | GoalAccount) -> dict[str, Any]:
    tags = [f"claim {letter}" for letter in stated.claim]
    tags += list(stated.hazards) if isinstance(stated, PropertyAccount) else ["goal"]
    return {
        "id": stated.name,
        "shortDescription": {"text": stated.sentence or stated.name},
        "fullDescription": {"text": f"{stated.sentence} ({stated.where})" if stated.where else stated.sentence},
        "properties": {"tags": tags},
    }


def _property(instance: InstanceAccount, stated: PropertyAccount, rule: int) -> dict[str, Any]:
    found = stated.counterexample
    if found is not None:
        return _refuted(instance, stated, found, rule)
    passed = stated.evidence in (Evidence.EXHAUSTED, Evidence.PROVED)
    return {
        "ruleId": stated.name,
        "ruleIndex": rule,
        "kind": "pass" if passed else "open",
        "level": "none",
        "message": {"text": f"{stated.name} is {stated.evidence.value} on {instance.name}."},
        "locations": _locations(stated.where),
        "properties": {"instance": instance.name, "evidence": stated.evidence.value},
    }


def _goal(instance: InstanceAccount, goal: GoalAccount, rule: int) -> dict[str, Any]:
    kind = {True: "pass", False: "fail", None: "open"}[goal.reached]
    said = f"{goal.name} is reached" if goal.reached else f"{goal.name} is {goal.verdict}: it cannot be reached"
    return {
        "ruleId": goal.name,
        "ruleIndex": rule,
        "kind": kind,
        "level": "error" if kind == "fail" else "none",
        "message": {
            "text": f"{said if goal.reached is not None else f'{goal.name} is undetermined'} on {instance.name}."
        },
        "locations": _locations(goal.where),
        "properties": {"instance": instance.name, "evidence": goal.verdict},
    }


def _refuted(instance: InstanceAccount, stated: PropertyAccount, found: Counterexample, rule: int) -> dict[str, Any]:
    steps = (*found.trace.steps, *(found.loop.steps if found.loop else ()))
    where = {each.action: each.where for each in instance.fired}
    broken = f" False: {found.broken.text} ({found.broken.where})." if found.broken else ""
    ends = where.get(found.trace.steps[-1].name, stated.where) if found.trace.steps else stated.where
    return {
        "ruleId": stated.name,
        "ruleIndex": rule,
        "kind": "fail",
        "level": "error",
        "message": {
            "text": f"{stated.sentence} This is refuted on {instance.name} in {len(found.trace.steps)} steps.{broken} "
            f"Replay: {found.replay}"
        },
        "locations": _locations(ends),
        "relatedLocations": [
            {**each, "id": number, "message": {"text": "the property"}}
            for number, each in enumerate(_locations(stated.where), start=1)
        ],
        "partialFingerprints": {"counterexample/v1": _fingerprint(instance, stated, steps)},
        "codeFlows": [
            {
                "message": {"text": f"a shortest run, from an initial state of {instance.name}"},
                "threadFlows": [{"locations": [_step(each, where.get(each.name, "")) for each in steps]}],
            }
        ],
        "properties": {"instance": instance.name, "evidence": stated.evidence.value},
    }


def _step(step: TraceStep, where: str) -> dict[str, Any]:
    changes = "; ".join(f"{each.place}: {each.old} → {each.new}" for each in step.changes)
    party = f"{step.party}: " if step.party else ""
    location = {
        **(_locations(where) or [{}])[0],
        "message": {"text": f"{step.number}. {party}{step.action}. {changes}"},
    }
    return {"location": location, "executionOrder": step.number}


def _locations(where: str) -> list[dict[str, Any]]:
    """A file and line as SARIF has them; none where nothing is known."""
    file, _, line = where.rpartition(":")
    if not file or not line.isdigit():
        return []
    artifact: dict[str, Any] = {"uri": file.replace("\\", "/")}
    if not file.startswith("/"):
        artifact["uriBaseId"] = ROOT
    else:
        artifact["uri"] = f"file://{file}"
    return [{"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": int(line)}}}]


def _fingerprint(instance: InstanceAccount, stated: PropertyAccount, steps: tuple[TraceStep, ...]) -> str:
    """Stays the same as long as the same steps violate the same property at the same sizes."""
    told = [stated.name, instance.machine, instance.shape, *(each.action for each in steps)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
