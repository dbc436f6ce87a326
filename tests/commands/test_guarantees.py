"""``attorn guarantees``: what it offers next."""

from __future__ import annotations

from .running import attorn_


def test_a_run_is_offered_only_where_a_cell_has_what_it_shows() -> None:
    lost = attorn_("guarantees", "--memory", "shared", "--fault", "loss", "--out", "survey")
    assert lost.exit_code == 0
    assert "at_most_one_runner holds in all 24 cells." in lost.stdout
    assert "attorn explain" not in lost.stdout
    late = attorn_("guarantees", "--memory", "shared", "--fault", "time-out", "--out", "survey")
    assert "next    attorn explain memfd/at_most_one_runner" in late.stdout
