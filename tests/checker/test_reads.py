"""Why a formula is false: the part that decides, its witness, and the cells that this part reads."""

from __future__ import annotations

import pytest

from attorn.checker.reads import falsity
from attorn.model.instances import instance
from attorn.spec.language import Concrete
from attorn.spec.language.reading import read_formula

CLAIM = instance("claim")
CONCRETE = Concrete(CLAIM)
START = CONCRETE.initial_states()[0]  # Nothing is held, nothing runs, and every segment is of partition0.


def later(*labels: str) -> tuple[int, ...]:
    state = START
    for label in labels:
        state = CONCRETE.apply(state, next(step for step in CONCRETE.steps if CONCRETE.label(step) == label))
    return state


HELD = later("start(vm1, partition0)", "allocate(vm1, segment1, address0)")


@pytest.mark.parametrize(
    ("formula", "witness", "cells"),
    [
        ("phase[vm0] = RUNNING", (), (("phase[vm0]", "ABSENT"),)),
        ("phase[vm1] = RUNNING and holds[vm0, segment0]", (), (("holds[vm0, segment0]", "no"),)),
        ("forall segment: not holds[vm1, segment]", (("segment", "segment1"),), (("holds[vm1, segment1]", "yes"),)),
        ("not (exists vm: holds[vm, segment1])", (("vm", "vm1"),), (("holds[vm1, segment1]", "yes"),)),
        ("not (phase[vm0] = RUNNING or phase[vm1] = RUNNING)", (), (("phase[vm1]", "RUNNING"),)),
        (
            "forall vm, segment: holds[vm, segment] -> owner[segment] != source[vm]",
            (("vm", "vm1"), ("segment", "segment1")),
            (("owner[segment1]", "partition0"), ("holds[vm1, segment1]", "yes"), ("source[vm1]", "partition0")),
        ),
        # That there is none is not the fault of any one: all are told.
        ("exists vm: holds[vm, segment0]", (), (("holds[vm0, segment0]", "no"), ("holds[vm1, segment0]", "no"))),
    ],
)
def test_a_false_formula_is_told_by_the_part_that_decides(formula: str, witness: object, cells: object) -> None:
    found = falsity(CONCRETE, read_formula(formula, CLAIM), {}, HELD)
    assert found.witness == witness
    assert found.cells == cells


def test_what_is_false_of_a_step_tells_the_cells_after_it_as_such() -> None:
    formula = read_formula("forall vm: phase'[vm] = phase[vm]", CLAIM)
    found = falsity(CONCRETE, formula, {}, START, later("start(vm1, partition0)"))
    assert found.witness == (("vm", "vm1"),)
    assert found.cells == (("phase[vm1]", "ABSENT"), ("phase'[vm1]", "RUNNING"))
