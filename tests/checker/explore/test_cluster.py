"""Several workers find what one process finds, however many they are and whatever becomes of them."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from attorn.checker.explore import Options, Progress, explore
from attorn.checker.explore.cluster import connected, frontier
from attorn.checker.explore.cluster.worker import Worker, bounds
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.model.instances import instance
from attorn.spec.errors import BadInput
from tests.checker.explore.dealing import Dealt
from tests.machines.known import BROKEN

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")

TINY = BROKEN["caches"].instance
SMALL = instance("claim-small")


@pytest.mark.parametrize("symmetry", [False, True], ids=["plain", "symmetry"])
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_the_shares_of_a_level_are_the_level_in_order(workers: int, symmetry: bool, tmp_path: Path) -> None:
    plain = Search(Prepared.of(SMALL), {}, Options(symmetry=symmetry))
    plain.run()
    team = Dealt(SMALL, Options(symmetry=symmetry, checkpoint=tmp_path), workers)
    for _ in plain.levels:
        merged = team.advance()
        assert workers > 1 or not merged[0].received
    assert team.checkpoint.counts == [*plain.levels, 0]
    for depth, rows in enumerate(team.checkpoint.levels()):
        assert [word.tolist() for word in rows] == [word.tolist() for word in plain.visited.level(depth)]


def test_every_first_word_has_one_owner() -> None:
    assert bounds(1).tolist() == []
    assert bounds(4).tolist() == [1 << 62, 1 << 63, 3 << 62]


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"and 0\.0 begins the search"):
        Worker(0, 1, tmp_path, 1).check("0.0")


def test_a_folder_that_a_worker_does_not_see_is_refused(tmp_path: Path) -> None:
    team = Dealt(TINY, Options(checkpoint=tmp_path / "here"), 1)
    with pytest.raises(BadInput, match="must be one that all machines of the cluster share"):
        Worker(0, 1, tmp_path / "there", 1).take_up(team.checkpoint.parts)


def workers_here() -> list[int]:
    """The processes of workers that this one has begun, through Ray."""
    parents, workers = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if (folder / "cmdline").read_bytes().startswith(b"ray::Worker"):
                workers.append(int(folder.name))
        except OSError:  # it ended meanwhile
            continue

    def descends(process: int) -> bool:
        return process == os.getpid() or (process in parents and descends(parents[process]))

    return [each for each in workers if descends(each)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        with connected("auto", 2):
            yield


class Kills:
    """Ends a worker once the search comes to a depth."""

    def __init__(self, depth: int) -> None:
        self._depth, self.ended = depth, 0

    def __call__(self, progress: Progress) -> None:
        if progress.depth == self._depth:
            os.kill(workers_here()[0], signal.SIGKILL)
            self.ended += 1


@needs_proc
@needs_ray
@pytest.mark.usefixtures("cluster")
def test_a_cluster_gives_the_same_account_though_a_worker_is_lost_and_says_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    kills = Kills(depth=2)
    found = explore(TINY, Options(cluster="auto", workers=2), kills)
    assert kills.ended == 1
    assert found == explore(TINY)
    assert any(each.path is not None for each in found.verdicts)
    assert capfd.readouterr() == ("", "")


@needs_ray
@pytest.mark.usefixtures("cluster")
def test_a_search_goes_from_one_process_to_a_cluster_and_back(tmp_path: Path) -> None:
    kept = Options(checkpoint=tmp_path, symmetry=True)
    explore(SMALL, replace(kept, max_states=50))
    part = explore(SMALL, replace(kept, max_states=100, cluster="auto", workers=2))
    assert "state budget of 100 reached" in part.stopped
    found = explore(SMALL, kept)
    assert found == explore(SMALL, Options(symmetry=True))
    assert found.finished


@pytest.mark.slow
@needs_proc
@needs_ray
@pytest.mark.usefixtures("cluster")
def test_workers_that_are_lost_again_and_again_end_the_search_undetermined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier, "LOSSES", 1)
    found = explore(TINY, Options(cluster="auto", workers=2), Kills(depth=2))
    assert not found.finished
    assert "workers were lost 1 times in a row" in found.stopped
    assert found.stopped.endswith("at depth 2")


@pytest.mark.slow
@needs_ray
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("workers", [2, 3, 5])
@pytest.mark.parametrize("symmetry", [False, True], ids=["plain", "symmetry"])
@pytest.mark.parametrize("name", ["claim", "memfd"])
def test_any_number_of_workers_gives_the_same_account(name: str, symmetry: bool, workers: int) -> None:
    chosen = instance(name)
    options = Options(symmetry=symmetry)
    assert explore(chosen, replace(options, cluster="auto", workers=workers)) == explore(chosen, options)


@pytest.mark.slow
@needs_ray
@pytest.mark.usefixtures("cluster")
def test_a_memory_budget_ends_the_search_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    kept = Options(checkpoint=tmp_path, cluster="auto", workers=2, memory=20_000)
    part = explore(SMALL, kept)
    assert "memory budget of 20,000 bytes reached" in part.stopped
    assert explore(SMALL, replace(kept, memory=None)) == explore(SMALL)


class KillsAtRandom:
    """Ends a worker some time after a level was begun, whatever is going on then."""

    def __init__(self, seed: int) -> None:
        self._moments, self.ended, self._timers = random.Random(seed), 0, list[threading.Timer]()

    def __call__(self, progress: Progress) -> None:
        self._timers.append(threading.Timer(self._moments.uniform(0, 1), self._end_one))
        self._timers[-1].start()

    def _end_one(self) -> None:
        found = workers_here()
        if found:
            os.kill(self._moments.choice(found), signal.SIGKILL)
            self.ended += 1

    def close(self) -> None:
        for timer in self._timers:
            timer.join()


@pytest.mark.slow
@needs_proc
@pytest.mark.timeout(1800)
@needs_ray
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("seed", range(3))
def test_workers_that_are_killed_at_random_moments_come_to_the_same_account(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "LOSSES", 50)
    kills, chosen = KillsAtRandom(seed), instance("claim")
    found = explore(chosen, Options(cluster="auto", workers=3), kills)
    kills.close()
    assert kills.ended
    assert found == explore(chosen)


@pytest.fixture
def two_machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a cluster of two machines, as far as Ray can tell, and what loses one of them."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    other = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster.address, lambda: cluster.remove_node(other, allow_graceful=False)
    cluster.shutdown()


@pytest.mark.slow
@needs_ray
@pytest.mark.timeout(900)
def test_a_machine_that_is_lost_costs_a_level(two_machines: tuple[str, Callable[[], None]], tmp_path: Path) -> None:
    address, lose_one = two_machines

    def watch(progress: Progress) -> None:
        if progress.depth == 5:
            lose_one()

    found = explore(SMALL, Options(cluster=address, workers=3, checkpoint=tmp_path), watch)
    assert found == explore(SMALL)
    assert found.finished


@pytest.mark.slow
@needs_ray
@pytest.mark.timeout(900)
def test_several_machines_without_a_folder_that_they_share_are_refused(
    two_machines: tuple[str, Callable[[], None]],
) -> None:
    with pytest.raises(BadInput, match=r"has 2 machines.*--checkpoint DIR"):
        explore(SMALL, Options(cluster=two_machines[0]))
