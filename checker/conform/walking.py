"""Walking: many runs side by side, each by steps drawn at random; the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.circuit import Value
from attorn.checker.explore.layout import Rows
from attorn.checker.explore.lowering import Lowered
from attorn.checker.explore.moves import Move
from attorn.checker.explore.prepared import Prepared
from attorn.spec.language import Step

__all__ = ["SIDE_BY_SIDE", "Walked", "Walker"]

SIDE_BY_SIDE = 4096  # runs whose columns stay in the cache
ENDED = -1
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Walked:
    """Where runs are after some steps.

    rows: packed states, one a run.  alive: bool[runs], whether the run can still go on.
    seen: for each question that is true somewhere, the runs in whose states it is.
    fired: how often each step was taken on the way here.
    """

    depth: int
    rows: Rows
    alive: Truths
    seen: dict[str, NDArray[np.intp]]
    fired: NDArray[np.int64]


class Walker:
    """Walks through an instance.

    A step is drawn by its action first and its arguments then, so that actions with few arguments are not drowned.
    steps:     what can be taken, by number.
    questions: what is asked of every state, by name.
    """

    def __init__(self, prepared: Prepared, questions: Mapping[str, Value], seed: int) -> None:
        self._prepared, self._layout, self._seed = prepared, prepared.layout, seed
        effects = [effect for effect in prepared.meaning.effects if effect.guard != 0]
        self.steps: tuple[Step, ...] = tuple(effect.step for effect in effects)
        self._guards = [effect.guard for effect in effects]
        self._moves = [Move(self._layout, effect) for effect in effects]
        self._reads = [list(move.reads) for move in self._moves]
        self._changes = Lowered(
            prepared.meaning.circuit, self._layout.components, [read for reads in self._reads for read in reads]
        )
        names = [step.action.name for step in self.steps]
        bounds = [number for number, name in enumerate(names) if not number or names[number - 1] != name]
        self._actions = [slice(first, end) for first, end in zip(bounds, [*bounds[1:], len(names)], strict=True)]
        self.ask(questions)

    def ask(self, questions: Mapping[str, Value]) -> None:
        """Ask other questions from now on."""
        self._names = list(questions)
        self._lowered = Lowered(
            self._prepared.meaning.circuit, self._layout.components, [*self._guards, *questions.values()]
        )

    def start(self, runs: NDArray[np.int64]) -> Rows:
        """The states in which runs of these numbers begin."""
        count = len(self._prepared.initial[0])
        chosen = (_drawn(self._seed, runs, 0, 0) * count).astype(np.intp)
        return [word[chosen] for word in self._prepared.initial]

    def walk(self, runs: NDArray[np.int64], depth: int, taken: NDArray[np.int16]) -> Iterator[Walked]:
        """Walk some runs, and tell where they are at the start and after each step, while any goes on.

        taken: int16[depth, runs], filled with the numbers of the steps taken; ENDED where a run had ended.
        """
        rows = self.start(runs)
        fired = np.zeros(len(self.steps), np.int64)
        taken[:] = ENDED
        for done in range(depth + 1):
            codes = self._layout.codes(rows)
            answers = self._lowered(len(runs), codes)
            enabled = np.empty((len(self.steps), len(runs)), np.bool_)
            for number in range(len(self.steps)):
                enabled[number] = next(answers)
            seen = {}
            for name in self._names:
                places = np.flatnonzero(np.broadcast_to(np.asarray(next(answers), np.bool_), len(runs)))
                if len(places):
                    seen[name] = places
            alive: Truths = np.asarray(enabled.any(axis=0), np.bool_)
            yield Walked(done, rows, alive, seen, fired)
            if done == depth or not alive.any():
                return
            chosen = self._chosen(enabled, runs, done + 1)
            taken[done] = chosen
            fired = np.bincount(chosen[chosen >= 0], minlength=len(self.steps))
            rows = self._moved(rows, codes, chosen)

    def _chosen(self, enabled: Truths, runs: NDArray[np.int64], draw: int) -> NDArray[np.int16]:
        """For each run the step that it takes, or ENDED."""
        counts = np.stack([enabled[each].sum(axis=0, dtype=np.int32) for each in self._actions])
        able = counts > 0
        wanted = (_drawn(self._seed, runs, draw, 1) * able.sum(axis=0)).astype(np.int32)
        action = np.argmax(np.cumsum(able, axis=0, dtype=np.int32) == wanted + 1, axis=0)
        chosen = np.full(len(runs), ENDED, np.int16)
        which = _drawn(self._seed, runs, draw, 2)
        alive = able.any(axis=0)
        for number, steps in enumerate(self._actions):
            places = np.flatnonzero((action == number) & alive)
            if len(places):
                inside = np.cumsum(enabled[steps][:, places], axis=0, dtype=np.int32)
                position = (which[places] * inside[-1]).astype(np.int32)
                chosen[places] = steps.start + np.argmax(inside == position + 1, axis=0)
        return chosen

    def _moved(self, rows: Rows, codes: list[NDArray[np.int64]], chosen: NDArray[np.int16]) -> Rows:
        """The states after the steps chosen; those of ended runs as they are."""
        after = [word.copy() for word in rows]
        changes: Iterator[Any] = self._changes(len(rows[0]), codes)
        order = np.argsort(chosen, kind="stable")
        ends = np.searchsorted(chosen[order], np.arange(len(self.steps) + 1))
        for number, move in enumerate(self._moves):
            places = order[ends[number] : ends[number + 1]]
            if not len(places):
                for _ in self._reads[number]:
                    next(changes)
                continue
            out = [word[places] for word in rows]
            move.apply(out, places, codes, changes)
            for word, part in zip(after, out, strict=True):
                word[places] = part
        return after


def _drawn(seed: int, runs: NDArray[np.int64], draw: int, kind: int) -> NDArray[np.float64]:
    """Numbers from 0 up to 1 for some runs: each depends on nothing but the arguments.

    The last step of SplitMix64 (Steele, Lea and Flood 2014) over a counter that no two draws share.
    """
    state = np.uint64((seed * 0x9E3779B97F4A7C15 + draw * 0xD1342543DE82EF95 + kind * 0xA0761D6478BD642F) % (1 << 64))
    mixed = (runs.astype(np.uint64) + np.uint64(1)) * np.uint64(0xBF58476D1CE4E5B9) + state
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / (1 << 53)
