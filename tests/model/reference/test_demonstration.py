"""The demonstration: what a watcher sees follows the protocol, and what is told at the end is checked."""

import json

import pytest

from attorn.commands.watching import Display, summary
from attorn.model.reference.demonstration import Demonstration, Scene, Told, chosen_engines
from attorn.model.reference.refusals import Refused, Unsupported
from attorn.spec.trace import Event
from tests.commands.running import attorn_
from tests.model.reference.hopping import engine_or_skip


def scene():
    return Scene(
        ("partition0", "partition1"), ("kvm", "unicorn"), ["partition0", "partition0"], [False] * 2, [False] * 2
    )


def event(name, **arguments):
    return Event(event=name, arguments=arguments)


def test_a_scene_follows_a_migration():
    """By hand: a segment is allocated, leaves its VMM, changes its owner, comes to the other, and the guest with it."""
    seen = scene()
    seen.take(event("allocate", vm="vm0", segment="segment1", address="address0"))
    assert (seen.held, seen.mapped, seen.running) == ([False, True], [False, True], "partition0")
    seen.take(event("suspend", vm="vm0", partition="partition1"))
    assert seen.running == ""
    seen.take(event("unmap", vm="vm0", segment="segment1"))
    assert seen.mapped == [False, False]
    seen.take(event("reassign", vm="vm0", segment="segment1"))
    assert seen.owner == ["partition0", "partition1"]
    seen.take(event("map", vm="vm0", segment="segment1"))
    seen.take(event("resume", vm="vm0"))
    assert (seen.mapped, seen.running, seen.events) == ([False, True], "partition1", 6)


def test_a_scene_follows_a_way_back():
    seen = scene()
    for each in (
        event("allocate", vm="vm0", segment="segment0"),
        event("suspend", vm="vm0", partition="partition1"),
        event("unmap", vm="vm0", segment="segment0"),
        event("reassign", vm="vm0", segment="segment0"),
        event("reclaim", vm="vm0", segment="segment0"),
        event("remap", vm="vm0", segment="segment0"),
        event("roll_back", vm="vm0"),
    ):
        seen.take(each)
    assert (seen.owner[0], seen.mapped[0], seen.running) == ("partition0", True, "partition0")


def told(**changes):
    return Told(engines=("kvm", "kvm"), guest="memory", memory_bytes=4 << 20, segments=2, hops=[], **changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"digits": 1500, "digits_right": True}, "1,500 digits of e, all of them right"),
        ({"digits": 1500, "digits_right": False}, "NOT all of them are right"),
        ({"complaint": "a lost write"}, "It has found a lost write."),
        ({"lines": 7}, "7 lines and has found nothing wrong"),
        ({"departure": "line 3"}, "does not allow what happened: line 3"),
    ],
)
def test_the_end_is_told_as_it_was(changes, says):
    assert says in "\n".join(summary(told(**changes)))


def test_a_guest_hops_and_its_digits_are_right(tmp_path):
    engine_or_skip("unicorn")
    demonstration = Demonstration(("unicorn", "unicorn"), "e", 2, 2 << 20, tmp_path, None)
    shown = []

    def show(scene):
        shown.append(scene.running)
        display(scene)

    with Display() as display:
        ended = demonstration.run(2, 0.3, show)
    assert ended.well
    assert [hop.migrated for hop in ended.hops] == [True, True]
    assert all(hop.downtime is not None and hop.downtime > 0 for hop in ended.hops)
    assert ended.digits and ended.digits_right
    # One start, two allocations; each way ten steps and three for each of two segments.
    assert ended.events >= 3 + 2 * 16
    assert {"partition0", "", "partition1"} == set(shown)


def test_digits_that_are_wrong_are_noticed(tmp_path):
    demonstration = Demonstration(("unicorn", "unicorn"), "e", 2, 2 << 20, tmp_path, None)
    demonstration.console.write_text("e = 2.\n     0  7182818284\ne = 2.\n     0  7182818384\n")
    ended = told()
    demonstration._check_digits(ended)
    assert (ended.digits, ended.digits_right) == (20, False)


def test_the_command_tells_in_json(tmp_path):
    engine_or_skip("unicorn")
    arguments = ("run", "--engines", "unicorn,unicorn", "--hops", "1", "--pause", "0.1", "--memory", "4")
    done = attorn_(*arguments, "--json", "--guest", "memory", "--observe", "--log", str(tmp_path / "log"))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    attested = found["hops"][0]["attestation"]
    assert (attested["segments"], attested["same_digests"], attested["complaint"]) == (2, 2, "")
    assert attested["pages"] == attested["same_frames"]
    assert (found["guest"], found["segments"], found["well"], len(found["hops"])) == ("memory", 2, True, 1)
    assert {"suspend", "reassign", "resume"} <= set(found["hops"][0]["steps"])
    events = [json.loads(line).get("event") for line in (tmp_path / "log").read_text().splitlines()]
    assert events.count("reassign") == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--engines", "kvm"), "two engines are needed"),
        (("--engines", "kvm,xen"), "no engine `xen`"),
        (("--guest", "linux"), "no guest `linux`"),
        (("--memory", "5"), "not whole segments"),
    ],
)
def test_what_cannot_be_run_is_refused(arguments, complaint):
    done = attorn_("run", *arguments)
    assert done.exit_code == 3
    assert complaint in done.output


def test_what_this_computer_lacks_is_said(monkeypatch):
    """Both missing: none can be chosen, and each says how to get it. One missing: the other executes on both sides."""
    reasons = {"kvm": "/dev/kvm is missing", "unicorn": "pip install 'attorn[unicorn]'"}
    for module in ("attorn.model.reference.engines", "attorn.model.reference.demonstration"):
        monkeypatch.setattr(f"{module}.missing", lambda: reasons)
    with pytest.raises(Unsupported, match=r"(?s)/dev/kvm is missing.*pip install"):
        chosen_engines(None)
    del reasons["unicorn"]
    assert chosen_engines(None) == (("unicorn", "unicorn"), ["without kvm: /dev/kvm is missing"])
    with pytest.raises(Unsupported, match="kvm cannot be used here"):
        chosen_engines("kvm,unicorn")
    with pytest.raises(Refused):
        chosen_engines("unicorn")
