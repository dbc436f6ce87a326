"""``attorn report``, ``graph`` and ``completion``, and the run folders that commands leave."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import attorn.commands
from attorn.checker.report.run_folder import MANIFEST
from attorn.command import COMMANDS
from tests.commands.running import attorn_, told, write

LAMP = """
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
def any_light(s: Room) -> Expr:
    "Anything goes."
    return forall(Lamp, lambda lamp: s.lit[lamp] | ~s.lit[lamp])

machine = Machine("room", Room, dark, (switch,), (any_light,))
instances = [Instance.of(machine, "two", Lamp=2)]
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def run():
    assert attorn_("check", write("room.py", LAMP), "--out", "run").exit_code == 0
    return Path("run")


def test_a_report_of_a_folder_is_what_the_check_wrote(run):
    before = {each.name: each.read_bytes() for each in run.iterdir() if each.is_file() and each.name != MANIFEST}
    done = attorn_("report", "run")
    assert done.exit_code == 0, done.output
    after = {each.name: each.read_bytes() for each in run.iterdir() if each.is_file() and each.name != MANIFEST}
    assert before == after
    assert told(done).endswith("next open run/report.html")


def test_a_check_leaves_an_older_proof_of_another_specification_out_and_says_so():
    assert attorn_("prove", write("room.py", LAMP), "--out", "run").exit_code == 0
    assert "Proofs for any size" in Path("run", "report.html").read_text()
    write("room.py", LAMP.replace("~s.lit[lamp]\n", "True\n"))
    done = attorn_("check", "room.py", "--out", "run")
    assert done.exit_code == 0, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("run: proof-room is left out: it is about an older specification of room.")
    assert line.endswith("attorn prove room.py --out run")
    page = Path("run", "report.html").read_text()
    assert "proof-room is left out" in page and "Proofs for any size" not in page
    assert attorn_("report", "run").stderr.startswith("proof-room is left out")
    assert Path("run", "report.html").read_text() == page
    # Proved again, it is there again, and nothing is left out.
    done = attorn_("prove", "room.py", "--out", "run")
    page = Path("run", "report.html").read_text()
    assert (done.stderr, "left out" in page, "Proofs for any size" in page) == ("", False, True)


def test_a_proof_that_refutes_says_in_sarif_at_which_line():
    dark = LAMP.replace('"Anything goes."', '"All is dark."').replace("s.lit[lamp] | ~s.lit[lamp]", "~s.lit[lamp]")
    assert attorn_("prove", write("room.py", dark), "--out", "run").exit_code == 1
    (result,) = json.loads(Path("run", "results.sarif").read_text())["runs"][0]["results"]
    assert (result["kind"], result["message"]["text"][:12]) == ("fail", "All is dark.")
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert Path("room.py").read_text().splitlines()[line - 1].startswith(("@action", "def switch"))


def test_times_are_shown_only_if_asked_for(run):
    page = run / "report.html"
    assert "When and where it ran" not in page.read_text()
    assert attorn_("report", "run", "--out", "timed", "--times").exit_code == 0
    assert "When and where it ran" in Path("timed", "report.html").read_text()


def test_a_folder_that_was_changed_is_refused_and_nothing_is_written(run):
    (run / "report.json").write_text("{}")
    done = attorn_("report", "run", "--out", "new")
    assert done.exit_code == 3
    assert "report.json is not what the manifest says" in done.stderr
    assert not Path("new").exists()


def test_a_folder_whose_other_parts_are_damaged_is_refused_before_anything_is_searched(run, monkeypatch):
    assert attorn_("prove", "room.py", "--out", "run").exit_code == 0
    (run / "proof-room.json").write_text("{}")
    before = {each.name: each.read_bytes() for each in run.iterdir() if each.is_file()}
    monkeypatch.setattr("attorn.commands.examine.explore", lambda *given: pytest.fail("the search began"))
    done = attorn_("check", "room.py", "--out", "run")
    assert done.exit_code == 3
    assert "proof-room.json is not what the manifest says" in done.stderr
    assert {each.name: each.read_bytes() for each in run.iterdir() if each.is_file()} == before


def test_a_damaged_part_is_no_hindrance_to_making_it_again(run):
    (run / "report.json").write_text("{}")
    (run / "report.html").unlink()
    assert attorn_("check", "room.py", "--out", "run").exit_code == 0
    assert attorn_("report", "run").exit_code == 0


def test_a_folder_that_is_none_is_refused():
    Path("empty").mkdir()
    done = attorn_("report", "empty")
    assert (done.exit_code, "is no run folder" in done.stderr) == (3, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(run):
    Path("locked").mkdir(mode=0o500)
    assert attorn_("report", "run", "--out", "locked").exit_code == 3


def test_the_summary_of_a_ci_step_gets_the_report_added(monkeypatch):
    Path("summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    assert attorn_("check", write("room.py", LAMP), "--out", "run").exit_code == 0
    assert Path("summary.md").read_text().startswith("before\n# Invariant report")


def test_json_is_printed_for_programs():
    done = attorn_("check", write("room.py", LAMP), "--json", "--out", "run")
    assert done.stdout == Path("run", "report.json").read_text()


def test_a_graph_too_large_for_what_was_asked_is_refused():
    done = attorn_("graph", write("room.py", LAMP), "--limit", "2")
    assert (done.exit_code, "more states than asked for" in done.stderr) == (3, True)
    assert attorn_("graph", "room.py", "--format", "aut").stdout.startswith("des (0,8,4)")  # a square, both ways
    assert attorn_("graph", "room.py", "--format", "aut", "--map").exit_code == 3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_click_answers_to(shell):
    assert f"_ATTORN_COMPLETE={shell}_source" in attorn_("completion", shell).stdout


def test_every_command_shows_examples():
    without = [name for name in COMMANDS if f"attorn {name}" not in attorn_(name, "--help").stdout.partition("\n")[2]]
    assert without == []


def test_every_command_is_listed_in_one_whole_line_and_can_be_called():
    shown = attorn_("--help").stdout
    for name, (module, says) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(says)}$", shown, re.MULTILINE), name
        done = attorn_(name, "--help")
        assert (done.exit_code, f"attorn {name} " in done.stdout) == (0, True), module


def test_every_module_that_has_a_command_is_listed():
    sources = {path.stem: path.read_text() for path in Path(attorn.commands.__path__[0]).glob("*.py")}
    commands = {name for name, text in sources.items() if "@click.command(" in text}
    assert commands == {module for module, _ in COMMANDS.values()}
