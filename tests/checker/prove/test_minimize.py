"""What a proof leans on: lemmas that are needed, lemmas that are not, and what each property used."""

from __future__ import annotations

import pytest

from attorn.checker.prove.induction import ProofOptions, prove
from attorn.checker.prove.minimize import closure, minimize
from attorn.spec.language import forall, lemma
from tests.machines.ring import Node, Ring, at_most_one_inside, ring


@lemma
def inside_has_the_token(s: Ring):
    """Only `enter` puts a node inside, and only `leave` hands the token on."""
    return forall(Node, lambda n: s.inside[n] >> (s.token == n))


@lemma
def inside_has_asked(s: Ring):
    """A node asks before it enters and takes it back when it leaves."""
    return forall(Node, lambda n: s.inside[n] >> s.asked[n])


@lemma
def others_are_outside(s: Ring):
    """The same as `inside_has_the_token`, the other way around."""
    return forall(Node, lambda n: (s.token != n) >> ~s.inside[n])


ONE_JOB = ProofOptions(jobs=1)


@pytest.fixture(scope="module")
def found():
    return minimize(ring(at_most_one_inside, inside_has_the_token, inside_has_asked, others_are_outside), ONE_JOB)


def test_a_smallest_sufficient_set_is_found(found):
    # By hand: one of the two equivalent lemmas suffices; they are tried from the last on, so the first one stays.
    assert found.proved
    assert found.needed == ("inside_has_the_token.0",)
    assert found.redundant == ("inside_has_asked", "others_are_outside")


def test_a_lemma_with_an_equivalent_is_not_indispensable(found):
    assert found.indispensable == ()
    alone = minimize(ring(at_most_one_inside, inside_has_the_token, inside_has_asked), ONE_JOB)
    assert alone.indispensable == ("inside_has_the_token.0",)


def test_the_needed_lemmas_prove_and_without_them_nothing_does(found):
    machine = found.machine
    assert prove(machine.variant("needed", remove=found.redundant), ONE_JOB).proved
    assert not prove(ring(at_most_one_inside, inside_has_asked), ONE_JOB).proved


def test_a_property_lists_the_lemmas_it_used(found):
    used = {each.name: each for each in found.uses}
    assert used["at_most_one_inside"].lemmas == ("inside_has_the_token",)
    assert used["inside_has_the_token"].lemmas == ()
    assert "inside_has_asked" not in used


def test_what_follows_without_induction_is_implied(found):
    implied = {each.conjunct: each.by for each in found.implied}
    assert implied["others_are_outside.0"] == ("inside_has_the_token.0",)
    assert implied["inside_has_the_token.0"] == ("others_are_outside.0",)
    # At most one node inside: both have the token, so they are one.
    assert implied["at_most_one_inside.0"] in {("inside_has_the_token.0",), ("others_are_outside.0",)}
    assert "inside_has_asked.0" not in implied


def test_a_guard_that_no_proof_needs_is_idle(found):
    # `ask` touches nothing that the needed conjuncts read, and `enter` only needs the token (clause 1, not 0).
    assert found.idle_guards == ("ask.0", "enter.0")


def test_a_conjunct_of_a_needed_lemma_can_be_spare():
    @lemma
    def both(s: Ring):
        """Two facts in one lemma."""
        return forall(Node, lambda n: s.inside[n] >> ((s.token == n) & s.asked[n]))

    assert minimize(ring(at_most_one_inside, both), ONE_JOB).needed == ("both.0",)


def test_a_machine_that_is_not_proved_is_not_minimised():
    found = minimize(ring(at_most_one_inside, inside_has_asked), ONE_JOB)
    assert not found.proved
    assert found.needed == ()
    assert found.undone == ("step/enter/at_most_one_inside.0",)


def test_closure_follows_what_is_used_to_the_end():
    used = {"a": {"b"}, "b": {"c", "a"}, "c": set(), "d": {"a"}}
    assert closure(used, ["a"]) == {"a", "b", "c"}
    assert closure(used, ["c"]) == frozenset()
