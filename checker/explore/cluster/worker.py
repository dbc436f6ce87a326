"""A worker: holds the states whose first word lies in one range, and takes the steps from them."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attorn import __version__
from attorn.checker.explore.disk import Files, mapped, written
from attorn.checker.explore.expand import Expander
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.steps import Reached, origins, taken
from attorn.checker.explore.visited import Visited, distinct, joined
from attorn.spec.errors import BadInput

__all__ = ["Merged", "Worker", "bounds"]

WORD = 64


def bounds(workers: int) -> NDArray[np.uint64]:
    """The first words from which on states belong to the second worker, to the third, ...

    They are spread evenly, so equal ranges are equal shares; and states are in order of them, so that the shares of a
    level, put one after the other, are the level in order.
    """
    return np.array([(number << WORD) // workers for number in range(1, workers)], np.uint64)


@dataclass(frozen=True)
class Merged:
    """What a worker holds after a level.

    files:    the states that come next and that are its own, in the shared folder.
    held:     bytes of memory that all states met take.
    peak:     bytes of memory that states took meanwhile.
    received: bytes of states that came from other workers.
    """

    files: Files
    held: int
    peak: int
    received: int


class Worker:
    """One share of a search.

    number: which share it is, of so many workers.
    folder: where all workers read and write.
    words:  how many a packed state has.
    """

    def __init__(self, number: int, workers: int, folder: Path, words: int) -> None:
        self._number, self._bounds, self._folder = number, bounds(workers), folder
        self._none: Rows = [np.empty(0, np.uint64)] * words
        self._host = socket.gethostname()

    def check(self, version: str) -> None:
        """Raises BadInput where another version of attorn begins a search than is here."""
        if version != __version__:
            raise BadInput(
                f"{self._host} has attorn {__version__}, and {version} begins the search. Install the same on all "
                "machines of the cluster."
            )

    def use(self, expander: Expander) -> None:
        """Take steps so from now on."""
        self._expander = expander

    def take_up(self, levels: Sequence[Sequence[Files]]) -> int:
        """Hold its own states of all levels, the last of which come next; the bytes that they take.

        levels: for each, the files of all its parts. Raises BadInput where they cannot be read here.
        """
        self._visited = Visited()
        for depth, parts in enumerate(levels):
            self._level = self._own_part(parts)
            self._visited.add(self._level, depth)
            self._visited.settle()
        self._depth = len(levels) - 1
        return self._visited.bytes

    def expand(self) -> list[Reached | Rows | None]:
        """Take all steps from its states that come next: what was seen, then for each worker the states that are its.

        Its own ones are kept here.
        """
        self._visited.settle()
        found: list[list[Rows]] = [[] for _ in range(len(self._bounds) + 1)]

        def divide(rows: Rows) -> None:
            for parts, (first, end) in zip(found, self._cuts(rows), strict=True):
                if end > first:
                    parts.append([word[first:end] for word in rows])

        reached = taken(self._expander, self._level, divide)
        shares: list[Rows | None] = [distinct(joined(parts)) if parts else None for parts in found]
        self._kept, shares[self._number] = shares[self._number] or self._none, None
        return [reached, *shares]

    def merge(self, name: str, *shares: Rows | None) -> Merged:
        """Hold its states that were not met before, given those that each worker found; they come next then.

        name: of the files that they are written to.
        """
        others = [share for share in shares if share is not None]
        received = sum(word.nbytes for share in others for word in share)
        rows = joined([*others, self._kept])
        work = self._visited.bytes + 3 * sum(word.nbytes for word in rows)
        self._kept = self._none
        self._level = self._visited.new(distinct(rows))
        files = (
            written(self._folder, name, len(self._level), [self._level]) if len(self._level[0]) else Files(0, (), ())
        )
        self._depth += 1
        self._visited.add(self._level, self._depth)
        return Merged(files, self._visited.bytes, work, received)

    def before(self, expander: Expander, parts: Sequence[Files], states: Sequence[Rows]) -> list[Rows | None]:
        """For each of some states, the first state of its share of a level that a step leads from, if any."""
        return origins(expander, self._own_part(parts), states)

    def _own_part(self, parts: Sequence[Files]) -> Rows:
        """Its own states of a level, which lie in order in the files of some parts."""
        try:
            whole = [mapped(self._folder, each) for each in parts]
        except (OSError, ValueError) as error:
            raise BadInput(
                f"{self._host} cannot read {self._folder} ({error}). The folder of --checkpoint must be one that all "
                "machines of the cluster share, under the same name."
            ) from error
        own = [[word[slice(*self._cuts(rows)[self._number])] for word in rows] for rows in whole]
        return joined([*own, self._none])

    def _cuts(self, rows: Rows) -> list[tuple[int, int]]:
        """From where to where states, which are in order, belong to each worker."""
        return list(itertools.pairwise([0, *np.searchsorted(rows[0], self._bounds).tolist(), len(rows[0])]))
