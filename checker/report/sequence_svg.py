"""A run as a sequence chart that needs no other tool: a lane for each party, an arrow for each step."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from attorn.checker.report import svg
from attorn.checker.report.run_model import TraceStep
from attorn.checker.report.sequence import NOBODY

__all__ = ["sequence_svg"]

LANE, ROW, TOP = 190.0, 30.0, 44.0


def sequence_svg(steps: Sequence[TraceStep], once: int, end: str, title: str) -> Markup:
    """Steps as arrows from who takes them to who takes them up; those after the first ``once`` are repeated for ever.

    end: what is said below the last step.
    """
    parties = list(dict.fromkeys(each.party or NOBODY for each in steps))
    x = {party: 60 + LANE / 2 + LANE * at for at, party in enumerate(parties)}
    width = max([60 + LANE * len(parties), *(x[each.party or NOBODY] + 40 + 6.4 * len(each.action) for each in steps)])
    looped = len(steps) > once
    height = TOP + ROW * (len(steps) + 1) + (16 if looped else 0) + 14
    parts = []
    for party in parties:
        parts += [
            svg.line(x[party], TOP - 8, x[party], height - ROW, "life"),
            svg.rectangle(x[party] - 52, 6, 104, 24, "party", rx=4),
            svg.text(x[party], 22, party, "middle label"),
        ]
    y = TOP + 14
    for step in steps:
        if step.number == once + 1 and looped:
            rest = ROW * (len(steps) - once) + 8
            parts += [
                svg.rectangle(34, y - 12, width - 44, rest, "loop", rx=4),
                svg.text(40, y, "loop for ever", "plain"),
            ]
            y += 16
        parts.append(_arrow(step, x[step.party or NOBODY], x.get(step.to or NOBODY, x[step.party or NOBODY]), y))
        y += ROW
    parts.append(svg.text(60, height - 8, end, "end"))
    return svg.drawing(width, height, title, parts, "sequence")


def _arrow(step: TraceStep, x1: float, x2: float, y: float) -> Markup:
    passed = step.drawing.passed if step.drawing else ""
    parts = [svg.text(28, y + 4, str(step.number), "tick")]
    if x1 == x2:
        parts += [
            svg.path(f"M{svg.number(x1)} {svg.number(y - 4)}h16v9h-10", "way"),
            svg.path(f"M{svg.number(x1 + 1)} {svg.number(y + 5)}l7 -3.5v7z", "head"),
            svg.text(x1 + 22, y + 5, step.action, "plain"),
        ]
    else:
        sign = 1 if x2 > x1 else -1
        parts += [
            svg.line(x1, y + 4, x2 - 6 * sign, y + 4, "way"),
            svg.path(f"M{svg.number(x2)} {svg.number(y + 4)}l{-7 * sign} -3.5v7z", "head"),
            svg.text((x1 + x2) / 2, y - 2, step.action, "middle plain"),
        ]
    if passed:
        parts.append(svg.text(x1 - 8, y + 4, "◀", "tick no-return"))
    return svg.group(parts, "step", f"{step.number}. {step.party}: {step.action}{f'; {passed}' if passed else ''}")
