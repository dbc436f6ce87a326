"""A ring in which the node with the token may go inside: mutual exclusion, true but not inductive."""

from __future__ import annotations

from attorn.spec.language import Element, Machine, Relation, State, Variable, action, forall, initial, invariant

__all__ = ["Node", "Ring", "ask", "at_most_one_inside", "enter", "leave", "ring"]


class Node(Element):
    """A member of a ring."""


class Ring(State):
    token = Variable(Node)
    asked = Relation(Node)
    inside = Relation(Node)


@initial
def idle(s: Ring, first: Node):
    s.token = first
    s.asked[...] = False
    s.inside[...] = False


@action
def ask(s: Ring, n: Node):
    """A node asks to go inside."""
    s.require(~s.asked[n])
    s.asked[n] = True


@action
def enter(s: Ring, n: Node):
    """The node with the token goes inside, if it asked."""
    s.require(s.asked[n], s.token == n)
    s.inside[n] = True


@action
def leave(s: Ring, n: Node, to: Node):
    """The node inside hands the token on and leaves."""
    s.require(s.inside[n])
    s.inside[n] = False
    s.asked[n] = False
    s.token = to


@invariant
def at_most_one_inside(s: Ring):
    """At most one node is inside."""
    return forall(Node, Node, lambda a, b: (s.inside[a] & s.inside[b]) >> (a == b))


def ring(*stated, steps=(ask, enter, leave)):
    """The ring with these statements."""
    return Machine("ring", Ring, idle, steps, stated)
