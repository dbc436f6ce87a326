"""Estimates: how large a search will be, counted by symmetry where that can be done soon, else judged by smaller sizes.

The number of reachable states of a machine grows with the number of states that its cells could have: over sizes of one
machine, the logarithm of the one is close to a line in the logarithm of the other. The line is fitted to sizes that can
be counted at once; how wrong it is, is seen by foretelling each of the larger of them from those smaller than it.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attorn.checker.explore.compiled.planes import Planes
from attorn.checker.explore.engine import explore
from attorn.checker.explore.options import Engine, Options, Progress
from attorn.checker.verdicts import Exploration
from attorn.spec.errors import BadInput, TooLarge
from attorn.spec.language import Instance

__all__ = ["Estimate", "Known", "estimate", "foretold"]

FEWEST = 4
"""Sizes that must be known before anything is foretold from them."""
REACH = 2
"""How much smaller a sort or budget may be in a size from which something is foretold."""
TRIED = 2_000
"""Sizes that may be looked at."""
SIZES = 12
"""Sizes that are counted, if there is time."""
LEAST = 0.4
"""How large a size is at least of which anything is learnt, by the bits that its states take."""
TIMED = 3.0
"""Seconds for which a search is timed."""
LARGE = 1_000_000
"""States that the search that is timed should have; from about as many on, machine code searches."""
MARGIN = 2.0
"""How much more wrong than ever seen the line may be, in powers of two of states."""


@dataclass(frozen=True)
class Known:
    """A size that was counted: the binary logarithm of the states that its cells could have, and what there is."""

    shape: str
    bits: float
    states: int
    transitions: int


@dataclass(frozen=True)
class Estimate:
    """How large a search will be.

    low, high:    the number of states lies between these; they are the same where it was counted.
    transitions:  about as many steps.
    bytes, seconds: what a search of every state takes, at the pace and the width of the largest one measured here.
    searched:     how many states a search by symmetry meets, where it was counted.
    basis:        the sizes that it was judged by.
    """

    states: int
    low: int
    high: int
    transitions: int
    bytes: int
    seconds: float
    searched: int | None
    basis: tuple[Known, ...]

    @property
    def exact(self) -> bool:
        """Whether the states were counted."""
        return self.low == self.high


def estimate(instance: Instance, seconds: float = 20.0, told: Callable[[str], None] = lambda text: None) -> Estimate:
    """Estimate the search of an instance, in about so many seconds.

    told: is given a line on what is being done.

    Raises TooLarge where even the smallest sizes cannot be counted in that time, BadInput for a time that is none.
    """
    if seconds <= 0:
        raise BadInput(f"an estimate needs time; got {seconds:g} seconds.")
    end = time.perf_counter() + seconds
    known: list[Known] = []
    idle = len(instance.machine.actions)
    measured: Instance | None = None
    for size in _smaller(instance):
        told(f"counting {size.shape()}")
        left = end - time.perf_counter() - seconds / 2  # half of the time is for the instance itself
        found = _counted(size, time.perf_counter() + left / 2)
        if found is None:
            break
        if known and len(found.dead_actions) > idle:
            continue  # Something that happens in other sizes cannot happen in this one: it tells nothing of them.
        if len(found.dead_actions) < idle:
            known.clear()
        idle = len(found.dead_actions)
        known.append(Known(size.shape(), _bits(size), found.states, found.transitions))
        if measured is None or found.states < LARGE:
            measured = size
    told(f"counting {instance.shape()}")
    whole = _counted(instance, end)
    if whole is not None:
        known = [Known(instance.shape(), _bits(instance), whole.states, whole.transitions)]
        states, factor, measured = whole.states, 1.0, measured or instance
    elif len(known) < FEWEST or measured is None:
        raise TooLarge(
            f"{instance.machine.name} with {instance.shape()} cannot be judged in {seconds:g} s: only {len(known)} "
            f"smaller sizes could be counted, and {FEWEST} are needed. Give it more time."
        )
    else:
        expected, factor = foretold(known, _bits(instance))
        states = round(expected)
    transitions = round(states * known[-1].transitions / known[-1].states)
    told(f"timing {measured.shape()}")
    width, pace, words = _cost(measured, states)
    return Estimate(
        states=states,
        low=round(states / factor),
        high=round(states * factor),
        transitions=transitions,
        bytes=round(states * (width + 8 * (words(instance) - words(measured)))),
        seconds=transitions / pace,
        searched=whole.orbits if whole else None,
        basis=tuple(known),
    )


def foretold(known: Sequence[Known], bits: float) -> tuple[float, float]:
    """The number of states that sizes of a machine lead one to expect at another, and the factor it may be wrong by.

    bits: the binary logarithm of the states that the cells of the other size could have.
    """
    ordered = sorted(known, key=lambda each: each.bits)
    wrong = [0.0]
    for number in range(max(FEWEST - 1, len(ordered) // 2), len(ordered)):
        expected = _line(ordered[:number], ordered[number].bits)
        wrong.append(abs(expected - math.log2(ordered[number].states)))
    return 2 ** _line(ordered, bits), 2 ** (max(wrong) + MARGIN)


def _line(known: Sequence[Known], bits: float) -> float:
    """The least squares line through the logarithms of states over those of what the cells could have."""
    slope, start = np.polyfit([each.bits for each in known], [math.log2(each.states) for each in known], 1)
    return float(slope * bits + start)


def _bits(instance: Instance) -> float:
    return sum(math.log2(cell.size) for cell in instance.cells)


def _smaller(instance: Instance) -> Iterator[Instance]:
    """Sizes of the same machine a little below, those of the fewest states first."""
    for fewest in (2, 1):  # With a single individual of a sort, much of a machine often cannot happen.
        built = [each for each in _between(instance, fewest) if _bits(each) > LEAST * _bits(instance)]
        if len(built) >= FEWEST:
            break
    built.sort(key=_bits)
    yield from built[:: max(1, len(built) // SIZES)]


def _between(instance: Instance, fewest: int) -> Iterator[Instance]:
    """Sizes of the same machine that have so many individuals of each sort at least, if the instance does."""
    wanted = instance.described()
    least = {sort.name: max(min(fewest, size), len(sort.constants)) for sort, size in instance.sizes.items()}
    ranges = [range(max(least.get(name, min(size, 1)), size - REACH), size + 1) for name, size in wanted.items()]
    for each in itertools.islice(itertools.product(*ranges), TRIED):
        sizes = dict(zip(wanted, each, strict=True))
        if sizes != wanted:
            yield Instance.of(instance.machine, instance.name, **sizes)


def _counted(instance: Instance, end: float) -> Exploration | None:
    """All states of an instance, counted by symmetry; None if the time does not suffice."""

    def watch(progress: Progress) -> None:
        if time.perf_counter() > end:
            raise KeyboardInterrupt

    try:
        found = explore(instance, Options(properties=(), goals=False, symmetry=True), watch)
    except TooLarge:
        return None
    return found if found.finished else None


def _cost(instance: Instance, states: int) -> tuple[float, float, Callable[[Instance], int]]:
    """Bytes a state and transitions a second of a search of an instance, and how many words a state of any takes.

    The search asks all properties, by the engine that one of so many states ends with.
    """
    if states >= LARGE:
        try:
            return *_timed(instance, "compiled"), lambda other: Planes(other).words
        except BadInput:
            pass
    return *_timed(instance, "arrays"), _words


def _timed(instance: Instance, engine: Engine) -> tuple[float, float]:
    met: list[float] = []

    def watch(progress: Progress) -> None:
        met.append(progress.seconds)
        if progress.seconds > met[0] + TIMED:
            raise KeyboardInterrupt

    began = time.perf_counter()
    found = explore(instance, Options(goals=False, engine=engine), watch)
    took = met[-1] - met[0] or time.perf_counter() - began
    return found.bytes_per_state, max(found.transitions, 1) / took


def _words(instance: Instance) -> int:
    """How many words a packed state takes at most."""
    return math.ceil(_bits(instance) / 64)
