"""Workers of a cluster that take turns in this process, and exchange what they find as those of a cluster do."""

from __future__ import annotations

from attorn.checker.explore import Options
from attorn.checker.explore.checkpoint import Checkpoint
from attorn.checker.explore.cluster.worker import Merged, Worker
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.checker.explore.steps import Reached
from attorn.spec.language import Instance

__all__ = ["Dealt"]


class Dealt:
    """The states of an instance, dealt to some workers.

    options: they name a folder, which the workers share.
    """

    def __init__(self, chosen: Instance, options: Options, workers: int) -> None:
        prepared = Prepared.of(chosen)
        search = Search(prepared, {}, options)
        self.checkpoint = Checkpoint(prepared, options)
        self.checkpoint.load()
        self._workers = [
            Worker(number, workers, self.checkpoint.folder, search.layout.words) for number in range(workers)
        ]
        for worker in self._workers:
            worker.use(search.expander)
            worker.take_up(self.checkpoint.parts)

    def advance(self) -> list[Merged]:
        """Have all workers take the steps of one level; what each holds then."""
        shares = [worker.expand() for worker in self._workers]
        merged = []
        for number, worker in enumerate(self._workers):
            sent = [share[1 + number] for share in shares]
            assert sent[number] is None  # what is its own is sent nowhere
            name = f"level-{len(self.checkpoint.parts):05}-{number:05}"
            merged.append(worker.merge(name, *(each for each in sent if not isinstance(each, Reached))))
        self.checkpoint.keep_parts([each.files for each in merged])
        return merged
