"""Checking progress: what must happen in every fair run, and what must stay possible."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from attorn.checker.progress.building import Limits, build
from attorn.checker.progress.confirm import confirm_out_of_reach, confirmed_lasso
from attorn.checker.progress.fairness import fair_components
from attorn.checker.progress.graph import Graph, Numbers
from attorn.checker.progress.lasso import Stem, fair_loop, shortest_stems
from attorn.checker.progress.verdicts import PossibilityVerdict, ProgressVerdict
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence
from attorn.spec.errors import UnknownName
from attorn.spec.language import Instance, Parameter, Possibility, Progress, value_name

__all__ = ["check_always_possible", "check_progress"]

Stated = TypeVar("Stated", Progress, Possibility)


def check_progress(
    instance: Instance,
    graph: Graph | None = None,
    properties: Collection[str] | None = None,
    limits: Limits | None = None,
) -> tuple[ProgressVerdict, ...]:
    """Decide progress properties: in every fair run, wherever the premise holds, the conclusion holds then or later.

    It must hold for all values of the property's parameters. Runs start in an initial state and go on as long as
    fairness demands (see ``fairness``): a run may end, which is to rest for ever, only where no fair step is enabled.
    So a deadlock, or a legal end, before the conclusion refutes a property as a loop of steps does.

    graph:      the graph of the instance, if it is known already; else it is built within ``limits``.
    properties: names of those to decide; all when None.

    Returns a verdict for each, in the order declared: EXHAUSTED if it holds in the whole graph, REFUTED with a lasso
    that the plain meaning of the machine confirms, UNDETERMINED if it is not refuted in a graph that is not finished.
    Raises UnknownName for a property that the machine lacks; BadInput, DoubleWrite or OutOfRange where the machine is
    not well defined.
    """
    chosen = _chosen(instance, instance.machine.progress, properties)
    if not chosen:
        return ()
    graph = graph or build(instance, limits or Limits())
    return tuple(_decided(graph, stated) for stated in chosen)


def check_always_possible(
    instance: Instance,
    graph: Graph | None = None,
    properties: Collection[str] | None = None,
    limits: Limits | None = None,
) -> tuple[PossibilityVerdict, ...]:
    """Decide what is always possible: from every reachable state some steps lead to where the formula holds.

    It must be so for all values of the parameters; fairness plays no part. Arguments and errors are those of
    ``check_progress``. In a graph that is not finished, whatever leads out of it is taken to lead to the formula.

    Returns a verdict for each, in the order declared; a refuted one has a shortest run after which the formula is out
    of reach. The plain meaning of the machine confirms the run in full, and as many of the states behind it as a small
    search sees.
    """
    chosen = _chosen(instance, instance.machine.always_possible, properties)
    if not chosen:
        return ()
    graph = graph or build(instance, limits or Limits())
    return tuple(_possibility(graph, stated) for stated in chosen)


def _chosen(instance: Instance, stated: Sequence[Stated], names: Collection[str] | None) -> list[Stated]:
    known = {each.name: each for each in stated}
    for name in names or ():
        if name not in known:
            raise UnknownName(
                f"machine {instance.machine.name} has no such property `{name}`. It has: {', '.join(known) or 'none'}."
            )
    return [each for name, each in known.items() if names is None or name in names]


def _decided(graph: Graph, stated: Progress) -> ProgressVerdict:
    occasions, best = 0, None
    for arguments in graph.instance.arguments(stated.parameters):
        here, found = _refutation(graph, stated, arguments)
        occasions += here
        if found and (best is None or len(found.stems[0]) < len(best[1].stems[0])):
            best = arguments, found
    if best is None:
        evidence = Evidence.EXHAUSTED if graph.finished else Evidence.UNDETERMINED
        return ProgressVerdict(stated.name, stated.sentence, stated.where, evidence, occasions)
    arguments, found = best
    stem, loop = found.lasso(graph)
    lasso = confirmed_lasso(
        Rechecker(graph.instance), stated, arguments,
        graph.path(stem.start, stem.transitions), stem.premise, graph.path(stem.end(graph), loop).moves,
    )  # fmt: skip
    named = _named(stated.parameters, arguments)
    return ProgressVerdict(stated.name, stated.sentence, stated.where, Evidence.REFUTED, occasions, named, lasso)


@dataclass(frozen=True)
class _Refutation:
    """Stems of the least length, and the fair components that they lead to."""

    stems: list[Stem]
    component: Numbers

    def lasso(self, graph: Graph) -> tuple[Stem, list[int]]:
        """A stem, and a loop from its end: the shortest loop that any of the stems has."""
        found = []
        for stem in self.stems:
            end = stem.end(graph)
            found.append((stem, fair_loop(graph, self.component == self.component[end], end)))
        return min(found, key=lambda each: len(each[1]))


def _refutation(graph: Graph, stated: Progress, arguments: Sequence[int]) -> tuple[int, _Refutation | None]:
    """How often the premise holds and the conclusion does not yet; and how that stays so, if it can."""
    inside = ~graph.states.holds(stated.conclusion, arguments)
    occasion = inside & graph.states.holds(stated.premise, arguments)
    count = int(occasion.sum())
    if not count:
        return 0, None
    component = fair_components(graph, graph.reachable(np.flatnonzero(occasion), inside))
    stems = shortest_stems(graph, occasion, inside, component)
    return count, _Refutation(stems, component) if stems else None


def _possibility(graph: Graph, stated: Possibility) -> PossibilityVerdict:
    everywhere = np.ones(len(graph), np.bool_)
    lost: tuple[int, tuple[int, ...]] | None = None
    for arguments in graph.instance.arguments(stated.parameters):
        reaches = graph.states.holds(stated.formula, arguments)
        reaches[graph.expanded :] = True
        reaches = graph.backwards.reachable(np.flatnonzero(reaches), everywhere)
        if not reaches.all() and (lost is None or np.argmin(reaches) < lost[0]):
            lost = int(np.argmin(reaches)), arguments
    if lost is None:
        evidence = Evidence.EXHAUSTED if graph.finished else Evidence.UNDETERMINED
        return PossibilityVerdict(stated.name, stated.sentence, stated.where, evidence)
    state, arguments = lost
    way = graph.shortest(state)
    path = graph.path(int(graph.source[way[0]]) if way else state, way)
    recheck = Rechecker(graph.instance)
    recheck.path(path, stated.name)
    confirm_out_of_reach(recheck.concrete, stated.name, stated.formula, arguments, path.states[-1])
    named = _named(stated.parameters, arguments)
    return PossibilityVerdict(stated.name, stated.sentence, stated.where, Evidence.REFUTED, named, path)


def _named(parameters: Sequence[Parameter], arguments: Sequence[int]) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, value_name(each.sort, number)) for each, number in zip(parameters, arguments, strict=True))
