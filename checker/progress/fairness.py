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

__all__ = ["fair_components", "fair_steps"]


def fair_steps(graph: Graph) -> list[int]:
    """The steps that promise something, as places in ``graph.steps``."""
    return [number for number, step in enumerate(graph.steps) if step.action.fair != "none"]


def fair_components(graph: Graph, inside: Mask) -> Numbers:
    """Find where a fair run can stay for ever within some states.

    inside: bool[states]; states whose transitions are not known are left out.

    Returns int[states], the number of the component of each state, or -1: in each component there is a fair run that
    visits all of its states, and every fair run within the states given ends up in one of them.
    Cost: a linear pass for each weakly fair step, and again for each strongly fair step that a component does without;
    the refinement for strong fairness is that of Emerson and Lei (1987).
    """
    found = np.full(len(graph), -1, np.int32)
    number = 0
    alive = inside.copy()
    alive[graph.expanded :] = False
    promises = [_Promise(graph, step) for step in fair_steps(graph)]
    while alive.any():
        region = Region(graph, alive)
        count, label = region.components()
        of = np.full(len(graph), -1, np.int32)
        of[region.states] = label
        size = np.bincount(label, minlength=count)
        hopeless, changed = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        leaving = np.zeros(len(graph), np.bool_)
        for promise in promises:
            enabling, labels = promise.enabling(of)
            enabled = np.bincount(labels, minlength=count)
            taken = np.zeros(count, np.bool_)
            taken[promise.taken(of)] = True
            hopeless |= ~taken & (enabled == size)
            if promise.strong:
                without = ~taken & (enabled > 0)
                changed |= without
                leaving[enabling[without[labels]]] = True
        settled = (~hopeless & ~changed)[label]
        numbers = np.cumsum(~hopeless & ~changed, dtype=np.int32) - 1 + number
        found[region.states[settled]] = numbers[label[settled]]
        number += int((~hopeless & ~changed).sum())
        alive = region.mask((changed & ~hopeless)[label]) & ~leaving
    return found


class _Promise:
    """The transitions of one fair step."""

    def __init__(self, graph: Graph, step: int) -> None:
        self.strong = graph.steps[step].action.fair == "strong"
        transitions = graph.taking(step)
        self._source = graph.source[transitions]
        self._target = graph.target[transitions]

    def enabling(self, component: Numbers) -> tuple[Numbers, Numbers]:
        """The states in components that enable the step, and their components."""
        labels = component[self._source]
        within = labels >= 0
        return self._source[within], labels[within]

    def taken(self, component: Numbers) -> Numbers:
        """The components within which the step can be taken."""
        labels: Numbers = component[self._source]
        taken: Numbers = labels[(labels >= 0) & (labels == component[self._target])]
        return taken
