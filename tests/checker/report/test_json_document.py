"""The JSON report keeps to its published schema, and a damaged one is noticed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from attorn.checker.report import Report, as_data, render_json
from attorn.checker.report.json_reader import read_json
from attorn.checker.report.map_model import MapEdge, MapNode, StateMap
from attorn.checker.report.model import PropertyAccount
from attorn.checker.report.run_model import (
    Assignment,
    Change,
    Counterexample,
    Loop,
    Missed,
    Place,
    Promise,
    Trace,
    TraceStep,
)
from attorn.checker.verdicts import Evidence

from .samples import explored, jobs, relay, report
from .test_page import book_of_the_hotel

SCHEMA = json.loads(files("attorn.checker.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
WHOLE = report(explored(relay()), explored(jobs()))
CUT = report(explored(relay(), max_states=4), not_searched=("trio",))


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


def hotel() -> Report:
    """A check whose runs are drawn."""
    found = book_of_the_hotel().report
    assert found is not None
    return found


def never() -> Report:
    """A check that refutes something that must come about, and something that must stay possible."""
    lasso = Counterexample(
        Trace((Assignment(Place("p", ("a", "b")), "no"), Assignment(Place("n"), "0")), ()), None, (), ("g",), "again",
        Missed((("vm", "vm0"),), "p[vm0]", 0, "q[vm0]"),
        Loop("livelock", (TraceStep(1, "me", "go(a)", (Change(Place("n"), "0", "0"),), "go", "you"),),
             (Promise("go(a)", "weak", 1, None),)),
    )  # fmt: skip
    stated = PropertyAccount("ends", "progress", "It ends.", "", (), "", Evidence.REFUTED, lasso, 3)
    (instance, *_) = WHOLE.instances
    mapped = StateMap("by n", (MapNode(("n 0",), 1, 0, True),), (MapEdge(0, 0, (("go", 2),)),), (("ends", (0, 0)),))
    return replace(WHOLE, instances=(replace(instance, properties=(stated,), orbits=2, map=mapped),))


@pytest.mark.parametrize(
    "said", [WHOLE, CUT, hotel(), never(), report()], ids=["whole", "cut", "drawn", "never", "none"]
)
def test_what_is_read_again_is_what_was_written(said: Report) -> None:
    text = render_json(said)
    VALIDATOR.validate(json.loads(text))
    assert read_json(text) == said


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("{", "Expecting"),
        ("[]", "indices"),
        ("{}", "it lacks `format`"),
        ('{"format": 1}', "it has the form 1, and 2 is read here"),
        (json.dumps(as_data(WHOLE) | {"machines": [{}]}), "it lacks `name`"),
        (render_json(WHOLE).replace('"refuted"', '"perhaps"'), "perhaps"),
        (render_json(hotel()).replace('"drawing": [', '"drawing": [1, '), "Expected"),
    ],
)
def test_what_is_no_report_is_refused_in_words(spoilt: str, says: str) -> None:
    with pytest.raises(msgspec.DecodeError, match=says):
        read_json(spoilt)


def test_pictures_and_maps_take_one_line_each() -> None:
    lines = render_json(hotel()).splitlines()
    drawn = [line for line in lines if '"drawing": ' in line]
    assert drawn and all(json.loads("{" + line.strip().rstrip(",") + "}") for line in drawn)
