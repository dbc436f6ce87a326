"""Progress properties of one instance: decided in the same run where the graph of the instance is small enough."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from attorn.checker.explore.phases import Phase, spends
from attorn.checker.progress import (
    Graph,
    Limits,
    PossibilityVerdict,
    ProgressVerdict,
    build,
    check_always_possible,
    check_progress,
)
from attorn.checker.report import Unchecked
from attorn.checker.verdicts import Evidence, Exploration
from attorn.spec.language import Machine

__all__ = ["Promises", "decide_progress", "progress_names"]

MOST_TRANSITIONS = 5_000_000
BYTES = 100  # of a transition, in the graph and in what is asked of it


@dataclass(frozen=True)
class Promises:
    """What is known of what must come about: verdicts, what was not asked about, and why a verdict is undetermined.

    graph: the states and transitions that were looked at, if they were.
    """

    verdicts: tuple[ProgressVerdict | PossibilityVerdict, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    stopped: str = ""
    graph: Graph | None = None


def progress_names(machine: Machine) -> list[str]:
    """The names of the progress properties of a machine, and of what is always possible."""
    return [*(each.name for each in machine.progress), *(each.name for each in machine.always_possible)]


@spends(Phase.PROGRESS, held=True)
def decide_progress(
    exploration: Exploration, names: Collection[str], wanted: bool | None, memory: int | None
) -> Promises:
    """Decide what must come about in an instance that has been explored.

    names:  which properties are meant; all where there are none.
    wanted: True decides, or says ``undetermined``; False leaves all unchecked; None decides where the graph is small.
    memory: bytes that may be taken.

    What was asked about, by ``wanted`` or by name, and could not be decided, is ``undetermined``; anything else that
    is not decided is unchecked, with the reason.
    """
    instance = exploration.instance
    asked = [name for name in progress_names(instance.machine) if not names or name in names]
    if not asked:
        return Promises()
    if wanted is False:
        return _unchecked(asked, "as --no-progress says")
    if exploration.orbits is not None:
        why = "a search by symmetry merges runs; without --symmetry they are decided"
        return _undetermined(exploration, asked, why) if wanted or names else _unchecked(asked, why)
    if not exploration.finished:
        return _undetermined(exploration, asked, "the search did not finish")
    if wanted is None and not names and exploration.transitions > MOST_TRANSITIONS:
        return _unchecked(
            asked, f"more than {MOST_TRANSITIONS:,} transitions; --progress decides them, with time and memory"
        )
    if memory is not None and exploration.transitions * BYTES > memory:
        room = f"{exploration.transitions * BYTES:,} bytes for {exploration.transitions:,} transitions"
        return _undetermined(exploration, asked, f"memory budget of {memory:,} bytes; the graph takes {room}")
    return _decided(exploration, asked)


def _decided(exploration: Exploration, asked: Collection[str]) -> Promises:
    instance, machine = exploration.instance, exploration.instance.machine
    must = [each.name for each in machine.progress if each.name in asked]
    can = [each.name for each in machine.always_possible if each.name in asked]
    try:
        graph = build(instance, Limits())
        verdicts: tuple[ProgressVerdict | PossibilityVerdict, ...] = (
            *check_progress(instance, graph, must),
            *check_always_possible(instance, graph, can),
        )
    except KeyboardInterrupt:
        return _undetermined(exploration, asked, "interrupted")
    return Promises(verdicts, stopped=graph.stopped, graph=graph)


def _undetermined(exploration: Exploration, asked: Collection[str], why: str) -> Promises:
    machine, unknown = exploration.instance.machine, Evidence.UNDETERMINED
    return Promises(
        (
            *(
                ProgressVerdict(each.name, each.sentence, each.where, unknown, 0)
                for each in machine.progress
                if each.name in asked
            ),
            *(
                PossibilityVerdict(each.name, each.sentence, each.where, unknown)
                for each in machine.always_possible
                if each.name in asked
            ),
        ),
        stopped=why,
    )


def _unchecked(asked: Collection[str], why: str) -> Promises:
    return Promises(unchecked=tuple(Unchecked(name, why) for name in asked))
