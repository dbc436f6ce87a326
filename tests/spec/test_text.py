"""Text: formulas, updates and values as reports print them, unambiguous and without needless parentheses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from attorn.spec.language import (
    NONE,
    Expr,
    Instance,
    Option,
    UpTo,
    action,
    count,
    exists,
    forall,
    invariant,
    ite,
    one_of,
    render,
    render_write,
    some,
    two_state,
    value_name,
)
from attorn.spec.language.expressions import sort_of
from attorn.spec.language.source import Where
from attorn.spec.vocabulary import Phase, Word
from tests.spec.hall import Colour, Door, Hall, hall

TEXTS: dict[str, Callable[[Any], Expr]] = {
    "locked": lambda s: s.locked,
    "¬locked": lambda s: ~s.locked,
    "tries = 1": lambda s: s.tries == 1,
    "tries ≠ 1": lambda s: s.tries != 1,
    "tries < 1": lambda s: s.tries < 1,
    "tries ≥ 1": lambda s: s.tries >= 1,
    "1 < tries": lambda s: s.tries > 1,
    "(tries + 1) ≥ 2": lambda s: s.tries + 1 >= 2,
    "(2 - tries) < tries": lambda s: 2 - s.tries < s.tries,
    "key = none": lambda s: s.key == NONE,
    "tries ∈ {0, 2}": lambda s: one_of(s.tries, 0, 2),
    "tries ∉ {0, 2}": lambda s: ~one_of(s.tries, 0, 2),
    "tries = 0 ∨ locked": lambda s: (s.tries == 0) | s.locked,
    "locked ∧ ¬(key = none ∨ tries < 1)": lambda s: s.locked & ~((s.key == NONE) | (s.tries < 1)),
    "(locked ∧ tries = 0) ∨ key = none": lambda s: (s.locked & (s.tries == 0)) | (s.key == NONE),
    "locked → key = none": lambda s: s.locked >> (s.key == NONE),
    "locked → tries = 1 → key = none": lambda s: s.locked >> ((s.tries == 1) >> (s.key == NONE)),
    "(locked → tries = 1) → key = none": lambda s: (s.locked >> (s.tries == 1)) >> (s.key == NONE),
    "¬(locked → tries = 1)": lambda s: ~(s.locked >> (s.tries == 1)),
    "locked = (tries = 1)": lambda s: s.locked == (s.tries == 1),
    "locked ≠ (tries = 1)": lambda s: s.locked != (s.tries == 1),
    "∀a, b: near[a, b] → near[b, a]": lambda s: forall(Door, Door, lambda a, b: s.near[a, b] >> s.near[b, a]),
    "∃a: ¬open[a] ∧ (∀b: near[a, b])": lambda s: exists(
        Door, lambda a: ~s.open[a] & forall(Door, lambda b: s.near[a, b])
    ),
    "(∀a: open[a]) → locked": lambda s: forall(Door, lambda a: s.open[a]) >> s.locked,
    "(#a: open[a]) < 2": lambda s: count(Door, lambda a: s.open[a]) < 2,
    "∃value: key = value ∧ open[value]": lambda s: some(s.key, lambda door: s.open[door]),
    "∀a: twin[(if locked then a else twin[a])] = a": lambda s: forall(
        Door, lambda a: s.twin[ite(s.locked, a, s.twin[a])] == a
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_formula_reads_as_one_would_write_it(text: str) -> None:
    @invariant
    def stated(s: Hall) -> Expr:
        """What is stated."""
        return TEXTS[text](s)

    assert render(hall(stated).property("stated").formula) == text


def test_a_bound_variable_takes_no_name_that_means_something_else() -> None:
    def beside(s: Hall, door: Expr) -> Expr:
        return exists(Door, lambda a: s.near[door, a])

    @invariant
    def stated(s: Hall) -> Expr:
        """Every door is beside one, and some door beside itself."""
        return forall(Door, lambda a: beside(s, a)) & some(s.key, lambda a: some(s.key, lambda b: s.near[a, b]))

    assert [render(part.formula) for part in hall(stated).property("stated").conjuncts] == [
        "∀a2: ∃a: near[a2, a]",
        "∃value2: key = value2 ∧ (∃value: key = value ∧ near[value2, value])",
    ]


def test_a_parameter_keeps_its_name_beside_a_variable_of_the_same() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Point all open doors to one."""
        s.twin[lambda door: s.open[door]] = door

    (write,) = hall(step).action("step").writes
    assert render_write(write, {0: "door"}) == "twin[door2] := door for all door2 with open[door2]"


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        (sort_of(bool), ["no", "yes"]),
        (sort_of(Colour), ["RED", "GREEN"]),
        (sort_of(Phase), [phase.name for phase in Phase]),
        (sort_of(Door), ["door0", "door1"]),
        (sort_of(Word), ["zero", "word1"]),
        (Option(Door), ["none", "door0"]),
        (UpTo(2), ["0", "1", "2"]),
    ],
)
def test_values_have_names(sort: Any, names: list[str]) -> None:
    assert [value_name(sort, number) for number in range(len(names))] == names


def test_states_cells_and_calls_have_names() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.open[door] = True

    instance = Instance.of(hall(step), Door=2)
    state = (0,) * len(instance.cells)
    readable = instance.readable(state)
    assert (readable["near[door0, door1]"], readable["key"], readable["marks[2]"]) == ("no", "none", "no")
    assert instance.changes(state, (1, *state[1:])) == [("open[door0]", "no", "yes")]
    traced = instance.machine.action("step")
    assert instance.call("step", traced.parameters, (1,)) == "step(door1)"
    assert (instance.shape(), repr(instance)) == ("2 Door", "Instance(hall: 2 Door)")


def test_a_line_is_named_from_the_root_of_the_package() -> None:
    where = hall().initial.where
    assert str(where).startswith("tests/spec/hall.py:")
    assert where.text == "@initial"
    assert str(Where("/elsewhere/machine.py", 3)) == "/elsewhere/machine.py:3"


def test_the_state_after_a_step_is_primed() -> None:
    @two_state
    def kept(before: Hall, after: Hall) -> Expr:
        """Doors stay open."""
        return forall(Door, lambda a: before.open[a] >> after.open[a])

    assert render(hall(kept).property("kept").formula) == "∀a: open[a] → open'[a]"


def test_updates_read_as_assignments() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Change much."""
        s.locked = ~s.locked
        s.open[door] = True
        s.colour[...] = Colour.GREEN
        s.twin[lambda a: s.open[a]] = door
        s.near[door, ...] = lambda b: s.open[b]
        s.seen[lambda a: s.near[a, door]] = lambda a: s.open[a]

    step_traced = hall(step).action("step")
    names = {each.variable.payload: each.name for each in step_traced.parameters}
    assert [render_write(write, names) for write in step_traced.writes] == [
        "locked := ¬locked",
        "open[door] := yes",
        "colour[door] := GREEN for all door",
        "twin[a] := door for all a with open[a]",
        "near[door, b] := open[b] for all b",
        "seen[a] := open[a] for all a with near[a, door]",
    ]
