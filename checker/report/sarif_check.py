"""What ``attorn check`` says, as a run of SARIF: a result where each counterexample ends, its steps as a code flow."""

from __future__ import annotations

from typing import Any

from attorn.checker.report.model import GoalAccount, InstanceAccount, Outcome, PropertyAccount, Report
from attorn.checker.report.run_model import Counterexample, TraceStep
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
from attorn.checker.verdicts import Evidence

__all__ = ["checked"]


def checked(report: Report) -> dict[str, Any]:
    """The run of ``attorn check``: a result for each statement on each instance."""
    stated: dict[str, PropertyAccount | GoalAccount] = {}
    for instance in report.instances:
        stated |= {each.name: each for each in instance.properties if each.name not in stated}
        stated |= {each.name: each for each in instance.goals if each.name not in stated}
    return run(
        "check",
        report.attorn,
        report.command,
        {Outcome.HOLDS: HOLDS, Outcome.REFUTED: REFUTED, Outcome.UNDETERMINED: UNDETERMINED}[report.outcome],
        (rule(each.name, each.sentence, each.where, _tags(each)) for each in stated.values()),
        (
            result
            for instance in report.instances
            for result in (
                *(_property(instance, each) for each in instance.properties),
                *(_goal(instance, each) for each in instance.goals),
            )
        ),
        _unfinished(report),
    )


def _unfinished(report: Report) -> list[str]:
    told = [f"{name} was not searched: the user interrupted." for name in report.not_searched]
    told += [f"{each.name}: stopped: {each.stopped}." for each in report.instances if not each.finished]
    return told + [
        f"{i.name}: progress undetermined: {i.progress_stopped}." for i in report.instances if i.progress_stopped
    ]


def _tags(stated: PropertyAccount | GoalAccount) -> list[str]:
    tags = [f"claim {letter}" for letter in stated.claim]
    return [*tags, *(stated.hazards if isinstance(stated, PropertyAccount) else ["goal"])]


def _property(instance: InstanceAccount, stated: PropertyAccount) -> dict[str, Any]:
    found = stated.counterexample
    if found is not None:
        return _refuted(instance, stated, found)
    passed = stated.evidence in (Evidence.EXHAUSTED, Evidence.PROVED)
    return {
        "ruleId": stated.name,
        "kind": "pass" if passed else "open",
        "level": "none",
        "message": {"text": f"{stated.name} is {stated.evidence.value} on {instance.name}."},
        "locations": locations(stated.where),
        "properties": {"instance": instance.name, "evidence": stated.evidence.value},
    }


def _goal(instance: InstanceAccount, goal: GoalAccount) -> dict[str, Any]:
    kind = {True: "pass", False: "fail", None: "open"}[goal.reached]
    said = f"{goal.name} is reached" if goal.reached else f"{goal.name} is {goal.verdict}: it cannot be reached"
    return {
        "ruleId": goal.name,
        "kind": kind,
        "level": "error" if kind == "fail" else "none",
        "message": {
            "text": f"{said if goal.reached is not None else f'{goal.name} is undetermined'} on {instance.name}."
        },
        "locations": locations(goal.where),
        "properties": {"instance": instance.name, "evidence": goal.verdict},
    }


def _refuted(instance: InstanceAccount, stated: PropertyAccount, found: Counterexample) -> dict[str, Any]:
    steps = (*found.trace.steps, *(found.loop.steps if found.loop else ()))
    where = {each.action: each.where for each in instance.fired}
    broken = f" False: {found.broken.text} ({found.broken.where})." if found.broken else ""
    ends = where.get(found.trace.steps[-1].name, stated.where) if found.trace.steps else stated.where
    return {
        "ruleId": stated.name,
        "kind": "fail",
        "level": "error",
        "message": {
            "text": f"{stated.sentence} This is refuted on {instance.name} in {len(found.trace.steps)} steps.{broken} "
            f"Replay: {found.replay}"
        },
        "locations": locations(ends),
        "relatedLocations": related(stated.where),
        "partialFingerprints": fingerprints(
            stated.name, instance.machine, instance.shape, *(each.action for each in steps)
        ),
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
        **(locations(where) or [{}])[0],
        "message": {"text": f"{step.number}. {party}{step.action}. {changes}"},
    }
    return {"location": location, "executionOrder": step.number}
