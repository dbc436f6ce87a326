"""Solvers: definite answers, retries, time-outs, absent solvers, and a cache that never lies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import z3

from attorn.checker.prove import solving
from attorn.checker.prove.induction import ProofOptions, prove
from attorn.checker.prove.solving import Answer, Cache, ask, ask_all
from attorn.checker.verdicts import Evidence
from attorn.model.migration import CLAIM
from attorn.spec.errors import BadInput

SAT = "(set-logic UF)(declare-fun p () Bool)(assert p)(check-sat)"
UNSAT = "(set-logic UF)(declare-fun p () Bool)(assert (and p (not p)))(check-sat)"


@pytest.mark.parametrize("solver", solving.SOLVERS)
@pytest.mark.parametrize(("text", "result"), [(SAT, "sat"), (UNSAT, "unsat")])
def test_solvers_answer(solver: str, text: str, result: str) -> None:
    assert ask(text, solver, expected=result).result == result


@pytest.mark.parametrize("solver", solving.SOLVERS)
def test_a_broken_script_is_an_error_and_never_an_answer(solver: str) -> None:
    assert ask("(assert (nonsense", solver).result == "error"


def test_an_unknown_is_asked_again_with_every_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def unsure(text: str, timeout: float, expected: str, seed: int) -> tuple[solving.Result, str]:
        seen.append(seed)
        return ("unsat", "") if seed == 2 else ("unknown", "timeout")

    monkeypatch.setitem(solving._ENGINES, "z3", unsure)
    answer = ask(UNSAT, "z3", seeds=(0, 1, 2, 3))
    assert seen == [0, 1, 2]
    assert (answer.result, answer.attempts, answer.seed) == ("unsat", 3, 2)


def test_a_solver_that_never_knows_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(solving._ENGINES, "z3", lambda *_: ("unknown", "timeout"))
    proof = prove(CLAIM, ProofOptions(jobs=1))
    assert not proof.proved
    assert not any(each.evidence is Evidence.PROVED for each in proof.properties)
    assert all(each.open and not each.failed for each in proof.properties)


def test_an_interrupted_proof_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def interrupted(*_: object) -> tuple[solving.Result, str]:
        asked.append(1)
        if len(asked) == 20:
            raise KeyboardInterrupt
        return "unsat", ""

    monkeypatch.setitem(solving._ENGINES, "z3", interrupted)
    proof = prove(CLAIM, ProofOptions(jobs=1))
    assert "interrupted" in proof.stopped
    assert not any(each.evidence is Evidence.PROVED for each in proof.properties)


def test_a_signal_while_z3_searches_is_an_interrupt_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """z3 takes the signal for itself and says that it does not know, because it was interrupted."""
    monkeypatch.setattr(z3.Solver, "check", lambda self: z3.unknown)
    monkeypatch.setattr(z3.Solver, "reason_unknown", lambda self: "interrupted from keyboard")
    with pytest.raises(KeyboardInterrupt):
        ask(UNSAT)
    monkeypatch.setattr(z3.Solver, "reason_unknown", lambda self: "timeout")
    assert ask(UNSAT).result == "unknown"


@pytest.mark.parametrize(("solver", "module"), [("z3", "z3"), ("cvc5", "cvc5")])
def test_an_absent_solver_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch, solver: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadInput, match=f"{solver} is not installed.*pip install"):
        ask(SAT, solver)


def questions() -> list[tuple[object, str]]:
    return [(lambda: UNSAT, "unsat"), (lambda: SAT, "sat")]


def test_the_cache_answers_only_what_was_asked_before(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    first = dict(ask_all(questions(), cache=Cache(path)))  # type: ignore[arg-type]
    again = dict(ask_all([*questions(), (lambda: UNSAT + " ", "unsat")], cache=Cache(path)))  # type: ignore[list-item]
    assert [first[number].cached for number in (0, 1)] == [False, False]
    assert [again[number].cached for number in (0, 1, 2)] == [True, True, False]
    assert [again[number].result for number in (0, 1, 2)] == ["unsat", "sat", "unsat"]


def test_an_unknown_is_never_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers.jsonl")
    cache.add([("key", Answer("unknown", "z3", 0.1))])
    assert cache.get("key") is None
    assert Cache(tmp_path / "answers.jsonl").get("key") is None


def test_damaged_lines_of_the_cache_are_ignored_and_said(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    Cache(path).add([("a", Answer("sat", "z3", 0.1)), ("b", Answer("unsat", "z3", 0.1))])
    lines = path.read_text().splitlines()
    forged = json.loads(lines[0])
    forged["result"] = "unsat"
    path.write_text("\n".join([json.dumps(forged), lines[1], "{half a li"]))
    cache = Cache(path)
    assert cache.get("a") is None
    assert cache.get("b") is not None
    assert cache.damaged == 2
    assert "2 damaged" in cache.trouble


def test_a_cache_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = Cache(tmp_path / "file" / "answers.jsonl")
    cache.add([("a", Answer("sat", "z3", 0.1))])
    assert "cannot be written" in cache.trouble
    assert cache.get("a") is not None


def test_clearing_the_cache_forgets_everything(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    cache = Cache(path)
    cache.add([("a", Answer("sat", "z3", 0.1))])
    assert cache.clear() == 1
    assert Cache(path).get("a") is None


def test_unsat_cores_name_the_assertions_used() -> None:
    text = "(set-logic UF)(declare-fun p () Bool)(declare-fun q () Bool)(assert q)(assert p)(assert (not p))(check-sat)"
    assert solving.core_of(text) == (1, 2)
    assert solving.core_of(SAT) is None


def test_a_full_disk_costs_the_cache_and_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    cache = Cache(path)
    path.symlink_to("/dev/full")
    answers = dict(ask_all(questions(), cache=cache))  # type: ignore[arg-type]
    assert [answers[number].result for number in (0, 1)] == ["unsat", "sat"]
    assert cache.trouble == f"the cache {path} cannot be written (No space left on device); the answers are not kept."
