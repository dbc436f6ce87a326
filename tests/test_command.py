"""The command line: what each command prints, writes and exits with, and how it meets bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import attorn.checker.oracle
from attorn.command import main
from attorn.commands.pages import pages
from attorn.model.instances import INSTANCES, MACHINES

LIGHT_HEADED = """
from attorn.spec.language import Counter, Element, Instance, Machine, Relation, State
from attorn.spec.language import action, forall, goal, initial, invariant, legal_end


class Lamp(Element):
    '''A lamp.'''


class Room(State):
    on = Relation(Lamp)


@initial
def dark(s):
    s.on[...] = False


@action
def press(s, lamp: Lamp):
    '''Press the switch of a lamp that is off.'''
    s.require(~s.on[lamp])
    s.on[lamp] = True


@invariant
def never_bright(s):
    '''Some lamp is off.'''
    return ~forall(Lamp, lambda lamp: s.on[lamp])


@goal
def bright(s):
    '''All lamps are on.'''
    return forall(Lamp, lambda lamp: s.on[lamp])


@legal_end
def all_on(s):
    return forall(Lamp, lambda lamp: s.on[lamp])


machine = Machine("room", Room, dark, (press,), (never_bright, bright, all_on))
"""
INSTANCE_LIST = "instances = [Instance.of(machine, 'two', Lamp=2), Instance.of(machine, 'three', Lamp=3)]\n"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("ATTORN_DEBUG", raising=False)


def attorn_(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def attorn_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attorn", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def written(folder: str = "reports/latest") -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    return data


# What is checked, and what comes of it


def test_the_default_instances_hold() -> None:
    done = attorn_process("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["name"] for each in written()["instances"]] == [
        each.name for each in INSTANCES.values() if each.default
    ]
    assert "report  reports/latest/report.html\nnext    attorn prove claim " in done.stdout
    assert "\x1b" not in done.stdout + done.stderr  # no terminal, no colours
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_sizes_change_an_instance() -> None:
    assert attorn_("check", "claim-tiny", "--segments", "2", "--size", "Address=2").exit_code == 0
    (instance,) = written()["instances"]
    assert instance["sizes"] == {"VM": 1, "Segment": 2, "Partition": 2, "Word": 2, "Address": 2}
    assert instance["command"] == "attorn check claim-tiny --segments 2 --addresses 2"


def test_sizes_alone_are_those_of_the_claim() -> None:
    assert attorn_("check", "--vms", "1", "--segments", "1", "--addresses", "1").exit_code == 0
    assert [each["name"] for each in written()["instances"]] == ["claim"]


def test_a_goal_out_of_reach_exits_with_1() -> None:
    done = attorn_("check", "claim-tiny", "--words", "1")  # With one word, no guest can write anything but zero.
    assert done.exit_code == 1
    assert "goal migration_completes is REFUTED" in done.stdout


def test_only_what_is_asked_for_is_checked() -> None:
    names = ("legal_edges", "no_deadlock", "half_owned")
    done = attorn_("check", "claim-small", *(word for name in names for word in ("--property", name)))
    assert done.exit_code == 0
    (instance,) = written()["instances"]
    assert [each["name"] for each in instance["properties"]] == ["legal_edges", "no_deadlock"]
    assert [each["name"] for each in instance["goals"]] == ["half_owned"]


def test_a_search_cut_short_exits_with_2_and_keeps_its_report() -> None:
    done = attorn_("check", "claim-tiny", "--max-states", "20")
    assert done.exit_code == 2
    assert "UNDETERMINED: nothing is refuted so far" in done.stdout
    assert written()["outcome"] == "undetermined"
    assert not written()["instances"][0]["finished"]
    assert written()["command"] == "attorn check claim-tiny --max-states 20"


def test_json_and_markdown_are_printed_as_they_are_written() -> None:
    for form, name in (("json", "report.json"), ("markdown", "report.md")):
        done = attorn_("check", "claim-tiny", "--format", form, "--out", "here")
        assert done.stdout == Path("here", name).read_text(encoding="utf-8")


def test_quiet_prints_the_last_lines_only() -> None:
    done = attorn_("check", "claim-tiny", "--quiet")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["All", "report", "next", "or"]


def test_a_second_engine_is_asked_to_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attorn.commands.agreeing.SOLVER_STATES", 1)
    done = attorn_("check", "claim-tiny", "--agree")
    assert done.exit_code == 0
    assert "agreed: a second engine finds the same" in done.stdout
    assert written()["instances"][0]["agreement"] == "agreed"
    assert written()["command"].endswith("--agree")


def test_agreement_that_is_not_known_is_not_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attorn.commands.agreeing.ORACLE_STATES", 100)
    monkeypatch.setattr("attorn.commands.agreeing.SOLVER_STATES", 1)
    done = attorn_("check", "claim-tiny", "--agree")
    assert done.exit_code == 2
    assert "UNDETERMINED: nothing is refuted so far, but another engine did not finish." in " ".join(
        done.stdout.split()
    )


def test_a_goal_that_an_instance_is_too_small_for_is_not_asked_and_that_is_said() -> None:
    """One segment cannot be half owned, nor one VM cross another."""
    done = attorn_("check", "claim-tiny", "claim-small")
    told = " ".join(done.stdout.split())
    assert re.search(r"half_owned reached in \d+ steps", told)
    assert "unchecked two_vms_cross (needs at least 2 VM)" in told
    assert "half_owned on claim-tiny (needs at least 2 Segment)" in told
    assert "all 3 goals are reached, on 2 instances" in told
    for command in (("explain", "claim-tiny/half_owned"), ("check", "claim-tiny", "--property", "half_owned")):
        done = attorn_(*command)
        assert done.exit_code == 3
        assert "claim-tiny is too small for the goal `half_owned`, which needs at least 2 Segment" in done.output


def test_everything_but_the_manifest_is_the_same_in_every_run() -> None:
    texts = []
    for seed, threads, engine, by in (("1", "1", "arrays", "arrays"), ("2", "2", "compiled", "machine code")):
        out, kept = f"out{seed}", str(Path("kept").absolute())
        given = ("--threads", threads, "--engine", engine, "--out", out)
        done = attorn_process("check", "claim-small", *given, PYTHONHASHSEED=seed, XDG_CACHE_HOME=kept)
        assert done.returncode == 0, done.stderr
        assert ("s · machine code" in " ".join(done.stdout.split())) == (engine == "compiled")
        run = json.loads(Path(out, "manifest.json").read_text(encoding="utf-8"))["parts"]["check"]["run"]
        assert run["threads"] == int(threads)
        assert [each["by"] for each in run["timings"]] == [by]
        files = [each for each in Path(out).rglob("*") if each.is_file() and each.name != "manifest.json"]
        texts.append({each.relative_to(out): each.read_bytes() for each in files})
    assert texts[0].keys() == texts[1].keys() and Path("report.html") in texts[0]
    assert texts[0] == texts[1]


# Machines of the user's own


def test_a_machine_of_the_users_own_is_checked_with_sizes() -> None:
    done = attorn_("check", write("room.py", LIGHT_HEADED), "--size", "Lamp=3")
    assert done.exit_code == 1
    assert "attorn explain room.py/never_bright --size Lamp=3" in done.stdout
    (instance,) = written()["instances"]
    assert (instance["states"], instance["transitions"], instance["depth"]) == (8, 12, 3)  # the cube


def test_its_instances_are_checked_and_can_be_chosen() -> None:
    write("room.py", LIGHT_HEADED + INSTANCE_LIST)
    assert attorn_("check", "room.py").exit_code == 1
    assert [each["name"] for each in written()["instances"]] == ["two", "three"]
    assert attorn_("check", "room.py:three").exit_code == 1
    assert [each["name"] for each in written()["instances"]] == ["three"]
    assert attorn_("check", "room.py:three", "--size", "Lamp=4").exit_code == 1
    assert written()["instances"][0]["states"] == 16


def test_the_command_that_a_report_names_repeats_the_run() -> None:
    attorn_("check", write("room.py", LIGHT_HEADED + INSTANCE_LIST))
    found = next(p for p in written()["instances"][1]["properties"] if p["name"] == "never_bright")["counterexample"]
    assert found["replay"] == "attorn explain room.py:three/never_bright"
    again = attorn_(*found["replay"].split()[1:])
    assert again.exit_code == 1
    assert again.stdout.startswith("never_bright is REFUTED on three in 3 steps")
    for step in found["steps"]:
        assert step["action"] in again.stdout


FAULTY = {
    "no machine": ("x = 1\n", "defines no machine. Write `machine = Machine"),
    "two machines": (
        LIGHT_HEADED.replace("machine = ", "a = ") + "b = Machine('other', Room, dark, (press,))\n",
        "defines several machines: room, other. Choose one: faulty.py:room",
    ),
    "an import that fails": ("import os\nx = os.nothing\n", "faulty.py:2: AttributeError: module 'os' has no"),
    "bad syntax": ("x = = 1\n", "faulty.py:1: SyntaxError: invalid syntax\n    x = = 1"),
    "an exit": ("raise SystemExit(7)\n", "faulty.py:1: SystemExit: 7"),
    "an unknown field": (LIGHT_HEADED.replace("~s.on[lamp]", "~s.off[lamp]"), "the state Room has no field `off`"),
    "a name that is not there": (
        LIGHT_HEADED.replace("s.on[lamp] = True", "s.on[lamp] = helper"),
        "name 'helper' is not defined",
    ),
    "no size": (LIGHT_HEADED, "machine room needs a size for Lamp: --size Lamp=2."),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_file_with(fault: str) -> None:
    """Each is told in the user's own line, without a traceback, and nothing is written."""
    text, message = FAULTY[fault]
    done = attorn_("check", write("faulty.py", text))
    assert done.exit_code == 3
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("reports").exists()


def test_a_file_may_import_our_machine_and_define_its_own() -> None:
    text = (
        "from attorn.model.migration import CLAIM\n"
        "careless = CLAIM.variant('careless', rewrite={'release': lambda action: action.without_write(2)})\n"
    )
    sizes = ("--vms", "1", "--segments", "1", "--partitions", "2", "--words", "2", "--addresses", "1")
    done = attorn_("check", write("careless.py", text), *sizes, "--property", "scrub_before_reuse")
    assert done.exit_code == 1
    # start, allocate, execute, release: the segment is free and holds what the guest wrote.
    assert "scrub_before_reuse" in done.stdout
    assert "in 4 steps" in done.stdout


def test_two_machines_of_one_name_are_not_mixed_up() -> None:
    write("a.py", LIGHT_HEADED + "instances = [Instance.of(machine, 'a', Lamp=1)]\n")
    write("b.py", LIGHT_HEADED + "instances = [Instance.of(machine, 'b', Lamp=1)]\n")
    done = attorn_("check", "a.py", "b.py")
    assert done.exit_code == 3
    assert "two machines are called room" in done.stderr


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("chekc", "there is no command `chekc`. Did you mean `check`?"),
        ("check clam", "no instance is called `clam`. Did you mean `claim`?"),
        ("check claim-tiny --property legal_edge", "no property or goal `legal_edge`. Did you mean `legal_edges`?"),
        ("check claim-tiny --segmnts 2", "No such option '--segmnts'. Did you mean '--segments'?"),
        ("check claim-tiny --vms 0", "must be at least 1, got 0"),
        ("check claim-tiny --vms -1", "must be at least 1, got -1"),
        ("check claim-tiny --vms many", "`many` is not a whole number"),
        ("check claim-tiny --size VM", "`VM` is not a size; write one such as Segment=3"),
        ("check claim-tiny --size VM=0", "VM must have at least 1, got 0"),
        ("check claim-tiny --size Vms=2", "machine claim has no sort or budget `Vms`. Did you mean `VM`?"),
        ("check claim-tiny --vms 1000000", "a state would have more than 100,000 cells"),
        ("check claim-tiny --memory 4Q", "`4Q` is not an amount of memory; write one such as 512M or 4G"),
        ("check claim-tiny --memory 0", "`0` is not an amount of memory"),
        ("check claim-tiny --max-states 0", "must be at least 1, got 0"),
        ("check claim-tiny --threads 0", "must be at least 1, got 0"),
        ("check claim-tiny --engine steam", "'steam' is not one of"),
        ("check claim-tiny --engine compiled --cluster auto", "the compiled engine knows no clusters; arrays do"),
        ("check claim-tiny --format pdf", "'pdf' is not one of"),
        ("check missing.py", "there is no file missing.py"),
        ("check folder", "folder is a folder. Name the Python file"),
        ("check claim-tiny --out file", "cannot write to the folder file"),
        ("check claim-tiny --out /proc/nowhere", "cannot write to the folder /proc/nowhere"),
        ("check claim-tiny claim-tiny --agree=1", "does not take a value"),
        ("explain claim", "`claim` names no property or goal. Write INSTANCE/ID"),
        ("explain clam/legal_edges", "no instance is called `clam`"),
        ("explain claim-tiny/legal_edge", "Did you mean `legal_edges`?"),
        ("list planets", "'planets' is not one of"),
        ("show resum", "nothing is called `resum`. Did you mean `resume`?"),
        ("show clam/resume", "no machine is called `clam`. Did you mean `claim`?"),
    ],
)
def test_bad_input_gets_a_clear_message_and_writes_nothing(arguments: str, message: str) -> None:
    Path("folder").mkdir()
    Path("file").write_text("mine")
    done = attorn_(*arguments.split())
    assert done.exit_code == 3
    assert message in done.stderr
    assert done.stdout == ""
    assert sorted(each.name for each in Path().iterdir()) == ["file", "folder"]
    assert Path("file").read_text() == "mine"


def test_a_property_of_another_machine_is_told_apart() -> None:
    done = attorn_("check", write("room.py", LIGHT_HEADED), "--size", "Lamp=1", "--property", "legal_edges")
    assert done.exit_code == 3
    assert "machine room has no property or goal `legal_edges`. It belongs to claim" in done.stderr


def test_an_output_folder_that_cannot_be_written_is_noticed_before_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attorn.commands.examine.explore", lambda *given: pytest.fail("the search began"))
    assert attorn_("check", "claim-tiny", "--out", "/proc/nowhere").exit_code == 3


# Interrupts and failures


def test_an_interrupt_keeps_what_is_known() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "attorn", "check", "claim-tiny", "claim-vms"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    text = ""
    while "118 states" not in text:  # the first instance is done, the second has begun
        line = process.stdout.readline()
        assert line, f"ended before the first instance was reported: {text}"
        text += line
    process.send_signal(signal.SIGINT)
    text += process.stdout.read()
    assert process.wait() == 2
    assert "UNDETERMINED: nothing is refuted so far, but 1 of 2 searches did not finish." in text
    assert written()["outcome"] == "undetermined"
    assert written()["instances"][0]["finished"]


def test_an_interrupt_before_anything_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("attorn.commands.examine.explore", interrupted)
    done = attorn_("check", "claim-tiny", "claim-small")
    assert done.exit_code == 2
    assert written()["not_searched"] == ["claim-tiny", "claim-small"]
    assert signal.getsignal(signal.SIGINT) == before


def test_engines_that_disagree_are_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    honest = attorn.checker.oracle.explore
    monkeypatch.setattr(attorn.checker.oracle, "explore", lambda *given: replace(honest(*given), transitions=7))
    done = attorn_("check", "claim-tiny", "--agree")
    assert done.exit_code == 4
    assert "two parts of attorn disagree" in done.stderr
    assert "transitions: explorer says 222, oracle says 7" in done.stderr
    assert not Path("reports").exists()


def test_an_unexpected_failure_is_told_shortly_and_in_full_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("attorn.commands.listing.width", broken)
    done = attorn_("list")
    assert done.exit_code == 4
    assert "internal failure: ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    monkeypatch.setenv("ATTORN_DEBUG", "1")
    assert "Traceback" in attorn_("list").stderr


def test_a_reader_that_leaves_is_no_failure() -> None:
    # An end of a pipe that nobody reads: 141 as from other tools, and not 1, which would be a refuted property.
    piped = f"{sys.executable} -m attorn list | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=True)
    assert done.stdout == "141\n"
    assert done.stderr == ""


# Looking around


def test_list_names_everything() -> None:
    text = attorn_("list").stdout
    for machine in MACHINES.values():
        names = [*(each.name for each in machine.actions), *(each.name for each in machine.properties)]
        for name in (*names, *(each.name for each in machine.goals)):
            assert re.search(rf"^  {name} ", text, re.MULTILINE), name
    for name in INSTANCES:
        assert re.search(rf"^  {name} ", text, re.MULTILINE), name
    assert max(map(len, text.splitlines())) <= 80


def test_a_folder_of_an_instances_name_is_not_taken_for_it() -> None:
    Path("claim-tiny").mkdir()
    Path("H3").mkdir()
    assert attorn_("check", "claim-tiny").exit_code == 0
    assert attorn_("show", "claim-tiny").exit_code == 0
    assert attorn_("graph", "H3").exit_code == 0


def test_list_can_be_of_one_kind() -> None:
    names = [line.split()[0] for line in attorn_("list", "goals").stdout.splitlines() if line[2] != " "]
    assert names == list(dict.fromkeys(goal.name for machine in MACHINES.values() for goal in machine.goals))


@pytest.mark.parametrize("machine", MACHINES)
def test_everything_has_a_page_that_fits_the_terminal(machine: str) -> None:
    chosen = MACHINES[machine]
    names = [*(each.name for each in chosen.actions), *(each.name for each in chosen.properties)]
    names += [*(each.name for each in chosen.goals), *(each.name for each in chosen.progress)]
    names += [*chosen.state.fields, *(sort.name for sort in chosen.sorts), *(each.name for each in chosen.assumptions)]
    for name in (*names, machine, *INSTANCES):
        for page in pages(name, [chosen], INSTANCES.values(), 80, lambda text, role: text):
            assert max(map(len, page)) <= 80, name


def test_show_prints_clauses_writes_sources_and_the_claim() -> None:
    text = attorn_("show", "claim/reassign").stdout
    assert text.startswith("action reassign(vm: VM, segment: Segment)\n")
    assert re.search(r"source +model/migration.py:\d+", text)
    assert re.search(r"claim e +Each of the segments is reassigned", text)
    assert "    1. phase[vm] = TRANSFERRED\n" in text
    assert text.endswith("  then\n    owner[segment] := target[vm]\n")


def test_show_tells_machines_apart_that_say_different_things() -> None:
    text = attorn_("show", "exit").stdout
    changed = [
        name for name in MACHINES if attorn_("show", f"{name}/exit").stdout != attorn_("show", "claim/exit").stdout
    ]
    assert changed
    assert re.search(rf"differs in +{', '.join(changed)} \(attorn show {changed[0]}/exit\)", " ".join(text.split()))
    assert re.search(r"same in +\w", attorn_("show", "at_most_one_runner").stdout)


def test_show_says_where_a_field_is_used() -> None:
    text = " ".join(attorn_("show", "described_registers").stdout.split())
    assert "read by create" in text
    assert "written by describe, resume" in text
    assert "config_faithful" in text


def test_a_name_of_two_things_shows_both() -> None:
    text = attorn_("show", "claim").stdout
    assert "machine claim\n" in text
    assert "\n\ninstance claim\n" in text


def test_explain_shows_how_a_goal_is_reached() -> None:
    done = attorn_("explain", "claim-tiny/migration_completes")
    assert done.exit_code == 0
    assert done.stdout.startswith("migration_completes is reached on claim-tiny in 12 steps\n")
    acts = re.findall(r"^ +\d+  \w+ +(\w+)\(", done.stdout, re.MULTILINE)
    # The claim's order, after the life of a VM that has written something.
    assert acts[:6] == ["start", "allocate", "execute", "suspend", "describe", "transfer"]
    assert acts[-2:] == ["create", "resume"]
    assert sorted(acts[6:-2]) == ["exit", "map", "reassign", "unmap"]


def test_explain_says_that_there_is_nothing_to_explain() -> None:
    done = attorn_("explain", "claim-tiny/legal_edges")
    assert done.exit_code == 0
    assert " ".join(done.stdout.split()) == (
        "legal_edges is exhausted on claim-tiny: it holds everywhere (118 states to depth 13)."
    )
    cut = attorn_("explain", "claim-tiny/legal_edges", "--max-states", "20")
    assert cut.exit_code == 2
    assert "legal_edges is undetermined on claim-tiny" in cut.stdout


def test_help_needs_nothing_heavy() -> None:
    program = (
        "import sys, attorn.command\n"
        "try:\n    attorn.command.main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'jsonschema', 'networkx', 'numpy', 'rich', 'scipy', 'tabulate', 'z3'} & set(sys.modules)\n"
        "rooms = ('attorn.checker', 'attorn.commands.', 'attorn.model')\n"
        "ours = {name for name in sys.modules if name.startswith(rooms)}\n"
        "sys.exit(f'imported: {heavy | ours}' if heavy | ours else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Exit codes: 0 all hold" in done.stdout
