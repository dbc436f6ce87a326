"""What the explorer answers, without a browser: moments of runs, reasons, and searches."""

from __future__ import annotations

import pytest

from attorn.checker.conform.run_traces import events
from attorn.checker.explorer import AskLandmark, AskPlay, AskSeek, AskView, Bounds, Catalogue, Desk, Outcome
from attorn.checker.explorer.requests import Run
from attorn.checker.explorer.world import World
from attorn.model.instances import instance
from attorn.spec.errors import BadInput, TooLarge, UnknownName
from attorn.spec.trace import header, trace_lines
from tests.checker.explorer.worlds import desk, logs

# What can be known of two processes and two locks without any engine: see each test.


@pytest.fixture(scope="module")
def shared() -> Desk:
    return desk()


def test_a_moment_tells_what_can_happen_and_what_keeps_the_rest_from_it(shared: Desk) -> None:
    view = shared.view(AskView("locks", labels=["take(process0,lock0)"]))
    assert [step.label for step in view.ahead] == [
        "take(process0,lock1)",
        "take(process1,lock1)",
        "rob(process1,lock0)",
    ]
    blocked = {step.label: step.clauses for step in view.blocked}
    (clause,) = blocked["take(process1,lock0)"]
    assert (clause.text, clause.values) == ("holder[lock0] = none", (("holder[lock0]", "process0"),))
    assert [clause.text for clause in blocked["rob(process0,lock0)"]] == ["holder[lock0] ≠ process0"]
    assert len(view.ahead) + len(view.blocked) == 2 * (2 * 2)


def test_a_moment_tells_what_the_step_before_changed(shared: Desk) -> None:
    view = shared.view(AskView("locks", labels=["take(process0, lock1)", "take(process1,lock0)"], at=1))
    assert view.values == ("none", "process0")
    assert [step.changes for step in view.steps] == [((1, "none", "process0"),), ((0, "none", "process1"),)]
    assert (view.at, view.ending, view.halt) == (1, "", None)


def test_a_violated_property_is_told_with_its_witness_and_values(shared: Desk) -> None:
    view = shared.view(AskView("locks", labels=["take(process1,lock0)", "take(process1,lock1)"]))
    holds = {each.name: each for each in view.properties}
    ((number, why),) = holds["none_has_all"].false
    assert number == 0
    assert why.witness == (("process", "process1"),)
    assert set(why.values) <= {("holder[lock0]", "process1"), ("holder[lock1]", "process1")}
    assert holds["nobody_is_robbed"].holds is True
    assert view.steps[-1].breaks == ("none_has_all",)


def test_a_property_of_steps_is_asked_of_the_step_just_taken(shared: Desk) -> None:
    start = shared.view(AskView("locks"))
    assert {each.name: each.holds for each in start.properties}["nobody_is_robbed"] is None
    robbed = shared.view(AskView("locks", labels=["take(process0,lock0)", "rob(process1,lock0)"]))
    assert {each.name: each.holds for each in robbed.properties}["nobody_is_robbed"] is False
    ahead = {step.label: step.breaks for step in shared.view(AskView("locks", labels=["take(process0,lock0)"])).ahead}
    assert ahead["rob(process1,lock0)"] == ("nobody_is_robbed",)
    assert ahead["take(process0,lock1)"] == ("none_has_all",)
    assert ahead["take(process1,lock1)"] == ()


def test_a_step_that_leads_back_is_told(shared: Desk) -> None:
    labels = ["take(process0,lock0)", "rob(process1,lock0)"]
    ahead = {step.label: step.known for step in shared.view(AskView("locks", labels=labels)).ahead}
    assert ahead["rob(process0,lock0)"] == 1
    assert ahead["take(process0,lock1)"] is None


def test_a_run_that_cannot_go_on_is_shown_as_far_as_it_goes(shared: Desk) -> None:
    view = shared.view(
        AskView("locks", labels=["take(process0,lock0)", "take(process1,lock0)", "take(process1,lock1)"])
    )
    assert [step.label for step in view.steps] == ["take(process0,lock0)"]
    assert view.halt is not None
    assert (view.halt.number, view.halt.label) == (2, "take(process1,lock0)")
    assert [clause.text for clause in view.halt.clauses] == ["holder[lock0] = none"]
    strange = shared.view(AskView("locks", labels=["give(process0)"]))
    assert strange.halt is not None
    assert "no such step" in strange.halt.says


def test_a_run_that_cannot_begin_is_refused(shared: Desk) -> None:
    with pytest.raises(BadInput, match="initial states"):
        shared.view(AskView("locks", start=1))
    with pytest.raises(BadInput, match="too long"):
        shared.view(AskView("locks", labels=["x"] * 5001))
    with pytest.raises(UnknownName, match="Did you mean `locks`"):
        shared.view(AskView("lock"))


def test_the_nearest_state_is_found_from_where_one_is(shared: Desk) -> None:
    here = ["take(process0,lock0)"]
    found = shared.seek(AskSeek("locks", "holder[lock0] = process1 and holder[lock1] = process1", labels=here))
    assert found.outcome is Outcome.FOUND
    assert sorted(label.partition("(")[0] for label in found.labels) == ["rob", "take"]  # One lock to rob, one to take.
    reached = shared.view(AskView("locks", labels=[*here, *found.labels]))
    assert reached.values == ("process1", "process1")
    assert shared.seek(AskSeek("locks", "holder[lock0] = process0", labels=here)).labels == ()
    # Nobody gives a lock back.
    none = shared.seek(AskSeek("locks", "holder[lock0] = none", labels=here))
    assert none.outcome is Outcome.NONE
    assert "6 states" in none.says  # Two holders of the first lock, three states of the second.


def test_names_of_goals_and_properties_are_conditions(shared: Desk) -> None:
    assert len(shared.seek(AskSeek("locks", "all_taken and none_has_all")).labels) == 2
    with pytest.raises(BadInput, match="nobody_is_robbed"):
        shared.seek(AskSeek("locks", "not nobody_is_robbed"))


def test_a_search_that_is_stopped_excludes_nothing(shared: Desk) -> None:
    found = shared.seek(AskSeek("claim", "not at_most_one_runner"), Bounds(states=5_000))
    assert found.outcome is Outcome.UNDETERMINED
    stopped = Bounds()
    stopped.stop.set()
    assert shared.seek(AskSeek("claim", "not at_most_one_runner"), stopped).outcome is Outcome.UNDETERMINED


def test_landmarks_are_shortest_runs(shared: Desk) -> None:
    assert len(shared.landmark(AskLandmark("locks", "all_taken")).labels) == 2
    assert len(shared.landmark(AskLandmark("locks", "nobody_is_robbed")).labels) == 2
    assert shared.landmark(AskLandmark("locks", "no_deadlock")).outcome is Outcome.NONE
    with pytest.raises(UnknownName, match="all_taken"):
        shared.landmark(AskLandmark("locks", "all_given"))


def test_a_known_failure_is_walked_into(shared: Desk) -> None:
    found = shared.landmark(AskLandmark("H3", "at_most_one_runner"))
    # The story of the failure: the destination executes, the source waits too long, and takes the VM back.
    assert [label.partition("(")[0] for label in found.labels][-3:] == ["resume", "time_out", "roll_back"]
    view = shared.view(AskView("H3", found.start, list(found.labels)))
    holds = {each.name: each for each in view.properties}
    assert holds["at_most_one_runner"].holds is False
    ((_, why),) = holds["at_most_one_runner"].false
    assert dict(why.witness)["vm"] == "vm0"
    assert {value for _, value in why.values} == {"yes"}
    before = shared.view(AskView("H3", found.start, list(found.labels), len(found.labels) - 1))
    assert all(each.holds is not False for each in before.properties)
    assert [step.label for step in before.ahead if "at_most_one_runner" in step.breaks] == [found.labels[-1]]


def test_the_picture_marks_what_differs_from_the_state_compared_with(shared: Desk) -> None:
    labels = ["start(vm0,partition0)", "allocate(vm0,segment0,address0)"]
    last = shared.view(AskView("claim", labels=labels)).picture
    since = shared.view(AskView("claim", labels=labels, against=Run(0, []))).picture
    assert "VMM of" in last
    assert last.count("<ins>") < since.count("<ins>")
    assert shared.view(AskView("locks")).picture == ""


def log_of(labels: list[str], without: tuple[str, ...] = (), hidden: tuple[str, ...] = ()) -> str:
    """A trace of a run of the claim, as ``attorn explain`` writes them, with the lines of some actions left out."""
    claim = instance("claim-tiny")
    path = World(claim).walk(0, labels).path
    assert len(path) == len(labels)
    told = [each for each in events(claim, path) if each.event not in without]
    return b"".join(trace_lines(header(claim, hidden), told)).decode()


HANDED_OVER = [
    "start(vm0,partition0)", "allocate(vm0,segment0,address0)", "suspend(vm0,partition1)", "describe(vm0)",
    "transfer(vm0)", "unmap(vm0,segment0)", "reassign(vm0,segment0)",
]  # fmt: skip


@pytest.fixture
def player() -> Desk:
    return Desk(Catalogue([]), logs=logs)


def test_a_log_is_played_as_the_run_that_it_tells(player: Desk) -> None:
    played = player.play(AskPlay("some/where/run.jsonl", log_of(HANDED_OVER)))
    assert (played.world, played.accepted, list(played.labels)) == ("run.jsonl", True, HANDED_OVER)
    view = player.view(AskView("run.jsonl", played.start, [*played.labels, "map(vm0,segment0)"]))
    # The first line is the header, the second the initial state; a step that the log does not tell has no line.
    assert [step.note for step in view.steps] == [*(f"line {number}" for number in range(3, 10)), ""]
    other = player.view(AskView("run.jsonl", played.start, ["start(vm0,partition1)", *played.labels[1:]]))
    assert [step.note for step in other.steps][:1] == [""]


def test_steps_that_leave_no_line_are_filled_in(player: Desk) -> None:
    played = player.play(
        AskPlay("log", log_of(HANDED_OVER, without=("describe", "unmap"), hidden=("describe", "unmap")))
    )
    assert played.accepted
    assert list(played.labels) == HANDED_OVER
    view = player.view(AskView("log", played.start, list(played.labels)))
    assert [step.label for step in view.steps if not step.note] == ["describe(vm0)", "unmap(vm0,segment0)"]


def test_a_log_that_is_no_behaviour_is_played_up_to_the_line_that_is_wrong(player: Desk) -> None:
    played = player.play(AskPlay("bad.jsonl", log_of(HANDED_OVER, without=("unmap",))))
    assert not played.accepted
    assert "no state allows line 8" in played.says  # reassign, after the header, the start and five steps.
    assert list(played.labels) == HANDED_OVER[:5]


def test_what_is_no_log_or_too_large_is_refused(player: Desk) -> None:
    with pytest.raises(BadInput, match="log:1:1"):
        player.play(AskPlay("log", "no trace"))
    with pytest.raises(BadInput, match="no logs can be played"):
        Desk(Catalogue([])).play(AskPlay("log", log_of(HANDED_OVER)))
    huge = Desk(Catalogue([]), logs=lambda name, data: (instance("claim-tiny", Word=65_536), logs(name, data)[1]))
    with pytest.raises(TooLarge, match="too many to be shown"):
        huge.play(AskPlay("log", log_of(HANDED_OVER)))


def test_the_world_is_told_once_with_all_its_fields_and_conjuncts(shared: Desk) -> None:
    facts = shared.facts("locks")
    assert [(field.name, field.index[0].values, field.values.values) for field in facts.fields] == [
        ("holder", ("lock0", "lock1"), ("none", "process0", "process1"))
    ]
    assert [each.name for each in shared.offers()] == ["locks", "claim", "H2", "H3"]
    assert facts.actions[0].clauses[0][0] == "holder[lock] = none"
    assert facts.goals[0].stages == ("∀lock: holder[lock] ≠ none",)
