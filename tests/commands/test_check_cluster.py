"""``attorn check --cluster``: what is refused, what a machine of one's own needs, and that the report is the same."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from attorn.checker.explore.cluster import connected
from attorn.spec.errors import BadInput

from .running import attorn_, write

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.fixture
def closed_port() -> int:
    """Where nobody listens."""
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        port: int = there.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cluster", "nonsense"], "`nonsense` is no address of a cluster. Write HOST:PORT"),
        (["--cluster", "ray://there:10001"], "is no address of a cluster"),
        (["--workers", "2"], "workers are those of a cluster. Choose one with --cluster"),
        (["--cluster", "auto", "--threads", "2"], "On a cluster choose --workers"),
    ],
    ids=["no address", "a client", "workers alone", "threads too"],
)
@needs_ray
def test_what_is_no_cluster_is_refused(arguments: list[str], said: str) -> None:
    done = attorn_("check", "claim-tiny", *arguments)
    assert done.exit_code == 3
    assert said in done.stderr


@needs_ray
def test_a_cluster_that_does_not_answer_is_refused(closed_port: int) -> None:
    done = attorn_("check", "claim-tiny", "--cluster", f"127.0.0.1:{closed_port}")
    assert done.exit_code == 3
    assert f"no Ray cluster answers at 127.0.0.1:{closed_port}" in done.stderr
    assert f"ray start --head --port {closed_port}" in done.stderr


@needs_ray
def test_what_answers_but_is_no_cluster_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        threading.Thread(target=lambda: there.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n"), daemon=True).start()
        done = attorn_("check", "claim-tiny", "--cluster", f"127.0.0.1:{there.getsockname()[1]}")
    assert done.exit_code == 3
    assert "what answers is no Ray cluster" in done.stderr


@needs_ray
def test_the_variable_names_the_cluster(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{closed_port}")
    done = attorn_("check", "claim-tiny", "--cluster", "auto")
    assert done.exit_code == 3
    assert f"answers at 127.0.0.1:{closed_port}" in done.stderr


class Impatient(ModuleType):
    """A Ray that begins a cluster at some try."""

    def __init__(self, succeeds_at: int) -> None:
        super().__init__("ray")
        self.tries, self._succeeds_at = 0, succeeds_at

    def is_initialized(self) -> bool:
        return False

    def init(self, **how: object) -> None:
        self.tries += 1
        if self.tries != self._succeeds_at:
            raise Exception("The current node timed out\nduring startup.")

    def shutdown(self) -> None:
        """Nothing was begun."""


@pytest.mark.parametrize(("succeeds_at", "works"), [(3, True), (4, False)])
def test_a_cluster_of_our_own_is_tried_again(succeeds_at: int, works: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", Impatient(succeeds_at))
    refused = pytest.raises(BadInput, match="can be begun on this machine: The current node timed out during startup")
    with nullcontext() if works else refused, connected("auto"):
        pass


def test_without_ray_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = attorn_("check", "claim-tiny", "--cluster", "auto")
    assert done.exit_code == 3
    assert "pip install 'attorn[cluster]'" in done.stderr


def run(*arguments: str, code: int = 0) -> str:
    """What a command says in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "attorn", *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout


def report(folder: str) -> list[bytes]:
    return [Path(folder, name).read_bytes() for name in ("report.json", "report.md")]


OWN = '''
from attorn.spec.language import Element, Instance, Machine, Relation, State, action, exists, initial, invariant


class Light(Element):
    """Something that is on or off."""


class Lights(State):
    on = Relation(Light)


@initial
def dark(s: Lights):
    s.on[...] = False


@action
def switch(s: Lights, light: Light):
    """Turn a light on or off."""
    s.on[light] = ~s.on[light]


@invariant
def never_all(s: Lights):
    """Some light is always off."""
    return exists(Light, lambda light: ~s.on[light])


machine = Machine("lights", Lights, dark, (switch,), (never_all,))
instances = [Instance.of(machine, "lights", Light=6)]
'''


@pytest.mark.slow
@needs_ray
@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", ["2", "3", "5"])
def test_any_number_of_workers_writes_the_same_report(workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = ["claim-small", "memfd", "--symmetry"]
    run("check", *targets, "--out", "plain", "--quiet", code=1)
    monkeypatch.setenv("HOME", str(Path("home").absolute()))
    told = run("check", *targets, "--out", "spread", "--quiet", "--cluster", "auto", "--workers", workers, code=1)
    assert not Path("home").exists()
    assert report("spread") == report("plain")
    assert "raylet" not in told


@pytest.mark.slow
@needs_ray
def test_a_machine_of_ones_own_is_searched_on_a_cluster() -> None:
    file = write("lights.py", OWN)
    run("check", file, "--out", "plain", code=1)
    run("check", file, "--out", "spread", "--cluster", "auto", "--workers", "2", code=1)
    assert report("spread") == report("plain")


@pytest.mark.slow
@needs_ray
@pytest.mark.timeout(900)
def test_an_interrupted_search_tells_what_it_knows_and_leaves_no_process() -> None:
    command = [sys.executable, "-m", "attorn", "check", "claim-vms", "--cluster", "auto", "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--checkpoint", "kept"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    while not list(Path("kept").glob("*/level-00008-*")):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate()[0]
    assert process.returncode == 2
    assert "interrupted at depth" in told
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
