"""Symmetry in machine code: the same states stand for others as by arrays, and searches come to the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from attorn.checker.explore import Options, explore, search, symmetry
from attorn.checker.explore.compiled import canonical, kernel, rounds
from attorn.checker.explore.compiled.canonical import Canonical
from attorn.checker.explore.compiled.planes import Planes
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.checker.explore.symmetry import Symmetry
from attorn.model.instances import instance
from attorn.model.migration import CLAIM
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance
from tests.checker.explore.compiled.test_engine import agree, outcome
from tests.checker.test_agreement import described
from tests.machines.known import BROKEN, KNOWN
from tests.machines.random_machines import instances, wide_instances

SETTINGS = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
THREE = Instance.of(CLAIM, "three", VM=3, Segment=2, Partition=2, Word=2, Address=2)


@pytest.fixture(autouse=True)
def compiled_without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LEVEL", 0)


def some_states(asked: Instance, most: int) -> tuple[Layout, Rows]:
    """Some reachable states, not only those that stand for others."""
    prepared = Prepared.of(asked)
    found = Search(prepared, {}, Options(max_states=most, engine="arrays"))
    found.run()
    levels = [found.visited.level(depth) for depth in range(len(found.levels) + 1)]
    return prepared.layout, [np.concatenate(words) for words in zip(*levels, strict=True)]


def same_stand_ins(asked: Instance, most: int = 300) -> None:
    layout, rows = some_states(asked, most)
    planes, reduced = Planes(asked), Symmetry(asked, layout)
    code = Canonical(planes, reduced)
    states = planes.pack(np.array(layout.unpack(rows)))
    assert code.orbits(states).tolist() == reduced.orbits(rows).tolist()
    code.canonical(states)
    assert np.array_equal(states, planes.pack(np.array(layout.unpack(reduced.canonical(rows)))))


@pytest.mark.parametrize("name", ["claim-small", "claim", "claim-vms", "firmware-two", "memfd", "live-update"])
def test_the_same_states_stand_for_others(name: str) -> None:
    same_stand_ins(instance(name), 5000)


@pytest.mark.parametrize("widest", [5, 2], ids=["some parts of several groups", "most parts of several groups"])
@pytest.mark.parametrize("word", [64, 5], ids=["one word of each record", "several words"])
def test_however_cells_are_grouped(word: int, widest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symmetry, "WORD", word)
    monkeypatch.setattr(canonical, "WIDEST", 5)
    monkeypatch.setattr(canonical, "NARROWEST", widest)
    monkeypatch.setattr(canonical, "CACHED", 1 << 30 if widest == 5 else 0)
    same_stand_ins(instance("claim-small"), 1000)
    same_stand_ins(THREE, 1000)


@settings(SETTINGS, max_examples=20)
@given(drawn=st.one_of(instances(), wide_instances()))
def test_the_same_states_stand_for_others_in_random_machines(drawn: Instance) -> None:
    note(described(drawn))
    if Planes(drawn).bits and not isinstance(outcome(drawn, max_states=100), str):
        same_stand_ins(drawn, 100)


@settings(SETTINGS, max_examples=15)
@given(drawn=st.one_of(instances(), wide_instances()), threads=st.sampled_from((1, 2)))
def test_reduced_searches_of_random_machines_agree(drawn: Instance, threads: int) -> None:
    note(described(drawn))
    if Planes(drawn).bits:
        agree(drawn, threads=threads, max_states=1000, symmetry=True)


@pytest.mark.parametrize("name", KNOWN)
def test_reduced_searches_of_machines_of_known_answers_agree(name: str) -> None:
    agree(KNOWN[name].instance, symmetry=True)
    agree(BROKEN[name].instance, symmetry=True)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_reduced_searches_agree_whatever_the_rounds(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROOM", 100)
    monkeypatch.setattr(rounds, "ALONE", 10)
    agree(instance("claim-small"), symmetry=True, threads=threads)
    agree(instance("memfd"), symmetry=True, threads=threads)


def test_orbits_of_the_claim_add_up_to_what_spin_counts() -> None:
    # Counts of the independent twin, spec/twins/README.md.
    found = explore(instance("claim-segments"), Options(symmetry=True, goals=False, engine="compiled"))
    assert (found.states, found.transitions) == (1_521_152, 5_907_040)
    assert found.orbits is not None and found.orbits * 40 < found.states


def test_machine_code_takes_over_earlier_by_symmetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COMPILE_BY_SYMMETRY", 100)
    found = explore(instance("memfd"), Options(symmetry=True))
    assert found.by.startswith("machine code from depth")
    assert explore(instance("memfd")).by == "arrays"


def test_what_takes_too_large_tables_is_left_to_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MOST", 1000)
    monkeypatch.setattr(search, "COMPILE_BY_SYMMETRY", 1)
    asked = instance("claim-small")
    found = explore(asked, Options(symmetry=True))
    assert "renamings need tables of" in found.by and found.by.startswith("arrays: ")
    with pytest.raises(BadInput, match="renamings need tables of"):
        explore(asked, Options(symmetry=True, engine="compiled"))
    assert explore(asked, Options(engine="compiled")).by == "machine code"


def test_states_that_are_wide_beyond_measure_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MOST_GROUPS", 2)
    asked: Any = instance("claim-small")
    with pytest.raises(CannotCompile, match="too large for symmetry"):
        Canonical(Planes(asked), Symmetry(asked, Prepared.of(asked).layout))
