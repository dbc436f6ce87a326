"""Variants: machines with parts added, removed, strengthened or rewritten; the original stays as it is."""

from __future__ import annotations

import pytest

from attorn.spec.errors import DoubleWrite, SpecificationError, UnknownName
from attorn.spec.language import (
    Concrete,
    Expr,
    Instance,
    Machine,
    Relation,
    Values,
    Variable,
    action,
    assumption,
    initial,
    invariant,
)
from tests.spec.hall import Door, Hall, closed, hall


@action(party="porter", fair="weak")
def unlock(s: Hall) -> None:
    """The hall is unlocked."""
    s.require(s.locked)
    s.locked = False


@action
def enter(s: Hall, door: Door) -> None:
    """Someone goes through a door."""
    s.require(~s.locked, ~s.open[door])
    s.open[door] = True


@invariant
def tidy(s: Hall) -> Expr:
    """Nobody has tried."""
    return s.tries == 0


HALL = hall(unlock, enter, tidy)


def reached(machine: Machine) -> set[Values]:
    """All states that steps lead to, with two doors."""
    concrete = Concrete(Instance.of(machine, Door=2))
    found = set(concrete.initial_states())
    while new := {after for state in found for _, after in concrete.successors(state)} - found:
        found |= new
    return found


def test_an_action_can_be_added() -> None:
    @action
    def lock(s: Hall) -> None:
        """The hall is locked."""
        s.locked = True

    variant = HALL.variant("lockable", add=[lock])
    assert [each.name for each in variant.actions] == ["unlock", "enter", "lock"]
    assert [each.name for each in HALL.actions] == ["unlock", "enter"]
    # Each door is open or shut, and now the hall locked or not.
    assert len(reached(variant)) == 2 * len(reached(HALL))


def test_actions_and_properties_can_be_removed() -> None:
    variant = HALL.variant("bare", remove=["enter", "tidy"])
    assert ([each.name for each in variant.actions], variant.properties) == (["unlock"], ())


def test_a_traced_property_can_be_added() -> None:
    stated = HALL.property("tidy")
    variant = HALL.variant("stated", remove=["tidy"], add=[stated])
    assert variant.property("tidy") is stated


def test_strengthening_adds_clauses_and_writes() -> None:
    def counted(s: Hall, door: Expr) -> None:
        s.require(s.tries < 2)
        s.tries += 1

    variant = HALL.variant("counting", strengthen={"enter": counted})
    assert len(variant.action("enter").clauses) == len(HALL.action("enter").clauses) + 1
    concrete = Concrete(Instance.of(variant, Door=2))
    _, after = next(concrete.successors(concrete.initial_states()[0]))
    assert concrete.instance.readable(after)["tries"] == "1"


def test_what_is_strengthened_does_nothing_that_was_not_possible_before() -> None:
    def never_second(s: Hall, door: Expr) -> None:
        s.require(s.twin[door] == door)

    assert reached(HALL.variant("fewer", strengthen={"enter": never_second})) < reached(HALL)


def test_strengthening_twice_keeps_both() -> None:
    once = HALL.variant("once", strengthen={"enter": lambda s, door: s.require(s.tries < 2)})
    twice = once.variant("twice", strengthen={"enter": lambda s, door: s.require(s.tries < 1)})
    assert len(twice.action("enter").clauses) == 4


def test_rewriting_comes_before_strengthening() -> None:
    def instead(s: Hall, door: Expr) -> None:
        s.open[door] = s.locked

    variant = HALL.variant(
        "instead", rewrite={"enter": lambda each: each.without_write(0)}, strengthen={"enter": instead}
    )
    (write,) = variant.action("enter").writes
    assert repr(write.value) == "locked"


def test_strengthening_keeps_party_and_fairness() -> None:
    variant = HALL.variant("strict", strengthen={"unlock": lambda s: s.require(s.tries == 0)})
    assert (variant.action("unlock").party, variant.action("unlock").fair) == ("porter", "weak")


def test_a_strengthening_that_writes_what_is_written_is_refused() -> None:
    with pytest.raises(DoubleWrite, match="action `enter` writes a cell of `open` that it already writes"):
        HALL.variant("twice", strengthen={"enter": lambda s, door: s.open.__setitem__(door, False)})


def test_a_strengthening_of_other_parameters_is_refused_at_its_line() -> None:
    with pytest.raises(SpecificationError, match=r"test_variants\.py:\d+: `enter` cannot be traced"):
        HALL.variant("odd", strengthen={"enter": lambda s: s.require(s.locked)})


@pytest.mark.parametrize("how", ["remove", "strengthen", "rewrite"])
def test_what_does_not_exist_cannot_be_changed(how: str) -> None:
    changes: dict[str, object] = {
        "remove": ["entre"],
        "strengthen": {"entre": lambda s: None},
        "rewrite": {"entre": lambda each: each},
    }
    with pytest.raises(UnknownName, match=r"machine hall has no .*`entre`\. It has: .*enter"):
        HALL.variant("odd", **{how: changes[how]})  # type: ignore[arg-type]


def test_a_state_can_get_further_fields() -> None:
    class Wide(Hall):
        alarm = Variable(bool)
        heard = Relation(Door)

    @initial
    def silent(s: Wide) -> None:
        closed(s)
        s.alarm = False
        s.heard[...] = False

    @action
    def ring(s: Wide) -> None:
        """The alarm rings."""
        s.alarm = True

    variant = HALL.variant("alarmed", state=Wide, start=silent, add=[ring])
    assert list(variant.state.fields)[-2:] == ["alarm", "heard"]
    assert len(reached(variant)) == 2 * len(reached(HALL))


def test_assumptions_add_up() -> None:
    one = HALL.variant("one", assumptions=[assumption("calm", "Nobody runs.")])
    two = one.variant("two", assumptions=[assumption("dry", "It does not rain.")])
    assert [each.name for each in two.assumptions] == ["calm", "dry"]


def test_a_property_can_be_used_inside_another() -> None:
    @invariant
    def tidy_and_shut(s: Hall) -> Expr:
        """Nobody has tried, and it is not locked."""
        return tidy(s) & ~s.locked

    stated = HALL.variant("both", add=[tidy_and_shut]).property("tidy_and_shut")
    assert stated.conjuncts[0].formula is HALL.property("tidy").formula
