"""The engine against lists of everything, on hundreds of small random systems."""

from __future__ import annotations

import networkx
import pytest

from attorn.checker.progress import Ending, check_always_possible, check_progress
from attorn.checker.verdicts import Evidence
from tests.checker.progress.lists import edges, is_fair, reachable, rests_fairly, shortest_loop, shortest_stem
from tests.checker.progress.tables import Table

SEEDS = 900
BATCHES = 6


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_lasso_is_found_where_one_exists_and_its_stem_is_shortest(batch: int) -> None:
    for seed in range(batch, SEEDS, BATCHES):
        table = Table.drawn(seed)
        (verdict,) = check_progress(table.instance())
        wanted = shortest_stem(table)
        assert verdict.occasions == len(reachable(table) & (table.premise - table.conclusion)), seed
        if wanted is None:
            assert verdict.evidence is Evidence.EXHAUSTED, seed
            assert verdict.lasso is None, seed
        else:
            assert verdict.evidence is Evidence.REFUTED, seed
            assert verdict.lasso is not None, seed
            assert len(verdict.lasso.stem) == wanted, seed


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_lasso_is_a_fair_run_that_never_meets_the_conclusion(batch: int) -> None:
    for seed in range(batch, SEEDS, BATCHES):
        table = Table.drawn(seed)
        lasso = check_progress(table.instance())[0].lasso
        if lasso is None:
            continue
        places = [state[0] for state in (*lasso.stem.states, *(move.state for move in lasso.loop))]
        steps = [int(move.step.action.name.removeprefix("step")) for move in (*lasso.stem.moves, *lasso.loop)]
        assert places[0] in table.starts, seed
        assert all(table.steps[step][1][a] == b for a, step, b in zip(places, steps, places[1:], strict=False)), seed
        assert places[lasso.premise] in table.premise, seed
        assert not table.conclusion.intersection(places[lasso.premise :]), seed
        if lasso.loop:
            turn = len(lasso.stem)
            assert places[turn] == places[-1], seed
            loop = list(zip(places[turn:-1], steps[turn:], places[turn + 1 :], strict=True))
            assert is_fair(table, loop), seed
            assert lasso.ending is Ending.LIVELOCK, seed
        else:
            assert rests_fairly(table, places[-1]), seed
            stuck = all(places[-1] not in step for _, step in table.steps)
            assert lasso.ending is (Ending.DEADLOCK if stuck else Ending.REST), seed


def test_loops_are_short() -> None:
    """A loop need not be the shortest, which is hard to find, but is not far from it."""
    lengths = []
    for seed in range(0, SEEDS, 3):
        table = Table.drawn(seed)
        lasso = check_progress(table.instance())[0].lasso
        if lasso is not None and lasso.loop:
            least = shortest_loop(table, lasso.stem.states[-1][0])
            assert least is not None, seed
            assert least <= len(lasso.loop) <= 3 * least, seed
            lengths.append((least, len(lasso.loop)))
    assert sum(length == least for least, length in lengths) > 0.8 * len(lengths)


def test_the_random_systems_are_of_all_kinds() -> None:
    """So that the tests above are about something: endings of all kinds, properties that hold, and long loops."""
    sample = range(0, SEEDS, 3)
    verdicts = [check_progress(Table.drawn(seed).instance())[0] for seed in sample]
    lassos = [verdict.lasso for verdict in verdicts if verdict.lasso]
    assert {lasso.ending for lasso in lassos} == set(Ending)
    assert (
        sum(verdict.evidence is Evidence.EXHAUSTED and verdict.occasions > 0 for verdict in verdicts) > len(sample) / 10
    )
    assert sum(len(lasso.loop) > 1 for lasso in lassos) > len(sample) / 20
    assert sum(len(lasso.stem) > 1 for lasso in lassos) > len(sample) / 20


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_is_always_possible_agrees_with_descendants(batch: int) -> None:
    for seed in range(batch, SEEDS, BATCHES):
        table = Table.drawn(seed)
        (verdict,) = check_always_possible(table.instance())
        graph = networkx.DiGraph([(a, b) for a, _, b in edges(table)])
        graph.add_nodes_from(range(8))
        lost = {
            place for place in reachable(table) if not table.conclusion & (networkx.descendants(graph, place) | {place})
        }
        assert verdict.evidence is (Evidence.REFUTED if lost else Evidence.EXHAUSTED), seed
        if lost:
            assert verdict.path is not None
            assert verdict.path.states[-1][0] in lost, seed
            lengths = [
                networkx.shortest_path_length(graph, start, place)
                for start in table.starts
                for place in lost
                if networkx.has_path(graph, start, place)
            ]
            assert len(verdict.path) == min(lengths), seed
