"""attorn testgen with one run: its file passes and fails as it must, for systems that differ in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import attorn.conform
from tests.commands.running import attorn_, write

ROOM = """
from attorn.spec.language import *

class Lamp(Element):
    "A lamp."

class Room(State):
    lit = Relation(Lamp, says="the lamp is lit")

@initial
def dark(s: Room) -> None:
    s.lit[...] = False

@action
def switch(s: Room, lamp: Lamp) -> None:
    "Somebody switches a lamp."
    s.lit[lamp] = ~s.lit[lamp]

@invariant
def at_most_one(s: Room) -> Expr:
    "At most one lamp is lit."
    return forall(Lamp, lambda one: forall(Lamp, lambda two: (s.lit[one] & s.lit[two]) >> (one == two)))

@goal
def light(s: Room) -> Expr:
    "There is light."
    return exists(Lamp, lambda lamp: s.lit[lamp])

@goal
def first(s: Room, lamp: Lamp) -> Expr:
    "A lamp is lit, and no other one."
    return s.lit[lamp] & forall(Lamp, lambda other: s.lit[other] >> (other == lamp))

@progress
def some_light(s: Room, lamp: Lamp) -> Expr:
    "Where a lamp is dark, it is lit in the end."
    return leads_to(~s.lit[lamp], s.lit[lamp])

machine = Machine("room", Room, dark, (switch,), (at_most_one, light, first, some_light))
instances = [Instance.of(machine, "two", Lamp=2)]
"""

ADAPTERS = """
from attorn.conform import Adapter, Refused

class Careless(Adapter):
    most = 2

    def begin(self, start):
        self.lit = set()

    def switch(self, lamp):
        if lamp in self.lit:
            self.lit.remove(lamp)
        elif len(self.lit) < self.most:
            self.lit.add(lamp)
        else:
            raise Refused("enough light")

    def observe(self):
        return {"lit": self.lit}

class Careful(Careless):
    most = 1

class Idle(Careless):
    most = 0

class Blind(Adapter):
    actions = ()
    by_itself = ("switch",)
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    write("room.py", ROOM)
    write("lamps.py", ADAPTERS)
    for name in ("lamps", "test_lamps"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def made(run: str, adapter: str) -> dict[str, Any]:
    """What the file that is written for a run and an adapter defines."""
    done = attorn_("testgen", run, "--adapter", f"lamps:{adapter}", "--out", "test_lamps.py")
    assert done.exit_code == 0, done.output
    names: dict[str, Any] = {}
    exec(compile(Path("test_lamps.py").read_text(encoding="utf-8"), "test_lamps.py", "exec"), names)
    return names


def test_a_system_that_takes_every_step_of_a_violation_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="Careless takes all 2 steps of a run that violates at_most_one"):
        made("room.py/at_most_one", "Careless")["test_at_most_one"]()


def test_a_system_that_declines_a_step_passes_and_still_reaches_the_goals() -> None:
    tests = made("room.py/at_most_one", "Careful")
    tests["test_at_most_one"]()
    assert list(tests["WITNESSES"]) == ["light", "first"]
    for goal in tests["WITNESSES"]:
        tests["test_a_goal_is_reached"](goal)


def test_a_system_that_declines_everything_does_not_reach_the_goals() -> None:
    tests = made("room.py/at_most_one", "Idle")
    tests["test_at_most_one"]()
    with pytest.raises(attorn.conform.WronglyRefused):
        tests["test_a_goal_is_reached"]("light")


def test_a_run_to_a_goal_is_taken_or_the_test_fails() -> None:
    tests = made("room.py/first", "Careful")
    assert list(tests["WITNESSES"]) == ["first"]
    tests["test_a_goal_is_reached"]("first")
    with pytest.raises(attorn.conform.WronglyRefused):
        made("room.py/first", "Idle")["test_a_goal_is_reached"]("first")


def test_the_file_is_one_for_pytest() -> None:
    made("room.py/at_most_one", "Careless")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_lamps.py"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout, done.stdout


def test_other_sizes_and_known_failures_are_named_in_the_file() -> None:
    assert attorn_(
        "testgen", "room.py/light", "--size", "Lamp=3", "--adapter", "lamps:Careless", "--out", "three.py"
    ).exit_code == 0  # fmt: skip
    assert "INSTANCE = instance('room.py', Lamp=3)" in Path("three.py").read_text(encoding="utf-8")
    assert attorn.conform.instance("room.py:two", Lamp=3).described() == {"Lamp": 3}
    assert attorn.conform.instance("H3").machine.name == "H3"
    small = "attorn.examples.small_vmm_adapter:SmallVmm"
    assert attorn_("testgen", "H3", "--adapter", small, "--out", "h3.py").exit_code == 0
    assert "def test_at_most_one_runner():" in Path("h3.py").read_text(encoding="utf-8")


def test_a_report_names_the_command_that_makes_the_test() -> None:
    assert attorn_("check", "room.py", "--out", "run").exit_code == 1
    command = "attorn testgen room.py/at_most_one --adapter MODULE:CLASS --out test_at_most_one.py"
    page, data = (Path("run", name).read_text(encoding="utf-8") for name in ("report.html", "report.json"))
    assert page.count("attorn testgen") == 1 and command in page
    told = {each["name"]: each["counterexample"] for each in json.loads(data)["instances"][0]["properties"]}
    assert told["at_most_one"]["test"] == command
    assert "test" not in told["some_light"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("room.py/at_most_one", "--out", "test_x.py"), "for an --adapter"),
        (
            ("room.py/at_most_one", "--adapter", "lamps:Careful", "--out", "x.jsonl"),
            "attorn schedule",
        ),
        (("room.py/at_most_one", "--adapter", "lamps:Blind", "--out", "test_x.py"), "none of the actions"),
        (("room.py/at_most_one", "--cover", "actions", "--adapter", "lamps:Careful", "--out", "x.py"), "is one run"),
        (("room.py/some_light", "--adapter", "lamps:Careful", "--out", "x.py"), "never comes about"),
        (("room.py/no_deadlock", "--adapter", "lamps:Careful", "--out", "x.py"), "has no run"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(arguments: tuple[str, ...], advice: str) -> None:
    done = attorn_("testgen", *arguments)
    assert done.exit_code == 3, done.output
    assert advice in " ".join(done.output.split()), done.output
    assert not Path(arguments[-1]).exists()
