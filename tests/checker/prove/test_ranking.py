"""Progress by ranking: what is proved for any size, what each obligation rejects, and that the explorer agrees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from attorn.checker.progress import check_progress
from attorn.checker.prove import verify_pack
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.checker.prove.obligations import inductive_set
from attorn.checker.prove.pack import differences, write_pack
from attorn.checker.prove.progress import ProgressProof, prove_progress
from attorn.checker.report.progress_proof import progress_data, progress_lines
from attorn.checker.verdicts import Evidence
from attorn.model.migration import CLAIM
from attorn.spec.errors import SpecificationError, UnknownName
from attorn.spec.language import (
    Budget,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Relation,
    State,
    Variable,
    action,
    each,
    exists,
    forall,
    helps,
    initial,
    ite,
    leads_to,
    progress,
    rank,
    ranking,
)
from attorn.spec.language.declarations import LeadsTo

ONE = ProofOptions(jobs=1)
SPILLS = Budget("spills", "How often the desk may be upset.")


class Letter(Element):
    """What lies on a desk."""


class Desk(State):
    waits = Relation(Letter, says="the letter waits for an answer")
    awake = Variable(bool)
    spills = Counter(SPILLS)


@initial
def any_letters(s: Desk) -> None:
    s.waits[...] = True
    s.awake = True
    s.spills = SPILLS


@action(fair="weak")
def answer(s: Desk, letter: Letter) -> None:
    """The clerk, if awake, answers a letter."""
    s.require(s.awake, s.waits[letter])
    s.waits[letter] = False


@action(fair="weak")
def wake(s: Desk) -> None:
    """The clerk wakes up."""
    s.require(~s.awake)
    s.awake = True


@action
def spill(s: Desk) -> None:
    """All letters have to be answered again; the clerk, tired of it, falls asleep."""
    s.require(s.spills > 0)
    s.spills = s.spills - 1
    s.waits[...] = True
    s.awake = False


@action
def nap(s: Desk) -> None:
    """The clerk falls asleep, as often as it pleases."""
    s.require(s.awake)
    s.awake = False


@progress
def all_answered(s: Desk) -> LeadsTo:
    """All letters are answered in the end."""
    return leads_to(True, forall(Letter, lambda letter: ~s.waits[letter]))


def open_letters(s: Desk) -> Any:
    return each(Letter, lambda letter: ite(s.waits[letter], 1, 0))


def someone_waits(s: Desk) -> Expr:
    return exists(Letter, lambda letter: s.waits[letter])


@ranking(shows=("all_answered",))
def pile(s: Desk) -> Any:
    """Every spill uses up a budget, every waking is the only one until then, and every answer leaves fewer letters."""
    return rank(someone_waits(s), (s.spills, ite(s.awake, 0, 1), open_letters(s)), (answer, wake))


def desk(*stated: Any, steps: tuple[Any, ...] = (answer, wake, spill)) -> Machine:
    return Machine("desk", Desk, any_letters, steps, (all_answered, *stated))


def ranked(machine: Machine) -> ProgressProof:
    return prove_progress(prove(machine, ONE), ONE)


def failed(machine: Machine) -> set[str]:
    """The kinds and actions of what is not discharged."""
    return {"/".join(each.obligation.name.split("/")[:-1]) for each in ranked(machine).discharges if not each.done}


def explored(machine: Machine) -> Evidence:
    return check_progress(Instance.of(machine, "small", Letter=2, spills=1))[0].evidence


def test_what_a_good_ranking_shows_is_proved_and_the_explorer_agrees() -> None:
    found = ranked(desk(pile))
    assert found.proved
    assert [each.evidence for each in found.properties] == [Evidence.PROVED]
    assert explored(desk(pile)) is Evidence.EXHAUSTED


def test_a_property_without_a_ranking_is_undetermined() -> None:
    found = ranked(desk())
    assert [each.evidence for each in found.properties] == [Evidence.UNDETERMINED]
    assert "no ranking shows all_answered" in " ".join(" ".join(progress_lines(found)).split())


def test_after_an_interrupted_proof_no_ranking_is_asked() -> None:
    found = prove_progress(replace(prove(desk(pile), ONE), inductive=(), stopped="interrupted"), ONE)
    assert not found.discharges
    assert not found.proved
    assert "UNDETERMINED: the rankings of all_answered were not asked" in " ".join(progress_lines(found))


def test_a_step_that_can_be_taken_away_for_ever_is_seen_and_the_explorer_has_the_lasso() -> None:
    """The clerk naps and wakes for ever: no letter's answer stays enabled, so weak fairness demands none of them."""
    napping = desk(pile, steps=(answer, wake, spill, nap))
    assert failed(napping) == {"rank_kept/nap", "rank_stays/nap"}
    assert explored(napping) is Evidence.REFUTED


def test_a_rank_without_the_clerk_is_not_lowered_by_waking() -> None:
    @ranking(shows=("all_answered",))
    def sleepless(s: Desk) -> Any:
        """Waking up leaves as many letters as before."""
        return rank(someone_waits(s), (s.spills, open_letters(s)), (answer, wake))

    assert failed(desk(sleepless)) == {"rank_falls/wake", "rank_stays/wake"}


def test_a_rank_that_does_not_pay_for_a_fault_rises_with_it() -> None:
    @ranking(shows=("all_answered",))
    def unpaid(s: Desk) -> Any:
        """Spilling brings letters back."""
        return rank(someone_waits(s), (ite(s.awake, 0, 1), open_letters(s)), (answer, wake))

    assert failed(desk(unpaid)) == {"rank_kept/spill", "rank_stays/spill"}


def test_a_ranking_that_counts_on_too_few_steps_has_a_state_without_any() -> None:
    @ranking(shows=("all_answered",))
    def never_woken(s: Desk) -> Any:
        """Who sleeps answers nothing."""
        return rank(someone_waits(s), (s.spills, ite(s.awake, 0, 1), open_letters(s)), (answer,))

    assert failed(desk(never_woken)) == {"rank_enabled"}


def test_numbers_below_zero_are_no_rank() -> None:
    @ranking(shows=("all_answered",))
    def bottomless(s: Desk) -> Any:
        """Each letter counts -1 once answered."""
        left = each(Letter, lambda letter: ite(s.waits[letter], 0, -1))
        return rank(someone_waits(s), (s.spills, ite(s.awake, 0, 1), left), (answer, wake))

    assert failed(desk(bottomless)) == {"rank_founded"}


def test_a_ranking_must_cover_the_premise_and_end_with_the_conclusion() -> None:
    @ranking(shows=("all_answered",))
    def while_awake(s: Desk) -> Any:
        """That the clerk is awake with letters to answer does not last, but says nothing of what comes then."""
        return rank(someone_waits(s) & s.awake, (s.spills, open_letters(s)), (answer,))

    assert failed(desk(while_awake)) == {"rank_covers", "rank_leaves/spill"}


def test_a_condition_on_a_help_restricts_where_it_counts() -> None:
    @ranking(shows=("all_answered",))
    def by_day(s: Desk) -> Any:
        """Waking counts while there is something left to spill, which leaves states without help."""
        return rank(
            someone_waits(s), (s.spills, ite(s.awake, 0, 1), open_letters(s)), (answer, helps(wake, s.spills > 0))
        )

    assert failed(desk(by_day)) == {"rank_enabled"}


def test_a_help_that_never_can_happen_is_noticed() -> None:
    @action(fair="weak")
    def dream(s: Desk) -> None:
        """Nobody is awake and asleep."""
        s.require(s.awake, ~s.awake)
        s.awake = True

    @ranking(shows=("all_answered",))
    def idle(s: Desk) -> Any:
        """Counts on dreams as well."""
        return rank(someone_waits(s), (s.spills, ite(s.awake, 0, 1), open_letters(s)), (answer, wake, dream))

    found = ranked(desk(idle, steps=(answer, wake, spill, dream)))
    assert not found.proved
    assert [each.obligation.name for each in found.companions if not each.done] == ["possible_step/dream/idle"]


def test_mistakes_of_authors_are_told() -> None:
    @ranking(shows=("all_answered",))
    def hopeful(s: Desk) -> Any:
        """Counts on what need not happen."""
        return rank(someone_waits(s), (s.spills,), (spill,))

    @ranking(shows=("all_read",))
    def elsewhere(s: Desk) -> Any:
        """Speaks of another property."""
        return rank(someone_waits(s), (s.spills,), (answer,))

    @ranking(shows=("all_answered",))
    def plain(s: Desk) -> Any:
        """Returns a formula."""
        return someone_waits(s)

    with pytest.raises(SpecificationError, match="counts on `spill`, which need never happen"):
        _ = desk(hopeful).rankings
    with pytest.raises(UnknownName, match="no progress property of machine desk is called `all_read`"):
        _ = desk(elsewhere).rankings
    with pytest.raises(SpecificationError, match=r"must return rank\("):
        _ = desk(plain).rankings


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_a_pack_with_rankings_is_verified_by_both_solvers_and_lacks_nothing(solver: str, tmp_path: Any) -> None:
    proof = prove(desk(pile), ONE)
    folder = tmp_path / "pack"
    write_pack(proof, folder, prove_progress(proof, ONE))
    assert verify_pack.verify(folder, solver, 10.0, 1)[1] == []
    assert differences(folder, desk(pile)) == []
    victim = folder / "rank_stays/spill/pile.answer.smt2"
    victim.unlink()
    assert any("rank_stays/spill/pile.answer.smt2: listed, but missing" in line for line in
               verify_pack.verify(folder, solver, 10.0, 1)[1])  # fmt: skip


def test_the_claim_comes_to_its_end_whatever_the_sizes() -> None:
    # That all conjuncts are inductive is shown in test_induction.
    known = tuple(conjunct.name for conjunct in inductive_set(CLAIM))
    found = prove_progress(Proof(CLAIM, ProofOptions(), (), (), (), known, "", 0.0))
    assert found.proved
    assert {each.stated.name: each.evidence.value for each in found.properties} == {
        "eventually_runs_at_destination": "proved",
        "eventually_freed": "proved",
    }
    assert {each["ranking"] for each in progress_data(found)["properties"]} == {
        "way_to_the_destination",
        "way_to_the_exit",
    }
