"""``attorn trace``: accepted, refused, undetermined or bad input, for files, ITF and pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.running import attorn_, told, write

HEAD = '{"format":"attorn-trace","version":1,"machine":"claim-tiny"}\n'
START = '{"event":"start","arguments":{"vm":"vm0","partition":"partition0"},"state":{"owner[segment0]":"partition0"}}\n'
SUSPEND = '{"event":"suspend","arguments":{"vm":"vm0"}}\n'
RESUME = '{"event":"resume","arguments":{"vm":"vm0"}}\n'


def test_a_run_that_explain_writes_is_accepted_as_a_trace_and_as_itf() -> None:
    attorn_("explain", "claim-small/there_and_back", "--trace", "run.jsonl", "--itf", "run.itf.json")
    for file in ("run.jsonl", "run.itf.json"):
        done = attorn_("trace", file)
        assert done.exit_code == 0, done.output
        assert f"{file} is a behaviour of claim" in told(done)


def test_a_counterexample_of_one_machine_is_no_behaviour_of_another() -> None:
    attorn_("explain", "memfd/at_most_one_runner", "--trace", "run.jsonl")
    text = Path("run.jsonl").read_text()
    assert attorn_("trace", "run.jsonl").exit_code == 0
    done = attorn_("trace", "run.jsonl", "--machine", "firmware")
    assert done.exit_code == 1
    assert "roll_back" in text
    assert "no behaviour of firmware" in told(done)


def test_a_refusal_tells_the_line_the_clause_its_values_what_is_allowed_and_a_repair() -> None:
    write("log.jsonl", HEAD + START + SUSPEND + RESUME)
    done = attorn_("trace", "log.jsonl")
    assert done.exit_code == 1
    text = told(done)
    for said in (
        "log.jsonl:4: REFUSED: no behaviour of claim-tiny",
        "line resume(vm=vm0)",
        "after suspend(vm=vm0) (line 3)",
        "meant resume(vm0) The destination executes the VM",
        "forbidden phase[vm] = CREATED (model/migration.py",
        "phase[vm0] = SUSPENDED",
        "allowed describe(vm0)",
        "repair 4 lines lost before line 4, such as describe(vm0) · transfer(vm0) · exit(vm0) · create(vm0)",
    ):
        assert said in text, said


def test_programs_get_the_verdict_as_json() -> None:
    write("log.jsonl", HEAD + START + SUSPEND + RESUME)
    done = attorn_("trace", "log.jsonl", "--json")
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert (said["ending"], said["lines"], said["machine"], said["refusal"]["line"]) == ("refused", 3, "claim", 4)
    (forbidden,) = said["refusal"]["meant"][0]["forbidden_by"]
    assert (forbidden["clause"], forbidden["cells"]) == ("phase[vm] = CREATED", {"phase[vm0]": "SUSPENDED"})
    assert said["refusal"]["repairs"][0]["missing"] == ["describe(vm0)", "transfer(vm0)", "exit(vm0)", "create(vm0)"]
    write("log.jsonl", HEAD + START + SUSPEND)
    fine = attorn_("trace", "log.jsonl", "--json")
    assert fine.exit_code == 0
    assert (json.loads(fine.stdout)["ending"], json.loads(fine.stdout)["refusal"]) == ("accepted", None)


def test_hidden_actions_may_happen_without_a_line() -> None:
    write("log.jsonl", HEAD + START + SUSPEND + RESUME)
    done = attorn_("trace", "log.jsonl", "--hidden", "describe,transfer,exit, create")
    assert done.exit_code == 0
    assert "hidden describe · transfer · exit · create" in told(done)


def test_a_lost_line_is_named() -> None:
    write("log.jsonl", HEAD + START + RESUME.replace("resume", "describe") + RESUME.replace("resume", "transfer"))
    text = told(attorn_("trace", "log.jsonl"))
    assert "1 line lost before line 3, such as suspend(vm0, partition1); then 1 line after it is possible" in text


def test_too_little_room_is_undetermined() -> None:
    write("log.jsonl", HEAD + START + SUSPEND + RESUME)
    hidden = "describe,transfer,exit,create,allocate,execute,rebalance"
    done = attorn_("trace", "log.jsonl", "--max-states", "5", "--hidden", hidden)
    assert done.exit_code == 2
    assert "UNDETERMINED" in told(done)


def test_a_mapping_in_a_file_says_what_lines_mean() -> None:
    write("log.jsonl", HEAD + '{"event":"VM_STARTED"}\n{"event":"HEARTBEAT"}\n{"event":"VM_PAUSED"}\n')
    write(
        "my_log.py",
        "from attorn.conform import happens\n\n"
        "hidden = ['execute', 'allocate']\n\n\n"
        "def read(event):\n"
        "    match event.event:\n"
        "        case 'VM_STARTED':\n"
        "            return happens('start', vm='vm0')\n"
        "        case 'VM_PAUSED':\n"
        "            return happens('suspend', vm='vm0')\n"
        "        case _:\n"
        "            return []\n",
    )
    assert attorn_("trace", "log.jsonl", "--mapping", "my_log.py").exit_code == 0
    without = attorn_("trace", "log.jsonl")
    assert without.exit_code == 3
    assert "log.jsonl:2:2: expected an action of machine claim, got `VM_STARTED`" in without.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "my_log.py defines no mapping"),
        ("read = 3\n", "`read` must be a function of an event"),
        ("hidden = 'execute'\n", "`hidden` must be a list of names"),
        ("import no_such_module\n", "my_log.py:1: ModuleNotFoundError"),
    ],
)
def test_a_file_that_is_no_mapping_is_bad_input(text: str, says: str) -> None:
    write("log.jsonl", HEAD + START)
    write("my_log.py", text)
    done = attorn_("trace", "log.jsonl", "--mapping", "my_log.py")
    assert done.exit_code == 3
    assert says in done.stderr


@pytest.mark.parametrize(
    ("log", "arguments", "says"),
    [
        ("", (), "log.jsonl:1:1: the file is empty"),
        (HEAD, (), "log.jsonl:2:1: expected events after the header"),
        (HEAD.replace("claim-tiny", "clam"), (), "no machine is called `clam`"),
        (HEAD.replace("claim-tiny", "their.py"), (), "the log names the machine their.py. Choose it yourself"),
        (HEAD.replace("claim-tiny", "fence"), (), "machine fence needs a size for"),
        (HEAD + START, ("--machine", "no.py"), "there is no file no.py"),
        (HEAD + START, ("--hidden", "mop"), "has no action `mop`"),
        (HEAD + START, ("--size", "Lamp=3"), "has no sort or budget `Lamp`"),
    ],
)
def test_what_cannot_be_checked_is_bad_input(log: str, arguments: tuple[str, ...], says: str) -> None:
    write("log.jsonl", log)
    done = attorn_("trace", "log.jsonl", *arguments)
    assert done.exit_code == 3
    assert says in done.stderr


def test_a_pipe_is_checked_as_it_comes_and_need_not_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "attorn", "trace", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        running.stdin.write(HEAD + START + SUSPEND + RESUME)
        running.stdin.flush()
        # It says so while the pipe is still open; what might come after it is not waited for.
        assert running.wait(timeout=60) == 1
        assert running.stdout is not None
        assert "standard input:4: REFUSED" in running.stdout.read()
