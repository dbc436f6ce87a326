"""``attorn prove`` in all its ways, on a ring with a token: only who has the token may be inside."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import attorn.checker.prove.induction
import attorn.checker.prove.kinduction
from attorn.checker.prove.bounded import INTERRUPTED

from .running import attorn_, told, write

RING = """
from attorn.spec.language import Element, Instance, Machine, Map, Relation, State
from attorn.spec.language import action, forall, initial, invariant, lemma

class Node(Element):
    '''A node.'''

class Ring(State):
    inside = Relation(Node)
    token = Map(Node, to=bool)

@initial
def start(s, first: Node):
    s.inside[...] = False
    s.token[...] = lambda n: n == first

@action
def enter(s, n: Node):
    '''A node goes inside.'''
    s.require(s.token[n])
    s.inside[n] = True

@action
def leave(s, n: Node):
    '''A node goes outside.'''
    s.require(s.inside[n])
    s.inside[n] = False

@action
def hand(s, n: Node, m: Node):
    '''A node gives the token to another.'''
    s.require(s.token[n], ~s.inside[n], n != m)
    s.token[n] = False
    s.token[m] = True

@invariant
def one_inside(s):
    '''At most one node is inside.'''
    return forall(Node, Node, lambda a, b: (s.inside[a] & s.inside[b]) >> (a == b))

@invariant
def nobody_inside(s):
    '''Nobody ever is inside.'''
    return forall(Node, lambda a: ~s.inside[a])

@lemma
def inside_has_token(s):
    '''Who is inside has the token, which only one can have.'''
    return [
        forall(Node, lambda a: s.inside[a] >> s.token[a]),
        forall(Node, Node, lambda a, b: (s.token[a] & s.token[b]) >> (a == b)),
    ]

@lemma
def outside_or_inside(s):
    '''Of which nothing follows.'''
    return forall(Node, lambda a: s.inside[a] | ~s.inside[a] | s.token[a])

steps = (enter, leave, hand)
proved = Machine("proved", Ring, start, steps, (one_inside, inside_has_token))
idle = Machine("idle", Ring, start, steps, (one_inside, inside_has_token, outside_or_inside))
open_ = Machine("open", Ring, start, steps, (one_inside,))
wrong = Machine("wrong", Ring, start, steps, (nobody_inside,))
instances = [Instance.of(open_, "two", Node=2), Instance.of(wrong, "bad", Node=2)]
"""


@pytest.fixture(autouse=True)
def _ring(_in_an_empty_folder: None) -> None:
    write("ring.py", RING)


# For any size


def test_a_machine_of_the_users_own_is_proved() -> None:
    done = attorn_("prove", "ring.py:proved")
    assert done.exit_code == 0, done.output
    text = told(done)
    assert "proved · specification " in text and "any number of Node" in text
    assert "proved: true in every reachable state and step, whatever the sizes one_inside" in text
    assert "decidable: Node." in text
    assert text.endswith("attorn prove ring.py:proved --pack DIR (evidence for others)")


def test_what_is_true_but_not_inductive_is_no_bug() -> None:
    """Two nodes with a token each: no run gets there, which only a lemma tells the solver."""
    done = attorn_("prove", "ring.py:open")
    assert done.exit_code == 2
    text = told(done)
    assert "one_inside: a step breaks this property, NOT NECESSARILY REACHABLE 2 Node" in text
    assert re.search(r"step enter\(node\d\) inside\[node\d\] no → yes", text)
    assert "a lemma is missing that excludes this state" in text
    assert "REFUTED" not in text
    assert text.endswith("next attorn prove ring.py:open --find-lemmas")


def test_what_is_false_is_refuted() -> None:
    done = attorn_("prove", "ring.py:wrong")
    assert done.exit_code == 1
    assert "nobody_inside is REFUTED: a step breaks this property" in told(done)
    assert re.search(r"REFUTED: a run violates it, shown below\n    nobody_inside", done.stdout)
    assert "which is not yet a violation" not in done.stdout
    assert told(done).endswith("next attorn check ring.py:wrong")
    data = json.loads(attorn_("prove", "ring.py:wrong", "--format", "json").stdout)
    assert [each["evidence"] for each in data["properties"]] == ["refuted"]
    assert data["failing"][0]["refuted"] is True


def test_a_clause_outside_the_decidable_fragment_is_named() -> None:
    cycle = RING.replace(
        "forall(Node, lambda a: s.inside[a] >> s.token[a]),",
        "forall(Node, lambda a: s.inside[a] >> s.token[a]),\n"
        "        forall(Node, lambda a: exists(Node, lambda b: s.token[b] | ~s.inside[a])),",
    ).replace("import action,", "import action, exists,")
    done = attorn_("prove", write("cycle.py", cycle) + ":proved")
    assert "not decidable in general" in told(done)
    assert "Node → Node: ∀a ... ∃b" in told(done)


def test_a_time_out_proves_nothing() -> None:
    done = attorn_("prove", "claim", "--timeout", "0.001", "--no-cache", "--jobs", "1")
    assert done.exit_code == 2
    assert "UNDETERMINED" in done.stdout
    assert "FAILED" not in done.stdout


def test_a_guard_that_no_state_fits_is_told_as_failed() -> None:
    write("never.py", RING.replace("s.require(s.inside[n])", "s.require(s.inside[n], ~s.inside[n])"))
    done = attorn_("prove", "never.py:proved")
    assert done.exit_code == 2
    assert "FAILED companion possible_step/leave: unsat" in told(done)


def test_an_interrupt_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(attorn.checker.prove.induction, "ask_all", interrupted)
    done = attorn_("prove", "ring.py:proved")
    assert done.exit_code == 2
    assert "UNDETERMINED: interrupted" in told(done)
    assert "FAILED" not in told(done)
    assert told(done).endswith("next attorn prove ring.py:proved (goes on: answers are kept)")


def test_a_pack_is_verified_and_noticed_when_it_is_of_another_machine() -> None:
    done = attorn_("prove", "ring.py:proved", "--pack", "proof")
    assert done.exit_code == 0
    assert "attorn verify proof --machine ring.py:proved --solver cvc5" in told(done)
    again = attorn_("verify", "proof", "--machine", "ring.py:proved", "--jobs", "1")
    assert again.exit_code == 0, again.output
    assert "every obligation is the one that the specification of `proved` here gives" in told(again)
    other = attorn_("verify", "proof", "--machine", "ring.py:open", "--jobs", "1")
    assert other.exit_code == 1
    assert "NOT THIS SPECIFICATION" in told(other)
    assert "only the files were checked" in told(attorn_("verify", "proof", "--jobs", "1"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_solver_that_is_absent_is_named_and_nothing_is_proved(jobs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attorn_("prove", "ring.py:proved", "--pack", "proof")
    monkeypatch.setitem(sys.modules, "cvc5", None)
    for command in ("prove ring.py:proved", "verify proof --machine ring.py:proved"):
        done = attorn_(*command.split(), "--solver", "cvc5", "--jobs", jobs)
        assert done.exit_code == 3
        assert "cvc5 is not installed" in done.stderr
        assert "pip install" in done.stderr
        assert "proved" not in done.stdout and "verified" not in done.stdout


def test_a_cache_that_cannot_be_kept_is_told_and_the_proof_stands() -> None:
    write("cache", "a file where the folder should be")
    done = attorn_("prove", "ring.py:proved", "--jobs", "1")
    assert done.exit_code == 0
    assert "cannot be written (" in done.stderr


# What a proof needs, and what it lacks


def test_lemmas_that_are_not_needed_are_named() -> None:
    done = attorn_("prove", "ring.py:idle", "--minimize")
    assert done.exit_code == 0
    text = told(done)
    assert "1 of 2 lemmas suffice" in text
    assert "not needed outside_or_inside" in text
    assert "outside_or_inside.0 whatever the state" in text  # inside or not inside
    assert re.search(r"what rests on what one_inside +inside_has_token", text)
    undone = attorn_("prove", "ring.py:open", "--minimize")
    assert undone.exit_code == 2
    assert "UNDETERMINED: the proof fails with all lemmas, at 1 obligation step/enter/one_inside.0" in told(undone)


def test_lemmas_are_found_and_can_be_pasted() -> None:
    done = attorn_("prove", "ring.py:open", "--find-lemmas")
    assert done.exit_code == 0, done.output
    source = re.search(r"( *@lemma.*?)\n\nnext", done.stdout, re.DOTALL)
    assert source
    names = re.findall(r"def (found_\d+)", source[1])
    pasted = "\n".join(line[4:] for line in source[1].splitlines())
    machine = f"\nfrom attorn.spec.language import Expr\n{pasted}\n"
    machine += f"machine = Machine('found', Ring, start, steps, (one_inside, {', '.join(names)}))\n"
    assert attorn_("prove", write("found.py", RING + machine)).exit_code == 0


def test_no_lemma_helps_what_is_false() -> None:
    done = attorn_("prove", "ring.py:wrong", "--find-lemmas")
    assert done.exit_code == 2
    assert "NOT FOUND: nobody_inside is false in one of the" in told(done)


# One instance


def test_all_short_runs_are_checked() -> None:
    done = attorn_("prove", "--bounded", "4", "--instance", "ring.py:two")
    assert done.exit_code == 0
    assert "bounded(4): no run of up to 4 steps violates it one_inside" in told(done)
    data = json.loads(attorn_("prove", "--bounded", "4", "--instance", "ring.py:two", "--format", "json").stdout)
    assert {each["name"]: (each["evidence"], each["mark"]) for each in data["properties"]} == {
        "one_inside": ("bounded", "bounded(4)"),
        "no_deadlock": ("bounded", "bounded(4)"),
    }


def test_a_short_violation_is_shown_exactly_as_the_explorer_shows_it() -> None:
    done = attorn_("prove", "--bounded", "4", "--instance", "ring.py:bad")
    assert done.exit_code == 1
    shown = done.stdout[done.stdout.index("nobody_inside is REFUTED on bad in 1 step") :]
    explained = attorn_("explain", "ring.py:bad/nobody_inside").stdout
    # Which node has the token and goes inside is the choice of whoever finds it.
    either = [re.sub(r"node\d", "a node", text.replace("no · ", "yes · ")) for text in (shown, explained)]
    either = [re.sub(r"(a node: )\w+ · (a node: )\w+", r"one of two", text) for text in either]
    assert either[0].startswith(either[1].rstrip())


def test_k_induction_holds_for_runs_of_any_length() -> None:
    """With the lemma all is shown by single steps; without it more than two steps are needed."""
    sizes = ("--size", "Node=2")
    done = attorn_("prove", "ring.py:proved", "--k-induction", "1", *sizes)
    assert done.exit_code == 0
    assert "exhausted: no run of any length violates it, of this instance one_inside" in told(done)
    undone = attorn_("prove", "ring.py:open", "--k-induction", "1", *sizes)
    assert undone.exit_code == 2
    assert "UNDETERMINED: k-induction up to k = 1 does not show it" in told(undone)


def test_an_interrupt_leaves_an_instance_undetermined(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object, **named: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(attorn.checker.prove.kinduction._Induction, "deepen", interrupted)
    done = attorn_("prove", "ring.py:proved", "--k-induction", "2", "--size", "Node=2")
    assert done.exit_code == 2
    assert f"UNDETERMINED: {INTERRUPTED}" in told(done)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("prove clam", "no machine is called `clam`. Did you mean `claim`?"),
        ("prove missing.py", "there is no file missing.py"),
        ("prove ring.py", "ring.py defines several machines"),
        ("prove claim --bounded 0", "must be at least 1, got 0"),
        ("prove claim --bounded 2 --minimize", "--minimize and --bounded are different things to do"),
        ("prove claim --vms 2", "a proof is for any size"),
        ("prove claim --instance claim-tiny", "a proof is for any size"),
        ("prove claim --find-lemmas --solver cvc5", "--find-lemmas asks z3"),
        ("prove claim --timeout 0", "0"),
        ("prove --bounded 2 --instance claim-tin", "no instance is called `claim-tin`"),
    ],
)
def test_bad_input_gets_a_clear_message(arguments: str, message: str) -> None:
    done = attorn_(*arguments.split())
    assert done.exit_code == 3, done.output
    assert message in done.stderr
    assert done.stdout == ""
    assert not Path("reports").exists()
