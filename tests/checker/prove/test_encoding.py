"""The encoding certificate: it holds for the right translation, and one wrong place anywhere is detected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from attorn.checker import oracle
from attorn.checker.prove import encoding, encoding_text, smtlib
from attorn.checker.prove.encoding import EncodingCertificate, certify_encoding
from attorn.checker.prove.incremental import Incremental
from attorn.checker.prove.solving import Answer
from attorn.model.instances import instance
from attorn.spec.language import (
    Action,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Map,
    Op,
    Option,
    Relation,
    State,
    action,
    after_step,
    count,
    exists,
    initial,
    invariant,
    two_state,
)
from attorn.spec.language.expressions import FALSE, TRUE
from attorn.spec.language.substitution import step_formula
from attorn.spec.vocabulary import NONE
from tests.machines.random_machines import instances


class Guest(Element):
    """Somebody who wants a room."""


class Room(Element):
    """A room of a small inn."""


class Inn(State):
    host = Map(Room, to=Option(Guest))
    paid = Relation(Guest)
    beds = Counter(2)


@initial
def empty(s: Inn) -> None:
    s.host[...] = NONE
    s.paid[...] = False
    s.beds = 2


@action
def enter(s: Inn, guest: Guest, room: Room) -> None:
    """A guest who has no room takes an empty one, while there are beds."""
    s.require(s.host[room] == NONE, ~exists(Room, lambda other: s.host[other] == guest), s.beds > 0)
    s.host[room] = guest
    s.beds = s.beds - 1


@action
def pay(s: Inn, guest: Guest) -> None:
    """A guest pays for the room, and again only when all beds are taken."""
    s.require(exists(Room, lambda room: s.host[room] == guest), s.paid[guest] >> (s.beds == 0))
    s.paid[guest] = True


@action
def close(s: Inn) -> None:
    """All who have paid go; nobody owes anything then."""
    s.require(s.beds < 2)
    s.host[lambda room: exists(Guest, lambda guest: (s.host[room] == guest) & s.paid[guest])] = NONE
    s.paid[...] = False
    s.beds = 2


@invariant
def one_room_each(s: Inn) -> Expr:
    """Nobody has two rooms."""
    return ~exists(Room, Room, lambda a, b: (a != b) & (s.host[a] == s.host[b]) & (s.host[a] != NONE))


@two_state
def stays(before: Inn, after: Inn) -> Expr:
    """Nobody moves to another room."""
    return ~exists(
        Room,
        lambda room: (before.host[room] != NONE) & (after.host[room] != NONE) & (before.host[room] != after.host[room]),
    )


INN = Instance.of(Machine("inn", Inn, empty, (enter, pay, close), (one_room_each, stays)), Guest=2, Room=2)


def _certified(scripts: int = 6, states: int = 15) -> EncodingCertificate:
    return certify_encoding(INN, states, 4, scripts)


def test_the_right_translation_is_certified() -> None:
    explored = oracle.explore(INN, (), False)
    certificate = _certified(states=60)
    assert certificate.holds
    assert certificate.complete
    assert certificate.reachable == explored.states
    assert certificate.edges >= explored.transitions  # those of the other states come on top
    assert certificate.refusals > 0
    assert certificate.starts == 1
    assert certificate.judgments == (2 + 5) * certificate.edges  # two properties and five cells
    assert certificate.scripts > 6
    assert certificate.untold == ""


def test_the_claim_is_certified() -> None:
    certificate = certify_encoding(instance("claim-tiny"), 20, 4, 12)
    assert certificate.differences == ()
    assert not certificate.complete  # every eighth of its 118 states
    assert certificate.reachable == 15


def test_a_lost_write_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        encoding,
        "step_formula",
        lambda each, fields: step_formula(each.without_write(1) if each.name == "enter" else each, fields),
    )
    _only(_certified(), "enter", "does not allow the step", "allows another state")


def test_a_lost_guard_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:

    def unguarded(each: Action, fields: Any) -> Expr:
        return step_formula(each.without_clause(0) if each.name == "pay" else each, fields)

    monkeypatch.setattr(encoding, "step_formula", unguarded)
    _only(_certified(), "pay", "allows a step, but the action is not enabled")


def test_a_wrong_initial_state_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "initial_formula", lambda initial: TRUE)
    assert _certified(0).differences == ("initial state: the formula allows another one",)
    monkeypatch.setattr(encoding, "initial_formula", lambda initial: FALSE)
    assert [each.partition(";")[0] for each in _certified(0).differences] == [
        "initial state: the formula does not allow it"
    ]


def test_a_wrong_text_of_the_initial_states_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding_text, "initial_formula", lambda initial: TRUE)
    assert "no other initial state: the text is sat" in _certified().differences


def test_a_wrong_state_after_is_detected_in_what_obligations_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding_text, "after_step", lambda formula, writes: after_step(formula, writes[:-1]))
    assert any("rewritten over the state before" in each for each in _certified(0).differences)


@pytest.mark.parametrize("wrong", ["choice", "negation", "joined", "implication", "equal", "quantified", "less"])
def test_a_wrong_operator_in_the_text_is_detected(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = getattr(smtlib._Writer, wrong)
    swapped: dict[str, Callable[..., Any]] = {
        "choice": lambda self, sort, condition, then, otherwise: whole(self, sort, condition, otherwise, then),
        "negation": lambda self, part: part,
        "joined": lambda self, conjunction, parts: whole(self, not conjunction, parts),
        "implication": lambda self, premise, conclusion: whole(self, conclusion, premise),
        "equal": lambda self, sort, left, right: f"(not {whole(self, sort, left, right)})",
        "quantified": lambda self, op, *rest: whole(self, _other(op), *rest),
        "less": lambda self, left, right: whole(self, right, left),
    }
    monkeypatch.setattr(smtlib._Writer, wrong, swapped[wrong])
    differences = _certified().differences
    assert differences
    assert all("the text is" in each for each in differences)


def test_a_text_that_the_solver_does_not_decide_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        encoding_text, "ask", lambda text, timeout, expected: Answer("unknown", "z3", 0.0, reason="late")
    )
    assert any("the text is unknown (late)" in each for each in _certified().differences)


def test_a_formula_that_the_solver_does_not_decide_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Incremental, "ask", lambda self, *question: "timeout")
    assert any("does not allow the step" in each for each in _certified(0).differences)


def test_what_cannot_be_written_as_text_is_said() -> None:
    @invariant
    def few_pay(s: Inn) -> Expr:
        """Two guests at most have paid; a proof for any size cannot count them."""
        return count(Guest, lambda guest: s.paid[guest]) < 3

    machine = INN.machine.variant("counted", add=(few_pay,))
    certificate = certify_encoding(Instance(machine, INN.sizes, INN.limits), 60, 6, 20)
    assert certificate.holds
    assert "count" in certificate.untold


def test_states_are_drawn_alike_each_time() -> None:
    first, second = _certified(), _certified()
    assert (first.edges, first.refusals, first.scripts) == (second.edges, second.refusals, second.scripts)


def _only(certificate: EncodingCertificate, name: str, *how: str) -> None:
    """Every difference is about that action, and each of these is among them."""
    assert certificate.differences
    assert all(each.startswith(f"{name}(") for each in certificate.differences)
    assert all(any(part in each for each in certificate.differences) for part in how)


def _other(op: Op) -> Op:
    return Op.EXISTS if op is Op.FORALL else Op.FORALL


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(instances())
def test_random_machines_are_certified(drawn: Instance) -> None:
    # Some have quantifiers that alternate over one sort, outside the decidable fragment: there z3 may not know.
    differences = certify_encoding(drawn, 8, 3, 3, timeout=1.0).differences
    assert [each for each in differences if "the text is unknown" not in each] == []
