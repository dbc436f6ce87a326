"""Logs of runs are accepted, whatever of them is seen; a log with one wrong line is refused at it, and mended."""

from __future__ import annotations

import itertools
import json

import msgspec
import pytest

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.mapping import LogMapping, either, happens, seen
from attorn.checker.conform.refusal import explain_refusal, stuck
from attorn.checker.conform.repair import repairs
from attorn.checker.conform.trace_check import Ending, TraceChecker
from attorn.checker.conform.trace_reader import TraceReader
from attorn.model.instances import instance
from attorn.spec.errors import BadInput, TooLarge
from attorn.spec.language import Concrete, Instance
from attorn.spec.trace import Event, Said
from tests.checker.conform.walks import log_of, random_run
from tests.machines.known import KNOWN

TINY, SMALL, MEMFD = instance("claim-tiny"), instance("claim-small"), instance("memfd")


def checked(folder, chosen, data: bytes, **options):
    file = folder / "log.jsonl"
    file.write_bytes(data)
    checker = TraceChecker(chosen, **options)
    return checker, checker.check(TraceReader(ByteLines.of(str(file))))


@pytest.mark.parametrize("chosen", [TINY, SMALL, MEMFD, KNOWN["caches"].instance, KNOWN["jugs"].instance], ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_a_log_of_a_run_is_accepted_whatever_of_it_is_seen(chosen, seed, tmp_path):
    run = random_run(chosen, seed, 60)
    steps = iter(range(10_000))

    def less(event):
        """Every third line keeps its step but no state, every third the other way round."""
        match next(steps) % 3:
            case 0 if event.event:
                return msgspec.structs.replace(event, state={})
            case 1 if event.state:
                return msgspec.structs.replace(event, arguments={})
        return event

    for keep in (lambda event: event, less, lambda event: event if event.event else None):
        _, verdict = checked(tmp_path, chosen, log_of(chosen, run, keep=keep))
        assert verdict.ending is Ending.ACCEPTED


@pytest.mark.parametrize("seed", range(4))
def test_hidden_steps_are_searched(seed, tmp_path):
    run = random_run(SMALL, seed, 60)
    hidden = ("execute", "map", "unmap", "rebalance")
    kept = lambda event: None if event.event in hidden else event  # noqa: E731
    _, verdict = checked(tmp_path, SMALL, log_of(SMALL, run, hidden, keep=kept))
    assert verdict.ending is Ending.ACCEPTED
    assert verdict.searched >= verdict.widest >= 1
    _, without = checked(tmp_path, SMALL, log_of(SMALL, run, (), keep=kept))
    taken = {move.step.action.name for move in run.moves}
    assert (without.ending is Ending.REFUSED) == bool(taken & set(hidden))


def possible_by_hand(chosen, log):
    """The states possible after a log of (step label or None, seen cells), by plain sets and nothing of ours."""
    concrete = Concrete(chosen)
    states = set(concrete.initial_states())
    for label, cells in log:
        if label is not None:
            states = {
                after for state in states for step, after in concrete.successors(state) if concrete.label(step) == label
            }
        states = {state for state in states if cells.items() <= chosen.readable(state).items()}
    return states


def in_words(lines):
    """Lines of a log as labels and readable cells."""
    word = {True: "yes", False: "no", None: "none"}
    for line in map(json.loads, lines):
        values = (str(word.get(value, value)) for value in line.get("arguments", {}).values())
        label = f"{line['event']}({', '.join(values)})" if "event" in line else None
        yield label, {cell: str(word.get(value, value)) for cell, value in line.get("state", {}).items()}


def test_the_possible_states_are_those_that_plain_sets_give(tmp_path):
    lines = [
        Event(state={"owner[segment0]": "partition1"}),
        Event(event="start", arguments={"vm": "vm0", "partition": "partition1"}),
        Event(event="allocate", arguments={"vm": "vm0", "segment": "segment0", "address": "address0"}),
    ]
    by_hand = possible_by_hand(
        SMALL,
        [
            (None, {"owner[segment0]": "partition1"}),
            ("start(vm0, partition1)", {}),
            ("allocate(vm0, segment0, address0)", {}),
        ],
    )
    checker = TraceChecker(SMALL)
    possible = checker.tracker.start()
    for event in lines:
        possible = checker.tracker.after(possible, (((checker.words.happening(event),),),))
    assert possible.states == by_hand
    assert len(by_hand) == 2, "only the owner of the other segment is open"


def test_of_a_machine_with_too_many_initial_states_those_are_followed_that_were_seen_first(tmp_path):
    large = Instance.of(SMALL.machine, **{**SMALL.described(), "Segment": 24})
    owners = {f"owner[segment{number}]": f"partition{number % 2}" for number in range(24)}
    started = {"event": "start", "arguments": {"vm": "vm0", "partition": "partition1"}}
    given = {"event": "allocate", "arguments": {"vm": "vm0", "segment": "segment0", "address": "address0"}}
    taken = {"event": "allocate", "arguments": {"vm": "vm0", "segment": "segment1", "address": "address0"}}
    head = {"format": "attorn-trace", "version": 1, "machine": large.machine.name}

    def verdict_on(*lines, **header):
        told = "".join(json.dumps(line) + "\n" for line in ({**head, **header}, *lines))
        return checked(tmp_path, large, told.encode())[1]

    assert verdict_on({"state": owners}, started, taken).ending is Ending.ACCEPTED
    assert verdict_on({"state": owners}, started, given).ending is Ending.REFUSED, "segment0 is not its partition's"
    with pytest.raises(TooLarge):
        verdict_on(started, taken)
    with pytest.raises(TooLarge):
        verdict_on({"state": owners}, started, taken, hidden=["start"])


def broken_log(chosen, change):
    """A log of a run that completes a migration, with its lines changed."""
    run = random_run(chosen, 7, 80)
    first, *lines = log_of(chosen, run).splitlines(keepends=True)
    return first + b"".join(change(lines))


CHANGES = {
    "lost": lambda lines, at: [*lines[:at], *lines[at + 1 :]],
    "doubled": lambda lines, at: [*lines[: at + 1], *lines[at:]],
    "swapped": lambda lines, at: [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
}


@pytest.mark.parametrize(("kind", "at"), list(itertools.product(CHANGES, range(2, 40, 3))))
def test_a_log_with_one_wrong_line_is_refused_or_still_a_behaviour_and_its_own_repair_is_found(kind, at, tmp_path):
    data = broken_log(SMALL, lambda lines: CHANGES[kind](lines, at))
    checker, verdict = checked(tmp_path, SMALL, data)
    if verdict.ending is Ending.ACCEPTED:
        assert possible_by_hand(SMALL, in_words(data.splitlines()[1:]))
        return
    assert not possible_by_hand(SMALL, in_words(data.splitlines()[1 : verdict.refusal.bad.line.number]))
    assert verdict.refusal.bad.line.number >= at + 2
    found = repairs(checker.concrete, checker.tracker, verdict.refusal)
    assert found, "undoing the change repairs it"
    assert found[0].stops is None
    assert found[0].cost == 1


def test_a_line_that_is_forbidden_is_explained_by_the_clause_and_the_values(tmp_path):
    lines = [
        Event(state={"owner[segment0]": "partition0"}),
        Event(event="start", arguments={"vm": "vm0", "partition": "partition0"}),
        Event(event="resume", arguments={"vm": "vm0"}),
    ]
    checker, verdict = checked(
        tmp_path, TINY, log_of(TINY, random_run(TINY, 0, 0)).splitlines(keepends=True)[0] + encoded(lines)
    )
    assert verdict.ending is Ending.REFUSED
    assert verdict.refusal.bad.line.number == 4
    bad = verdict.refusal.bad
    told = explain_refusal(checker.concrete, checker.tracker, *stuck(checker.tracker, bad.before, bad.meaning))
    (blocked,) = told.suspects[0].blocked
    assert told.suspects[0].label == "resume(vm0)"
    assert blocked.text == "phase[vm] = CREATED"
    assert blocked.clause.where.path == "model/migration.py"
    assert blocked.why.cells == (("phase[vm0]", "RUNNING"),)
    assert {each.label for each in told.allowed} <= {
        "stop(vm0)", "allocate(vm0, segment0, address0)", "suspend(vm0, partition1)", "rebalance(segment0, partition1)"
    }  # fmt: skip


def test_a_value_that_the_specification_does_not_give_is_told(tmp_path):
    lines = [
        Event(event="start", arguments={"vm": "vm0", "partition": "partition0"}, state={"runs[partition1, vm0]": True})
    ]
    head = log_of(TINY, random_run(TINY, 0, 0)).splitlines(keepends=True)[0]
    checker, verdict = checked(tmp_path, TINY, head + encoded(lines))
    bad = verdict.refusal.bad
    (suspect, *_) = explain_refusal(
        checker.concrete, checker.tracker, *stuck(checker.tracker, bad.before, bad.meaning)
    ).suspects
    assert suspect.blocked == ()
    assert [(each.cell, each.specified, each.logged) for each in suspect.differences] == [
        ("runs[partition1, vm0]", "no", "yes")
    ]


def encoded(lines) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def test_a_set_that_has_no_room_leaves_the_verdict_open_but_may_accept(tmp_path):
    run = random_run(SMALL, 3, 40)
    hidden = tuple(action.name for action in SMALL.machine.actions if action.name not in ("suspend", "resume"))
    kept = lambda event: event if event.event not in hidden else None  # noqa: E731
    data = log_of(SMALL, run, hidden, keep=kept)
    _, full = checked(tmp_path, SMALL, data)
    assert full.ending is Ending.ACCEPTED
    assert full.whole
    assert full.searched > 50
    _, cramped = checked(tmp_path, SMALL, data, most=50)
    assert cramped.ending in (Ending.ACCEPTED, Ending.UNDETERMINED)
    assert not cramped.whole


def test_a_refusal_that_needs_states_that_were_left_out_is_undetermined(tmp_path):
    head = log_of(SMALL, random_run(SMALL, 0, 0), [action.name for action in SMALL.machine.actions])
    lines = [Event(state={"phase[vm0]": "CREATED"})]
    assert checked(tmp_path, SMALL, head.splitlines(keepends=True)[0] + encoded(lines))[1].ending is Ending.ACCEPTED
    _, cramped = checked(tmp_path, SMALL, head.splitlines(keepends=True)[0] + encoded(lines), most=20)
    assert cramped.ending is Ending.UNDETERMINED


def test_a_refusal_of_an_instance_with_very_many_steps_is_still_explained(tmp_path):
    # Two thousand million words: nobody can try every step of `execute`, so those are left out.
    vast = Instance.of(SMALL.machine, "vast", **{**SMALL.described(), "Word": 2**31})
    lines = [Event(event=name) for name in ("start", "suspend", "resume")]
    checker, verdict = checked(tmp_path, vast, HEAD + encoded(lines))
    bad = verdict.refusal.bad
    told = explain_refusal(checker.concrete, checker.tracker, *stuck(checker.tracker, bad.before, bad.meaning))
    assert told.suspects[0].label == "resume(vm0)"
    assert told.allowed
    assert repairs(checker.concrete, checker.tracker, verdict.refusal)[0].cost == 4, "describe, transfer, exit, create"
    for event, says in (
        (Event(event="execute"), "expected more arguments of execute: at most 100,000 choices are tried"),
        (Event(event="execute", arguments={"word": "word2147483648"}), 'expected "zero", "word1"'),
    ):
        with pytest.raises(BadInput, match=says):
            checked(tmp_path, vast, HEAD + encoded([event]))
    with pytest.raises(BadInput, match="execute has too many choices of arguments to be hidden"):
        checked(tmp_path, vast, HEAD + encoded(lines), mapping=LogMapping(hidden=("execute",)))


def read(event):
    """A log in other words: what a user writes."""
    match event.event:
        case "heartbeat":
            return []
        case "created and mapped":
            return [happens("start", vm="vm0"), happens("allocate", vm="vm0")]
        case "paused":
            return either(happens("suspend", vm="vm0"), [])
        case "gone":
            return either(happens("stop", vm="vm0"), happens("release"))
        case "seen":
            return seen({"phase[vm0]": "ABSENT"})
        case "fails":
            raise KeyError("uuid")
        case "forgotten":
            return None
        case "text":
            return "suspend"
        case "unknown":
            return happens("supend", vm="vm0")


def test_of_steps_that_were_perhaps_taken_all_or_none_are(tmp_path):
    start = Said(event="start", arguments={"vm": "vm0", "partition": "partition0"})
    allocate, stop = Said(event="allocate"), Said(event="stop")
    perhaps = Event(perhaps=((start, allocate), (stop,)))
    for phase, holds, fine in (
        ("ABSENT", False, True),  # none, or all and then stopped
        ("RUNNING", True, True),  # the first group
        ("RUNNING", False, False),  # half of the first group
    ):
        lines = [perhaps, Event(state={"phase[vm0]": phase, "holds[vm0, segment0]": holds})]
        _, verdict = checked(tmp_path, TINY, HEAD + encoded(lines))
        assert (verdict.ending is Ending.ACCEPTED) == fine


HEAD = b'{"format":"attorn-trace","version":1,"machine":"claim"}\n'


def test_lines_mean_what_a_mapping_says(tmp_path):
    data = HEAD + encoded(
        [Event(event=name) for name in ("heartbeat", "created and mapped", "heartbeat", "paused", "gone", "seen")]
    )
    _, verdict = checked(tmp_path, TINY, data, mapping=LogMapping(read))
    assert verdict.ending is Ending.ACCEPTED
    _, verdict = checked(tmp_path, TINY, data.replace(b"paused", b"created and mapped"), mapping=LogMapping(read))
    assert verdict.ending is Ending.REFUSED
    assert verdict.refusal.bad.line.number == 5


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("fails", "log.jsonl:3:1: the mapping fails on this line: KeyError: 'uuid'"),
        ("forgotten", r"log.jsonl:3:1: the mapping returns None for this line; let it return \[\]"),
        ("text", "log.jsonl:3:1: a mapping returns events, made with happens"),
        ("unknown", "log.jsonl:3:1: expected an action of machine claim, got `supend`; did you mean suspend"),
    ],
)
def test_a_mapping_that_does_not_say_is_bad_input(name, says, tmp_path):
    with pytest.raises(BadInput, match=says):
        checked(tmp_path, TINY, HEAD + encoded([Event(event="heartbeat"), Event(event=name)]), mapping=LogMapping(read))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            Event(event="supend"),
            r"log.jsonl:2:2: expected an action of machine claim, got `supend`; did you mean suspend\?",
        ),
        (
            Event(event="suspend", arguments={"partitions": "vm0"}),
            r"2:33: expected an argument of suspend .* did you mean partition\?",
        ),
        (Event(event="suspend", arguments={"vm": "vm1"}), '2:33: expected "vm0"'),
        (Event(event="suspend", arguments={"vm": None}), '2:33: expected "vm0"'),
        (Event(party="firmware", event="suspend"), '2:2: expected the party "source", which takes the step suspend'),
        (Event(state={"owner[segment1]": "partition0"}), r"2:11: expected a cell of the state .* owner\[segment0\]"),
        (Event(state={"owner[segment0]": True}), '2:11: expected "partition0" or "partition1"'),
        (Event(state={"phase[vm0]": "ABSENT"}, arguments={"vm": "vm0"}), "2:2: expected no arguments where no event"),
    ],
)
def test_what_the_machine_has_no_words_for_is_bad_input(line, says, tmp_path):
    with pytest.raises(BadInput, match=says):
        checked(tmp_path, TINY, HEAD + encoded([line]))


def test_a_log_of_another_version_of_the_machine_is_refused(tmp_path):
    data = log_of(TINY, random_run(TINY, 0, 5)).replace(TINY.machine.digest.encode(), b"0" * 64)
    with pytest.raises(BadInput, match=r"log\.jsonl:1:1: the log was recorded against another version of claim"):
        checked(tmp_path, TINY, data)


def test_a_log_without_events_is_not_accepted(tmp_path):
    with pytest.raises(BadInput, match="expected events after the header"):
        checked(tmp_path, TINY, HEAD)


def test_an_action_that_is_to_be_hidden_and_is_none_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match="has no action `mop`, which is to be hidden"):
        checked(tmp_path, TINY, HEAD + encoded([Event(event="suspend")]), mapping=LogMapping(hidden=("mop",)))
