"""TLA+ modules of machines: TLC finds in them the states, steps and violations that the explorer finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from attorn.checker.explore import explore
from attorn.checker.tla.agreement import differences
from attorn.checker.tla.module import configuration, module, module_name
from attorn.checker.tla.tlc import Checked, tlc
from attorn.commands.targets import resolve_one
from attorn.spec.errors import BadInput
from attorn.spec.language import (
    FALSE,
    Expr,
    Instance,
    Machine,
    Property,
    State,
    UpTo,
    Variable,
    action,
    initial,
    invariant,
    two_state,
)
from tests.machines.random_machines import instances
from tests.spec.hall import Hall, hall
from tests.tlc import archive_or_skip

SMALL = {"Segment": 1, "Address": 1}
SAME = [
    ("claim-small", {}),
    ("firmware", SMALL),
    ("memfd", {}),
    ("live-update", SMALL),
    ("H21", {}),  # a guest that asks for a reset
    ("H44", {}),  # a thief, and states without a way on
]


def checked(instance: Instance, folder: Path, text: str | None = None, progress: bool = False) -> Checked:
    """What TLC finds in the module of an instance, or in another text, after the first violation too."""
    name = module_name(instance.machine)
    (folder / f"{name}.tla").write_text(text or module(instance.machine), encoding="utf-8")
    (folder / f"{name}.cfg").write_text(configuration(instance, progress), encoding="utf-8")
    return tlc(folder, name, archive_or_skip(), "-deadlock", "-continue")


@pytest.mark.parametrize(("name", "sizes"), SAME, ids=[name for name, _ in SAME])
def test_tlc_finds_the_same(name: str, sizes: dict[str, int], tmp_path: Path) -> None:
    same_as_explored(resolve_one(name, sizes).instance, tmp_path)


@pytest.mark.parametrize(("name", "comes_about"), [("claim-tiny", True), ("H15", False)])
def test_tlc_says_the_same_of_progress(name: str, comes_about: bool, tmp_path: Path) -> None:
    # H15: a way back that expects a broken connection waits for ever.
    found = checked(resolve_one(name, {}).instance, tmp_path, progress=True)
    assert found.violated == (frozenset() if comes_about else {"Temporal"})


@settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(instance=instances())
def test_tlc_finds_the_same_in_random_machines(instance: Instance, tmp_path: Path) -> None:
    same_as_explored(instance, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(instance=instances())
def test_tlc_finds_the_same_in_hundreds_of_random_machines(instance: Instance, tmp_path: Path) -> None:
    same_as_explored(instance, tmp_path)


def same_as_explored(instance: Instance, folder: Path) -> None:
    """TLC refuses an invariant that is false by itself, so of such a machine only the module is made."""
    if any(clause.formula is FALSE for each in instance.machine.properties for clause in each.conjuncts):
        assert module(instance.machine)
        return
    assert differences(explore(instance), checked(instance, folder)) == ()


class Lamp(State):
    """A lamp."""

    lit = Variable(UpTo(1), says="whether it is lit")


@initial
def dark(s: Lamp) -> None:
    s.lit = 0


@action
def press(s: Lamp) -> None:
    """Press the switch."""
    s.require(s.lit == 0)
    s.lit = 1


@action
def look(s: Lamp) -> None:
    """Look at the lamp."""
    s.lit = s.lit


@two_state
def always_changes(before: Lamp, after: Lamp) -> Expr:
    """Every step changes the lamp."""
    return before.lit != after.lit


@two_state
def stays_dark(before: Lamp, after: Lamp) -> Expr:
    """The lamp is never lit."""
    return after.lit == 0


@pytest.mark.parametrize(("stated", "agreed"), [(always_changes, True), (stays_dark, False)])
def test_tlc_may_be_silent_of_a_step_that_changes_nothing_and_of_no_other(stated: Property, agreed: bool) -> None:
    found = explore(Instance.of(Machine("lamp", Lamp, dark, (press, look), (stated,)), "lamp"))
    silent = Checked(found.states, found.transitions, frozenset())
    assert (differences(found, silent) == ()) is agreed
    assert differences(found, replace(silent, violated=frozenset({"Action"}))) == ()


def test_a_module_that_says_something_else_has_other_steps(tmp_path: Path) -> None:
    instance = resolve_one("claim-tiny", {}).instance
    text = module(instance.machine)
    clause = '    /\\ phase[vm] = "SUSPENDED"\n'
    assert text.count(clause) == 1
    expected = explore(instance)
    assert checked(instance, tmp_path, text.replace(clause, "")).transitions > expected.transitions


@action(party="porter", fair="weak")
def unlock(s: Hall) -> None:
    """The hall is unlocked."""
    s.require(s.locked | (s.tries == 0))
    s.locked = False
    s.tries = s.tries + 1


def test_a_module_reads_as_the_machine_does() -> None:
    text = module(hall(unlock))
    assert (
        "\\* porter: The hall is unlocked.\n"
        "Unlock ==\n"
        "    /\\ (locked \\/ tries = 0) = TRUE\n"
        "    /\\ locked' = FALSE\n"
        "    /\\ tries' = (tries + 1)\n"
        "    /\\ UNCHANGED <<open, near, colour, twin, key, marks, seen>>\n"
    ) in text
    assert "    \\* the door is open\n    open,\n" in text
    assert "Fairness ==\n    /\\ WF_vars(Unlock)\n" in text


class Nat(State):
    """A state whose field has a name that TLA+ has given away."""

    Nat = Variable(bool)


@initial
def no(s: Nat) -> None:
    """Not."""
    s.Nat = False


@invariant
def never(s: Nat) -> Expr:
    """It never is."""
    return ~s.Nat


def test_names_that_tla_has_given_away_are_refused() -> None:
    with pytest.raises(BadInput, match="machine odd has two things called `Nat`, or TLA\\+ has one"):
        module(Machine("odd", Nat, no, (), (never,)))
