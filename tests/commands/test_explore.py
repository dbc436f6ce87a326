"""``attorn explore``: it starts, says where, answers there, ends when told; and says what is wrong."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attorn.checker.explorer.playing import play
from attorn.commands.worlds import read_log
from tests.commands.running import attorn_, told, write

pytest.importorskip("starlette", reason="the explorer's server needs attorn[explore]")
pytest.importorskip("uvicorn", reason="the explorer's server needs attorn[explore]")

DOCS = Path(__file__).parents[2] / "docs"
LOCKS = "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / "language.md").read_text(encoding="utf-8"), re.DOTALL)[:1])
SIZES = {"VM": 1, "Segment": 1, "Partition": 2, "Word": 2, "Address": 1}
LOG = [
    {"format": "attorn-trace", "version": 1, "machine": "claim", "sizes": SIZES},
    {"event": "start", "arguments": {"vm": "vm0", "partition": "partition0"}},
    {"event": "suspend"},
]


@contextmanager
def exploring(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process of its own, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "attorn", "explore", "--no-browser", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        address = next((found[0] for line in process.stdout if (found := re.search(r"http://\S+", line))), "")
        assert address, process.communicate()
        yield process, address
    finally:
        process.kill()
        process.communicate()


def asked(address: str, path: str, **body: object) -> dict[str, object]:
    """What the explorer at an address answers."""
    page, _, fragment = address.partition("#")
    token = re.search(r"token=([\w-]+)", fragment)
    assert token
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{page}api/{path}", data=data, headers={"X-Attorn-Token": token[1]})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def shown(address: str) -> dict[str, object]:
    """The state at which the page opens."""
    path, _, said = address.partition("#")[2].partition("?")
    world, *run = (urllib.parse.unquote(part) for part in path.split("/")[1:])
    labels = run[1:]
    aim = urllib.parse.parse_qs(said).get("to")
    start = int(run[0]) if run else 0
    if aim:
        found = asked(address, "landmark", world=world, name=aim[0])
        assert found["outcome"] == "found"
        start, labels = found["start"], found["labels"]  # type: ignore[assignment]
    return asked(address, "view", world=world, start=start, labels=labels)


def test_it_answers_at_the_address_printed_and_ends_when_interrupted() -> None:
    with exploring("claim-tiny") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert shown(address)["at"] == 0
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "The explorer has ended." in err
        assert "Traceback" not in out + err


def commands() -> list[str]:
    text = (DOCS / "explorer.md").read_text(encoding="utf-8")
    return [line[2:] for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", commands())
def test_what_the_documentation_types_opens_a_state(command: str) -> None:
    write("my_machine.py", LOCKS)
    write("run.jsonl", "".join(f"{json.dumps(line)}\n" for line in LOG))
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("attorn", "explore")
    with exploring(*arguments) as (_, address):
        view = shown(address)
        assert view["halt"] is None
        if any("/" in each or each in ("H3", "--log") for each in arguments):
            assert view["steps"]
        broken = {each["name"] for each in view["properties"] if each["holds"] is False}  # type: ignore[attr-defined]
        assert ("at_most_one_runner" in broken) == (command.endswith(("H3", "at_most_one_runner")))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["clam"], "Did you mean `claim`?"),
        (["claim/there_and_bak"], "there_and_back"),
        (["H11"], "out of the model"),
        (["H3/no_leek"], "no property or goal `no_leek`"),
        (["nowhere.py"], "there is no file"),
        (["--log", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["--log", "empty.jsonl"], "the file is empty"),
        (["--port", "70000"], "70000"),
        (["claim", "--size", "Machine=2"], "no sort or budget `Machine`"),
    ],
)
def test_what_cannot_be_explored_is_said(arguments: list[str], says: str) -> None:
    write("empty.jsonl", "")
    done = attorn_("explore", "--no-browser", *arguments)
    assert done.exit_code == 3
    assert says in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_a_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = attorn_("explore", "--no-browser", "claim-tiny", "--port", str(port))
    assert done.exit_code == 3
    assert f"port {port} is in use" in done.output


def test_without_its_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "attorn.checker.explorer.server", raising=False)
    done = attorn_("explore", "--no-browser", "claim-tiny")
    assert done.exit_code == 3
    assert 'pip install "attorn[explore]"' in done.output
    monkeypatch.undo()
    importlib.import_module("attorn.checker.explorer.server")


def test_what_is_offered_names_the_command_that_opens_it_alone() -> None:
    with exploring("claim-tiny", "--words", "3") as (_, address):
        commands = {each["name"]: each["command"] for each in asked(address, "worlds")}  # type: ignore[index]
        assert commands["claim-tiny"] == "attorn explore claim-tiny --words 3"
        assert commands["H3"] == "attorn explore H3"


# What ``attorn run`` has written of two real VMMs, without most of its states and times.
HOP = {
    "format": "attorn-trace", "version": 1, "machine": "reference", "recorder": "attorn",
    "sizes": {"Segment": 6, "Partition": 2, "Word": 2**41, "Address": 6, "VM": 4} | dict.fromkeys(
        ("crashes", "losses", "timeouts", "cancels"), 65_536
    ),
}  # fmt: skip
HOPPED = """start partition0; allocate segment0 address0; suspend partition1; describe; transfer; receive; unlock;
    unmap segment0; reassign segment0; map segment0; create; resume; answer; hear; exit; settle"""


def test_a_log_of_the_running_system_is_played_in_an_instance_of_what_it_names() -> None:
    lines: list[dict[str, object]] = [HOP]
    for line in HOPPED.split(";"):
        event, *values = line.split()
        kinds = [re.sub(r"\d", "", value) for value in values]
        lines.append({"event": event, "arguments": {"vm": "vm0", **dict(zip(kinds, values, strict=True))}})
    instance, source = read_log("hop.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines).encode(), {})
    assert {name: instance.described()[name] for name in ("VM", "Segment", "Partition")} == {
        "VM": 1, "Segment": 1, "Partition": 2,
    }  # fmt: skip
    played = play(instance, source)
    assert played.accepted
    assert [move.step.action.name for move in played.path.moves] == [line.split()[0] for line in HOPPED.split(";")]


def test_help_shows_examples() -> None:
    said = told(attorn_("explore", "--help"))
    assert "attorn explore H3" in said
