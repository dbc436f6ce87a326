"""The JSON report keeps to its published schema, and a damaged one is noticed."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from attorn.checker.report import Report, as_data, render_json

from .samples import explored, jobs, relay, report

SCHEMA = json.loads(files("attorn.checker.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
WHOLE = report(explored(relay()), explored(jobs()))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_leaves_no_object_open() -> None:
    stack: list[Any] = [SCHEMA]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if part.get("type") == "object" and "if" not in part:
                assert "additionalProperties" in part or list(part) == ["type"], part
            stack += part.values()
        elif isinstance(part, list):
            stack += part


@pytest.mark.parametrize(
    "said",
    [
        WHOLE,  # refuted invariant, step, deadlock and goal
        report(explored(relay(), max_states=4)),  # undetermined
        report(explored(relay()), not_searched=("trio",)),
        report(),
    ],
)
def test_reports_keep_to_the_schema(said: Report) -> None:
    VALIDATOR.validate(json.loads(render_json(said)))


def test_the_text_is_the_data() -> None:
    assert json.loads(render_json(WHOLE)) == as_data(WHOLE)


def spoil(path: str, value: Any) -> dict[str, Any]:
    """A copy of a good report in which one place, named by a path, has another value; none if it is ``...``."""
    data = copy.deepcopy(as_data(WHOLE))
    part: Any = data
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        part = part[step]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("run", {}),
        ("outcome", "passed"),
        ("surplus", 1),
        ("machines.0.digest", "3f9a1c"),
        ("instances.0.states", -1),
        ("instances.0.finished", "yes"),
        ("instances.0.properties.0.evidence", "true"),
        ("instances.0.properties.0.evidence", "refuted"),  # without a counterexample
        ("instances.0.properties.1.counterexample", None),  # refuted all the same
        ("instances.0.properties.1.counterexample.steps.0.changes.0.old", ...),
        ("instances.0.properties.1.counterexample.checked_again", False),
        ("instances.0.goals.0.witness", None),
        ("instances.0.actions.0.where", "somewhere"),
    ],
)
def test_a_damaged_report_is_refused(path: str, value: Any) -> None:
    assert not VALIDATOR.is_valid(spoil(path, value))


def test_a_reader_can_replay_a_counterexample_from_the_data() -> None:
    found = next(p for p in as_data(WHOLE)["instances"][0]["properties"] if p["name"] == "few_passes")["counterexample"]
    state = dict(found["start"])
    for step in found["steps"]:
        for change in step["changes"]:
            assert state[change["cell"]] == change["old"]
            state[change["cell"]] = change["new"]
    assert state["passes"] == found["broken"]["values"]["passes"] == "2"
