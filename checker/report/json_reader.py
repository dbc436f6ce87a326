"""The report from its JSON document: the other way round."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from attorn.checker.report.drawing import Drawing
from attorn.checker.report.json_document import FORMAT
from attorn.checker.report.map_model import StateMap
from attorn.checker.report.model import (
    Assumed,
    Comparison,
    Fired,
    GoalAccount,
    InstanceAccount,
    MachineAccount,
    PropertyAccount,
    Report,
    SilentAccount,
    Unchecked,
)
from attorn.checker.report.run_model import (
    Assignment,
    Broken,
    Change,
    Counterexample,
    FieldFacts,
    Loop,
    Missed,
    Place,
    Promise,
    Trace,
    TraceStep,
)
from attorn.checker.verdicts import Evidence

__all__ = ["read_json"]

REACHED = {"reached": True, "refuted": False, "undetermined": None}
Data = Mapping[str, Any]


def read_json(text: str) -> Report:
    """The report that ``render_json`` has written. Raises msgspec.DecodeError for what it has not."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise msgspec.DecodeError(f"it has the form {data['format']}, and {FORMAT} is read here")
        return Report(
            str(data["attorn"]),
            str(data["command"]),
            tuple(_machine(each) for each in data["machines"]),
            tuple(_instance(each) for each in data["instances"]),
            tuple(data["not_searched"]),
        )
    except KeyError as error:
        raise msgspec.DecodeError(f"it lacks `{error.args[0]}`") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise msgspec.DecodeError(str(error)) from error


def _machine(data: Data) -> MachineAccount:
    return MachineAccount(
        data["name"],
        data["says"],
        data["digest"],
        msgspec.convert(data["assumptions"], tuple[Assumed, ...]),
        tuple(data["claim"].items()),
        tuple((letter, tuple(names)) for letter, names in data["modelled"].items()),
        tuple((each["title"], each["text"]) for each in data["notes"]),
    )


def _instance(data: Data) -> InstanceAccount:
    elements = {sort: tuple(names) for sort, names in data["elements"].items()}
    return InstanceAccount(
        data["name"],
        data["machine"],
        tuple(data["sizes"].items()),
        data["shape"],
        data["engine"],
        data["finished"],
        data["stopped"],
        data["transitions"],
        tuple(data["levels"]),
        tuple(_property(each) for each in data["properties"]),
        tuple(_goal(each) for each in data["goals"]),
        tuple(
            Fired(each["name"], each["fired"], each["clauses"], each["party"], each["sentence"], each["where"])
            for each in data["actions"]
        ),
        tuple(
            SilentAccount(each["action"], each["clause"], each["text"], each["where"])
            for each in data["silent_clauses"]
        ),
        tuple(
            FieldFacts(
                each["name"],
                each["says"],
                tuple((sort, elements[sort]) for sort in each["index"]),
                each["values"],
                each["ghost"],
            )
            for each in data["fields"]
        ),
        data["command"],
        msgspec.convert(data["comparisons"], tuple[Comparison, ...]),
        msgspec.convert(data["unchecked"], tuple[Unchecked, ...]),
        data["progress_stopped"],
        data.get("orbits"),
        tuple(data["key"].items()),
        msgspec.convert(data["map"], StateMap) if "map" in data else None,
    )


def _property(data: Data) -> PropertyAccount:
    found = data["counterexample"]
    return PropertyAccount(
        data["name"],
        data["kind"],
        data["sentence"],
        data["claim"],
        tuple(data["hazards"]),
        data["where"],
        Evidence(data["evidence"]),
        None if found is None else _counterexample(found),
        data.get("occasions"),
    )


def _counterexample(data: Data) -> Counterexample:
    broken, missed, loop = data["broken"], data.get("missed"), data.get("loop")
    return Counterexample(
        _trace(data),
        None
        if broken is None
        else Broken(
            broken["conjunct"],
            broken["of"],
            broken["text"],
            broken["where"],
            tuple(broken["witness"].items()),
            tuple(broken["values"].items()),
        ),
        tuple(data["alternatives"]),
        tuple(data["ghosts"]),
        data["replay"],
        None
        if missed is None
        else Missed(tuple(missed["arguments"].items()), missed["premise"], missed["after"], missed["wanted"]),
        None
        if loop is None
        else Loop(loop["ending"], _steps(loop["steps"]), msgspec.convert(loop["promises"], tuple[Promise, ...])),
        data.get("test", ""),
    )


def _goal(data: Data) -> GoalAccount:
    witness = data["witness"]
    return GoalAccount(
        data["name"],
        data["sentence"],
        data["claim"],
        data["where"],
        REACHED[data["verdict"]],
        None if witness is None else _trace(witness),
        tuple(data["ghosts"]),
        "" if witness is None else witness["replay"],
    )


def _trace(data: Data) -> Trace:
    start = tuple(Assignment(_place(cell), value) for cell, value in data["start"].items())
    return Trace(start, _steps(data["steps"]), _drawing(data))


def _steps(data: Sequence[Data]) -> tuple[TraceStep, ...]:
    return tuple(
        TraceStep(
            each["number"],
            each["party"],
            each["action"],
            tuple(Change(_place(change["cell"]), change["old"], change["new"]) for change in each["changes"]),
            each["action"].partition("(")[0],
            each.get("to", each["party"]),
            _drawing(each),
        )
        for each in data
    )


def _drawing(data: Data) -> Drawing | None:
    return msgspec.convert(data["drawing"], Drawing) if "drawing" in data else None


def _place(cell: str) -> Place:
    """The cell of that text, as ``str`` of a place gives it."""
    field, bracket, index = cell.partition("[")
    return Place(field, tuple(index.removesuffix("]").split(", ")) if bracket else ())
