"""What a page is told once of a world: its fields, actions, properties and goals."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.checker.explorer.world import World
from attorn.spec.language import Action, Instance, Property, render, value_name
from attorn.spec.language.sorts import Sort

__all__ = ["ActionFacts", "FieldFacts", "GoalFacts", "PropertyFacts", "SortFacts", "WorldFacts", "world_facts"]


@dataclass(frozen=True)
class SortFacts:
    """A sort and the names of its values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class FieldFacts:
    """A field of the state; its cells come in the order of its index, the last fastest."""

    name: str
    says: str
    index: tuple[SortFacts, ...]
    values: SortFacts
    ghost: bool


@dataclass(frozen=True)
class ActionFacts:
    """An action; clauses and parameters as they are written."""

    name: str
    sentence: str
    party: str
    fair: str
    where: str
    claim: str
    parameters: tuple[tuple[str, str], ...]
    clauses: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PropertyFacts:
    """A property that is asked of every state or step; conjuncts with their lines."""

    name: str
    kind: str
    sentence: str
    where: str
    claim: str
    hazards: tuple[str, ...]
    conjuncts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class GoalFacts:
    """What is to be reached or promised: a goal's stages, or the premise and the conclusion of a promise."""

    name: str
    kind: str
    sentence: str
    where: str
    claim: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class WorldFacts:
    """All of it; ``starts`` is the number of initial states."""

    name: str
    machine: str
    says: str
    shape: str
    digest: str
    starts: int
    fields: tuple[FieldFacts, ...]
    actions: tuple[ActionFacts, ...]
    properties: tuple[PropertyFacts, ...]
    goals: tuple[GoalFacts, ...]


def world_facts(world: World) -> WorldFacts:
    """What there is to know of a world before any state of it is looked at."""
    instance = world.instance
    machine = instance.machine
    return WorldFacts(
        name=instance.name,
        machine=machine.name,
        says=machine.says,
        shape=instance.shape(),
        digest=machine.digest,
        starts=len(world.starts),
        fields=tuple(
            FieldFacts(
                field.name,
                field.says,
                tuple(_sort(instance, sort) for sort in field.domain),
                _sort(instance, field.codomain),
                field.ghost,
            )
            for field in machine.state.fields.values()
        ),
        actions=tuple(_action(action) for action in machine.actions),
        properties=tuple(_property(stated) for stated in machine.properties),
        goals=(*_goals(instance), *_promises(instance)),
    )


def _sort(instance: Instance, sort: Sort) -> SortFacts:
    return SortFacts(str(sort), tuple(value_name(sort, number) for number in range(instance.size(sort))))


def _action(action: Action) -> ActionFacts:
    names = {each.variable.payload: each.name for each in action.parameters}
    return ActionFacts(
        action.name,
        action.sentence,
        action.party,
        action.fair,
        str(action.where),
        action.claim,
        tuple((each.name, str(each.sort)) for each in action.parameters),
        tuple((render(clause.formula, names), str(clause.where)) for clause in action.clauses),
    )


def _property(stated: Property) -> PropertyFacts:
    return PropertyFacts(
        stated.name,
        "two-state" if stated.two_state else "invariant",
        stated.sentence,
        str(stated.where),
        stated.claim,
        stated.hazards,
        tuple((render(clause.formula), str(clause.where)) for clause in stated.conjuncts),
    )


def _goals(instance: Instance) -> list[GoalFacts]:
    return [
        GoalFacts(
            goal.name,
            "goal",
            goal.sentence,
            str(goal.where),
            goal.claim,
            tuple(
                render(stage, {each.variable.payload: each.name for each in goal.parameters}) for stage in goal.stages
            ),
        )
        for goal in instance.goals
    ]


def _promises(instance: Instance) -> list[GoalFacts]:
    machine = instance.machine
    found = []
    for each in machine.progress:
        names = {parameter.variable.payload: parameter.name for parameter in each.parameters}
        stages = (render(each.premise, names), render(each.conclusion, names))
        found.append(GoalFacts(each.name, "progress", each.sentence, str(each.where), each.claim, stages))
    for other in machine.always_possible:
        names = {parameter.variable.payload: parameter.name for parameter in other.parameters}
        stage = render(other.formula, names)
        found.append(GoalFacts(other.name, "possible", other.sentence, str(other.where), other.claim, (stage,)))
    return found
