"""The decidable fragment: which machines stay in it, and which clause leads another one out of it."""

from __future__ import annotations

import pytest

from attorn.checker.prove.fragment import check_fragment
from attorn.model.migration import CLAIM
from attorn.spec.language import (
    Counter,
    Declaration,
    Element,
    Machine,
    Map,
    Relation,
    State,
    action,
    count,
    exists,
    forall,
    initial,
    invariant,
)
from attorn.spec.vocabulary import NONE, VM, Partition, Platform, Segment


def with_property(stated: Declaration) -> Machine:
    return CLAIM.variant("extended", add=(stated,))


def test_the_core_machine_is_stratified():
    found = check_fragment(CLAIM)
    assert found.decidable, found.said
    # Edges from the fields of vocabulary.py by hand: Segment → VM only by the ∃ of `conservation`; VM → Partition by
    # `source`; Partition → Address by `mapped`.
    assert found.order.index("Segment") < found.order.index("VM") < found.order.index("Partition")
    assert found.order.index("Partition") < found.order.index("Address")
    assert {str(edge.because) for edge in found.edges if (edge.source, edge.target) == ("Segment", "VM")} == {
        "∀segment ... ∃vm in conservation.1",
        "∀segment ... ∃vm in scrub_before_reuse.0",
    }
    assert not found.arithmetic


def test_an_existential_that_mentions_a_partition_makes_a_cycle():
    @invariant
    def mapped_for_someone(s: Platform):
        """What a partition maps is held by a VM whose source it is."""
        return forall(
            Partition,
            Segment,
            lambda p, t: (s.mapped[p, t] != NONE) >> exists(VM, lambda v: s.holds[v, t] & (s.source[v] == p)),
        )

    found = check_fragment(with_property(mapped_for_someone))
    assert not found.decidable
    assert found.order == ()
    assert ("Partition", "VM", "∀p ... ∃v in mapped_for_someone.0") in {
        (edge.source, edge.target, edge.because) for edge in found.offenders
    }
    assert f"{mapped_for_someone.where.path}:" in found.said
    assert "field source" in found.said  # the other half of the cycle: VM → Partition


def test_the_same_existential_without_the_partition_is_accepted():
    @invariant
    def mapped_is_held(s: Platform):
        """What a partition maps is held by a VM."""
        return forall(
            Partition,
            Segment,
            lambda p, t: (s.mapped[p, t] != NONE) >> exists(VM, lambda v: s.holds[v, t]),
        )

    assert check_fragment(with_property(mapped_is_held)).decidable


class Node(Element):
    """A node of a graph."""


class Leaf(Element):
    """Something that hangs on a node."""


class Graph(State):
    edge = Relation(Node, Node)
    on = Relation(Leaf, Node)


@initial
def empty(s: Graph):
    s.edge[...] = False
    s.on[...] = False


@action
def link(s: Graph, a: Node, b: Node):
    """Two nodes are joined."""
    s.require(~s.edge[a, b])
    s.edge[a, b] = True


def test_a_premise_reverses_polarity():
    @invariant
    def reversed_(s: Graph):
        """If every node has a successor, then some node has an edge to itself."""
        return forall(Node, lambda a: exists(Node, lambda b: s.edge[a, b])) >> exists(Node, lambda c: s.edge[c, c])

    # As a hypothesis the premise is denied (∃a ∀b), so it adds nothing; refuted, it is asserted: Node → Node.
    found = check_fragment(Machine("graph", Graph, empty, (link,), (reversed_,)))
    assert {edge.because for edge in found.offenders} == {
        "∀a ... ∃b in reversed_.0",
        "∀a ... ∃b in reversed_.0 after link",
    }


def test_an_equality_of_truth_values_counts_for_both_polarities():
    @invariant
    def same(s: Graph):
        """Either all nodes have a successor and there is a leaf, or neither."""
        return forall(Node, lambda a: exists(Node, lambda b: s.edge[a, b])) == exists(
            Leaf, lambda x: exists(Node, lambda n: s.on[x, n])
        )

    assert not check_fragment(Machine("graph", Graph, empty, (link,), (same,))).decidable


def test_a_guard_is_named_by_its_clause():
    @action
    def grow(s: Graph, a: Node, b: Node):
        """Two nodes are joined once every node has a successor."""
        s.require(~s.edge[a, b], forall(Node, lambda x: exists(Node, lambda y: s.edge[x, y])))
        s.edge[a, b] = True

    @invariant
    def loops(s: Graph):
        """Nothing is claimed."""
        return forall(Node, lambda n: s.edge[n, n] | ~s.edge[n, n])

    found = check_fragment(Machine("graph", Graph, empty, (grow,), (loops,)))
    assert "∀x ... ∃y in guard of grow, clause 1" in {edge.because for edge in found.offenders}


class Chain(State):
    next = Map(Node, to=Node)


@initial
def loops_everywhere(s: Chain):
    s.next[...] = lambda node: node


@action
def point(s: Chain, a: Node, b: Node):
    """A node is pointed at another."""
    s.require(s.next[a] != b)
    s.next[a] = b


@invariant
def points_somewhere(s: Chain):
    """A node points at another or it does not."""
    return forall(Node, Node, lambda a, b: (s.next[a] == b) | (s.next[a] != b))


def test_a_field_from_a_sort_to_itself_is_a_cycle():
    found = check_fragment(Machine("chain", Chain, loops_everywhere, (point,), (points_somewhere,)))
    assert [edge.because for edge in found.offenders] == ["field next"]


class Counted(State):
    tries = Counter(3)
    seen = Relation(Node)


@initial
def fresh(s: Counted):
    s.tries = 0
    s.seen[...] = False


@action
def see(s: Counted, a: Node):
    """A node is seen, which costs a try."""
    s.require(s.tries < 3, ~s.seen[a])
    s.tries = s.tries + 1
    s.seen[a] = True


def test_a_counter_adds_linear_arithmetic_and_stays_decidable():
    @invariant
    def at_most_three(s: Counted):
        """There are at most three tries."""
        return s.tries <= 3

    found = check_fragment(Machine("counted", Counted, fresh, (see,), (at_most_three,)))
    assert found.decidable
    assert found.arithmetic
    assert "linear integer arithmetic" in found.said


def test_counting_a_sort_is_outside():
    @invariant
    def counted(s: Counted):
        """As many nodes are seen as tries were made."""
        return count(Node, lambda n: s.seen[n]) == s.tries

    found = check_fragment(Machine("counted", Counted, fresh, (see,), (counted,)))
    assert not found.decidable
    assert any("count(...)" in each for each in found.outside)


@pytest.mark.parametrize("edge", check_fragment(CLAIM).edges, ids=str)
def test_every_edge_names_a_line_of_the_specification(edge):
    assert edge.where.path.startswith("spec/")
    assert edge.where.text
