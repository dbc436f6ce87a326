"""What the reference implementation logs is a behaviour, and is checked without naming anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.refusal import explain_refusal, stuck
from attorn.checker.conform.repair import repairs
from attorn.checker.conform.trace_check import Ending, TraceChecker
from attorn.checker.conform.trace_reader import TraceReader
from attorn.reference import Host
from attorn.spec.errors import BadInput
from attorn.systems.reference import reference_instance

SAMPLE = Path(__file__).parent / "samples" / "reference" / "hops.jsonl"
"""Two hops of a guest between two VMMs of Unicorn: ``attorn run --hops 2 --engines unicorn,unicorn --log FILE``."""


def checked(file):
    source = TraceReader(ByteLines.of(str(file)))
    checker = TraceChecker(reference_instance(source.header, source.header.sizes), invariants=True)
    return checker, checker.check(source)


def test_the_sample_is_a_behaviour():
    _, verdict = checked(SAMPLE)
    assert verdict.ending is Ending.ACCEPTED
    assert verdict.broken == ()
    assert verdict.lines == 38


def test_a_mapping_that_was_left_out_is_missed_and_named(tmp_path):
    lines = SAMPLE.read_text().splitlines(keepends=True)
    left_out = next(number for number, line in enumerate(lines) if '"event":"map"' in line)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join([*lines[:left_out], *lines[left_out + 1 :]]))
    checker, verdict = checked(cut)
    assert verdict.ending is Ending.REFUSED
    bad = verdict.refusal.bad
    assert bad.line.event.event == "resume"
    told = explain_refusal(checker.concrete, checker.tracker, *stuck(checker.tracker, bad.before, bad.meaning))
    assert ("mapped[partition1, segment0]", "none") in told.suspects[0].blocked[0].why.cells
    (repair, *_) = repairs(checker.concrete, checker.tracker, verdict.refusal)
    assert (repair.kind, repair.missing, repair.stops) == ("lost", ("map(vm0, segment0)",), None)


def test_what_a_host_logs_now_is_a_behaviour(tmp_path):
    log = tmp_path / "log.jsonl"
    with Host(engine="pretend", segments=2, size=1 << 16, log=log) as host:
        vm = host.create(segments=1)
        assert vm.migrate("partition1").migrated
        vm.stop()
    _, verdict = checked(log)
    assert verdict.ending is Ending.ACCEPTED
    assert json.loads(log.read_text().splitlines()[0])["digest"]


@pytest.mark.parametrize("coordinator", ["inline", "process"])
def test_a_log_of_killed_parties_on_a_large_host_is_a_behaviour_and_a_second_run_replaces_it(coordinator, tmp_path):
    log = tmp_path / "log.jsonl"
    for _ in range(2):
        with Host(engine="pretend", segments=24, size=1 << 16, log=log, coordinator=coordinator) as host:
            vm = host.create(segments=2)
            host.arm("partition1", "destination:map:before")
            stayed = vm.migrate("partition1")
            assert (stayed.at, stayed.why) == ("partition0", "partition1 is gone: its connection has broken.")
            assert vm.migrate("partition1").migrated
            host.arm("partition1", "source:suspend:after")
            assert vm.migrate("partition0").at == ""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert sum("perhaps" in event for event in events) >= 2
    assert {"forget", "bury"} <= {event.get("event") for event in events}
    _, verdict = checked(log)
    assert verdict.ending is Ending.ACCEPTED
    without = tmp_path / "without.jsonl"
    forgetting = next(number for number, event in enumerate(events) if event.get("event") == "forget")
    lines = log.read_text().splitlines(keepends=True)
    without.write_text("".join([*lines[:forgetting], *lines[forgetting + 1 :]]))
    assert checked(without)[1].ending is Ending.REFUSED


def test_a_log_of_another_version_is_bad_input(tmp_path):
    log = tmp_path / "log.jsonl"
    header = {**json.loads(SAMPLE.read_text().splitlines()[0]), "digest": "0" * 64}
    log.write_text(json.dumps(header) + '\n{"event":"start"}\n')
    with pytest.raises(BadInput, match="of another version of the reference implementation"):
        checked(log)
