"""Starting elsewhere: an instance that begins in one state, for searches from there."""

from __future__ import annotations

from collections.abc import Sequence

from attorn.spec.language import TRUE, Goal, Instance, Machine, Op, Values, Write
from attorn.spec.language.expressions import node
from attorn.spec.language.traced import Initial

__all__ = ["starting_in"]


def starting_in(instance: Instance, state: Values, goals: Sequence[Goal]) -> Instance:
    """The instance that begins in a state; it keeps the actions, and has some goals for its only statements."""
    machine = instance.machine
    where = machine.initial.where
    writes = tuple(
        Write(
            cell.field,
            (),
            tuple(node(Op.CONSTANT, sort, (), part) for sort, part in zip(cell.field.domain, cell.index, strict=True)),
            TRUE,
            node(Op.CONSTANT, cell.field.codomain, (), number),
            where,
        )
        for cell, number in zip(instance.cells, state, strict=True)
    )
    initial = Initial(where, "The state from which is searched.", (), (), writes)
    begun = Machine(machine.name, machine.state, initial, machine.actions, tuple(goals))
    return Instance(begun, instance.sizes, instance.limits, instance.name)
