"""The matrix of a proof: every obligation has its square, and a square says what became of it."""

from __future__ import annotations

import pytest

from attorn.checker.prove import solving
from attorn.checker.prove.fragment import check_fragment
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.checker.prove.matrix import INITIAL, obligation_matrix
from attorn.checker.report.proof import proof_data
from attorn.spec.language import action
from tests.checker.prove.test_induction import Client, Lock, Server, free_is_unlinked, lock, one_holder


@action
def disconnect(s: Lock, client: Client, server: Server) -> None:
    """Wrong: the client keeps its lock."""
    s.require(s.linked[client, server])
    s.free[server] = True


def outcomes(proof: Proof) -> dict[tuple[str, str], str]:
    return {(each.action, each.conjunct): each.outcome for each in obligation_matrix(proof).squares}


def test_a_proof_fills_every_square() -> None:
    matrix = obligation_matrix(prove(lock(one_holder, free_is_unlinked), ProofOptions(jobs=1)))
    assert matrix.rows == (INITIAL, "connect", "disconnect")
    assert matrix.columns == (("one_holder.0", "one_holder"), ("free_is_unlinked.0", "free_is_unlinked"))
    assert [each.outcome for each in matrix.squares] == ["proved"] * 6
    assert all(each.seconds is not None for each in matrix.squares)


def test_what_fails_and_what_is_untouched_is_told_apart() -> None:
    # By hand: the wrong step writes only `free`, which one_holder does not read, and frees a lock that is linked.
    found = outcomes(prove(lock(one_holder, free_is_unlinked, disconnect=disconnect), ProofOptions(jobs=1)))
    assert found["disconnect", "one_holder.0"] == "untouched"
    assert found["disconnect", "free_is_unlinked.0"] == "failed"
    assert found["connect", "one_holder.0"] == "proved"


def test_what_no_solver_knows_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(solving._ENGINES, "z3", lambda *_: ("unknown", "timeout"))
    found = outcomes(prove(lock(one_holder), ProofOptions(jobs=1)))
    assert set(found.values()) == {"undecided"}


def test_the_data_has_a_time_for_every_square() -> None:
    machine = lock(one_holder, free_is_unlinked)
    data = proof_data(prove(machine, ProofOptions(jobs=1)), check_fragment(machine))
    assert [each["conjunct"] for each in data["matrix"]["columns"]] == ["one_holder.0", "free_is_unlinked.0"]
    assert [each["lemma"] for each in data["matrix"]["columns"]] == [False, True]
    assert len(data["run"]["matrix"]) == len(data["matrix"]["squares"]) == 6
