"""The verdict on a log as plain data, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from attorn.checker.conform.refusal import Difference, Explanation, Suspect
from attorn.checker.conform.repair import Repair
from attorn.checker.conform.trace_check import TraceVerdict
from attorn.spec.language import Instance

__all__ = ["trace_document"]

FORMAT = 1


def trace_document(
    log: str,
    instance: Instance,
    verdict: TraceVerdict,
    explanation: Explanation | None = None,
    repairs: Sequence[Repair] = (),
) -> dict[str, Any]:
    """What ``attorn trace --json`` prints; its ``format`` rises when a reader of the former form would misread it."""
    return {
        "format": FORMAT,
        "log": log,
        "machine": instance.machine.name,
        "digest": instance.machine.digest,
        "sizes": instance.described(),
        "ending": verdict.ending.value,
        "lines": verdict.lines,
        "possible": {
            "most": verdict.widest,
            "at_line": verdict.widest_line,
            "mean": round(verdict.mean, 3),
            "with_hidden_steps": verdict.searched,
            "none_left_out": verdict.whole,
        },
        "hidden": list(verdict.hidden),
        "violated": [
            {"name": stated.name, "sentence": stated.sentence, "where": str(stated.where), "line": line}
            for stated, line in verdict.broken
        ],
        "refusal": _refusal(verdict, explanation, repairs) if explanation else None,
    }


def _refusal(verdict: TraceVerdict, explanation: Explanation, repairs: Sequence[Repair]) -> dict[str, Any]:
    assert verdict.refusal is not None
    line = verdict.refusal.bad.line
    return {
        "line": line.number,
        "event": msgspec.to_builtins(line.event),
        "states_possible_before": explanation.states,
        "meant": [_suspect(each) for each in explanation.suspects],
        "seen": _differences(explanation.only_seen),
        "allowed": [{"step": each.label, "differing": _differences(each.differences)} for each in explanation.allowed],
        "repairs": [asdict(each) for each in repairs],
    }


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {
        "step": suspect.label,
        "forbidden_by": [
            {
                "clause": each.text,
                "where": str(each.clause.where),
                "for": dict(each.why.witness),
                "cells": dict(each.why.cells),
            }
            for each in suspect.blocked
        ],
        "differing": _differences(suspect.differences),
        "state": dict(suspect.state),
    }


def _differences(differences: Sequence[Difference]) -> list[dict[str, str]]:
    return [asdict(each) for each in differences]
