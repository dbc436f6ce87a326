"""Simulation: the same runs for a seed, drawn fairly; violations confirmed and short; nothing ever said to hold."""

from __future__ import annotations

import pytest

from attorn.checker.conform.shorter_runs import shorter
from attorn.checker.conform.simulation import simulate
from attorn.checker.explore import explore, graph
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Evidence, Move, Path
from attorn.spec.errors import BadInput, OutOfRange, UnknownName
from attorn.spec.language import (
    Concrete,
    Counter,
    Element,
    Instance,
    Machine,
    Relation,
    State,
    action,
    goal,
    initial,
    invariant,
    then,
)
from tests.machines.known import BROKEN, KNOWN


@pytest.mark.parametrize("name", KNOWN)
def test_runs_of_known_machines_stay_within_their_graphs(name: str) -> None:
    known = KNOWN[name].instance
    found = simulate(known, seed=3, runs=200, depth=20)
    everything = graph(known)
    assert found.states <= len(everything)
    assert found.taken <= len({label for _, _, label in everything.edges(keys=True)})
    possible = {about["action"] for _, _, about in everything.edges(data=True)}
    assert {name for name, times in found.fired.items() if times} <= possible
    exhausted = explore(known)
    refuted = {each.name for each in exhausted.verdicts if each.evidence is Evidence.REFUTED}
    assert {each.name for each in found.verdicts if each.path is not None} <= refuted
    assert {each.evidence for each in found.verdicts} <= {Evidence.OBSERVED, Evidence.REFUTED}


@pytest.mark.parametrize("name", BROKEN)
def test_violations_of_broken_machines_are_found_and_no_shorter_than_the_shortest(name: str) -> None:
    broken = BROKEN[name].instance
    exhausted = {each.name: each.path for each in explore(broken).verdicts if each.path is not None}
    found = {each.name: each.path for each in simulate(broken, runs=500, depth=40).verdicts if each.path is not None}
    assert found.keys() & exhausted.keys()
    for name, path in found.items():
        assert path is not None
        shortest = exhausted[name]
        assert shortest is not None
        assert len(shortest) <= len(path) <= 3 * len(shortest) + 2


def test_a_small_machine_is_covered_whole() -> None:
    # Runs of 40 steps come everywhere in so small a graph.
    peterson = KNOWN["peterson"].instance
    found = simulate(peterson, runs=2000, depth=40)
    assert found.states == len(graph(peterson))


def test_a_seed_decides_everything() -> None:
    library = BROKEN["library"].instance
    one, same, other = (simulate(library, seed=seed, runs=100, depth=30) for seed in (5, 5, 6))
    assert (one.states, one.steps, one.fired) == (same.states, same.steps, same.fired)
    assert [each.path for each in one.verdicts] == [each.path for each in same.verdicts]
    assert one.fired != other.fired


class Door(Element):
    """A door."""


class House(State):
    """A house."""

    rings = Counter(1, says="whether somebody rang")
    knocks = Counter(99, says="how often somebody knocked")
    knocked = Relation(Door, says="where somebody knocked")


@initial
def quiet(s: House) -> None:
    s.rings = 0
    s.knocks = 0
    s.knocked[...] = False


@action
def ring(s: House) -> None:
    """Somebody rings."""
    s.rings = 1


@action
def knock(s: House, door: Door) -> None:
    """Somebody knocks at a door."""
    s.require(s.knocks < 99)
    s.knocks = s.knocks + 1
    s.knocked[door] = True


@invariant
def rarely_knocked(s: House) -> object:
    """Nobody knocks forty times."""
    return s.knocks < 40


@goal
def rang_before_knocking(s: House) -> object:
    """Somebody rings and later there were two knocks."""
    return then(s.rings == 1, s.knocks == 2)


house = Instance.of(Machine("house", House, quiet, (ring, knock), (rarely_knocked, rang_before_knocking)), Door=9)


def test_actions_are_drawn_evenly_however_many_arguments_they_have() -> None:
    found = simulate(house, runs=1000, depth=50, properties=("no_deadlock",))
    share = found.fired["ring"] / found.steps
    assert abs(share - 1 / 2) < 0.01  # 50,000 draws: the standard deviation is 0.0022


def test_a_deep_violation_is_shortened_to_what_its_end_needs() -> None:
    found = simulate(house, runs=100, depth=100)
    verdict = next(each for each in found.verdicts if each.name == "rarely_knocked")
    assert verdict.path is not None
    assert len(verdict.path) == 40
    assert {move.step.action.name for move in verdict.path.moves} == {"knock"}
    (reached,) = found.goals
    assert reached.path is not None
    assert [move.step.action.name for move in reached.path.moves] in (
        ["ring", "knock", "knock"],
        ["knock", "ring", "knock"],
    )


def test_a_step_that_leaves_its_range_is_told_as_such() -> None:
    @action
    def overflow(s: House) -> None:
        """Too much."""
        s.rings = s.rings + 1

    broken = Machine("loud", House, quiet, (overflow,), (rarely_knocked,))
    with pytest.raises(OutOfRange, match=r"overflow\(\) sets rings to 2"):
        simulate(Instance.of(broken, Door=1))


def test_unknown_properties_and_empty_simulations_are_refused() -> None:
    with pytest.raises(UnknownName, match="has no property `loud`"):
        simulate(house, properties=("loud",))
    with pytest.raises(BadInput, match="runs must be at least 1"):
        simulate(house, runs=0)


def test_a_run_is_shortened_only_to_runs_that_end_alike() -> None:
    concrete = Concrete(house)
    rechecker = Rechecker(house)
    (rung,) = [step for step in concrete.steps if step.action.name == "ring"]
    knocked = next(step for step in concrete.steps if step.action.name == "knock")
    state, moves = concrete.initial_states()[0], []
    start = state
    for step in [rung, knocked] * 41:
        state = concrete.apply(state, step)
        moves.append(Move(step, state))
    stated = house.machine.property("rarely_knocked")
    short = shorter(concrete, Path(start, tuple(moves)), lambda run: rechecker.violates(run, stated))
    rechecker.path(short, "the shortened run")
    assert len(short) == 40
