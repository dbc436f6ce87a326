"""Searching one state of each orbit says what searching all of them says, and how many there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings

from attorn.checker import oracle
from attorn.checker.agreement import differences
from attorn.checker.explore import Options, explore, symmetry
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.symmetry import Symmetry, interchangeable
from attorn.checker.explore.visited import distinct
from attorn.model.instances import instance
from attorn.model.migration import CLAIM
from attorn.spec.errors import Unsound
from attorn.spec.language import Instance, Values
from attorn.spec.language.sorts import OptionSort, Sort
from tests.machines.known import BROKEN, KNOWN
from tests.machines.random_machines import instances, wide_instances

SETTINGS = settings(deadline=None, derandomize=True, database=None)
REDUCED = Options(symmetry=True)
SMALL = Instance.of(CLAIM, "small", VM=2, Segment=2, Partition=2, Word=3, Address=2)


@settings(SETTINGS, max_examples=150)
@given(instance=instances())
def test_the_second_engine_agrees_with_reduced_searches_of_random_machines(instance: Instance) -> None:
    expected = oracle.explore(instance, max_states=300)
    assume(expected.finished)
    assert differences(explore(instance, REDUCED), expected) == ()


@settings(SETTINGS, max_examples=4)
@given(instance=wide_instances())
def test_the_second_engine_agrees_with_reduced_searches_of_machines_of_several_words(instance: Instance) -> None:
    expected = oracle.explore(instance, max_states=300)
    assume(expected.finished)
    assert differences(explore(instance, REDUCED), expected) == ()


@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
@pytest.mark.parametrize("name", KNOWN)
def test_reduced_searches_agree_on_machines_of_known_answers(name: str, broken: bool) -> None:
    chosen = (BROKEN if broken else KNOWN)[name].instance
    assert differences(explore(chosen, REDUCED), oracle.explore(chosen)) == ()


def test_orbits_of_the_claim_add_up_to_what_spin_counts() -> None:
    # Counts of the independent twin, spec/twins/README.md.
    found = explore(instance("claim-segments"), Options(symmetry=True, goals=False))
    assert (found.states, found.transitions) == (1_521_152, 5_907_040)
    assert found.orbits is not None and found.orbits * 40 < found.states


@pytest.mark.parametrize("word", [64, 5], ids=["one key each", "several keys each"])
def test_an_orbit_is_what_all_renamings_make_of_a_state(word: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symmetry, "WORD", word)
    prepared = Prepared.of(SMALL)
    reduced = Symmetry(SMALL, prepared.layout)
    assert reduced.order == 2 * 2 * 2 * 2 * 2  # VMs, segments, partitions, the two words that are not zero, addresses
    states = prepared.concrete.initial_states()
    for _ in range(5):
        states = [after for state in states[:: max(1, len(states) // 12)] for _, after in successors(prepared, state)]
    for state in states[:: len(states) // 40]:
        orbit = sorted(renamed(SMALL, state))
        rows = prepared.layout.pack(np.array(orbit, np.int64))
        assert reduced.orbits(rows).tolist() == [len(orbit)] * len(orbit)
        (canonical,) = prepared.layout.values(distinct(reduced.canonical(rows)))
        assert canonical in orbit


def successors(prepared: Prepared, state: Values) -> list[tuple[object, Values]]:
    return list(prepared.concrete.successors(state))


def renamed(instance: Instance, state: Values) -> set[Values]:
    """All states that differ from a state in names only, cell by cell in plain Python."""
    free = interchangeable(instance)
    found = set()
    for images in itertools.product(*(itertools.permutations(each) for each in free.values())):
        renaming = {sort: dict(zip(free[sort], image, strict=True)) for sort, image in zip(free, images, strict=True)}

        def name(sort: Sort, number: int, renaming: dict = renaming) -> int:
            if isinstance(sort, OptionSort):
                return 0 if number == 0 else 1 + name(sort.of, number - 1, renaming)
            return renaming.get(sort, {}).get(number, number)

        after = list(state)
        for cell, value in zip(instance.cells, state, strict=True):
            index = tuple(name(sort, number) for sort, number in zip(cell.field.domain, cell.index, strict=True))
            after[instance.position(cell.field, index)] = name(cell.field.codomain, value)
        found.add(tuple(after))
    return found


def test_constants_and_what_is_asked_for_are_not_renamed() -> None:
    words = next(sort for sort in SMALL.sizes if sort.name == "Word")
    assert interchangeable(SMALL)[words] == (1, 2)  # zero is a constant
    vms = next(sort for sort in SMALL.sizes if sort.name == "VM")
    assert vms not in interchangeable(SMALL, {(vms, 0)})


def test_sorts_of_too_many_renamings_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symmetry, "RENAMINGS", 2)
    reduced = Symmetry(SMALL, Prepared.of(SMALL).layout)
    assert reduced.left_out
    assert reduced.order == 4
    found = explore(Instance.of(CLAIM, VM=1, Segment=2, Partition=2, Word=2, Address=2), REDUCED)
    assert (found.states, found.transitions) == (1_564, 3_620)  # as SPIN counts


def test_a_wrong_reduction_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Words are renamed though one of them is a constant: states that differ are merged.
    tiny = Instance.of(CLAIM, VM=1, Segment=1, Partition=2, Word=2, Address=1)
    free = {sort: tuple(range(size)) for sort, size in tiny.sizes.items() if size > 1}
    monkeypatch.setattr(symmetry, "interchangeable", lambda instance, fixed=(): free)
    with pytest.raises(Unsound, match="does not violate it"):
        explore(tiny, REDUCED)
