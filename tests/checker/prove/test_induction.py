"""Proof for any size: what is proved, what is refused, and that no proof is about nothing."""

from __future__ import annotations

from enum import Enum

import pytest

from attorn.checker.prove.counterexample import reachability, smallest_escape
from attorn.checker.prove.induction import Discharge, ProofOptions, prove
from attorn.checker.prove.obligations import Kind, completeness, inductive_set, obligations, two_state_conjuncts
from attorn.checker.prove.solving import ask
from attorn.checker.verdicts import Evidence
from attorn.model.migration import CLAIM
from attorn.spec.language import (
    ANY,
    Counter,
    Element,
    Expr,
    Machine,
    Map,
    Option,
    Relation,
    State,
    Variable,
    action,
    count,
    exists,
    forall,
    initial,
    invariant,
    lemma,
    one_of,
    two_state,
)
from attorn.spec.language.declarations import Declaration
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Platform, Segment

ONE = ProofOptions(jobs=1)


class Client(Element):
    """Somebody who wants the lock."""


class Server(Element):
    """Somebody who grants it."""


class Lock(State):
    free = Relation(Server, says="the server has given its lock to nobody")
    linked = Relation(Client, Server, says="the client holds the server's lock")


@initial
def all_free(s: Lock) -> None:
    s.free[...] = True
    s.linked[...] = False


@action
def connect(s: Lock, client: Client, server: Server) -> None:
    """A client takes a free lock."""
    s.require(s.free[server])
    s.linked[client, server] = True
    s.free[server] = False


@action
def disconnect(s: Lock, client: Client, server: Server) -> None:
    """A client gives its lock back."""
    s.require(s.linked[client, server])
    s.linked[client, server] = False
    s.free[server] = True


@invariant
def one_holder(s: Lock) -> Expr:
    """At most one client holds a server's lock."""
    return forall(Client, Client, Server, lambda a, b, x: (s.linked[a, x] & s.linked[b, x]) >> (a == b))


@lemma
def free_is_unlinked(s: Lock) -> Expr:
    """A lock is free only while no client holds it, as connect and disconnect change both together."""
    return forall(Client, Server, lambda a, x: s.free[x] >> ~s.linked[a, x])


def lock(*statements: Declaration, **changed: Declaration) -> Machine:
    """The lock server of the mypyvy and Ivy tutorials: one_holder needs the one lemma above."""
    return Machine("lock", Lock, all_free, (connect, changed.get("disconnect", disconnect)), statements)


def test_the_core_machine_is_proved_for_any_size() -> None:
    proof = prove(CLAIM)
    assert proof.proved
    assert {each.evidence for each in proof.properties} == {Evidence.PROVED}
    assert {each.stated.name for each in proof.properties} == {each.name for each in (*CLAIM.properties, *CLAIM.lemmas)}


def test_a_property_with_the_lemma_that_it_needs_is_proved() -> None:
    assert prove(lock(one_holder, free_is_unlinked), ONE).proved


def test_a_true_property_that_is_not_inductive_is_undetermined_and_its_escape_unreachable() -> None:
    proof = prove(lock(one_holder), ONE)
    assert not proof.proved
    (found,) = proof.properties
    assert found.evidence is Evidence.UNDETERMINED
    assert [each.obligation.name for each in found.failed] == ["step/connect/one_holder.0"]
    escape = smallest_escape(proof.machine, found.failed[0].obligation)
    # Two clients and one server: with one client nothing can be held twice.
    assert escape is not None
    assert escape.instance.described() == {"Client": 2, "Server": 1}
    assert reachability(escape).reachable is False


def test_a_false_property_gives_an_escape_whose_start_is_reachable() -> None:
    @action
    def disconnect(s: Lock, client: Client, server: Server) -> None:
        """A client's lock is freed, but it keeps it: the seeded fault."""
        s.require(s.linked[client, server])
        s.free[server] = True

    proof = prove(lock(one_holder, disconnect=disconnect), ONE)
    (found,) = proof.properties
    assert found.evidence is Evidence.UNDETERMINED
    answers = []
    for failed in found.failed:
        escape = smallest_escape(proof.machine, failed.obligation)
        assert escape is not None
        answers.append(reachability(escape))
    assert True in {answer.reachable for answer in answers}


def test_a_lemma_that_is_false_at_the_start_fails_there() -> None:
    @lemma
    def nothing_is_free(s: Lock) -> Expr:
        """A false lemma."""
        return forall(Server, lambda x: ~s.free[x])

    proof = prove(lock(one_holder, nothing_is_free), ONE)
    failed = {each.obligation.name for found in proof.properties for each in found.failed}
    assert "initial/nothing_is_free.0" in failed
    assert all(found.evidence is Evidence.UNDETERMINED for found in proof.properties)


def test_properties_that_lean_on_a_lemma_that_fails_are_not_proved() -> None:
    @lemma
    def nobody_is_linked(s: Lock) -> Expr:
        """False after connect, although with it everything else would be inductive."""
        return forall(Client, Server, lambda a, x: ~s.linked[a, x])

    proof = prove(lock(one_holder, nobody_is_linked), ONE)
    assert {found.stated.name for found in proof.properties if found.evidence is Evidence.PROVED} == set()


@pytest.mark.parametrize("number", range(10))
def test_seeded_wrong_lemmas_of_the_core_machine_are_refuted(number: int) -> None:
    wrong = WRONG_LEMMAS[number]
    machine = CLAIM.variant("claim", add=(wrong,))
    known = inductive_set(machine)
    own = [each for each in known if each.owner == wrong.name]
    asked = (each for each in obligations(machine, known, (), own) if not each.unchanged)
    assert any(Discharge(each, ask(each.text)).failed for each in asked)


def test_a_true_lemma_beside_them_is_not_refuted() -> None:
    known = inductive_set(CLAIM)
    own = [each for each in known if each.owner == "layout_is_what_is_held"]
    asked = [each for each in obligations(CLAIM, known, (), own) if not each.unchanged]
    assert asked
    assert all(Discharge(each, ask(each.text)).done for each in asked)


def _wrong_lemmas() -> tuple[Declaration, ...]:
    @lemma
    def source_is_target(s: Platform) -> Expr:
        """Wrong: a migrating VM has two ends."""
        return forall(VM, lambda vm: s.source[vm] == s.target[vm])

    @lemma
    def held_is_mapped_at_source(s: Platform) -> Expr:
        """Wrong: unmap ends it."""
        return forall(VM, Segment, lambda vm, t: s.holds[vm, t] >> (s.mapped[s.source[vm], t] != NONE))

    @lemma
    def held_is_owned_by_source(s: Platform) -> Expr:
        """Wrong: reassign ends it."""
        return forall(VM, Segment, lambda vm, t: s.holds[vm, t] >> (s.owner[t] == s.source[vm]))

    @lemma
    def every_vm_runs(s: Platform) -> Expr:
        """Wrong: none does at the start."""
        return forall(VM, lambda vm: exists(Partition, lambda p: s.runs[p, vm]))

    @lemma
    def nothing_is_described(s: Platform) -> Expr:
        """Wrong: describe ends it."""
        return forall(VM, Segment, lambda vm, t: s.described[vm, t] == NONE)

    @lemma
    def every_segment_is_held(s: Platform) -> Expr:
        """Wrong: none is at the start."""
        return forall(Segment, lambda t: exists(VM, lambda vm: s.holds[vm, t]))

    @lemma
    def two_partitions_only(s: Platform) -> Expr:
        """Wrong for three partitions, true for two: only a proof for any size tells."""
        return forall(
            VM, Partition, lambda vm, p: (s.source[vm] != s.target[vm]) >> one_of(p, s.source[vm], s.target[vm])
        )

    @lemma
    def no_vm_is_created(s: Platform) -> Expr:
        """Wrong: create does it."""
        return forall(VM, lambda vm: s.phase[vm] != Phase.CREATED)

    @lemma
    def exited_owns_at_source(s: Platform) -> Expr:
        """Wrong: exit waits for the opposite."""
        return forall(
            VM, Segment, lambda vm, t: ((s.phase[vm] == Phase.EXITED) & s.holds[vm, t]) >> (s.owner[t] == s.source[vm])
        )

    @lemma
    def one_vm_at_a_time(s: Platform) -> Expr:
        """Wrong: several VMs run."""
        return forall(VM, VM, Partition, lambda a, b, p: (s.runs[p, a] & s.runs[p, b]) >> (a == b))

    return (
        source_is_target,
        held_is_mapped_at_source,
        held_is_owned_by_source,
        every_vm_runs,
        nothing_is_described,
        every_segment_is_held,
        two_partitions_only,
        no_vm_is_created,
        exited_owns_at_source,
        one_vm_at_a_time,
    )


WRONG_LEMMAS = _wrong_lemmas()


def test_contradictory_hypotheses_are_noticed_by_the_companions() -> None:
    @lemma
    def nonsense(s: Lock) -> Expr:
        """Holds of no state: everything would follow from it."""
        return forall(Server, lambda x: s.free[x] & ~s.free[x])

    proof = prove(lock(one_holder, nonsense), ONE)
    failed = {each.obligation.kind for each in proof.companions if not each.done}
    assert Kind.POSSIBLE_STEP in failed
    assert not proof.proved


def test_a_guard_that_no_state_fits_is_noticed_by_the_companions() -> None:
    def impossible(s: Lock, client: Client, server: Server) -> None:
        s.require(s.free[server] & s.linked[client, server])

    machine = lock(one_holder, free_is_unlinked).variant("lock", strengthen={"connect": impossible})
    failed = [each.obligation.name for each in prove(machine, ONE).companions if not each.done]
    assert failed == ["possible_step/connect"]


def test_a_forgotten_action_is_noticed() -> None:
    machine = lock(one_holder)
    assert ask(completeness(machine, machine.actions).text).result == "unsat"
    assert ask(completeness(machine, machine.actions[:1]).text).result == "sat"


def test_there_is_one_obligation_for_each_action_and_conjunct() -> None:
    conjuncts, edges = inductive_set(CLAIM), two_state_conjuncts(CLAIM)
    found = list(obligations(CLAIM, conjuncts, edges))
    assert len({each.name for each in found}) == len(found)
    assert len(found) == len(conjuncts) + len(CLAIM.actions) * (len(conjuncts) + len(edges))


def test_an_obligation_is_untouched_only_if_the_action_writes_nothing_that_the_conjunct_reads() -> None:
    for each in obligations(CLAIM, inductive_set(CLAIM), ()):
        if each.unchanged:
            assert ask(each.text).result == "unsat", each.name


def test_two_state_properties_are_proved_or_fail_by_action() -> None:
    @two_state
    def locks_are_kept(before: Lock, after: Lock) -> Expr:
        """False: disconnect gives them back."""
        return forall(Client, Server, lambda a, x: before.linked[a, x] >> after.linked[a, x])

    proof = prove(lock(one_holder, free_is_unlinked, locks_are_kept), ONE)
    found = {each.stated.name: each for each in proof.properties}
    assert found["free_is_unlinked"].evidence is Evidence.PROVED
    assert [each.obligation.action for each in found["locks_are_kept"].failed] == ["disconnect"]


class Colour(Enum):
    """A sort of known size."""

    RED = "red"
    GREEN = "green"


class Kitchen(State):
    """One field of every kind, so that the encoding of each is tried."""

    budget = Counter(2)
    favourite = Variable(Option(Client))
    colour = Map(Client, to=Colour)
    friend = Map(Client, to=Option(Client))


@initial
def empty_kitchen(s: Kitchen) -> None:
    s.budget = 2
    s.favourite = NONE
    s.colour[...] = ANY
    s.friend[...] = NONE


@action
def spend(s: Kitchen, client: Client) -> None:
    """Take from the budget and choose a favourite."""
    s.require(s.budget > 0)
    s.budget = s.budget - 1
    s.favourite = client
    s.friend[client] = s.favourite
    s.colour[client] = Colour.GREEN


def test_counters_options_and_enumerations_are_encoded_as_they_mean() -> None:
    @invariant
    def favourite_is_paid_for(s: Kitchen) -> Expr:
        """True: the first favourite costs one."""
        return (s.favourite != NONE) >> (s.budget < 2)

    @invariant
    def favourite_is_green(s: Kitchen) -> Expr:
        """True: whoever is chosen is painted."""
        return forall(Client, lambda a: (s.favourite == a) >> (s.colour[a] == Colour.GREEN))

    @invariant
    def friends_are_rare(s: Kitchen) -> Expr:
        """False after two rounds."""
        return forall(Client, lambda a: s.friend[a] == NONE)

    machine = Machine(
        "kitchen", Kitchen, empty_kitchen, (spend,), (favourite_is_paid_for, favourite_is_green, friends_are_rare)
    )
    verdicts = {each.stated.name: each.evidence for each in prove(machine, ONE).properties}
    assert verdicts == {
        "favourite_is_paid_for": Evidence.PROVED,
        "favourite_is_green": Evidence.PROVED,
        "friends_are_rare": Evidence.UNDETERMINED,
    }


def test_counting_is_refused_for_sorts_of_any_size() -> None:
    from attorn.spec.errors import SpecificationError

    @invariant
    def few_friends(s: Kitchen) -> Expr:
        """Needs a finite sort."""
        return count(Client, lambda a: s.friend[a] != NONE) <= 2

    machine = Machine("kitchen", Kitchen, empty_kitchen, (spend,), (few_friends,))
    with pytest.raises(SpecificationError, match="count"):
        prove(machine, ONE)
