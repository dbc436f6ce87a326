"""A host from outside: VMs are created, migrate in place, end; everything ends with the host."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attorn.model.reference.process import started
from attorn.reference import Host, Refused

SMALL = 1 << 16


def test_a_vm_migrates_there_and_back_and_the_specification_allows_every_step() -> None:
    with Host(engine="pretend", segments=4, size=SMALL) as host:
        vm = host.create(segments=2)
        there = vm.migrate("partition1")
        back = vm.migrate("partition0")
        assert (there.at, there.migrated, there.why) == ("partition1", True, "")
        assert (back.at, back.migrated, back.why) == ("partition0", True, "")
        assert vm.status.running
        assert host.judge is not None and host.departure is None
        # start, two allocations; each way suspend to settle; what the guest wrote comes on top.
        assert host.judge.lines >= 1 + 3 + 2 * 16


def test_the_processes_and_files_of_a_host_end_with_it_even_when_the_block_fails() -> None:
    pids: list[int] = []
    with pytest.raises(ZeroDivisionError), Host(engine="pretend", segments=2, size=SMALL, memory="directory") as host:
        vm = host.create(segments=1)
        pids += [host.process_of("firmware"), host.process_of("partition0"), host.process_of("partition0", vm.name)]
        kept = [host.directory, host._segments_at]
        raise ZeroDivisionError
    assert [pid for pid in pids if started(pid)] == []
    assert [path for path in kept if path is not None and path.exists()] == []


def test_a_host_leaves_no_open_handles_behind() -> None:
    with Host(engine="pretend", segments=2, size=SMALL):
        pass  # what is made once for all hosts of a process is there now
    before = len(os.listdir("/proc/self/fd"))
    with Host(engine="pretend", segments=2, size=SMALL) as host:
        host.create(segments=1).migrate("partition1")
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_a_host_cannot_do_is_refused_with_what_there_is() -> None:
    with Host(engine="pretend", segments=4, size=SMALL) as host:
        with pytest.raises(Refused, match="partition0 has 2 free segments; VM vm0 needs 3"):
            host.create(segments=3)
        vm = host.create(segments=2)
        with pytest.raises(Refused, match="is in partition0 already"):
            vm.migrate("partition0")
        with pytest.raises(Refused, match="no partition `partition7`; there are: partition0, partition1"):
            vm.migrate("partition7")
        vm.stop()
        with pytest.raises(Refused, match=f"no VM `{vm.name}`"):
            vm.migrate("partition1")


def test_the_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    assert len(example.strip().splitlines()) <= 15
    exec(compile(example, "reference.md", "exec"), {})
    there, owners, lost = capsys.readouterr().out.splitlines()
    assert there == "partition1 True nothing went wrong"
    assert owners == "owners: ['partition1', 'partition1', 'partition1', 'partition1']"
    assert lost.startswith("VM vm0 is lost: ")


KILLED = """
import os, signal
from attorn.reference import Host
with Host(2, engine="pretend", segments=4, size=1 << 16, memory="directory", coordinator="process") as host:
    vm = host.create(segments=1)
    print(host.directory, host._segments_at, flush=True)
    print(*host.processes().values(), host.process_of("partition0", vm.name), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_host_that_is_killed_leaves_neither_processes_nor_files_behind() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    directories, pids = (line.split() for line in done.stdout.splitlines())
    assert len(directories) == 2 and len(pids) == 5
    deadline = time.monotonic() + 60
    left: list[str] = []
    while time.monotonic() < deadline:
        left = [pid for pid in pids if started(int(pid))] + [path for path in directories if Path(path).exists()]
        if not left:
            break
        time.sleep(0.01)
    assert left == []
