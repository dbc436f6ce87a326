"""Charts of searches: how many states each depth has, and how the number grows with the sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from attorn.checker.report import svg
from attorn.checker.report.lines import counted
from attorn.checker.report.model import InstanceAccount

__all__ = ["depth_chart", "growth_chart"]

WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 420.0, 150.0, 62.0, 34.0, 24.0


def depth_chart(instance: InstanceAccount) -> Markup:
    """States first met at each depth as bars, and all states met by then as a line, on one scale from nothing."""
    levels, total = instance.levels, instance.states
    wide, tall = WIDTH - LEFT - 12, HEIGHT - BELOW - ABOVE
    most = max(levels, default=1)
    step = wide / max(1, len(levels))
    base = ABOVE + tall
    parts = [svg.text(LEFT, 12, f"{instance.name}: {counted(total, 'state')}, depth {instance.depth}", "title")]
    for share in (0.0, 0.5, 1.0):
        y = base - share * tall
        parts += [
            svg.line(LEFT, y, WIDTH - 12, y, "grid"),
            svg.text(LEFT - 6, y + 4, f"{round(most * share):,}", "tick"),
        ]
    met, points = 0, []
    for depth, states in enumerate(levels):
        x = LEFT + depth * step
        bar = tall * states / most
        parts.append(
            svg.group(
                [svg.rectangle(x + 0.5, base - bar, max(0.5, step - 1), bar)], "bar",
                f"depth {depth}: {counted(states, 'state')}",
            )
        )  # fmt: skip
        met += states
        points.append(f"{svg.number(x + step / 2)} {svg.number(base - tall * met / total)}")
    if points:
        parts.append(svg.path("M" + "L".join(points), "sum", f"all {total:,} states by depth {instance.depth}"))
    every = max(1, math.ceil(len(levels) / 8))
    for depth in range(0, len(levels), every):
        parts.append(svg.text(LEFT + (depth + 0.5) * step, base + 14, str(depth), "middle tick"))
    parts.append(svg.text(LEFT + wide / 2, base + 29, "depth: bars new states, line the share of all", "middle tick"))
    title = f"{instance.name}: {total:,} states; at most {most:,} of them first met at one depth"
    return svg.drawing(WIDTH, HEIGHT, title, parts, "depths")


def growth_chart(instances: Sequence[InstanceAccount]) -> Markup:
    """The numbers of states and transitions of several instances, on a logarithmic scale."""
    chosen = sorted(instances, key=lambda each: (each.states, each.name))
    label = 6.2 * max((len(each.name) for each in chosen), default=1) + 14
    row, width = 24.0, 720.0
    height = ABOVE + row * len(chosen) + BELOW
    top = math.ceil(math.log10(max([10, *(each.transitions for each in chosen), *(each.states for each in chosen)])))
    scale = (width - label - 190) / top
    base = height - BELOW
    parts = []
    for power in range(top + 1):
        x = label + power * scale
        parts += [svg.line(x, ABOVE - 6, x, base, "grid"), svg.text(x, base + 15, _power(power), "middle tick")]
    for at, each in enumerate(chosen):
        y = ABOVE + row * (at + 0.5)
        states, transitions = (label + math.log10(max(1, n)) * scale for n in (each.states, each.transitions))
        parts += [
            svg.text(label - 8, y + 4, each.name, "tick"),
            svg.line(states, y, transitions, y, "span"),
            svg.rectangle(states - 4, y - 4, 8, 8, "dot"),
            svg.rectangle(transitions - 3.5, y - 3.5, 7, 7, "ring"),
            svg.text(transitions + 10, y + 4, f"{each.states:,} · {each.transitions:,}", "plain"),
        ]
    parts.append(
        svg.text(label, 12, "■ states   □ transitions, each mark on the scale ten times the one before", "plain")
    )
    said = "; ".join(f"{each.name} {each.states:,} states, {each.transitions:,} transitions" for each in chosen)
    return svg.drawing(width, height, f"Growth with sizes: {said}", parts, "growth")


def _power(power: int) -> str:
    return f"{10**power:,}" if power < 7 else f"10^{power}"
