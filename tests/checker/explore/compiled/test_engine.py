"""The compiled engine finds what arrays find, state by state and run by run; and where it cannot be had, arrays do."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from attorn.checker.explore import Options, explore, search
from attorn.checker.explore.compiled import algebra, kernel, log, rounds, updates
from attorn.checker.explore.compiled.engine import Compiled
from attorn.checker.explore.compiled.log import Log
from attorn.checker.explore.compiled.planes import Planes
from attorn.checker.explore.compiled.table import Table
from attorn.checker.explore.prepared import Prepared
from attorn.checker.verdicts import Evidence, Exploration
from attorn.commands.targets import resolve_one
from attorn.model.instances import instance
from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange
from attorn.spec.language import (
    ANY,
    Counter,
    Element,
    Instance,
    Machine,
    Map,
    Relation,
    State,
    action,
    count,
    exists,
    forall,
    goal,
    initial,
    invariant,
    two_state,
)
from tests.checker.test_agreement import described
from tests.checker.test_seeded_defects import DEFECTS, sized
from tests.machines.known import BROKEN, KNOWN
from tests.machines.random_machines import instances, wide_instances

SETTINGS = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def told(found: Exploration) -> dict[str, Any]:
    """All that two engines must agree on."""
    return {
        each.name: getattr(found, each.name)
        for each in dataclasses.fields(found)
        if each.compare and each.name != "instance"
    }


def outcome(asked: Instance, **options: Any) -> dict[str, Any] | str:
    """What is found, or what is said of a machine that is not well defined."""
    try:
        return told(explore(asked, Options(**options)))
    except (DoubleWrite, OutOfRange) as error:
        return f"{type(error).__name__}: {error}"


def agree(asked: Instance, **options: Any) -> None:
    assert outcome(asked, engine="compiled", **options) == outcome(asked, engine="arrays", **options)


@pytest.fixture(autouse=True)
def compiled_without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LEVEL", 0)


@pytest.mark.parametrize("name", ["claim-tiny", "claim-small"])
def test_engines_agree_on_named_instances(name: str) -> None:
    agree(instance(name))


def test_engines_agree_where_programs_are_optimised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LEVEL", 2)
    agree(instance("claim-partitions"))
    agree(instance("memfd"))


@pytest.mark.parametrize("name", DEFECTS)
def test_engines_agree_on_seeded_defects(name: str) -> None:
    agree(sized(DEFECTS[name].machine, DEFECTS[name].sizes))


@pytest.mark.parametrize("name", KNOWN)
def test_engines_agree_on_machines_of_known_answers(name: str) -> None:
    agree(KNOWN[name].instance)
    agree(BROKEN[name].instance)


def engines_agree(drawn: Instance, threads: int) -> None:
    note(described(drawn))
    agree(drawn, threads=threads, max_states=3000)


@settings(SETTINGS, max_examples=25)
@given(drawn=st.one_of(instances(), instances(), wide_instances()), threads=st.sampled_from((1, 2)))
def test_engines_agree_on_random_machines(drawn: Instance, threads: int) -> None:
    engines_agree(drawn, threads)


@settings(SETTINGS, max_examples=8)
@given(drawn=st.one_of(instances(), wide_instances()))
def test_engines_agree_where_nothing_is_written_out(drawn: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "UNROLLED", 1)
    engines_agree(drawn, 1)


@settings(SETTINGS, max_examples=8)
@given(drawn=instances())
def test_engines_agree_where_nothing_is_a_lane(drawn: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "LANES", 1)
    engines_agree(drawn, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["claim", "firmware", "live-update", "firmware-two"])
def test_engines_agree_on_larger_instances(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LEVEL", 2)
    agree(instance(name))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(SETTINGS, max_examples=2000)
@given(drawn=st.one_of(instances(), instances(), wide_instances()), threads=st.sampled_from((1, 2)))
def test_engines_agree_on_thousands_of_random_machines(drawn: Instance, threads: int) -> None:
    engines_agree(drawn, threads)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("room", [1, 100])
def test_rounds_and_threads_make_no_difference(room: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROOM", room)
    monkeypatch.setattr(rounds, "ALONE", 10)
    monkeypatch.setattr(log, "CHUNK", 7)
    agree(instance("claim-tiny" if room == 1 else "claim-small"), threads=threads)


def test_the_log_is_the_same_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROOM", 100)
    monkeypatch.setattr(rounds, "ALONE", 10)
    prepared = Prepared.of(instance("claim-small"))
    logs = []
    for threads in (1, 2, 5):
        compiled = Compiled(prepared, None, {}, [prepared.initial], threads, None)
        while compiled.count:
            compiled.advance()
        assert isinstance(compiled.visited, Log)
        logs.append(compiled.visited.table.log.copy())
    assert len(logs[0]) == 1564
    assert all(np.array_equal(logs[0], other) for other in logs)


def test_machine_code_takes_over_where_the_level_pays_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COMPILE", 500)
    found = explore(instance("memfd"))
    assert found.by == "machine code from depth 9"
    assert explore(instance("memfd"), Options(memory=1 << 30)).by == "arrays"
    assert explore(instance("memfd"), Options(engine="arrays")).by == "arrays"
    assert explore(instance("claim-tiny")).by == "arrays"


def test_without_llvmlite_arrays_do_it_all_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("attorn.checker.explore.compiled.")]:
        if name.rpartition(".")[2] in ("engine", "kernel", "machine_code", "slots", "table"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setattr(search, "COMPILE", 500)
    found = explore(instance("memfd"))
    assert found.by.startswith("arrays: llvmlite, which makes machine code, cannot be imported")
    with pytest.raises(BadInput, match="llvmlite, which makes machine code, cannot be imported"):
        explore(instance("memfd"), Options(engine="compiled"))


@pytest.mark.parametrize("given", [{"cluster": "auto"}, {"device": "cuda"}, {"engine": "steam"}])
def test_what_the_compiled_engine_cannot_do_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="compiled"):
        Options(**{"engine": "compiled", **given})


def test_a_program_that_cannot_be_compiled_is_left_to_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("no such target\nand more")

    monkeypatch.setattr(kernel, "MachineCode", broken)
    monkeypatch.setattr(search, "COMPILE", 1)
    assert explore(instance("claim-tiny")).by == "arrays: llvmlite makes no machine code here (no such target)."
    with pytest.raises(BadInput, match="no such target"):
        explore(instance("claim-tiny"), Options(engine="compiled"))


def test_an_update_of_too_many_cells_one_by_one_is_left_to_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "WRITTEN_OUT", 2)
    monkeypatch.setattr(search, "COMPILE", 1)
    assert explore(instance("claim-tiny")).by.startswith("arrays: an update writes 3 cells one by one")


def test_budgets_and_interrupts_end_both_engines_alike() -> None:
    def interrupt(progress: Any) -> None:
        if progress.depth == 5:
            raise KeyboardInterrupt

    agree(instance("claim-small"), max_states=500)
    stopped = {
        each: explore(instance("claim-small"), Options(engine=each), interrupt) for each in ("arrays", "compiled")
    }
    assert stopped["compiled"].stopped == "interrupted at depth 5"
    assert told(stopped["compiled"]) == told(stopped["arrays"])


def test_a_memory_budget_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROOM", 1 << 12)
    found = explore(instance("firmware"), Options(engine="compiled", memory=3_000_000, threads=1))
    assert found.stopped.startswith("memory")
    assert 0 < found.states < 188_420
    assert found.verdict("at_most_one_runner").evidence is Evidence.UNDETERMINED
    with pytest.raises(BadInput, match="bytes or more, and may take 1,000"):
        explore(instance("claim-tiny"), Options(engine="compiled", memory=1000))


def test_planes_tell_all_states_apart() -> None:
    for name in ("claim-tiny", "firmware", "memfd"):
        asked = instance(name)
        sizes = np.array([cell.size for cell in asked.cells])
        states = np.random.default_rng(1).integers(0, sizes, (1000, len(sizes)))
        assert len(np.unique(Planes(asked).pack(states), axis=0)) == len(np.unique(states, axis=0))


@pytest.mark.parametrize("name", ["claim-tiny", "firmware", "memfd", "H44"])
def test_states_are_the_same_after_they_lay_in_planes(name: str) -> None:
    prepared = Prepared.of(resolve_one(name, {}).instance)
    searched = search.Search(prepared, {}, Options(engine="arrays"))
    searched.run()
    planes = Planes(prepared.meaning.instance)
    kept = Log(Table(planes.words, None), planes, prepared.layout)
    for depth in range(len(searched.levels)):
        rows = searched.visited.level(depth)
        placed = kept.placed(rows)
        assert np.array_equal(placed, planes.pack(prepared.layout.unpack(rows)))
        assert all(np.array_equal(one, other) for one, other in zip(kept.packed(placed), rows, strict=True))


class Lamp(Element):
    """Something that is on or off."""


class Lamps(State):
    on = Relation(Lamp)


@initial
def dark(s: Lamps) -> None:
    s.on[...] = False


@action
def switch(s: Lamps, lamp: Lamp) -> None:
    """Turn a lamp on."""
    s.require(~s.on[lamp])
    s.on[lamp] = True


@action
def fuse(s: Lamps, lamp: Lamp) -> None:
    """All other lamps change where one is on alone."""
    s.require(s.on[lamp], count(Lamp, lambda other: s.on[other]) == 1)
    s.on[lambda other: other != lamp] = True


@invariant
def never_one_dark(s: Lamps) -> object:
    """Not all lamps are on, nor all but one."""
    return exists(Lamp, lambda a: ~s.on[a] & ~forall(Lamp, lambda b: s.on[b] | (a == b)))


LAMPS = Machine("lamps", Lamps, dark, (switch, fuse), (never_one_dark,))


@pytest.mark.parametrize("lamps", [1, 63, 64])
def test_words_may_be_full(lamps: int) -> None:
    asked = Instance.of(LAMPS, Lamp=lamps)
    found = explore(asked, Options(engine="compiled", max_states=5 + lamps**2))
    assert found.levels[:2] == (1, lamps)
    assert found.verdict("never_one_dark").evidence is Evidence.REFUTED
    agree(asked, max_states=5 + lamps**2)


class Seat(Element):
    """One of many places."""


class Guest(Element):
    """Somebody who sits."""


class Hall(State):
    at = Map(Guest, to=Seat)
    taken = Relation(Seat)
    moves = Counter(2)


@initial
def together(s: Hall) -> None:
    s.at[...] = ANY
    s.taken[...] = lambda seat: exists(Guest, lambda guest: s.at[guest] == seat)
    s.moves = 0
    s.require(forall(Guest, Guest, lambda a, b: s.at[a] == s.at[b]))


@action
def move(s: Hall, guest: Guest, seat: Seat) -> None:
    """A guest takes a free seat."""
    s.require(~s.taken[seat])
    s.moves = s.moves + 1
    s.taken[lambda other: other == s.at[guest]] = exists(
        Guest, lambda other: (other != guest) & (s.at[other] == s.at[guest])
    )
    s.taken[seat] = True
    s.at[guest] = seat


@action
def stay(s: Hall) -> None:
    """Nobody moves."""
    s.require(s.moves < 2)
    s.moves = s.moves + 1


@invariant
def as_many_seats_as_guests_at_most(s: Hall) -> object:
    """No seat is taken without a guest."""
    return count(Seat, lambda seat: s.taken[seat]) < 3


@two_state
def never_without_a_move(before: Hall, after: Hall) -> object:
    """Every step counts."""
    return before.moves < after.moves


@goal
def apart(s: Hall) -> object:
    """Guests sit apart."""
    return exists(Guest, Guest, lambda a, b: s.at[a] != s.at[b])


HALL = Machine("hall", Hall, together, (move, stay), (as_many_seats_as_guests_at_most, never_without_a_move, apart))


def test_sorts_too_large_for_a_mask_are_looped_over() -> None:
    asked = Instance.of(HALL, Guest=2, Seat=65)
    assert outcome(asked, engine="compiled") == outcome(asked, engine="arrays")
    assert str(outcome(asked, engine="compiled")).startswith("OutOfRange")
    small = Instance.of(HALL.variant("idle", remove=["move"]), Guest=2, Seat=65)
    found = explore(small, Options(engine="compiled"))
    assert found.levels == (65, 65, 65)
    agree(small)
