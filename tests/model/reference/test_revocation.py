"""Each revocation policy against a source that keeps its mapping, and what it guarantees then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from attorn.model.reference.host import Host
from attorn.model.reference.injection import inject_release
from attorn.model.reference.process import started
from attorn.model.reference.refusals import Refused
from attorn.model.reference.revocation import Policy, by_file, end, family, holds_of
from attorn.model.reference.segments import SegmentStore

SIZE = 1 << 16
# Maps the segment, says so, and writes to it for ever: a source that gives nothing up.
HOSTILE = """
import mmap, sys, time
view = mmap.mmap(int(sys.argv[1]), int(sys.argv[2]))
count = 0
while True:
    count += 1
    view[0:8] = count.to_bytes(8, "little")
    if count == 1:
        print("mapped", flush=True)
"""
# Starts and ends threads for ever, as a disk does that has a thread for each request.
CHURNING = """
import threading
print("churning", flush=True)
while True:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
"""


@pytest.fixture
def store() -> Iterator[SegmentStore]:
    found = SegmentStore(1, SIZE, None)
    yield found
    found.close()


@contextmanager
def hostile_process(store: SegmentStore, program: str) -> Iterator[subprocess.Popen[str]]:
    handle = store.handle(0)
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(handle), str(SIZE)], pass_fds=[handle], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "mapped\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def hostile(store: SegmentStore) -> Iterator[subprocess.Popen[str]]:
    with hostile_process(store, HOSTILE) as process:
        yield process


def files(store: SegmentStore) -> dict[tuple[int, int], int]:
    return by_file(dict(enumerate(store.identities)))


def still_written(store: SegmentStore) -> bool:
    """Whether somebody writes to the segment: it changes while it is looked at often enough."""
    return len({os.pread(store.handle(0), 8, 0) for _ in range(20_000)}) > 1


def test_cooperation_is_verified_not_believed(store: SegmentStore, hostile: subprocess.Popen[str]) -> None:
    hold = holds_of(hostile.pid, files(store))
    # One mapping; Python keeps a second handle of its own for a mapped file.
    assert [segment for *_, segment in hold.mappings] == [0] and len(hold.handles) >= 1
    assert f"process {hostile.pid} has 1 mappings" in str(hold)
    assert still_written(store)


def test_ptrace_takes_mapping_and_handles_and_the_process_lives_on(
    store: SegmentStore, hostile: subprocess.Popen[str]
) -> None:
    inject_release(holds_of(hostile.pid, files(store)))
    assert not holds_of(hostile.pid, files(store))
    before = os.pread(store.handle(0), 8, 0)
    assert not still_written(store)
    assert before != bytes(8), "what it had written is kept"
    # It finds out when it touches what is not its own any more.
    assert hostile.wait(10) == -signal.SIGSEGV


# Threads that come and go all the time, each of which writes to the segment.
RESTLESS = """
import mmap, sys, threading, time
view = mmap.mmap(int(sys.argv[1]), int(sys.argv[2]))
def write():
    for _ in range(50):
        view[0:8] = (int.from_bytes(view[0:8], "little") + 1).to_bytes(8, "little")
print("mapped", flush=True)
while True:
    threads = [threading.Thread(target=write) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
"""


def test_ptrace_stops_threads_that_come_and_go(store: SegmentStore) -> None:
    for _ in range(10):
        with hostile_process(store, RESTLESS) as process:
            inject_release(holds_of(process.pid, files(store)))
            assert not holds_of(process.pid, files(store)) and not still_written(store)
            assert process.wait(10) == -signal.SIGSEGV


def test_ptrace_of_a_process_that_has_ended_is_no_error(store: SegmentStore) -> None:
    with hostile_process(store, HOSTILE) as process:
        hold = holds_of(process.pid, files(store))
        end(process.pid)
        inject_release(hold)


def test_kill_ends_the_process_and_keeps_the_contents(store: SegmentStore, hostile: subprocess.Popen[str]) -> None:
    end(hostile.pid)
    assert started(hostile.pid) == "" and not holds_of(hostile.pid, files(store))
    assert os.pread(store.handle(0), 8, 0) != bytes(8) and not still_written(store)


def test_children_of_a_process_are_found(store: SegmentStore) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    try:
        assert child in family([os.getpid()])
    finally:
        os.close(read)
        os.close(write)
        os.waitpid(child, 0)


def test_a_process_whose_threads_come_and_go_is_always_found() -> None:
    churning = subprocess.Popen([sys.executable, "-c", CHURNING], stdout=subprocess.PIPE, text=True)
    try:
        assert churning.stdout is not None and churning.stdout.readline() == "churning\n"
        assert all(family([churning.pid]) == [churning.pid] for _ in range(3000))
    finally:
        churning.kill()
        churning.communicate()
    assert family([churning.pid]) == []


@pytest.mark.parametrize(
    ("policy", "own_process"),
    [("kill", True), ("ptrace", True), ("ptrace", False), ("cooperate", True), ("cooperate", False), ("none", True)],
)
@pytest.mark.parametrize("observe", [True, False])
def test_a_vm_migrates_under_every_policy(policy: str, own_process: bool, observe: bool) -> None:
    settings: dict[str, Any] = {"policy": policy, "own_process": own_process, "observe": observe}
    with Host(2, engine="pretend", segments=2, size=SIZE, **settings) as host:
        vm = host.create(segments=1)
        assert vm.migrate("partition1").migrated and vm.migrate("partition0").migrated
        assert vm.status.running and host.departure is None


def test_kill_is_refused_where_it_would_end_other_vms() -> None:
    with pytest.raises(Refused, match="each VM needs its own"):
        Host(2, engine="pretend", policy=Policy.KILL, own_process=False)


def test_a_source_that_has_not_unmapped_is_found_and_nothing_is_reassigned() -> None:
    with Host(2, engine="pretend", segments=2, size=SIZE, policy="cooperate") as host:
        vm = host.create(segments=1)
        with pytest.raises(Refused, match=r"not released the memory of VM vm0: process \d+ has 1 map"):
            host.firmware.call("revoke", vm=vm.name, partition="partition0", policy="cooperate")
        assert host.view(vm.name).grant.owners == ("partition0",)
        assert vm.migrate("partition1").migrated
