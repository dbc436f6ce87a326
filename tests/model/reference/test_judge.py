"""The judge: it accepts what the specification allows and stops at the first line that it does not, saying why."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.model.reference.event_log import EventLog, Tail
from attorn.model.reference.host import default_protocol
from attorn.model.reference.judge import Judge, Verdict, instance_for, judged_machine
from attorn.model.reference.refusals import Damaged
from attorn.spec.language.values import Value
from attorn.spec.trace import Event, Header, Said

P1 = "partition1"
VM: dict[str, Value] = {"vm": "vm0"}
SEGMENT: dict[str, Value] = {"vm": "vm0", "segment": "segment0"}
START = [
    Event(event="start", arguments={"vm": "vm0", "partition": "partition0"}),
    Event(event="allocate", arguments={**SEGMENT, "address": "address0"}, state={"holds[vm0, segment0]": True}),
]
SUSPEND = Event(event="suspend", arguments={"vm": "vm0", "partition": P1})


@pytest.fixture(scope="module")
def machine():
    return judged_machine(default_protocol(shared=False))


@pytest.fixture
def judge(machine) -> Judge:
    found = Judge(instance_for(machine, 1, 1, 2), owner=[0])
    assert found.take_all(START) is None
    return found


def test_a_step_that_is_not_enabled_is_told_with_its_clauses_and_what_is_allowed(judge: Judge) -> None:
    departure = judge.take_all([SUSPEND, Event(event="transfer", arguments=VM)])
    assert departure is not None and departure.line == 4 and departure.step == "transfer(vm0)"
    assert any("phase" in clause and "model/migration.py" in clause for clause in departure.clauses)
    assert "describe(vm0)" in departure.allowed


def test_what_is_seen_otherwise_is_told_cell_by_cell(judge: Judge) -> None:
    seen: dict[str, Value] = {"owner[segment0]": P1, "phase[vm0]": "SUSPENDED", "mapped[partition0, segment0]": None}
    departure = judge.take_all([Event(event="suspend", arguments=SUSPEND.arguments, state=seen)])
    assert departure is not None
    assert departure.differing == (
        ("owner[segment0]", "partition1", "partition0"),
        ("mapped[partition0, segment0]", "none", "address0"),
    )


@pytest.mark.parametrize(
    "line",
    [
        Event(event="teleport", arguments=VM),
        Event(event="describe", arguments={"vm": "vm9"}),
        Event(event="describe"),
        Event(state={"colour[vm0]": "red"}),
        Event(state={"phase[vm0]": "DREAMING"}),
        Event(state={"owner[segment0]": 3}),
    ],
)
def test_words_that_the_specification_does_not_have_are_departures(judge: Judge, line: Event) -> None:
    assert judge.take_all([SUSPEND, line]) is not None


def test_what_perhaps_happened_stays_open_until_it_is_seen(judge: Judge) -> None:
    perhaps = Event(perhaps=((Said("suspend", SUSPEND.arguments),), (Said("describe", VM),)))
    assert judge.take_all([perhaps]) is None
    assert judge.seen_now("phase[vm0]") == {"RUNNING", "SUSPENDED", "DESCRIBED"}
    assert judge.take_all([Event(state={"intent[vm0]": True})]) is None
    assert judge.seen_now("phase[vm0]") == {"DESCRIBED"}
    assert judge.take_all([Event(state={"phase[vm0]": "RUNNING"})]) is not None


def test_a_strict_judge_stops_whoever_logs(machine) -> None:
    log = EventLog(None, None)
    log.listeners.append(Judge(instance_for(machine, 1, 1, 2), owner=[0], strict=True).take)
    log.event("source", "start", {"vm": "vm0", "partition": "partition0"})
    with pytest.raises(Verdict, match="describe"):
        log.event("source", "describe", VM)


def test_a_log_is_read_as_it_was_written_and_a_broken_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = EventLog(path, Header(format="attorn-trace", version=1, machine="reference"))
    tail = Tail(path)
    log.event("source", "start", {"vm": "vm0", "partition": "partition0"}, {"up[partition0]": True})
    log.perhaps([[Said("suspend", VM)], []], note="who knows")
    log.close()
    event, perhaps = tail.lines()
    assert event.event == "start" and event.state == {"up[partition0]": True}
    assert perhaps.perhaps == ((Said("suspend", VM),),)
    path.write_bytes(path.read_bytes() + b"{half a line")
    assert not list(tail.lines())
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(Damaged, match=r"log.jsonl: not a line"):
        list(tail.lines())
