"""The frontier of a search on a cluster: who owns which states, one exchange a level, and a new team after a loss."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from attorn import __version__
from attorn.checker.explore.checkpoint import Checkpoint
from attorn.checker.explore.cluster.connection import imported
from attorn.checker.explore.cluster.worker import Merged, Worker
from attorn.checker.explore.disk import FiledRun
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.steps import Reached, combined, first_of, unheard
from attorn.checker.explore.team import WorkerLost
from attorn.checker.explore.visited import Visited
from attorn.spec.errors import BadInput

__all__ = ["OnCluster"]

LOSSES = 5  # of teams at one level, before the search gives up

T = TypeVar("T")


class OnCluster:
    """All states in the memory of workers, each of which owns those in one range of first words.

    A level is one epoch: every worker takes the steps from its own states and sends what it finds to the owners; each
    leaves what is new among its own in the folder of the checkpoint. Where anything of it is lost, all workers are
    begun anew and read from the folder what they owned after the level before.

    workers: how many; one for each core of the cluster when None.
    """

    def __init__(self, expander: Expander, checkpoint: Checkpoint, workers: int | None) -> None:
        self._ray = imported()
        self._expander, self._checkpoint = expander, checkpoint
        self._workers = workers or len(self._cores())
        self._team: list[Any] = []
        self._changed = False
        self._held: int | None = None
        self.peak = self.moved = 0

    @property
    def visited(self) -> Visited:
        """All states met, as they lie in the folder."""
        checkpoint = self._checkpoint
        return Visited(
            [FiledRun(rows, depth) for depth in range(len(checkpoint.parts)) for rows in checkpoint.read(depth)]
        )

    @property
    def count(self) -> int:
        """How many states come next."""
        return self._checkpoint.counts[-1]

    @property
    def held(self) -> int:
        """Bytes of memory that all states met take, of all workers together."""
        if self._held is None:
            self._held = self._persist(self._take_up)
        return self._held

    def advance(self, told: Callable[[int], None] = unheard) -> Reached:
        """Take all steps from the states that come next; what they lead to, and was not met before, comes next then."""
        reached, merged = self._persist(self._epoch)
        self._checkpoint.keep_parts([each.files for each in merged])
        self._held = sum(each.held for each in merged)
        self.peak = max(self.peak, sum(each.peak for each in merged))
        self.moved += sum(each.received for each in merged)
        return reached

    def drop(self, answered: Collection[str]) -> None:
        """Do not answer some questions any more."""
        self._expander.drop(answered)
        self._changed = True

    def before(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        """For each of some states, the first state of a depth that a step leads from."""
        return self._persist(lambda: self._walk_back(expander, depth, states))

    def _epoch(self) -> tuple[Reached, list[Merged]]:
        if self._held is None:
            self._held = self._take_up()
        elif self._changed:
            self._equip(self._team)
        shares = [worker.expand.options(num_returns=len(self._team) + 1).remote() for worker in self._team]
        name = f"level-{len(self._checkpoint.parts):05}-{secrets.token_hex(4)}"  # nobody else writes files of that name
        merged = [
            worker.merge.remote(f"{name}-{number:05}", *(share[1 + number] for share in shares))
            for number, worker in enumerate(self._team)
        ]
        return combined(self._ray.get([share[0] for share in shares])), self._ray.get(merged)

    def _take_up(self) -> int:
        """Have the workers hold what lies in the folder; the bytes that it takes."""
        team, levels = self._mustered(), self._ray.put(self._checkpoint.parts)
        self._equip(team)
        return sum(self._ray.get([worker.take_up.remote(levels) for worker in team]))

    def _equip(self, team: Sequence[Any]) -> None:
        """Have the workers take steps and ask questions as this search does now."""
        sent = self._ray.put(self._expander)
        self._ray.get([worker.use.remote(sent) for worker in team])
        self._changed = False

    def _walk_back(self, expander: Expander, depth: int, states: Sequence[Rows]) -> list[Rows]:
        sent, parts = self._ray.put(expander), self._checkpoint.parts[depth]
        return first_of(self._ray.get([worker.before.remote(sent, parts, states) for worker in self._mustered()]))

    @spends(Phase.WAITING)
    def _persist(self, work: Callable[[], T]) -> T:
        """What some work comes to, if need be by a new team; raises what it raises by itself."""
        errors = self._ray.exceptions
        for _ in range(LOSSES):
            try:
                return work()
            except errors.RayTaskError as error:
                self._dismiss()
                if not isinstance(error.cause, errors.RayError):
                    raise error.cause from None
                lost: Exception = error.cause
            except errors.RayError as error:
                self._dismiss()
                lost = error
            except BaseException:
                self._dismiss()
                raise
        why = next(iter(str(lost).splitlines()), type(lost).__name__)
        raise WorkerLost(f"workers were lost {LOSSES} times in a row ({why})")

    def _mustered(self) -> list[Any]:
        """The team; a new one where the last was dismissed."""
        if not self._team:
            place = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
            cores = self._cores()
            begin = self._ray.remote(Worker)
            self._team = [
                begin.options(num_cpus=0, scheduling_strategy=place(cores[number % len(cores)], soft=True)).remote(
                    number, self._workers, self._checkpoint.folder, self._expander.layout.words
                )
                for number in range(self._workers)
            ]
            self._ray.get([worker.check.remote(__version__) for worker in self._team])
        return self._team

    def _cores(self) -> list[str]:
        """For each core of the cluster, the machine that it belongs to; raises BadInput where there is none."""
        alive = [node for node in self._ray.nodes() if node["Alive"]]
        cores = [node["NodeID"] for node in alive for _ in range(int(node["Resources"].get("CPU", 0)))]
        if not cores:
            raise BadInput("no machine of the cluster offers cores. Begin one with `ray start`, without --num-cpus 0.")
        return cores

    def _dismiss(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._team:
            self._ray.kill(worker)
        self._team, self._held = [], None
