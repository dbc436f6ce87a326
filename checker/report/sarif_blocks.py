"""What every SARIF run is made of: the run of a tool, its rules, and places in files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["HOLDS", "REFUTED", "UNDETERMINED", "fingerprints", "locations", "related", "rule", "run"]

HOLDS, REFUTED, UNDETERMINED = 0, 1, 2
"""Exit codes."""
ROOT = "SRCROOT"
SAID = {HOLDS: "holds", REFUTED: "refuted", UNDETERMINED: "undetermined"}


def run(
    part: str,
    attorn: str,
    command: str,
    code: int,
    rules: Iterable[dict[str, Any]],
    results: Iterable[dict[str, Any]],
    warnings: Iterable[str] = (),
) -> dict[str, Any]:
    """One run of attorn.

    part: tells it from the other runs of a file.  code: its exit code.  warnings: what it left undone, in sentences.
    """
    known = list(rules)
    numbers = {each["id"]: number for number, each in enumerate(known)}
    return {
        "tool": {"driver": {"name": "attorn", "version": attorn, "rules": known}},
        "automationDetails": {"id": f"attorn/{part}/"},
        "invocations": [
            {
                "commandLine": command,
                "executionSuccessful": code != UNDETERMINED,
                "exitCode": code,
                "exitCodeDescription": SAID[code],
                "toolExecutionNotifications": [{"level": "warning", "message": {"text": text}} for text in warnings],
            }
        ],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder that holds spec/ and model/."}}},
        "columnKind": "unicodeCodePoints",
        "results": [{**each, "ruleIndex": numbers[each["ruleId"]]} for each in results],
    }


def rule(name: str, sentence: str, where: str, tags: Sequence[str] = ()) -> dict[str, Any]:
    """A rule: something that is stated, and the line where it is."""
    return {
        "id": name,
        "shortDescription": {"text": sentence or name},
        "fullDescription": {"text": f"{sentence} ({where})" if where else sentence or name},
        "properties": {"tags": list(tags)},
    }


def locations(where: str) -> list[dict[str, Any]]:
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


def related(where: str) -> list[dict[str, Any]]:
    """The line of the property that a result at another line is about."""
    return [
        {**each, "id": number, "message": {"text": "the property"}}
        for number, each in enumerate(locations(where), start=1)
    ]


def fingerprints(*told: str) -> dict[str, str]:
    """What stays the same as long as a result does."""
    return {"counterexample/v1": hashlib.sha256("\n".join(told).encode()).hexdigest()}
