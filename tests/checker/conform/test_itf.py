"""Runs in ITF are read by itf-py, the library of others, and by our own reader; what is no ITF is refused."""

from __future__ import annotations

import json

import itf_py
import pytest

from attorn.checker.conform.itf import ACTION, PICKS, itf_document, itf_text, read_itf
from attorn.checker.conform.run_traces import events
from attorn.checker.explore import Options, explore
from attorn.checker.verdicts import Move, Path
from attorn.model.instances import instance
from attorn.spec.errors import BadInput
from attorn.spec.language import Concrete
from tests.machines.known import KNOWN


def witness(name, goal=""):
    """An instance, and a run of it: to a goal, or to the first violation."""
    chosen = instance(name)
    found = explore(chosen, Options(goals=bool(goal)))
    stated = found.goals if goal else [each for each in found.verdicts if each.path]
    return chosen, next(each.path for each in stated if each.name == goal or not goal)


@pytest.mark.parametrize(
    ("name", "goal"),
    [("claim-tiny", "migration_completes"), ("claim-small", "there_and_back"), ("memfd", "")],
)
def test_a_run_is_read_again_as_it_was_written(name, goal):
    chosen, path = witness(name, goal)
    found, told = read_itf(itf_text(chosen, path).encode(), "run.itf.json")
    assert (found.machine, found.digest, found.sizes) == (
        chosen.machine.name,
        chosen.machine.digest,
        chosen.described(),
    )
    wanted = list(events(chosen, path, whole=True))
    assert [(each.event, each.arguments, each.state) for each in told] == [
        (each.event, each.arguments, each.state) for each in wanted
    ]


def test_itf_py_reads_what_is_written_and_its_values_are_those_of_the_run():
    chosen, path = witness("memfd")
    trace = itf_py.trace_from_json(json.loads(itf_text(chosen, path)))
    assert len(trace.states) == len(path) + 1
    assert trace.vars == [*chosen.machine.state.fields, ACTION, PICKS]
    for state, values, move in zip(trace.states, path.states, (None, *path.moves), strict=True):
        readable = chosen.readable(values)
        assert state.values["phase"]["vm0"] == readable["phase[vm0]"]
        assert state.values["runs"]["partition0", "vm0"] == (readable["runs[partition0, vm0]"] == "yes")
        assert state.values["crashes"] == int(readable["crashes"])
        mapped = state.values["mapped"]["partition0", "segment0"]
        assert mapped == {readable["mapped[partition0, segment0]"]} - {"none"}
        assert state.values[ACTION] == (move.step.action.name if move else "init")
        if move:
            picked = {name: some.value for name, some in state.values[PICKS]._asdict().items()}
            label = f"{move.step.action.name}({', '.join(picked.values())})"
            assert label == chosen.call(move.step.action.name, move.step.action.parameters, move.step.arguments)


def test_itf_py_writes_again_what_it_read():
    chosen, path = witness("claim-tiny", "migration_completes")
    document = json.loads(itf_text(chosen, path))
    again = itf_py.trace_to_json(itf_py.trace_from_json(document))
    assert [{**state, "#meta": None} for state in again["states"]] == [
        {**state, "#meta": None} for state in document["states"]
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "run: not JSON: expecting property name"),
        (b"[]", "run: expected an object with `vars` and `states`"),
        (b'{"states":[],"states":[]}', 'run: an object has the key "states" twice'),
        (b'{"states":[]}', "run: states: expected a list with at least one state"),
        (b'{"states":[3]}', r"run: states\[0\]: expected an object with a value for each variable"),
        (b'{"states":[{"x":{"#map":[[1]]}}]}', r"run: states\[0\].x: expected a list of 2"),
        (b'{"states":[{"x":{"#set":[1,2]}}]}', r"run: states\[0\].x: expected true, false, text, a #bigint"),
        (b'{"states":[{"x":{"#bigint":"one"}}]}', r"run: states\[0\].x: expected true, false, text, a #bigint"),
        (b'{"states":[{"mbt::actionTaken":1}]}', r"run: states\[0\].mbt::actionTaken: expected the name of an action"),
        (b'{"#meta":{"sizes":{"VM":"1"}},"states":[{}]}', "run: #meta.sizes: expected an object of whole numbers"),
        (b"\xff", "run: not UTF-8"),
    ],
)
def test_what_is_no_itf_is_refused(data, says):
    with pytest.raises(BadInput, match=says):
        read_itf(data, "run")


def test_options_as_quint_writes_them_are_read():
    data = {"states": [{"x": {"tag": "None", "value": {"#tup": []}}, "y": {"tag": "Some", "value": {"#bigint": "3"}}}]}
    _, (seen,) = read_itf(json.dumps(data).encode(), "run")
    assert seen.state == {"x": None, "y": 3}


def test_a_loop_leads_back_to_the_state_after_the_one_that_it_repeats():
    jugs = KNOWN["jugs"].instance
    concrete = Concrete(jugs)
    start = concrete.initial_states()[0]
    there, full = next(concrete.successors(start))
    back = next(step for step, after in concrete.successors(full) if after == start)
    stem = Path(start, (Move(there, full), Move(back, start)))
    document = itf_document(jugs, stem, (Move(there, full), Move(back, start)))
    last, following = document["states"][-1], document["loop"]
    assert (len(document["states"]), following) == (5, 3)
    assert {**last, "#meta": None} == {**document["states"][following - 1], "#meta": None}
    assert document["states"][following][ACTION] == there.action.name
    assert itf_py.trace_from_json(json.loads(json.dumps(document))).loop == following


def test_a_run_that_rests_repeats_its_last_state():
    jugs = KNOWN["jugs"].instance
    start = Concrete(jugs).initial_states()[0]
    assert itf_document(jugs, Path(start), ())["loop"] == 0
    assert "loop" not in itf_document(jugs, Path(start))
