"""Traces are written and read again as they were; what is no trace is refused, with file, line and column."""

from __future__ import annotations

import json
import os
import threading
from importlib.resources import files

import msgspec
import pytest
from jsonschema import Draft202012Validator

from attorn.checker.conform.byte_lines import MOST_BYTES, ByteLines
from attorn.checker.conform.run_traces import events
from attorn.checker.conform.trace_reader import TraceReader
from attorn.checker.explore import Options, explore
from attorn.model.instances import instance
from attorn.spec.errors import BadInput
from attorn.spec.language.values import NotAValue, value_data, value_number
from attorn.spec.trace import Event, Header, header, trace_lines, trace_schema

HEAD = b'{"format":"attorn-trace","version":1,"machine":"m"}\n'
SCHEMA = json.loads(files("attorn.spec").joinpath("trace.schema.json").read_text(encoding="utf-8"))
WELL_FORMED = (
    {"format": "attorn-trace", "version": 1, "machine": "claim", "sizes": {"VM": 2}, "hidden": ["execute"]},
    {"time": 1, "event": "suspend", "arguments": {"vm": "vm0", "partition": None}},
    {"perhaps": [[{"event": "suspend"}], [{"event": "stop", "arguments": {"vm": "vm0"}}, {"event": "stop"}]]},
    {"party": "source", "state": {"owner[segment0]": "partition1", "runs[partition0, vm0]": False, "crashes": 1}},
)
ILL_FORMED = (
    {"perhaps": ["suspend"]},
    {"time": 1},
    {"format": "attorn-trace", "version": 2, "machine": "claim"},
    {"format": "attorn-trace", "version": 1},
    {"event": "suspend", "argument": {}},
    {"event": "suspend", "arguments": {"vm": 1.5}},
    {"state": {"owner": {"segment0": "partition0"}}},
)


def read(folder, data: bytes):
    file = folder / "log.jsonl"
    file.write_bytes(data)
    try:
        reader = TraceReader(ByteLines.of(str(file)))
        return reader.header, list(reader)
    except BadInput as error:
        raise BadInput(str(error).replace(f"{folder}{os.sep}", "")) from error


@pytest.fixture(scope="module")
def run():
    tiny = instance("claim-tiny")
    goals = {goal.name: goal for goal in explore(tiny, Options()).goals}
    return tiny, goals["migration_completes"].path


def test_a_run_is_read_again_as_it_was_written(tmp_path, run):
    tiny, path = run
    written = list(events(tiny, path))
    first, lines = read(tmp_path, b"".join(trace_lines(header(tiny, ("execute",), "a test"), written)))
    assert first == header(tiny, ("execute",), "a test")
    assert [line.event for line in lines] == written
    assert [line.number for line in lines] == list(range(2, len(path) + 3))
    assert written[1] == Event(
        party="source",
        event="start",
        arguments={"vm": "vm0", "partition": "partition0"},
        state=written[1].state,
    )


def test_the_committed_schema_is_that_of_the_types():
    assert json.loads(json.dumps(trace_schema())) == SCHEMA, "write it again: python -m attorn.spec.trace"


@pytest.mark.parametrize("line", WELL_FORMED)
def test_the_schema_accepts_what_the_reader_accepts(line, tmp_path):
    Draft202012Validator(SCHEMA).validate(line)
    data = json.dumps(line).encode() + b"\n"
    read(tmp_path, data if "format" in line else HEAD + data)


@pytest.mark.parametrize("line", ILL_FORMED)
def test_the_schema_refuses_what_the_reader_refuses(line, tmp_path):
    assert not Draft202012Validator(SCHEMA).is_valid(line)
    data = json.dumps(line).encode() + b"\n"
    with pytest.raises(BadInput):
        read(tmp_path, data if "format" in line else HEAD + data)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "log.jsonl:2:1: not JSON: expecting value"),
        (b"{", "log.jsonl:2:2: not JSON: expecting property name"),
        (b'{"event":"a"} x', "log.jsonl:2:15: not JSON: extra data"),
        (b'{"event":"a\tb"}', "log.jsonl:2:12: not JSON: invalid control character"),
        (b'{"time":NaN,"event":"a"}', "log.jsonl:2:9: not JSON"),
        (b'{"event":"\xff"}', "log.jsonl:2:11: not UTF-8: invalid start byte"),
        (b'\xef\xbb\xbf{"event":"a"}', "log.jsonl:2:1: not JSON: it begins with a byte order mark"),
        (b'{"event":"\\ud800"}', "log.jsonl:2:1: not JSON"),
        (b'{"note":' + b"[" * 100_000, "log.jsonl:2:2: expected text, got array"),
        (b'{"x":' + b"[" * 100_000, "log.jsonl:2:2: object contains unknown field x"),
        (b"[1, 2]", "log.jsonl:2:1: expected object, got array"),
        (b'{"evnt":"a"}', "log.jsonl:2:2: object contains unknown field evnt"),
        (b'{"event":1}', "log.jsonl:2:2: expected text, got whole number"),
        (b'{"event":"a","time":"now"}', "log.jsonl:2:14: expected float or null, got text"),
        (b'{"event":"a","time":1e999}', "log.jsonl:2:14: number out of range"),
        (b'{"event":"a","arguments":{"um":"x","vm":[1]}}', "log.jsonl:2:36: expected bool or whole number or text"),
        (b'{"event":"a","state":{"x":' + b"1" * 5000 + b"}}", "log.jsonl:2:23: integer value out of range"),
        (b'{"event":"a","event":"b"}', 'log.jsonl:2:14: the key "event" stands here twice'),
        (b'{"time":1,"event":"a","time":1}', 'log.jsonl:2:23: the key "time" stands here twice'),
        (b'{"event":"a","state":{"x":1,"x":1}}', 'log.jsonl:2:29: the key "x" stands here twice'),
        (b'{"time":1}', "log.jsonl:2:1: expected an event, or what was seen of the state"),
        (b'{"event":"' + b"a" * MOST_BYTES, "log.jsonl:2:1048577: the line is longer than 1,048,576 bytes"),
    ],
)
def test_a_line_that_is_no_event_is_refused(line, says, tmp_path):
    with pytest.raises(BadInput) as refused:
        read(tmp_path, HEAD + line + b"\n")
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", 'log.jsonl:1:1: the file is empty; expected a header such as {"format":"attorn-trace"'),
        (b'{"event":"a"}', "log.jsonl:1:1: expected a header"),
        (b'{"format":"x"}', "log.jsonl:1:2: expected a header"),
        (b'{"format":"attorn-trace","version":2,"machine":"m"}', "log.jsonl:1:26: expected version 1 of the format"),
        (b'{"format":"attorn-trace","version":1}', "log.jsonl:1:1: object missing required field machine"),
        (
            b'{"format":"attorn-trace","version":1,"machine":"m","size":{}}',
            "log.jsonl:1:52: object contains unknown field",
        ),
        (
            b'{"format":"attorn-trace","version":1,"machine":"m","sizes":{"VM":-1}}',
            "log.jsonl:1:61: expected whole number >= 0",
        ),
        (b"\xff\xfe", "log.jsonl:1:1: not UTF-8"),
    ],
)
def test_a_first_line_that_is_no_header_is_refused(line, says, tmp_path):
    with pytest.raises(BadInput) as refused:
        read(tmp_path, line)
    assert str(refused.value).startswith(says)


def test_a_file_that_ends_in_the_middle_of_a_line_is_cut_off(tmp_path):
    with pytest.raises(BadInput, match=r"log\.jsonl:3:14: the file ends in the middle of a line: it is cut off"):
        read(tmp_path, HEAD + b'{"event":"a"}\n{"event":"a",')


def test_lines_out_of_order_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"log\.jsonl:4:2: expected a time of 2\.0 or later"):
        read(tmp_path, HEAD + b'{"time":1,"event":"a"}\n{"time":2,"event":"a"}\n{"time":1.5,"event":"a"}\n')


def test_a_key_that_stands_twice_is_refused_even_where_a_good_line_seems_to_say_the_same(tmp_path):
    good, bad = b'{"time":1,"event":"a","note":""}\n', b'{"time":2,"event":"a","note":"","time":2}\n'
    with pytest.raises(BadInput, match=r'log\.jsonl:4:33: the key "time" stands here twice'):
        read(tmp_path, HEAD + good + good + bad)


def test_lines_that_differ_only_in_time_share_an_event_and_keep_their_times(tmp_path):
    _, lines = read(tmp_path, HEAD + b'{"time":1,"event":"a"}\n{"time":2.5,"event":"a"}\n{"event":"a"}\n')
    assert [line.time for line in lines] == [1, 2.5, None]
    assert lines[0].event is lines[1].event


def test_a_line_of_a_pipe_is_read_when_it_comes():
    there, here = os.pipe()
    os.write(here, HEAD)
    reader = iter(TraceReader(ByteLines(there, "a pipe")))
    os.write(here, b'{"event":"first"}\n')
    assert next(reader).event.event == "first"
    later = threading.Thread(target=os.write, args=(here, b'{"event":"second"}\n'))
    later.start()
    assert next(reader).event.event == "second"
    later.join()
    os.close(here)
    assert next(reader, None) is None
    os.close(there)


def test_looking_ahead_in_a_silent_pipe_ends():
    there, here = os.pipe()
    os.write(here, HEAD + b'{"event":"first"}\n')
    reader = TraceReader(ByteLines(there, "a pipe"))
    reader.lines.patience = 0.01
    assert [line.event.event for line in reader] == ["first"]
    os.close(here)
    os.close(there)


def test_a_file_that_is_not_there_is_bad_input():
    with pytest.raises(BadInput, match="cannot read no_such_file: No such file"):
        ByteLines.of("no_such_file")


def test_values_are_told_by_names_and_by_the_kind_of_value_that_json_has():
    machine = instance("memfd")
    fields = machine.machine.state.fields
    for name, value in (("owner", "partition1"), ("up", True), ("crashes", 1), ("mapped", None), ("phase", "RUNNING")):
        sort = fields[name].codomain
        assert value_data(sort, value_number(machine, sort, value)) == value
    with pytest.raises(NotAValue, match='expected "partition0" or "partition1"'):
        value_number(machine, fields["owner"].codomain, "partition2")
    with pytest.raises(NotAValue, match="expected a number from 0 to 1"):
        value_number(machine, fields["crashes"].codomain, True)


def test_headers_are_told_apart_from_events_by_their_types():
    assert msgspec.json.decode(HEAD, type=Header).machine == "m"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(HEAD, type=Event)
