"""``attorn estimate`` says how large a search will be and what it costs, or that it cannot tell."""

from __future__ import annotations

import pytest

import attorn.checker.explore.estimate
from attorn.checker.explore.estimate import Estimate, Known

from .running import attorn_, told


def test_a_small_instance_is_counted() -> None:
    done = attorn_("estimate", "claim-tiny")
    assert done.exit_code == 0
    assert "exactly 118 states and 222 transitions" in told(done)
    assert "next attorn check claim-tiny --symmetry" in told(done)


def test_a_large_one_is_judged_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    basis = (Known("2 VM", 20, 100, 300), Known("3 VM", 30, 12_345, 40_000))
    found = Estimate(4_123_456, 1_001_234, 16_123_456, 20_000_000, 3 << 30, 7_300, None, basis)
    monkeypatch.setattr(attorn.checker.explore.estimate, "estimate", lambda *given: found)
    text = told(attorn_("estimate", "claim", "--vms", "4"))
    assert "about 4,100,000 states (1,000,000 to 16,000,000)" in text
    assert "judged by 2 smaller sizes, the largest of 12,345 states: 3 VM" in text
    assert "takes about 3 GiB and 2 hours" in text


def test_too_little_time_is_bad_input() -> None:
    done = attorn_("estimate", "claim-vms", "--seconds", "0.000001")
    assert done.exit_code == 3
    assert "Give it more time" in done.stderr
