"""Reading formulas: whatever is printed can be read, and mistakes are pointed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from attorn.model.instances import INSTANCES, instance
from attorn.spec.errors import BadInput
from attorn.spec.language import Concrete, Expr, Instance, render
from attorn.spec.language.reading import read_formula

# What the text alone does not tell: the sort of a variable that is only compared with another one, and a budget that
# has the name of a field.
NOT_TOLD = ("∃a, b: a ≠ b)", "∀a, b: a ≠ b ∧", "crashes = crashes")


def formulas(of: Instance) -> Iterator[tuple[Expr, Mapping[str, Expr]]]:
    """All clauses and conjuncts of a machine, with the parameters that they speak of."""
    machine = of.machine
    for stated in (*machine.properties, *machine.lemmas):
        yield from ((clause.formula, {}) for clause in stated.conjuncts)
    for action in machine.actions:
        given = {each.name: each.variable for each in action.parameters}
        yield from ((clause.formula, given) for clause in action.clauses)
    for goal in machine.goals:
        given = {each.name: each.variable for each in goal.parameters}
        yield from ((stage, given) for stage in goal.stages)


@pytest.mark.parametrize("name", ["claim", "firmware", "memfd", "live-update"])
def test_what_is_printed_of_a_machine_is_read_as_the_same_formula(name: str) -> None:
    world = INSTANCES[name].build()
    read = 0
    for formula, given in formulas(world):
        text = render(formula, {each.payload: called for called, each in given.items()})
        if not any(part in text for part in NOT_TOLD):
            # Equal expressions are one node, so that identity is equality.
            assert read_formula(text, world, given) is formula, text
            read += 1
    assert read > 50


TYPED = {
    "phase[vm0] = RUNNING and owner[segment0] != partition1": "phase[vm0] = RUNNING ∧ owner[segment0] ≠ partition1",
    "not (runs[partition0, vm0] or runs[partition1, vm0])": "¬(runs[partition0, vm0] ∨ runs[partition1, vm0])",
    "forall vm: phase[vm] = absent -> source[vm] = target[vm]": "∀vm: phase[vm] = ABSENT → source[vm] = target[vm]",
    "exists a, b in Segment: owner[a] != owner[b]": "∃a, b: owner[a] ≠ owner[b]",
    "exists a, b in VM: a != b": "∃a, b: a ≠ b",
    "phase[vm0] in {RUNNING, CREATED}": "phase[vm0] ∈ {RUNNING, CREATED}",
    "phase[vm0] not in {RUNNING, CREATED}": "phase[vm0] ∉ {RUNNING, CREATED}",
    "(count s: owner[s] = partition0) > 1": "1 < (#s: owner[s] = partition0)",
    "mapped[partition0, segment0] == none": "mapped[partition0, segment0] = none",
    "described[vm0, segment1] = address1": "described[vm0, segment1] = address1",
}


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_on_a_keyboard_means_what_is_printed(typed: str) -> None:
    claim = instance("claim")
    assert render(read_formula(typed, claim)) == TYPED[typed]


def test_a_condition_has_the_value_that_the_state_gives_it() -> None:
    claim = instance("claim")
    concrete = Concrete(claim)
    state = concrete.initial_states()[0]
    value = {
        text: concrete.value(read_formula(text, claim), (), state)
        for text in ("phase[vm0] = ABSENT", "holds[vm0, segment0]")
    }
    assert value == {"phase[vm0] = ABSENT": True, "holds[vm0, segment0]": False}


MISTAKES = {
    "phase[vm0] = RUNING": ("Did you mean `RUNNING`?", 13),
    "phas[vm0] = RUNNING": ("Did you mean `phase`?", 0),
    "phase[vm7] = RUNNING": ("`vm7` is no VM", 6),
    "phase[vm0, vm1] = RUNNING": ("takes [VM], got 2", 0),
    "phase[vm0 = RUNNING": ("`]` is expected", 10),
    "phase[vm0] = RUNNING phase": ("could end here", 21),
    "owner[segment0]": ("a condition is expected", 0),
    "owner[segment0] < 3": ("cannot compare", 18),
    "exists x: x = x": ("the sort of `x` cannot be told", 0),
    "exists x in Machine: x = x": ("there is no sort `Machine`", 0),
    "": ("expected here", 0),
    "phase[vm0] = ": ("expected here", 13),
    "$": ("expected here", 0),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_a_mark_below_its_place(text: str) -> None:
    says, at = MISTAKES[text]
    with pytest.raises(BadInput) as raised:
        read_formula(text, instance("claim"))
    assert says in str(raised.value)
    assert str(raised.value).splitlines()[-1] == f"    {' ' * at}^"
