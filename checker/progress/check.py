"""Checking progress: what must happen in every fair run, and what must stay possible."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from attorn.checker.progress.building import Limits, plain_graph
from attorn.checker.progress.confirm import confirmed_lasso
from attorn.checker.progress.fairness import fair_components
from attorn.checker.progress.graph import Graph, Region
from attorn.checker.progress.lasso import Course, find_lasso
from attorn.checker.progress.verdicts import ProgressVerdict
from attorn.checker.verdicts import Evidence
from attorn.spec.errors import UnknownName
from attorn.spec.language import Concrete, Instance, Parameter, Progress, value_name

__all__ = ["check_progress"]


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
    chosen = _chosen(instance, properties)
    if not chosen:
        return ()
    graph = graph or plain_graph(instance, limits or Limits())
    return tuple(_decided(graph, stated) for stated in chosen)


def _chosen(instance: Instance, properties: Collection[str] | None) -> list[Progress]:
    known = {stated.name: stated for stated in instance.machine.progress}
    for name in properties or ():
        if name not in known:
            raise UnknownName(
                f"machine {instance.machine.name} has no progress property `{name}`. It has: {', '.join(known)}."
            )
    return [stated for name, stated in known.items() if properties is None or name in properties]


def _decided(graph: Graph, stated: Progress) -> ProgressVerdict:
    occasions, best = 0, None
    for arguments in graph.instance.arguments(stated.parameters):
        here, course = _refutation(graph, stated, arguments)
        occasions += here
        if course and (best is None or _size(course) < _size(best[1])):
            best = arguments, course
    if best is None:
        evidence = Evidence.EXHAUSTED if graph.finished else Evidence.UNDETERMINED
        return ProgressVerdict(stated.name, stated.sentence, stated.where, evidence, occasions)
    arguments, course = best
    lasso = confirmed_lasso(
        Concrete(graph.instance), stated, arguments,
        graph.path(course.stem), course.premise, tuple(graph.move(transition) for transition in course.loop),
    )  # fmt: skip
    named = _named(stated.parameters, arguments)
    return ProgressVerdict(stated.name, stated.sentence, stated.where, Evidence.REFUTED, occasions, named, lasso)


def _refutation(graph: Graph, stated: Progress, arguments: Sequence[int]) -> tuple[int, Course | None]:
    """How often the premise holds and the conclusion does not yet; and a lasso from there, if there is one."""
    inside = ~graph.states.holds(stated.conclusion, arguments)
    occasion = inside & graph.states.holds(stated.premise, arguments)
    count = int(occasion.sum())
    if not count:
        return 0, None
    waiting = Region(graph, inside)
    after = waiting.mask(waiting.search(np.flatnonzero(occasion[waiting.states])).order)
    component = fair_components(graph, after)
    if component.max() < 0:
        return count, None
    return count, find_lasso(graph, occasion, inside, component)


def _size(course: Course) -> tuple[int, int]:
    return len(course.stem), len(course.loop)


def _named(parameters: Sequence[Parameter], arguments: Sequence[int]) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, value_name(each.sort, number)) for each, number in zip(parameters, arguments, strict=True))
