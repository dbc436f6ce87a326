"""Fair components: the parts of a graph in which a run can stay for ever and be fair.

Fairness is a promise of each step by itself, that is of an action *with its arguments*: were it one promise for the
whole action, another VM's steps would keep it for a VM that waits for ever.

weak:   a step that is enabled from some point on without end is taken again and again.
strong: a step that is enabled again and again is taken again and again.
none:   nothing is promised; the step need never happen, and may happen for ever.

A run may rest: stay in a state for ever without taking a step, where that breaks no promise, which is where no fair
step is enabled. A state without any step, right end or deadlock, is the plainest case. So every state has a way to stay
in it, and each component, even of one state, is judged alike. Faults that may happen only so often are not a matter of
fairness: a machine bounds them by a budget.
"""

from __future__ import annotations

import numpy as np

from attorn.checker.progress.graph import Graph, Mask, Numbers, Region

__all__ = ["fair_components"]


def fair_components(graph: Graph, inside: Mask) -> Numbers:
    """Find where a fair run can stay for ever within some states.

    inside: bool[states]; states whose transitions are not known are left out.

    Returns int[states], the number of the component of each state, or -1: in each component there is a fair run that
    visits all of its states, and every fair run within the states given ends up in one of them.
    Cost: linear in the transitions of these states; a component that does without a strongly fair step is refined, as
    Emerson and Lei do (Modalities for model checking, 1987), which is linear again in what is left of it.
    """
    fair = np.array([step.action.fair != "none" for step in graph.steps], np.bool_)
    strong = np.array([step.action.fair == "strong" for step in graph.steps], np.bool_)
    found = np.full(len(graph), -1, np.int32)
    number = 0
    alive = inside.copy()
    alive[graph.expanded :] = False
    while alive.any():
        region = Region(graph, alive)
        count, label = region.components()
        judged = _Judged(region, count, label, fair, strong)
        settled = ~judged.hopeless & ~judged.lacking
        numbers = np.where(settled, np.cumsum(settled, dtype=np.int32) - 1 + number, np.int32(-1))
        found[region.states] = numbers[label]
        number += int(settled.sum())
        alive = region.mask((judged.lacking & ~judged.hopeless)[label] & ~judged.gone)
    return found


class _Judged:
    """What keeps the runs that stay in a component from being fair.

    hopeless: bool[components], a fair step is enabled in every state, and every way of taking it leads out.
    lacking:  bool[components], a strongly fair step is enabled somewhere, and every way of taking it leads out.
    gone:     bool[states], the state enables such a step.
    """

    def __init__(self, region: Region, count: int, label: Numbers, fair: Mask, strong: Mask) -> None:
        step = region.graph.step[region.leaving]
        promised = np.flatnonzero(fair[step])
        step, origin = step[promised], region.origin[promised]
        stays = region.inner[promised]
        stays[stays] = label[region.target[(np.cumsum(region.inner) - 1)[promised[stays]]]] == label[origin[stays]]
        size = np.bincount(label, minlength=count)
        self.hopeless = np.zeros(count, np.bool_)
        self.lacking = np.zeros(count, np.bool_)
        self.gone = np.zeros(len(region), np.bool_)

        # A component of one state and a fair step that leads out of it: most are such, so they are judged at once.
        alone = size[label[origin]] == 1
        self.hopeless[label[origin[alone & ~stays]]] = True

        step, origin, stays = step[~alone], origin[~alone], stays[~alone]
        order = np.argsort(step, kind="stable")
        bounds = np.searchsorted(step[order], np.arange(len(fair) + 1))
        for number in np.flatnonzero(fair):
            own = order[bounds[number] : bounds[number + 1]]
            if len(own):
                self._judge(label, size, origin[own], stays[own], bool(strong[number]))

    def _judge(self, label: Numbers, size: Numbers, enabling: Numbers, stays: Mask, strong: bool) -> None:
        """Take account of one step: the states that enable it, and whether taking it there stays in the component."""
        component = label[enabling]
        enabled = np.bincount(component, minlength=len(size))
        taken = np.zeros(len(size), np.bool_)
        taken[component[stays]] = True
        self.hopeless |= ~taken & (enabled == size)
        if strong:
            without = ~taken & (enabled > 0)
            self.lacking |= without
            self.gone[enabling[without[component]]] = True
