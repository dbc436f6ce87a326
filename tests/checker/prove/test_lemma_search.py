"""Lemma search: it finds what is true for any size, and never hands out anything else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from attorn.checker.prove import lemma_search
from attorn.checker.prove.candidates import mine
from attorn.checker.prove.columns import Sample, arbitrary_states, columns
from attorn.checker.prove.induction import ProofOptions
from attorn.checker.prove.lemma_search import Outcome, SearchOptions, find_lemmas, reachable_states, small_instances
from attorn.checker.prove.lemma_source import python_source
from attorn.checker.prove.patterns import patterns
from attorn.checker.prove.pool import Pool
from attorn.model.migration import CLAIM
from attorn.spec import language, vocabulary
from attorn.spec.language import (
    Concrete,
    Declaration,
    Element,
    Instance,
    Machine,
    Map,
    Relation,
    State,
    action,
    exists,
    forall,
    initial,
    invariant,
    lemma,
    render,
    two_state,
)
from attorn.spec.language.tracing import trace_property
from tests.machines.ring import Node, Ring, ask, at_most_one_inside, leave, ring

QUICK = SearchOptions(seconds=60, proof=ProofOptions(jobs=1))
RING = ring(at_most_one_inside)


def of(machine: Machine, **sizes: int) -> Instance:
    return Instance.of(machine, machine.name, **sizes)


def sample(instance: Instance) -> Sample:
    found = reachable_states(instance, 100_000)
    assert found is not None
    return found


def search_ring(machine: Machine = RING, **changed):
    return find_lemmas(machine, [of(machine, Node=3)], QUICK, **changed)


def test_mutual_exclusion_needs_the_token():
    found = search_ring()
    assert found.outcome is Outcome.FOUND
    assert found.proof is not None and found.proof.proved
    # By hand: the property is false after `enter` unless who is inside has the token.
    assert [each.text for each in found.lemmas] == ["∀node: inside[node] → token = node"]


def test_the_same_search_finds_the_same():
    one, other = search_ring(), search_ring()
    assert [each.source for each in one.lemmas] == [each.source for each in other.lemmas]
    assert (one.mined, one.escapes, one.dropped) == (other.mined, other.escapes, other.dropped)


def test_an_inductive_property_needs_no_lemma():
    @two_state
    def asked_until_inside(before: Ring, after: Ring):
        """A node that asked does not stop asking before it was inside."""
        return forall(Node, lambda n: (before.asked[n] & ~before.inside[n]) >> after.asked[n])

    found = search_ring(ring(asked_until_inside))
    assert found.outcome is Outcome.FOUND
    assert found.lemmas == ()


def test_a_false_property_finds_nothing():
    @invariant
    def nobody_is_inside(s: Ring):
        """No node ever is inside."""
        return forall(Node, lambda n: ~s.inside[n])

    found = search_ring(ring(at_most_one_inside, nobody_is_inside))
    assert found.outcome is Outcome.NOT_FOUND
    assert found.lemmas == ()
    assert found.reason == "nobody_is_inside is false in one of the 36 reachable states of 3 Node"


def test_a_false_property_of_steps_finds_nothing_and_shows_a_step():
    @two_state
    def nobody_enters(before: Ring, after: Ring):
        """Who is inside was inside before."""
        return forall(Node, lambda n: after.inside[n] >> before.inside[n])

    found = search_ring(ring(nobody_enters))
    assert found.outcome is Outcome.NOT_FOUND
    assert found.lemmas == ()
    assert found.escape is not None
    assert found.escape.step is not None and found.escape.step.action.name == "enter"


def test_no_candidate_means_not_found():
    @action
    def steal(s: Ring, n: Node):
        """A node that asked goes inside without the token."""
        s.require(s.asked[n])
        s.inside[n] = True

    # With one node the property is true and says nothing; with two it is false.
    machine = ring(at_most_one_inside, steps=(ask, steal, leave))
    found = find_lemmas(machine, [of(machine, Node=1)], QUICK)
    assert found.outcome is Outcome.NOT_FOUND
    assert found.lemmas == ()


def test_no_time_means_undetermined():
    found = find_lemmas(RING, [of(RING, Node=3)], SearchOptions(seconds=0))
    assert found.outcome is Outcome.UNDETERMINED
    assert found.lemmas == ()
    assert "seconds" in found.reason


def test_an_interrupt_means_undetermined():
    def interrupt(line: str) -> None:
        if line.startswith("added"):
            raise KeyboardInterrupt

    found = search_ring(progress=interrupt)
    assert found.outcome is Outcome.UNDETERMINED
    assert found.reason == "interrupted"
    assert found.lemmas == ()


class Room(Element):
    """A place for one robot."""


class Robot(Element):
    """Something that moves."""


class House(State):
    at = Map(Robot, to=Room)
    taken = Relation(Room)


@initial
def all_apart(s: House):
    s.at[...] = language.ANY
    s.taken[...] = lambda room: exists(Robot, lambda robot: s.at[robot] == room)
    s.require(forall(Robot, Robot, lambda a, b: (s.at[a] == s.at[b]) >> (a == b)))


@action
def move(s: House, robot: Robot, room: Room):
    """A robot moves to a room that is not taken."""
    s.require(~s.taken[room])
    s.at[robot] = room
    s.taken[room] = True
    s.taken[s.at[robot]] = False


@invariant
def one_robot_a_room(s: House):
    """No two robots are in one room."""
    return forall(Robot, Robot, lambda a, b: (s.at[a] == s.at[b]) >> (a == b))


HOUSE = Machine("house", House, all_apart, (move,), (one_robot_a_room,))


def pool_of(machine: Machine, *instances: Instance) -> Pool:
    return Pool(machine, [sample(each) for each in instances], lambda: None)


def test_candidates_that_only_small_instances_satisfy_never_survive():
    # With one robot, a taken room is where every robot is; with two it is not.
    small, large = of(HOUSE, Robot=1, Room=3), of(HOUSE, Robot=2, Room=3)
    believed = {
        render(candidates.formula(number))
        for pattern in patterns(HOUSE, 2)
        for candidates in [mine(pattern, [sample(small)], [arbitrary_states(small, 500)])]
        for number in range(len(candidates))
    }
    assert "∀robot, room: taken[room] → at[robot] = room" in believed
    found = find_lemmas(HOUSE, [small], QUICK)
    assert found.outcome is Outcome.FOUND
    concrete = Concrete(large)
    for state in sample(large).states.tolist():
        for each in found.lemmas:
            assert concrete.holds(each.stated, tuple(state)), each.text


def test_candidates_that_do_not_last_are_dropped(monkeypatch):
    # Of initial states alone, where nobody asked and nobody is inside, everything seems true.
    monkeypatch.setattr(lemma_search, "WALK_LENGTH", 1)
    options = SearchOptions(most_states=1, proof=ProofOptions(jobs=1))
    found = find_lemmas(RING, [of(RING, Node=3)], options)
    assert found.dropped > 0
    assert found.outcome is Outcome.NOT_FOUND
    assert found.lemmas == ()


def test_mined_clauses_are_all_true_clauses_of_two_literals_that_say_something():
    instance = of(RING, Node=2)
    states, every = sample(instance), arbitrary_states(instance, 2000)
    (pattern,) = patterns(RING, 1)
    assert {render(truth, {0: "n"}) for truth in pattern.truths} == {
        *("asked[n]", "inside[n]", "token = n"),
        *("asked[token]", "inside[token]"),
    }

    def holds(literals, where):
        """Whether a clause is true of all nodes in all states, one state at a time."""
        for number in range(2):
            values = np.stack(columns(where, pattern.truths, {0: number})).astype(bool)
            clause = np.zeros(values.shape[1], dtype=bool)
            for literal in literals:
                clause |= values[literal // 2] ^ bool(literal % 2)
            if not clause.all():
                return False
        return True

    count = 2 * len(pattern.truths)
    single = [(a,) for a in range(count) if holds((a,), states)]
    pairs = [pair for pair in itertools.combinations(range(count), 2) if holds(pair, states) and not holds(pair, every)]
    found = mine(pattern, [states], [every])
    mined = {tuple(literal for literal in row if literal >= 0) for row in found.literals.tolist()}
    assert not single
    # Clauses about the token alone belong to the pattern without variables.
    about_node = [pair for pair in pairs if any(pattern.truths[literal // 2].free for literal in pair)]
    assert {each for each in mined if len(each) == 2} == set(about_node)
    assert all(holds(each, states) and not holds(each, every) for each in mined)


@pytest.mark.parametrize("number", range(0, 2000, 97))
def test_a_clause_is_violated_where_the_plain_meaning_says_so(number):
    instance = of(CLAIM, VM=1, Segment=2, Partition=2, Word=2, Address=1)
    pattern = next(each for each in patterns(CLAIM, 2) if each.names == ("segment", "vm"))
    arbitrary = arbitrary_states(instance, 400)
    candidates = mine(pattern, [sample(instance)], [arbitrary])
    formula = candidates.formula(number)
    concrete = Concrete(instance)
    for state in arbitrary.states[:40]:
        plain = bool(concrete.value(formula, (), tuple(state.tolist())))
        assert candidates.violated([Sample(instance, state.reshape(1, -1))])[number] == (not plain)


NAMES = {**vars(language), **vars(vocabulary)}


def test_found_lemmas_can_be_pasted():
    found = search_ring()
    names = {**NAMES, "Ring": Ring, "Node": Node}
    for each in found.lemmas:
        exec(compile("from __future__ import annotations\n" + each.source, "<pasted>", "exec"), names)
        pasted = RING.variant("pasted", add=[names[each.stated.name]])
        assert pasted.lemmas[0].formula is each.stated.formula
        assert pasted.lemmas[0].sentence == each.stated.sentence


OF_ONE_STATE = [stated for stated in (*CLAIM.properties, *CLAIM.lemmas) if not stated.two_state]


def read_back(source: str) -> Declaration:
    @lemma
    def pasted(s: vocabulary.Platform):
        """Read back."""
        return eval(source, {**NAMES, "s": s})

    return pasted


@pytest.mark.parametrize("stated", OF_ONE_STATE, ids=lambda stated: stated.name)
def test_formulas_of_the_core_machine_read_as_python(stated):
    for clause in stated.conjuncts:
        again = trace_property(read_back(python_source(clause.formula)), CLAIM.state)
        assert [render(each.formula) for each in again.conjuncts] == [render(clause.formula)]


def test_default_instances_are_small_and_not_contained_in_each_other():
    found = small_instances(RING, max_states=200)
    assert [dict(each.described()) for each in found] == [{"Node": 3}]
    # Two robots do not fit into one room: no such initial state. By hand: rooms grow first, then robots, then rooms.
    assert [each.shape() for each in small_instances(HOUSE)] == ["2 Robot × 3 Room"]


def test_the_core_machine_gets_lemmas_that_suffice():
    names = ("VM", "Segment", "Partition", "Word", "Address")
    sizes = ((2, 1, 2, 2, 1), (1, 2, 2, 2, 2), (1, 1, 3, 2, 1))
    instances = [of(CLAIM, **dict(zip(names, each, strict=True))) for each in sizes]
    found = find_lemmas(CLAIM, instances, SearchOptions(seconds=200))
    assert found.outcome is Outcome.FOUND, found.reason
    assert found.proof is not None and found.proof.proved
    assert {each.stated.name for each in found.lemmas} == {each.name for each in found.machine.lemmas}
    assert not {each.name for each in CLAIM.lemmas} & {each.name for each in found.machine.lemmas}
