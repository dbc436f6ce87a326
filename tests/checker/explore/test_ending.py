"""The end of a search is foretold where that can be done, on levels that are known, and else not at all."""

from __future__ import annotations

import itertools

import pytest

from attorn.checker.explore import Options, Progress, explore, steps
from attorn.checker.explore.compiled import rounds
from attorn.checker.explore.ending import rest
from attorn.checker.explore.options import Engine
from attorn.model.instances import instance

# Levels of searches that have ended. Those of the claim add up to what SPIN and rumur count, too.
# fmt: off
KNOWN = {
    "claim": [
        16, 32, 112, 272, 520, 952, 1512, 2224, 3194, 4418, 5746, 7202, 8554, 9826, 10950, 11614, 11678, 11390, 10734,
        9526, 7936, 6296, 4760, 3320, 2080, 1128, 512, 168, 32,
    ],
    "claim-segments": [
        32, 64, 288, 800, 1752, 3672, 6480, 10496, 16362, 24058, 33474, 45154, 58218, 72530, 87566, 100982, 111470,
        119542, 124094, 123270, 117240, 107496, 95016, 79920, 62904, 46200, 31968, 20616, 11712, 5424, 1872, 432, 48,
    ],
    "claim-vms": [
        32, 96, 384, 1136, 2712, 5856, 11192, 19584, 32388, 50984, 76380, 109812, 151046, 199940, 255918, 316568,
        378254, 437532, 490304, 532076, 558816, 567756, 558620, 531636, 487662, 430088, 365106, 297708, 231578, 170784,
        119136, 77976, 47052, 25704, 12504, 5196, 1620, 288,
    ],
    # Two humps.
    "firmware, 3 segments": [
        16, 48, 96, 248, 552, 1176, 2414, 5202, 11168, 22460, 39084, 57484, 70474, 73750, 67414, 61892, 63208, 67760,
        67168, 60066, 51120, 42494, 33748, 26356, 20864, 18228, 15618, 11856, 7632, 4728, 3000, 2352, 1704, 504,
    ],
    "firmware-two": [
        16, 64, 160, 432, 952, 1872, 3432, 5776, 9136, 13648, 19280, 25280, 31096, 36384, 41368, 46320, 50776, 54608,
        58628, 62836, 67096, 69832, 68728, 63120, 54208, 45560, 39496, 36448, 33832, 28984, 22144, 14594, 7978, 3604,
        1314, 744, 744, 488, 168,
    ],
}
# fmt: on


@pytest.mark.parametrize("levels", KNOWN.values(), ids=KNOWN.keys())
def test_the_rest_is_foretold_within_a_factor_of_two(levels: list[int]) -> None:
    foretold = [(rest(levels[:depth]), sum(levels[depth:])) for depth in range(1, len(levels))]
    told = [(guess, truth) for guess, truth in foretold if guess is not None and truth >= sum(levels) / 100]
    assert len(told) >= 5
    assert all(truth / 2 <= guess <= 2 * truth for guess, truth in told)


@pytest.mark.parametrize("levels", KNOWN.values(), ids=KNOWN.keys())
def test_nothing_is_foretold_before_levels_shrink(levels: list[int]) -> None:
    highest = levels.index(max(levels))
    assert all(rest(levels[:depth]) is None for depth in range(highest + 3) if levels[depth - 1] >= levels[depth - 2])
    assert all(rest(levels[:depth]) is None for depth in range(highest + 1))


@pytest.mark.parametrize("levels", [[], [1], [5] * 30, [*range(1, 40)], [9, 8, 7], [100] * 20 + [99, 100, 99]])
def test_nothing_is_foretold_of_what_does_not_end(levels: list[int]) -> None:
    assert rest(levels) is None


def test_a_search_tells_what_it_foresees() -> None:
    seen: list[Progress] = []
    explore(instance("claim"), progress=seen.append)
    assert [each.frontier for each in seen] == KNOWN["claim"]
    assert [each.rest for each in seen] == [rest(KNOWN["claim"][: depth + 1]) for depth in range(len(seen))]
    assert seen[-1].rest is not None


@pytest.mark.parametrize("engine", ["arrays", "compiled"])
def test_a_large_level_is_told_of_while_it_is_at_work(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "BLOCK", 1_000)
    monkeypatch.setattr(rounds, "ROOM", 2_000)
    monkeypatch.setattr(rounds, "ALONE", 4_000)
    seen: list[Progress] = []
    explore(instance("claim"), Options(engine=engine, threads=2 if engine == "compiled" else 1), seen.append)
    assert [each.frontier for each in seen if not each.done] == KNOWN["claim"]
    for depth, size in enumerate(KNOWN["claim"]):
        done = [each.done for each in seen if each.depth == depth]
        assert done == sorted({*done})
        assert done[-1] < size
        assert len(done) >= size // 1_000  # at least one more for each block but the last
    assert all(later.seconds >= earlier.seconds for earlier, later in itertools.pairwise(seen))
