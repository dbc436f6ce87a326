"""Surveys: many instances, each told apart by choices, every property decided in each; resumable."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from attorn.checker.verdicts import Evidence
from attorn.spec.errors import BadInput, Unsound
from attorn.spec.language import Instance

if TYPE_CHECKING:
    from attorn.checker.progress import Lasso

__all__ = ["Cell", "Guarantee", "Proven", "Survey", "pairs_apart", "restoring", "survey", "with_proofs"]

VERSION = 2


@dataclass(frozen=True)
class Guarantee:
    """What became of one property in one cell.

    steps: length of the shortest run that refutes it; of the stem and loop together for progress.
    """

    evidence: Evidence
    steps: int = 0

    @property
    def holds(self) -> bool:
        """Whether every state and step, or every fair run, has it."""
        return self.evidence in (Evidence.EXHAUSTED, Evidence.PROVED)


@dataclass(frozen=True)
class Cell:
    """One instance of the survey: the choices that made it, and what became of each property."""

    key: dict[str, str]
    states: int
    guarantees: dict[str, Guarantee]


@dataclass(frozen=True)
class Survey:
    """All cells, in the order asked for; None for a cell that was not reached before an interrupt."""

    cells: tuple[Cell | None, ...]
    reused: int
    stopped: str

    @property
    def known(self) -> tuple[Cell, ...]:
        """The cells that were decided."""
        return tuple(cell for cell in self.cells if cell is not None)


def survey(
    wanted: Sequence[tuple[dict[str, str], Instance]],
    store: Path | None = None,
    max_states: int = 2_000_000,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Decide all properties of all instances, ``jobs`` at a time.

    store: a file of lines, one a cell, by digest of the machine, its sizes and the search; what it has is not done
           again, so a survey that was killed goes on where it stopped. Raises BadInput where it cannot be written.
    """
    keys = [_digest(instance, max_states) for _, instance in wanted]
    known = _load(store)
    results: dict[int, Cell] = {
        number: Cell(wanted[number][0], *known[key]) for number, key in enumerate(keys) if key in known
    }
    reused, stopped = len(results), ""
    open_cells = [number for number in range(len(wanted)) if number not in results]
    try:
        for number, states, guarantees in _decided(wanted, open_cells, max_states, jobs):
            results[number] = Cell(wanted[number][0], states, guarantees)
            _append(store, keys[number], results[number])
            if progress is not None:
                progress(len(results), len(wanted))
    except KeyboardInterrupt:
        stopped = f"interrupted: {len(wanted) - len(results)} of {len(wanted)} cells are not decided"
    return Survey(tuple(results.get(number) for number in range(len(wanted))), reused, stopped)


@dataclass(frozen=True)
class Proven:
    """What a proof for any size says of some cells.

    machine:    what was proved.  properties: which of its properties.
    covers:     whether the cell of a key is an instance of that machine.
    """

    machine: str
    properties: frozenset[str]
    covers: Callable[[dict[str, str]], bool]


def with_proofs(found: Survey, proofs: Sequence[Proven]) -> Survey:
    """A survey in which what is proved for any size is said to be so.

    Raises Unsound where a cell refutes what is proved of it.
    """

    def told(cell: Cell) -> Cell:
        guarantees = dict(cell.guarantees)
        for proof in proofs:
            if not proof.covers(cell.key):
                continue
            for name in proof.properties & guarantees.keys():
                if guarantees[name].evidence is Evidence.REFUTED:
                    raise Unsound(f"{name} is proved of {proof.machine}, but refuted in the cell {cell.key}.")
                guarantees[name] = Guarantee(Evidence.PROVED)
        return replace(cell, guarantees=guarantees)

    return replace(found, cells=tuple(None if cell is None else told(cell) for cell in found.cells))


def decide(instance: Instance, max_states: int) -> tuple[int, dict[str, Guarantee]]:
    """Every property of one instance: invariants, two-state properties, deadlock, progress, and what stays possible."""
    from attorn.checker.explore import Options, explore
    from attorn.checker.progress import Limits, build, check_always_possible, check_progress

    found = explore(instance, Options(goals=False, max_states=max_states, threads=1))
    if found.interrupted:
        raise KeyboardInterrupt  # What is not decided is not kept, and is decided when the survey goes on.
    guarantees = {
        each.name: Guarantee(each.evidence, 0 if each.path is None else len(each.path)) for each in found.verdicts
    }
    graph = build(instance, Limits(max_states=max_states))
    for verdict in check_progress(instance, graph):
        guarantees[verdict.name] = Guarantee(verdict.evidence, _length(verdict.lasso))
    for possible in check_always_possible(instance, graph):
        guarantees[possible.name] = Guarantee(possible.evidence, 0 if possible.path is None else len(possible.path))
    return found.states, guarantees


def _length(lasso: Lasso | None) -> int:
    return 0 if lasso is None else len(lasso.stem) + len(lasso.loop)


def restoring(cells: Iterable[Cell], stated: str) -> list[tuple[str, str, str, int, int]]:
    """Which single choice gives a property back: choice, from, to, in how many of how many cells without it.

    A cell without the property is compared with those that differ from it in that one choice alone.
    """
    cells = list(cells)
    by_key = {tuple(sorted(cell.key.items())): cell for cell in cells}
    counted: dict[tuple[str, str, str], list[int]] = {}
    values = {name: sorted({cell.key[name] for cell in cells if name in cell.key}) for name in cells[0].key}
    for cell in cells:
        if stated not in cell.guarantees or cell.guarantees[stated].holds:
            continue
        for name, choices in values.items():
            if name == "fault":
                continue
            for choice in choices:
                other = by_key.get(tuple(sorted({**cell.key, name: choice}.items())))
                if choice != cell.key[name] and other is not None and stated in other.guarantees:
                    tally = counted.setdefault((name, cell.key[name], choice), [0, 0])
                    tally[0] += other.guarantees[stated].holds
                    tally[1] += 1
    found = [(name, old, new, good, total) for (name, old, new), (good, total) in counted.items() if good]
    return sorted(found, key=lambda row: (-row[3] / row[4], -row[3], row[:3]))


def pairs_apart(cells: Iterable[Cell], given: Sequence[str] = ()) -> list[tuple[tuple[str, ...], str, str]]:
    """Under which fault which two properties are each had by some choice, but by no choice together.

    given: choices that are taken as made; the others are exhausted. What is found begins with the fault and the values
           of these choices.
    """
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.key["fault"], *(cell.key[name] for name in given)), []).append(cell)
    found = []
    for place, group in groups.items():
        names = sorted(set.intersection(*(set(cell.guarantees) for cell in group)))
        had = {name: {i for i, cell in enumerate(group) if cell.guarantees[name].holds} for name in names}
        for number, first in enumerate(names):
            for second in names[number + 1 :]:
                if had[first] and had[second] and not had[first] & had[second]:
                    found.append((place, first, second))
    return found


_work: Callable[[int], tuple[int, int, dict[str, Guarantee]]] | None = None


def _run(number: int) -> tuple[int, int, dict[str, Guarantee]]:
    assert _work is not None
    return _work(number)


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _decided(
    wanted: Sequence[tuple[dict[str, str], Instance]], numbers: Sequence[int], max_states: int, jobs: int
) -> Iterable[tuple[int, int, dict[str, Guarantee]]]:
    global _work

    def work(number: int) -> tuple[int, int, dict[str, Guarantee]]:
        return number, *decide(wanted[number][1], max_states)

    if jobs < 2 or not hasattr(os, "fork") or len(numbers) < 2:
        yield from map(work, numbers)
        return
    import multiprocessing

    _work = work
    try:
        with multiprocessing.get_context("fork").Pool(jobs, initializer=_quiet) as pool:
            yield from pool.imap_unordered(_run, numbers)
    finally:
        _work = None


def _digest(instance: Instance, max_states: int) -> str:
    told = json.dumps([VERSION, instance.machine.digest, instance.described(), max_states], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _load(store: Path | None) -> dict[str, tuple[int, dict[str, Guarantee]]]:
    found: dict[str, tuple[int, dict[str, Guarantee]]] = {}
    if store is None or not store.exists():
        return found
    for line in store.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            guarantees = {
                name: Guarantee(Evidence(evidence), steps) for name, (evidence, steps) in entry["guarantees"].items()
            }
            found[entry["cell"]] = int(entry["states"]), guarantees
        except (ValueError, KeyError, TypeError):
            continue  # a line cut off by a kill: its cell is decided again
    return found


def _append(store: Path | None, key: str, cell: Cell) -> None:
    if store is None:
        return
    entry = {
        "cell": key,
        **cell.key,
        "states": cell.states,
        "guarantees": {name: [each.evidence.value, each.steps] for name, each in cell.guarantees.items()},
    }
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with store.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise BadInput(f"{store} cannot be written: {error.strerror}. Choose another folder with --out.") from error
