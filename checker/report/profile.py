"""What the time of searches went to, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from attorn.checker.explore.phases import Phase
from attorn.checker.report.lines import Paint, plain, wrapped
from attorn.checker.report.run_facts import Timing

__all__ = ["profile_lines"]

LEAST = 0.0005  # of the whole: what rounds to nothing is left out
MOST = 3  # phases that are told of each search, where there are several


def profile_lines(timings: Sequence[Timing], width: int = 80, paint: Paint = plain) -> list[str]:
    """A line for each phase that took time, of all searches together; and for each search, where there are several."""
    spent = {phase: sum(each.phases.get(phase, 0.0) for each in timings) for phase in Phase}
    total = sum(spent.values())
    if not total:
        return []
    lines = [f"  {paint('what the time went to', 'strong')}"]
    for phase, seconds in spent.items():
        if seconds >= LEAST * total:
            lines += _row(phase, seconds, f"{100 * seconds / total:5.1f} %  {phase.says}", width, " " * 9)
    for each in timings if timings[1:] else ():
        mine = sum(each.phases.values())
        most = sorted(each.phases.items(), key=lambda phase: -phase[1])[:MOST]
        told = ", ".join(f"{phase} {100 * seconds / mine:.0f} %" for phase, seconds in most if mine)
        lines += _row(each.name, mine, told, width, "")
    return lines


def _row(name: str, seconds: float, text: str, width: int, margin: str) -> list[str]:
    lead = f"    {name:16}{seconds:9.2f} s  "
    return wrapped(text, width, " " * len(lead) + margin, lead)
