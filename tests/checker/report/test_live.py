"""The line of progress tells depth, rate over the last seconds and expected end, and only to who watches."""

from __future__ import annotations

import pytest

from attorn.checker.explore import Progress
from attorn.checker.report.live import Pace, line, progress_line


def at(seconds: float, done: int, frontier: int = 0, rest: int | None = None) -> Progress:
    return Progress(7, done + frontier, frontier, seconds, rest)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace(at(1, 0, 10)) == 0  # not known yet
    assert pace(at(2, 1_000)) == 1_000
    assert pace(at(3, 2_000)) == 1_000
    # Slower from here on: what was long ago counts less and less.
    rates = [pace(at(3 + n, 2_000 + 100 * n)) for n in range(1, 12)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 500
    assert rates[-1] == pytest.approx(100)
    # States of a level that is at work count as they are done.
    assert Pace()(at(1, 0)) == 0
    within = Pace()
    within(Progress(7, 1_000, 1_000, 1.0))
    assert within(Progress(7, 1_000, 1_000, 2.0, done=400)) == 400
    # A level that takes longer than the window is one sample.
    assert pace(at(114, 2_000 + 1_100 + 100_000)) == pytest.approx(1_000)


def test_the_end_is_told_where_it_is_foreseen() -> None:
    assert "left" not in line("claim", at(10, 5_000, 1_000), 1_000.0)
    assert "about 9 seconds left" in line("claim", at(10, 5_000, 1_000, rest=8_000), 1_000.0)
    assert "about 17 minutes left" in line("claim", at(10, 5_000, 1_000, rest=1_000_000), 1_000.0)
    halfway = Progress(7, 6_000, 1_000, 10, rest=8_000, done=500)
    assert "about 8 seconds left" in line("claim", halfway, 1_000.0)
    assert "left" not in line("claim", at(0, 0, 1_000, rest=8_000), 0.0)


def test_what_matters_fits_a_narrow_terminal() -> None:
    said = line("claim", at(1, 600_000_000, 37_561_424, rest=90_000_000), 1_310_000.0)
    assert said[:80].startswith("  claim  depth 7 · 637,561,424 states · 1.3 million/s · about 97 seconds left")
    assert said.endswith("37,561,424 new")


def test_who_does_not_watch_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line("claim", wanted=False) as draw:
        assert draw is None
    assert capsys.readouterr() == ("", "")
    with progress_line("claim", wanted=True) as draw:
        assert draw is not None
        draw(at(1, 100, 10))
