"""The report as a JSON document, in the form that report.schema.json publishes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from attorn.checker.report.drawing import Drawing
from attorn.checker.report.model import GoalAccount, InstanceAccount, MachineAccount, PropertyAccount, Report
from attorn.checker.report.run_facts import Timing
from attorn.checker.report.run_model import Counterexample, Loop, Missed, Trace, TraceStep

__all__ = ["FORMAT", "as_data", "counterexample_data", "render_json"]

FORMAT = 2
FLAT = "\ue000"  # for private use: no text of a report begins with it


def render_json(report: Report, profiled: Sequence[Timing] = ()) -> str:
    """The document as text; it is the same whenever and wherever the check is run.

    profiled: what the time went to, which is told beside, and differs from run to run.
    """
    data = as_data(report)
    if profiled:
        data["profile"] = [{"name": each.name, "seconds": each.phases} for each in profiled]
    flat: list[str] = []
    text = json.dumps(_folded(data, flat), ensure_ascii=False, indent=2)
    text = re.sub(rf'"{FLAT}(\d+)"', lambda found: flat[int(found[1])], text)
    return re.sub(r"\[\n\s+(\d+(?:,\s+\d+)*)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def _folded(data: Any, flat: list[str]) -> Any:
    """The data with a mark in place of each drawing and map, which are put into ``flat``, each in one line."""
    if isinstance(data, list):
        return [_folded(each, flat) for each in data]
    if not isinstance(data, dict):
        return data
    found = {}
    for key, each in data.items():
        if key in ("drawing", "map"):
            flat.append(json.dumps(each, ensure_ascii=False))
            found[key] = f"{FLAT}{len(flat) - 1}"
        else:
            found[key] = _folded(each, flat)
    return found


def as_data(report: Report) -> dict[str, Any]:
    """The document as plain data."""
    return {
        "format": FORMAT,
        "attorn": report.attorn,
        "command": report.command,
        "outcome": report.outcome.value,
        "machines": [_machine(each) for each in report.machines],
        "instances": [_instance(each) for each in report.instances],
        "not_searched": list(report.not_searched),
    }


def _machine(machine: MachineAccount) -> dict[str, Any]:
    return {
        "name": machine.name,
        "says": machine.says,
        "digest": machine.digest,
        "assumptions": [
            {"name": each.name, "sentence": each.sentence, "where": each.where} for each in machine.assumptions
        ],
        "claim": dict(machine.elements),
        "modelled": {letter: list(names) for letter, names in machine.modelled},
        "notes": [{"title": title, "text": text} for title, text in machine.notes],
    }


def _instance(instance: InstanceAccount) -> dict[str, Any]:
    return {
        "name": instance.name,
        "machine": instance.machine,
        "command": instance.command,
        "sizes": dict(instance.sizes),
        "shape": instance.shape,
        "engine": instance.engine,
        "finished": instance.finished,
        "stopped": instance.stopped,
        "states": instance.states,
        "transitions": instance.transitions,
        "depth": instance.depth,
        **({} if instance.orbits is None else {"orbits": instance.orbits}),
        "levels": list(instance.levels),
        "agreement": instance.agreement.value,
        "comparisons": [
            {"engine": each.engine, "agreed": each.agreed, "says": each.says} for each in instance.comparisons
        ],
        "properties": [_property(each) for each in instance.properties],
        "unchecked": [{"name": each.name, "why": each.why} for each in instance.unchecked],
        "progress_stopped": instance.progress_stopped,
        "goals": [_goal(each) for each in instance.goals],
        "actions": [
            {
                "name": each.action,
                "fired": each.times,
                "clauses": each.clauses,
                "party": each.party,
                "sentence": each.sentence,
                "where": each.where,
            }
            for each in instance.fired
        ],
        "silent_clauses": [
            {"action": each.action, "clause": each.number, "text": each.text, "where": each.where}
            for each in instance.silent
        ],
        "fields": [
            {
                "name": field.name,
                "says": field.says,
                "index": [sort for sort, _ in field.index],
                "values": field.values,
                "ghost": field.ghost,
            }
            for field in instance.fields
        ],
        "elements": {sort: list(names) for field in instance.fields for sort, names in field.index},
        "key": dict(instance.key),
        **({} if instance.map is None else {"map": msgspec.to_builtins(instance.map)}),
    }


def _property(stated: PropertyAccount) -> dict[str, Any]:
    found = stated.counterexample
    return {
        "name": stated.name,
        "kind": stated.kind,
        "sentence": stated.sentence,
        "claim": stated.claim,
        "hazards": list(stated.hazards),
        "where": stated.where,
        "evidence": stated.evidence.value,
        **({} if stated.occasions is None else {"occasions": stated.occasions}),
        "counterexample": None if found is None else counterexample_data(found),
    }


def counterexample_data(found: Counterexample) -> dict[str, Any]:
    """A counterexample as plain data."""
    broken = found.broken
    return {
        "length": len(found.trace.steps),
        "shortest": True,
        "checked_again": True,
        "replay": found.replay,
        **({"test": found.test} if found.test else {}),
        "broken": None
        if broken is None
        else {
            "conjunct": broken.conjunct,
            "of": broken.of,
            "text": broken.text,
            "where": broken.where,
            "witness": dict(broken.witness),
            "values": dict(broken.values),
        },
        **({} if found.missed is None else {"missed": _missed(found.missed)}),
        **_trace(found.trace),
        "ghosts": list(found.ghosts),
        **({} if found.loop is None else {"loop": _loop(found.loop)}),
        "alternatives": list(found.alternatives),
    }


def _missed(missed: Missed) -> dict[str, Any]:
    return {
        "arguments": dict(missed.arguments),
        "premise": missed.premise,
        "after": missed.after,
        "wanted": missed.wanted,
    }


def _loop(loop: Loop) -> dict[str, Any]:
    return {
        "ending": loop.ending,
        "steps": [_step(each) for each in loop.steps],
        "promises": [
            {"step": each.step, "fair": each.fair, "taken": each.taken, "idle": each.idle} for each in loop.promises
        ],
    }


def _goal(goal: GoalAccount) -> dict[str, Any]:
    return {
        "name": goal.name,
        "sentence": goal.sentence,
        "claim": goal.claim,
        "where": goal.where,
        "verdict": goal.verdict,
        "ghosts": list(goal.ghosts),
        "witness": None
        if goal.trace is None
        else {
            "length": len(goal.trace.steps),
            "shortest": True,
            "checked_again": True,
            "replay": goal.replay,
            **_trace(goal.trace),
        },
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "start": {str(each.place): each.value for each in trace.start},
        **_drawn(trace.drawing),
        "steps": [_step(each) for each in trace.steps],
    }


def _step(step: TraceStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "party": step.party,
        "action": step.action,
        "changes": [{"cell": str(each.place), "old": each.old, "new": each.new} for each in step.changes],
        **({} if step.to == step.party else {"to": step.to}),
        **_drawn(step.drawing),
    }


def _drawn(drawing: Drawing | None) -> dict[str, Any]:
    return {} if drawing is None else {"drawing": msgspec.to_builtins(drawing)}
