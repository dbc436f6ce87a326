"""Digests: the same for the same specification in every process, another one for every change of meaning."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from attorn.model.migration import CLAIM
from attorn.spec.language import (
    Element,
    Expr,
    Instance,
    Machine,
    Map,
    State,
    Variable,
    action,
    constant,
    exists,
    goal,
    initial,
    invariant,
    legal_end,
    two_state,
)
from tests.machines.random_machines import instances

ROOT = Path(__file__).parent.parent.parent


class Node(Element):
    """A node."""


FIRST = constant(Node, "first")


class Link(Element):
    """A link."""


class Net(State):
    """Nodes and links."""

    up = Map(Node, to=bool)
    used = Map(Link, to=bool)
    here = Variable(Node)


@initial
def begin(s: Net) -> None:
    s.up[...] = False
    s.used[...] = False
    s.here = FIRST


@action
def rise(s: Net, node: Node) -> None:
    """A node comes up."""
    s.require(~s.up[node], s.here == node)
    s.up[node] = True


@invariant
def quiet(s: Net) -> Expr:
    """Some node is down."""
    return exists(Node, lambda node: ~s.up[node])


NET = Machine("net", Net, begin, (rise,), (quiet,))


def test_a_digest_does_not_depend_on_hash_seed_or_on_what_was_made_before() -> None:
    programs = (
        "from attorn.model.migration import CLAIM; print(CLAIM.digest)",
        # Other nodes first, and the machine's parts traced in another order.
        "from attorn.model.migration import CLAIM; from attorn.spec.safety import SAFETY\n"
        "from attorn.spec.language.tracing import trace_property\n"
        "[trace_property(each, CLAIM.state) for each in reversed(SAFETY)]; CLAIM.legal_end; print(CLAIM.digest)",
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for program, seed in zip(programs, ("1", "2"), strict=True)
    }
    assert digests == {CLAIM.digest}


def test_a_digest_does_not_depend_on_lines_or_on_names_of_bound_variables() -> None:
    @invariant
    def quiet(s: Net) -> Expr:
        """Some node is down."""
        return exists(Node, lambda other: ~s.up[other])

    assert NET.variant("net", remove=["quiet"], add=[quiet]).digest == NET.digest


@action
def sink(s: Net, node: Node) -> None:
    """A node goes down."""
    s.require(s.up[node])
    s.up[node] = False


@two_state
def kept(before: Net, after: Net) -> Expr:
    """The place is kept."""
    return before.here == after.here


@goal
def risen(s: Net) -> Expr:
    """The first node is up."""
    return s.up[FIRST]


@legal_end
def over(s: Net) -> Expr:
    return s.up[FIRST]


CHANGES: dict[str, Callable[[], Machine]] = {
    "an action more": lambda: NET.variant("net", add=[sink]),
    "an action less": lambda: NET.variant("net", remove=["rise"]),
    "an invariant less": lambda: NET.variant("net", remove=["quiet"]),
    "a two-state property more": lambda: NET.variant("net", add=[kept]),
    "a goal more": lambda: NET.variant("net", add=[risen]),
    "a legal end": lambda: NET.variant("net", add=[over]),
    "a clause less": lambda: NET.variant("net", rewrite={"rise": lambda each: each.without_clause(0)}),
    "a write less": lambda: NET.variant("net", rewrite={"rise": lambda each: each.without_write(0)}),
    "a clause more": lambda: NET.variant("net", strengthen={"rise": lambda s, node: s.require(s.up[FIRST])}),
    "a write more": lambda: NET.variant("net", strengthen={"rise": lambda s, node: setattr(s, "here", node)}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_meaning_changes_the_digest(change: str) -> None:
    assert CHANGES[change]().digest != NET.digest


def test_digests_of_different_changes_differ() -> None:
    digests = [change().digest for change in CHANGES.values()]
    assert len(set(digests)) == len(digests)


def test_a_formula_over_another_sort_has_another_digest_though_it_reads_the_same() -> None:
    def machine(sort: type[Element]) -> Machine:
        @invariant
        def alone(s: Net) -> Expr:
            """There are two."""
            return exists(sort, sort, lambda a, b: a != b)

        return NET.variant("net", add=[alone])

    assert repr(machine(Node).property("alone").formula) == repr(machine(Link).property("alone").formula)
    assert machine(Node).digest != machine(Link).digest


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(instance=instances())
def test_tracing_again_gives_the_same_digest(instance: Instance) -> None:
    machine = instance.machine
    again = Machine("again", machine.state, machine.start, machine.steps, machine.statements)
    assert again.digest == machine.digest
