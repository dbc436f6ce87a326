"""The explorer finds all states and steps, whatever the layout, and ends cleanly where a budget or the user ends it."""

from __future__ import annotations

import dataclasses

import pytest

from attorn.checker.explore import Options, Progress, explore, frontier, steps, team
from attorn.checker.explore.layout import Layout
from attorn.checker.explore.meaning import Meaning
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.checker.verdicts import Evidence
from attorn.model.migration import CLAIM
from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange, TooLarge, UnknownName
from attorn.spec.language import (
    ANY,
    NONE,
    Counter,
    Element,
    Instance,
    Machine,
    Map,
    Option,
    Relation,
    State,
    UpTo,
    Variable,
    action,
    exists,
    forall,
    initial,
    invariant,
    ite,
    legal_end,
)

# What SPIN, rumur and TLC count too (spec/twins/README.md); the depths are those of the oracle.
COUNTED = {
    (1, 1, 2, 2, 1): (118, 222, 13),
    (1, 2, 2, 2, 2): (1564, 3620, 17),
    (2, 1, 2, 2, 1): (4784, 14416, 23),
}
LARGER = (2, 2, 2, 1, 2), (12608, 44032, 20)


def claim(*sizes):
    names = ("VM", "Segment", "Partition", "Word", "Address")
    return Instance.of(CLAIM, "claim", **dict(zip(names, sizes, strict=True)))


def steps_to(exploration, name):
    """The length of the run that refutes a property."""
    path = exploration.verdict(name).path
    assert path is not None
    return len(path)


def counts(exploration):
    return exploration.states, exploration.transitions, exploration.depth


@pytest.mark.parametrize("sizes", COUNTED)
def test_the_claim_has_the_states_that_other_checkers_count(sizes):
    found = explore(claim(*sizes), Options(goals=False))
    assert counts(found) == COUNTED[sizes]
    assert found.finished
    assert {verdict.evidence for verdict in found.verdicts} == {Evidence.EXHAUSTED}


def fields_compared(exploration):
    return {
        each.name: getattr(exploration, each.name)
        for each in dataclasses.fields(exploration)
        if each.compare and each.name != "instance"
    }


@pytest.mark.skipif(not team.available(), reason="this system cannot fork")
def test_any_number_of_processes_finds_the_same(monkeypatch):
    monkeypatch.setattr(frontier, "SHARE", 100)
    sizes, expected = LARGER
    alone = explore(claim(*sizes), Options(goals=False, threads=1))
    shared = explore(claim(*sizes), Options(goals=False, threads=3))
    assert counts(alone) == expected
    assert fields_compared(alone) == fields_compared(shared)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_the_size_of_a_block_makes_no_difference(monkeypatch, block):
    expected = explore(claim(1, 1, 2, 2, 1))
    monkeypatch.setattr(steps, "BLOCK", block)
    assert fields_compared(explore(claim(1, 1, 2, 2, 1))) == fields_compared(expected)


class Light(Element):
    """Something that is on or off."""


class Lights(State):
    on = Relation(Light)


@initial
def anyhow(s: Lights):
    s.on[...] = ANY


@initial
def dark(s: Lights):
    s.on[...] = False


@action
def switch(s: Lights, light: Light):
    """Turn a light on or off."""
    s.on[light] = ~s.on[light]


def searched(instance, mixers, words):
    """A search in which each component lies in one of so many words, which are mixed by the numbers given."""
    prepared = Prepared.of(instance)
    layout = Layout(prepared.layout.components, len(instance.cells), mixers, bits=-(-prepared.layout.bits // words))
    assert layout.words > 1
    initial_states = layout.pack(prepared.layout.unpack(prepared.initial))
    found = Search(dataclasses.replace(prepared, layout=layout, initial=initial_states), {}, Options(threads=1))
    found.run()
    return found.states, int(found.fired.sum()), len(found.levels) - 1


@pytest.mark.parametrize("words", [2, 3])
@pytest.mark.parametrize("mixers", [(), (1, 0, 0, 0), (1, 1, 1, 1)], ids=["spread", "one word only", "plain sum"])
def test_different_states_with_the_same_sort_key_stay_different(mixers, words):
    assert searched(claim(1, 2, 2, 2, 2), mixers, words) == COUNTED[1, 2, 2, 2, 2]


def test_all_subsets_of_a_set_are_states():
    found = explore(Instance.of(Machine("lights", Lights, dark, (switch,)), Light=10))
    assert counts(found) == (2**10, 10 * 2**10, 10)
    assert found.levels == (1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1)  # binomial coefficients


def test_states_of_more_than_a_hundred_bits_are_told_apart():
    most = explore(Instance.of(Machine("lights", Lights, dark, (switch,)), Light=130), Options(max_states=9000))
    assert most.levels == (1, 130, 130 * 129 // 2)
    assert not most.finished


@invariant
def never_all_on(s: Lights):
    """Some light is off."""
    return exists(Light, lambda light: ~s.on[light])


@invariant
def never_two_on(s: Lights):
    """At most one light is on."""
    return forall(Light, Light, lambda a, b: (s.on[a] & s.on[b]) >> (a == b))


LIGHTS = Machine("lights", Lights, dark, (switch,), (never_all_on, never_two_on))


def test_every_violated_property_has_its_own_shortest_run():
    found = explore(Instance.of(LIGHTS, Light=5))
    assert steps_to(found, "never_all_on") == 5
    assert steps_to(found, "never_two_on") == 2
    assert found.verdict("no_deadlock").evidence is Evidence.EXHAUSTED


def test_only_the_properties_asked_for_are_answered():
    found = explore(Instance.of(LIGHTS, Light=3), Options(properties=("never_two_on",)))
    assert [verdict.name for verdict in found.verdicts] == ["never_two_on"]
    with pytest.raises(UnknownName, match="no property `never_tow_on`"):
        explore(Instance.of(LIGHTS, Light=3), Options(properties=("never_tow_on",)))


def test_a_state_budget_ends_the_search_before_the_level_that_exceeds_it():
    found = explore(Instance.of(LIGHTS, Light=5), Options(max_states=20))
    assert found.levels == (1, 5, 10)
    assert (found.finished, found.stopped) == (False, "state budget of 20 reached at depth 3")
    assert found.verdict("never_two_on").evidence is Evidence.REFUTED
    assert found.verdict("never_all_on").evidence is Evidence.UNDETERMINED


def test_a_memory_budget_ends_the_search():
    found = explore(claim(2, 1, 2, 2, 1), Options(goals=False, memory=60_000))
    assert "memory budget of 60,000 bytes reached" in found.stopped
    assert 0 < found.states < 4784
    assert {verdict.evidence for verdict in found.verdicts} == {Evidence.UNDETERMINED}


def test_a_memory_budget_too_small_for_the_initial_states_is_refused():
    everything = Machine("lights", Lights, anyhow, (switch,))
    with pytest.raises(TooLarge, match="4,096 initial states take 12 bits each"):
        explore(Instance.of(everything, Light=12), Options(memory=1000))


@pytest.mark.parametrize("given", [{"threads": 0}, {"memory": -1}, {"max_states": 0}])
def test_a_budget_below_one_is_refused(given):
    with pytest.raises(BadInput, match="must be at least 1"):
        Options(**given)


def test_an_interrupted_search_keeps_what_it_found():
    def interrupt(progress):
        if progress.depth == 3:
            raise KeyboardInterrupt

    found = explore(Instance.of(LIGHTS, Light=5), progress=interrupt)
    assert found.levels == (1, 5, 10)
    assert found.stopped == "interrupted at depth 3"
    assert found.verdict("never_two_on").evidence is Evidence.REFUTED


def test_progress_is_told_level_by_level():
    told: list[Progress] = []
    explore(Instance.of(LIGHTS, Light=3), progress=told.append)
    assert [(each.depth, each.states, each.frontier) for each in told] == [(0, 1, 1), (1, 4, 3), (2, 7, 3), (3, 8, 1)]


def test_an_instance_with_too_many_cells_is_refused_with_its_size():
    with pytest.raises(TooLarge, match=r"2,000 cells \(2,000 bits\), and 2,000 steps"):
        explore(Instance.of(LIGHTS, Light=2000))


class Counting(State):
    count = Counter(3)
    other = Counter(3)


@initial
def zero(s: Counting):
    s.count = 0
    s.other = 0


@action
def up(s: Counting):
    """Count up."""
    s.count = s.count + 1


@action
def down(s: Counting):
    """Count down."""
    s.count = s.count - 1


@action
def safely(s: Counting):
    """Count up, but not above the limit."""
    s.require(s.count < 3)
    s.count = s.count + 1


def test_a_counter_that_leaves_its_range_is_an_error():
    with pytest.raises(OutOfRange, match="sets count to 4"):
        explore(Instance.of(Machine("counting", Counting, zero, (up,))))
    with pytest.raises(OutOfRange, match="sets count to -1"):
        explore(Instance.of(Machine("counting", Counting, zero, (safely, down))))


class Boxed(State):
    count = Counter(3)
    box = Variable(Option(UpTo(3)))


@initial
def empty(s: Boxed):
    s.count = 0
    s.box = NONE


@action
def count_on(s: Boxed):
    """Count up, but not above the limit."""
    s.require(s.count < 3)
    s.count = s.count + 1


@action
def put(s: Boxed):
    """Put what was counted into the box."""
    s.box = s.count


@action
def put_more(s: Boxed):
    """Put more than was counted into the box."""
    s.box = s.count + 1


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
def test_a_number_in_an_option_must_stay_in_its_range_too(engine):
    found = explore(Instance.of(Machine("boxed", Boxed, empty, (count_on, put))), Options(engine=engine))
    assert found.states == 14  # 4 counts; the box is empty, or holds one of those up to the count: 4 + 1 + 2 + 3 + 4
    with pytest.raises(OutOfRange, match="sets box to 5"):
        explore(Instance.of(Machine("boxed", Boxed, empty, (count_on, put_more))), Options(engine=engine))


def test_a_counter_that_stays_in_its_range_is_none():
    found = explore(Instance.of(Machine("counting", Counting, zero, (safely,))))
    assert counts(found) == (4, 3, 3)
    assert found.verdict("no_deadlock").evidence is Evidence.REFUTED
    assert steps_to(found, "no_deadlock") == 3


@legal_end
def at_the_limit(s: Counting):
    return s.count == 3


def test_a_legal_end_is_no_deadlock():
    found = explore(Instance.of(Machine("counting", Counting, zero, (safely,), (at_the_limit,))))
    assert found.verdict("no_deadlock").evidence is Evidence.EXHAUSTED


class Arrow(State):
    to = Map(Light, to=Light)
    on = Relation(Light)


@initial
def loops(s: Arrow):
    s.to[...] = lambda light: light
    s.on[...] = False


@action
def point(s: Arrow, a: Light, b: Light):
    """An arrow turns to another light."""
    s.to[a] = b


@action
def flash(s: Arrow, a: Light, b: Light):
    """Two arrows are followed, which may end at the same light."""
    s.on[s.to[a]] = True
    s.on[s.to[b]] = ite(a == b, True, False)


def test_a_cell_written_twice_is_an_error_where_it_can_happen():
    with pytest.raises(DoubleWrite, match="writes on"):
        explore(Instance.of(Machine("arrows", Arrow, loops, (point, flash)), Light=2))


@action
def follow(s: Arrow, a: Light):
    """The light that an arrow points to goes on, and the arrow turns back."""
    s.on[s.to[a]] = True
    s.to[a] = a


def test_writes_through_what_the_state_holds_go_where_it_says():
    # By hand: each of the two arrows has 2 directions, and each light is on or off.
    found = explore(Instance.of(Machine("arrows", Arrow, loops, (point, follow)), Light=2))
    assert (found.states, found.transitions) == (16, 16 * (4 + 2))


def test_changes_that_depend_on_too_many_codes_to_be_tabulated_are_computed(monkeypatch):
    from attorn.checker.explore import moves

    monkeypatch.setattr(moves, "JOINT", 1)
    for sizes in ((1, 1, 2, 2, 1), (1, 2, 2, 2, 2)):
        assert counts(explore(claim(*sizes), Options(goals=False))) == COUNTED[sizes]


def test_groups_that_take_too_many_values_are_split(monkeypatch):
    from attorn.checker.explore import grouping

    monkeypatch.setattr(grouping, "CODES", 6)
    assert counts(explore(claim(1, 2, 2, 2, 2), Options(goals=False))) == COUNTED[1, 2, 2, 2, 2]


def test_a_meaning_has_no_effect_for_what_can_never_happen():
    @action
    def never(s: Lights, light: Light):
        """Turn on a light that is on and off."""
        s.require(s.on[light], ~s.on[light])
        s.on[light] = True

    instance = Instance.of(Machine("lights", Lights, dark, (switch, never)), Light=2)
    assert [effect.guard for effect in Meaning(instance).effects if effect.step.action.name == "never"] == [0, 0]
    assert explore(instance).dead_actions == ("never",)
