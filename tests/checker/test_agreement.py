"""The explorer and the oracle agree on random machines; where they do not, every kind of difference is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from attorn.checker import oracle
from attorn.checker.agreement import agree, differences
from attorn.checker.explore import Options, explore
from attorn.checker.verdicts import Evidence, Exploration, Path, SilentClause, Verdict
from attorn.spec.errors import DoubleWrite, OutOfRange, UnknownName
from attorn.spec.language import (
    Counter,
    Element,
    Instance,
    Machine,
    Relation,
    State,
    action,
    initial,
    render,
    render_write,
)
from tests.machines.known import BROKEN, KNOWN
from tests.machines.random_machines import instances, wide_instances

MOST = 300


def described(instance: Instance) -> str:
    """A drawn machine, to be read when engines disagree on it."""
    lines = [instance.shape()]
    lines += [f"{cell.name}: {cell.size}" for cell in instance.cells]
    start = instance.machine.initial
    steps = [("initial", start.parameters, start.clauses, start.writes)]
    steps += [(each.name, each.parameters, each.clauses, each.writes) for each in instance.machine.actions]
    for name, parameters, clauses, writes in steps:
        names = {each.variable.payload: each.name for each in parameters}
        lines.append(f"{name}({', '.join(names.values())})")
        lines += [f"  require {render(clause.formula, names)}" for clause in clauses]
        lines += [f"  {render_write(write, names)}" for write in writes]
    lines += [f"{stated.name}: {render(stated.formula)}" for stated in instance.machine.properties]
    lines += [f"{goal.name}: {[render(stage) for stage in goal.stages]}" for goal in instance.machine.goals]
    return "\n".join(lines)


def engines_agree(instance: Instance, threads: int) -> None:
    note(described(instance))
    expected = oracle.explore(instance, max_states=MOST)
    assume(expected.finished)
    assert differences(explore(instance, Options(threads=threads)), expected) == ()


SETTINGS = settings(deadline=None, derandomize=True, database=None)


@settings(SETTINGS, max_examples=300)
@given(instance=instances(), threads=st.sampled_from((1, 2)))
def test_engines_agree_on_random_machines(instance: Instance, threads: int) -> None:
    engines_agree(instance, threads)


@settings(SETTINGS, max_examples=40)
@given(instance=wide_instances(), threads=st.sampled_from((1, 2)))
def test_engines_agree_on_machines_of_several_words(instance: Instance, threads: int) -> None:
    engines_agree(instance, threads)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(SETTINGS, max_examples=4000)
@given(instance=st.one_of(instances(), instances(), instances(), wide_instances()), threads=st.sampled_from((1, 2)))
def test_engines_agree_on_thousands_of_random_machines(instance: Instance, threads: int) -> None:
    engines_agree(instance, threads)


# What differs is told.


def accounts(name: str = "caches", broken: bool = True) -> tuple[Exploration, Exploration]:
    instance = (BROKEN if broken else KNOWN)[name].instance
    return explore(instance, Options(threads=1)), oracle.explore(instance)


@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
@pytest.mark.parametrize("name", KNOWN)
def test_engines_agree_on_machines_of_known_answers(name: str, broken: bool) -> None:
    assert differences(*accounts(name, broken)) == ()


def with_verdict(found: Exploration, name: str, change: Callable[[Verdict], Verdict]) -> Exploration:
    return replace(found, verdicts=tuple(change(each) if each.name == name else each for each in found.verdicts))


def shortened(path: Path | None) -> Path:
    assert path is not None
    return Path(path.start, path.moves[:-1])


def detour(path: Path | None) -> Path:
    """The same run with its first state twice, by a step that does not lead there."""
    assert path is not None
    return Path(path.start, (replace(path.moves[0], state=path.start), *path.moves))


WRONG: dict[str, tuple[Callable[[Exploration], Exploration], str]] = {
    "a state less": (lambda e: replace(e, levels=(*e.levels[:-1], e.levels[-1] - 1)), "states by level"),
    "a state at another depth": (lambda e: replace(e, levels=(*e.levels[:-1], 0, e.levels[-1])), "states by level"),
    "a transition more": (lambda e: replace(e, transitions=e.transitions + 1), "transitions: "),
    "a transition of another action": (
        lambda e: replace(e, fired={**e.fired, "load": e.fired["load"] - 1}),
        "transitions by load",
    ),
    "an action left out": (
        lambda e: replace(e, fired={name: times for name, times in e.fired.items() if name != "drop"}),
        "transitions by drop: explorer says",
    ),
    "a verdict turned to a pass": (
        lambda e: with_verdict(
            e, "copies_are_fresh", lambda v: replace(v, evidence=Evidence.EXHAUSTED, path=None, failure=None)
        ),
        "copies_are_fresh: explorer says refuted in 3 steps, wrong says exhausted",
    ),
    "a verdict left out": (
        lambda e: replace(e, verdicts=e.verdicts[1:]),
        "one_writer: explorer says exhausted, wrong says nothing",
    ),
    "a refutation without a run": (
        lambda e: with_verdict(e, "copies_are_fresh", lambda v: replace(v, path=None)),
        "wrong shows a false run: copies_are_fresh on forgetful: refuted without a run",
    ),
    "a run that is too short": (
        lambda e: with_verdict(e, "copies_are_fresh", lambda v: replace(v, path=shortened(v.path))),
        "wrong shows a false run: copies_are_fresh on forgetful: the last state of the run does not violate it",
    ),
    "a run that is too long": (
        lambda e: with_verdict(e, "copies_are_fresh", lambda v: replace(v, path=detour(v.path))),
        "wrong shows a false run: copies_are_fresh on forgetful: step 1, ",
    ),
    "a run from elsewhere": (
        lambda e: with_verdict(e, "copies_are_fresh", lambda v: replace(v, path=Path((1,) * 7))),
        "wrong shows a false run: copies_are_fresh on forgetful: the run does not start in an initial state",
    ),
    "a silent clause more": (
        lambda e: replace(
            e,
            silent=(SilentClause("load", 0, e.instance.machine.action("load").clauses[0], "copy[cache] = INVALID"),),
        ),
        "load: copy[cache] = INVALID: explorer says nothing, wrong says that it never decides",
    ),
    "an unfinished search": (
        lambda e: replace(e, finished=False, stopped="the limit of 5 states"),
        "wrong did not finish (the limit of 5 states), so agreement is not known",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_an_engine_that_is_wrong_is_found_out(fault: str) -> None:
    change, message = WRONG[fault]
    right, other = accounts()
    found = differences(right, replace(change(other), engine="wrong"))
    assert any(difference.startswith(message) for difference in found), found


def test_a_goal_reached_by_one_engine_alone_is_a_difference() -> None:
    right, other = accounts("jugs", broken=False)
    missed = replace(
        other, engine="wrong", goals=tuple(replace(each, reached=False, path=None) for each in other.goals)
    )
    assert differences(right, missed) == ("goal four: explorer says reached in 6 steps, wrong says out of reach",)


def test_a_goal_shown_by_a_run_that_misses_it_is_a_difference() -> None:
    right, other = accounts("jugs", broken=False)
    wrong = replace(
        other, engine="wrong", goals=tuple(replace(each, path=shortened(each.path)) for each in other.goals)
    )
    assert any("false run: four on" in each and "does not reach it" in each for each in differences(right, wrong))


# Both engines at once.


def test_agreement_is_complete_when_both_engines_say_the_same() -> None:
    found = agree(BROKEN["library"].instance)
    assert found.complete
    assert (found.explorer.engine, found.oracle.engine) == ("explorer", "oracle")


def test_agreement_is_not_complete_when_a_limit_is_met() -> None:
    found = agree(KNOWN["library"].instance, max_states=10)
    assert not found.complete
    assert {each.partition(" ")[0] for each in found.differences} >= {"explorer", "oracle"}


def test_agreement_can_be_asked_for_some_properties() -> None:
    found = agree(BROKEN["caches"].instance, ["copies_are_fresh"], goals=False)
    assert found.complete
    assert [verdict.name for verdict in found.oracle.verdicts] == ["copies_are_fresh"]


def test_both_engines_refuse_an_unknown_property() -> None:
    with pytest.raises(UnknownName, match="no property `x`"):
        agree(KNOWN["caches"].instance, ["x"])


class Place(Element):
    """A place."""


class Shelf(State):
    """Places, and how many are taken."""

    full = Relation(Place)
    taken = Counter(2)


@initial
def bare(s: Shelf) -> None:
    s.full[...] = False
    s.taken = 0


@action
def overfill(s: Shelf, place: Place) -> None:
    """Take a place, and one too many."""
    s.full[place] = True
    s.taken = s.taken + 1


@action
def retake(s: Shelf, place: Place, other: Place) -> None:
    """Take two places, which may be the same."""
    s.full[place] = True
    s.full[other] = False


@pytest.mark.parametrize(("step", "error"), [(overfill, OutOfRange), (retake, DoubleWrite)])
@pytest.mark.parametrize("engine", [oracle.explore, explore])
def test_both_engines_refuse_a_step_that_is_ill_defined(
    engine: Callable[[Instance], Exploration], step: object, error: type[Exception]
) -> None:
    instance = Instance.of(Machine("shelf", Shelf, bare, (step,)), Place=2)  # type: ignore[arg-type]
    with pytest.raises(error, match=r"test_agreement\.py:\d+: "):
        engine(instance)
