"""Logs of real systems become traces and are checked; what was tampered with is refused, bad logs are told where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.trace_check import Ending, TraceChecker
from attorn.checker.conform.trace_reader import TraceReader
from attorn.spec.errors import BadInput
from attorn.spec.trace import trace_lines
from attorn.systems import SYSTEMS
from tests.systems.qemu_pair import QEMU, record

SAMPLES = Path(__file__).parent / "samples"
QMP = SAMPLES / "qemu"
MONITORS = SAMPLES / "cloud-hypervisor"


def checked(folder, system, source, destination, later=0.0, change=lambda lines: lines):
    """The verdict on what both sides have logged, with the lines of the trace changed."""
    known = SYSTEMS[system]
    first, events = known.trace(ByteLines.of(str(source)), ByteLines.of(str(destination)), later)
    head, *lines = trace_lines(first, events)
    log = folder / "log.jsonl"
    log.write_bytes(head + b"".join(change(lines)))
    checker = TraceChecker(known.instance, known.mapping, invariants=True)
    return checker.check(TraceReader(ByteLines.of(str(log))))


@pytest.mark.parametrize("kind", ["completed", "cancelled", "killed"])
def test_what_real_qemus_have_logged_is_a_behaviour(kind, tmp_path):
    verdict = checked(tmp_path, "qemu", QMP / kind / "source.jsonl", QMP / kind / "destination.jsonl")
    assert verdict.ending is Ending.ACCEPTED
    assert verdict.broken == ()
    assert verdict.lines >= 8


@pytest.mark.skipif(shutil.which(QEMU) is None, reason="qemu-system-x86_64 is not installed")
@pytest.mark.parametrize("kind", ["completed", "cancelled", "killed"])
def test_what_real_qemus_log_now_is_a_behaviour(kind, tmp_path):
    record(tmp_path, kind)
    verdict = checked(tmp_path, "qemu", tmp_path / "source.jsonl", tmp_path / "destination.jsonl")
    assert verdict.ending is Ending.ACCEPTED
    assert verdict.broken == ()
    told = (tmp_path / "source.jsonl").read_text()
    assert '"STOP"' in told
    assert ('"RESUME"' in told) == (kind != "completed")


def without(*words):
    return lambda lines: [line for line in lines if not all(word in line for word in words)]


def test_a_destination_that_resumes_what_was_never_stopped_is_refused(tmp_path):
    sides = QMP / "completed" / "source.jsonl", QMP / "completed" / "destination.jsonl"
    verdict = checked(tmp_path, "qemu", *sides, change=without(b'"source"', b"STOP"))
    assert verdict.ending is Ending.REFUSED
    assert verdict.refusal.bad.line.event.event == "RESUME"
    assert verdict.refusal.bad.line.event.party == "destination"


def test_a_source_that_says_completed_before_anybody_could_answer_is_refused(tmp_path):
    sides = QMP / "killed" / "source.jsonl", QMP / "killed" / "destination.jsonl"
    lie = lambda lines: [line.replace(b'"failed"', b'"completed"') if b'"source"' in line else line for line in lines]  # noqa: E731
    verdict = checked(tmp_path, "qemu", *sides, change=lie)
    assert verdict.ending is Ending.REFUSED
    assert verdict.refusal.bad.line.event.event == "RESUME", "who has heard the answer does not go on by itself"


def test_a_source_that_goes_on_although_the_destination_does_breaks_an_invariant(tmp_path):
    sides = QMP / "completed" / "source.jsonl", QMP / "completed" / "destination.jsonl"

    def split(lines):
        at = next(n for n, line in enumerate(lines) if b'"destination"' in line and b'"RESUME"' in line)
        resumed = {**json.loads(lines[at]), "party": "source"}
        return [*lines[: at + 1], json.dumps(resumed).encode() + b"\n", lines[at + 1]]

    verdict = checked(tmp_path, "qemu", *sides, change=split)
    # The protocol as it is allows it: a time-out at the wrong moment. That is its known weakness, and the log shows it:
    # the destination still writes afterwards, so it has not died between the two.
    assert verdict.ending is Ending.ACCEPTED
    assert "at_most_one_runner" in {stated.name for stated, _ in verdict.broken}


@pytest.mark.parametrize("kind", ["completed", "failed"])
def test_what_event_monitors_write_is_a_behaviour(kind, tmp_path):
    # Made by hand in the format of docs/event-monitor.md; the destination's clock starts 4 seconds later.
    verdict = checked(
        tmp_path, "cloud-hypervisor", MONITORS / kind / "source.txt", MONITORS / kind / "destination.txt", 4.0
    )
    assert verdict.ending is Ending.ACCEPTED
    assert verdict.broken == ()


def test_without_the_difference_of_the_clocks_the_sides_do_not_fit(tmp_path):
    sides = MONITORS / "completed" / "source.txt", MONITORS / "completed" / "destination.txt"
    verdict = checked(tmp_path, "cloud-hypervisor", *sides, 0.0)
    assert verdict.ending is Ending.REFUSED
    assert verdict.refusal.bad.line.event.event == "vm.resumed"


STAMP = '"timestamp":{"seconds":1,"microseconds":0}'


@pytest.mark.parametrize(
    ("system", "text", "says"),
    [
        ("qemu", '{"event":"STOP"}\n', ":1:1: expected a timestamp in seconds and microseconds"),
        ("qemu", '{"QMP":{}}\n{"return":{}}\n{"event":\n', ":3:10: not JSON"),
        ("qemu", "\xff\n", ":1:1: not JSON"),
        ("qemu", "[]\n", ":1:1: expected a JSON object, as QMP sends them"),
        ("qemu", '{"hello":1}\n', ":1:1: expected a QMP event, greeting or answer"),
        ("cloud-hypervisor", '{\n  "event": "paused"\n}\n', ":1:1: expected an event with a timestamp"),
        ("cloud-hypervisor", '{\n}\n\n{\n  "source" "vm"\n}\n', ":1:1: expected an event with a timestamp"),
        ("cloud-hypervisor", '\n\n{\n  "source" "vm"\n}\n', ":4:12: not JSON: Expecting ':' delimiter"),
        ("cloud-hypervisor", "3\n", ":1:1: expected a JSON object"),
    ],
)
def test_what_no_such_system_logs_is_bad_input(system, text, says, tmp_path):
    log = tmp_path / "log"
    log.write_text(text, encoding="latin-1")
    _, events = SYSTEMS[system].trace(ByteLines.of(str(log)), ByteLines.of("/dev/null"))
    with pytest.raises(BadInput) as refused:
        list(events)
    assert str(refused.value).removeprefix(str(log)).startswith(says)


def test_an_event_that_nobody_has_heard_of_is_not_let_pass(tmp_path):
    log = tmp_path / "log"
    log.write_text(f'{{"event":"TELEPORTED",{STAMP}}}\n')
    with pytest.raises(BadInput, match="the mapping returns None for this line"):
        checked(tmp_path, "qemu", log, "/dev/null")
