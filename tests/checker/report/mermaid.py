"""Reading a sequence chart as Mermaid would, as far as ours go; written from Mermaid's documentation, not our code."""

from __future__ import annotations

import re

__all__ = ["arrows", "lanes"]

ARROW = re.compile(r"(p\d+)->>(p\d+): (\S.*)")
NOTE = re.compile(r"Note over (p\d+)(?:,(p\d+))?: (\S.*)")


def lanes(chart: str) -> dict[str, str]:
    """The lanes, by the names shown, each with its alias; the whole chart must be well-formed."""
    head, number, *rest = chart.splitlines()
    assert (head, number.strip()) == ("sequenceDiagram", "autonumber")
    found: dict[str, str] = {}
    depth = 0
    for line in (each.strip() for each in rest):
        assert ";" not in line and "#" not in line
        if declared := re.fullmatch(r"participant (p\d+) as (\S.*)", line):
            assert declared[2] not in found
            found[declared[2]] = declared[1]
        elif line.startswith("loop "):
            depth += 1
        elif line == "end":
            depth -= 1
            assert depth >= 0
        else:
            known = ARROW.fullmatch(line) or NOTE.fullmatch(line)
            assert known, line
            assert {known[1], known[2] or known[1]} <= set(found.values())
    assert depth == 0
    return found


def arrows(chart: str) -> list[tuple[str, str, str]]:
    """Every arrow: from which lane to which, and its label."""
    names = {alias: name for name, alias in lanes(chart).items()}
    found = (ARROW.fullmatch(line.strip()) for line in chart.splitlines())
    return [(names[each[1]], names[each[2]], each[3]) for each in found if each]
