"""Search several instances and give the report of it; a watcher sees it happen."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Protocol, Self

from attorn import __version__
from attorn.checker.explore import Options, Progress, explore
from attorn.checker.explore.phases import clocked
from attorn.checker.report import (
    Commands,
    InstanceAccount,
    MachineAccount,
    Report,
    RunFacts,
    Timing,
    Unchecked,
    instance_account,
    machine_account,
)
from attorn.checker.report.state_map import mapped
from attorn.checker.verdicts import Exploration
from attorn.commands.agreeing import compare, compare_unreduced
from attorn.commands.progress import Promises, decide_progress
from attorn.commands.recording import Clock
from attorn.commands.targets import Target, claim_elements, claim_model, preset_notes, statement_names
from attorn.spec.language import Instance

__all__ = ["Request", "Watcher", "examine", "search"]

Draw = Callable[[Progress], None]


class Watcher(Protocol):
    """Who sees an examination happen."""

    def begins(self, machine: MachineAccount) -> None:
        """Instances of this machine come next."""

    def drawing(self, name: str) -> AbstractContextManager[Draw | None]:
        """What is told of the progress of one search."""

    def searched(self, instance: InstanceAccount, seconds: float, by: str) -> None:
        """One search has ended."""

    def interrupted(self) -> None:
        """The user has interrupted; what is known is gathered now. Called in a signal handler."""


@dataclass(frozen=True)
class Request:
    """What is asked of every instance.

    names:    properties and goals; all where there are none.
    options:  limits of each search.
    agree:    whether other engines are asked to agree.
    check_symmetry: whether what was searched by symmetry is searched without it too.
    progress: whether to decide progress: True, False, or None for where the graph is small enough.
    also:     what else is done with each search that ended.
    drawn:    whether each state of each run is drawn.
    profile:  whether it is told what the time went to.
    """

    names: Sequence[str]
    options: Options
    agree: bool = False
    check_symmetry: bool = False
    progress: bool | None = None
    also: Callable[[Exploration, Promises], None] | None = None
    drawn: bool = False
    profile: bool = False


def examine(targets: Sequence[Target], request: Request, command: str, watcher: Watcher) -> tuple[Report, RunFacts]:
    """Search all instances, and give the account and its cost; an interrupt ends it early, with what is known by then.

    command: what the user types to repeat it.

    Raises Unsound where a run does not stand up to the plain interpreter, or another engine disagrees.
    """
    if request.options.cluster is None:
        return _examined(targets, request, command, watcher)
    from attorn.checker.explore.cluster import connected

    with connected(request.options.cluster, request.options.workers):
        return _examined(targets, request, command, watcher)


def _examined(targets: Sequence[Target], request: Request, command: str, watcher: Watcher) -> tuple[Report, RunFacts]:
    clock = Clock()
    machines: dict[str, MachineAccount] = {}
    accounts: list[InstanceAccount] = []
    timings: list[Timing] = []
    with _Interrupts(watcher.interrupted) as interrupts:
        for target in targets:
            if interrupts.noted:
                break
            machine = target.instance.machine
            if machine.name not in machines:
                names = request.names or statement_names(machine)
                machines[machine.name] = machine_account(
                    machine, names, claim_elements(machine), claim_model(machine), preset_notes(machine)
                )
                watcher.begins(machines[machine.name])
            try:
                with (
                    interrupts.heard(),
                    watcher.drawing(target.instance.name) as draw,
                    clocked(request.profile) as spent,
                ):
                    exploration = search(target, request.names, request.options, draw)
                    comparisons = compare(exploration, request.options.max_states) if request.agree else ()
                    if request.check_symmetry:
                        comparisons += (compare_unreduced(exploration, request.options),)
                    began_progress = time.perf_counter()
                    promises = decide_progress(exploration, request.names, request.progress, request.options.memory)
                    if request.also is not None:
                        request.also(exploration, promises)
            except KeyboardInterrupt:
                break
            seconds = exploration.seconds + time.perf_counter() - began_progress
            accounts.append(
                instance_account(
                    exploration,
                    Commands(target.check(), target.explain(), target.testgen()),
                    comparisons,
                    promises.verdicts,
                    (*promises.unchecked, *_too_small(target.instance, request.names)),
                    promises.stopped,
                    request.drawn,
                    mapped(exploration, promises.graph) if request.drawn else None,
                )
            )
            phases = {str(phase): round(each, 6) for phase, each in spent.seconds.items() if each}
            timings.append(
                Timing(
                    target.instance.name,
                    round(seconds, 3),
                    exploration.bytes_per_state,
                    exploration.by,
                    phases if request.profile else {},
                )
            )
            watcher.searched(accounts[-1], seconds, exploration.by)
    report = Report(
        attorn=__version__,
        command=command,
        machines=tuple(machine for name, machine in machines.items() if any(each.machine == name for each in accounts)),
        instances=tuple(accounts),
        not_searched=tuple(target.instance.name for target in targets[len(accounts) :]),
    )
    return report, clock.facts(request.options.workers or request.options.threads or 1, timings)


def search(target: Target, names: Sequence[str], options: Options, draw: Draw | None) -> Exploration:
    """Explore an instance for some of its properties and goals, or for all where no names are given."""
    machine = target.instance.machine
    aims = {goal.name for goal in machine.goals}
    if names:
        aims &= set(names)
        known = (*(each.name for each in machine.properties), "no_deadlock")
        options = replace(options, properties=tuple(name for name in known if name in names), goals=bool(aims))
    found = explore(target.instance, options, draw)
    return replace(found, goals=tuple(goal for goal in found.goals if goal.name in aims))


def _too_small(instance: Instance, names: Sequence[str]) -> Iterator[Unchecked]:
    """The goals, of these or of all, that the instance is not asked for."""
    for goal in instance.machine.goals:
        if (not names or goal.name in names) and (lacking := instance.lacking(goal)):
            yield Unchecked(goal.name, f"needs {' and '.join(lacking)}")


class _Interrupts:
    """While open, the first interrupt ends the search that hears it, and is noted; a second one ends everything."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.noted = False
        self._told, self._heard, self._process = told, False, os.getpid()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python hears signals nowhere else.
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Whether what runs now is ended by an interrupt; what is between searches runs to its end."""
        self._heard = True
        try:
            if self.noted:
                raise KeyboardInterrupt
            yield
        finally:
            self._heard = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.noted = self.noted, True
        if not again and self._process == os.getpid():  # An engine's forked workers hear it too.
            self._told()
        if self._heard or again:
            raise KeyboardInterrupt
