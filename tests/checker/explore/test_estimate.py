"""What is foretold of a size lies where other tools have counted it, and what can be counted is exact."""

from __future__ import annotations

import math

import pytest

from attorn.checker.explore.estimate import Known, estimate, foretold
from attorn.model.instances import instance
from attorn.model.migration import CLAIM
from attorn.spec.errors import BadInput, TooLarge
from attorn.spec.language import Instance

COUNTED: dict[tuple[int, ...], int] = {
    # VMs, segments, partitions, words, addresses: states, as SPIN counts them (spec/twins/README.md)
    (1, 1, 2, 2, 1): 118,
    (1, 2, 2, 2, 2): 1_564,
    (1, 3, 2, 2, 3): 33_868,
    (2, 1, 2, 2, 1): 4_784,
    (2, 2, 2, 2, 2): 136_704,
    (2, 2, 2, 3, 2): 550_208,
    (2, 2, 3, 2, 2): 1_243_629,
    (2, 3, 2, 2, 2): 1_521_152,
    (3, 1, 2, 2, 1): 169_000,
    (3, 2, 2, 2, 2): 7_561_424,
}


def known(sizes: tuple[int, ...]) -> Known:
    names = ("VM", "Segment", "Partition", "Word", "Address")
    built = Instance.of(CLAIM, **dict(zip(names, sizes, strict=True)))
    return Known(built.shape(), sum(math.log2(cell.size) for cell in built.cells), COUNTED[sizes], 0)


@pytest.mark.parametrize("sizes", [(2, 3, 2, 2, 2), (2, 2, 3, 2, 2), (3, 2, 2, 2, 2)])
def test_bounds_foretold_from_smaller_sizes_hold_what_spin_counts(sizes: tuple[int, ...]) -> None:
    wanted = known(sizes)
    smaller = [each for each in map(known, COUNTED) if each.bits < wanted.bits]
    states, factor = foretold(smaller, wanted.bits)
    assert states / factor <= wanted.states <= states * factor
    assert factor < 100  # or it would say nothing


def test_a_growth_that_is_no_line_makes_the_bounds_wide() -> None:
    straight = [Known("", bits, 2**bits, 0) for bits in (4, 6, 8, 10)]
    crooked = [Known("", bits, 2**bits if bits < 10 else 2, 0) for bits in (4, 6, 8, 10)]
    assert foretold(straight, 12)[1] == pytest.approx(4)
    assert foretold(straight, 12)[0] == pytest.approx(2**12)
    assert foretold(crooked, 12)[1] > 1000


def test_what_can_be_counted_is_exact() -> None:
    found = estimate(instance("claim-small"), 60)
    assert found.exact
    assert (found.states, found.transitions, found.low, found.high) == (1_564, 3_620, 1_564, 1_564)
    assert found.searched is not None and found.searched < 400
    assert found.bytes > 1_564 and found.seconds > 0


def test_what_cannot_be_judged_in_the_time_is_not() -> None:
    with pytest.raises(TooLarge, match="Give it more time"):
        estimate(instance("claim-vms"), 1e-6)


def test_no_time_is_refused() -> None:
    with pytest.raises(BadInput, match="needs time"):
        estimate(instance("claim"), 0)
