"""How many states a search has still to meet, judged by the sizes of its levels.

Breadth-first levels rise and fall: what a level is times the one before gets less from level to level, and the
logarithm of that falls nearly by the same from one to the next. Once levels shrink, the rest is foretold by going on
like that. On the instances whose levels are known this was wrong by less than a factor of two, until a hundredth was
left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["rest"]

SPAN = 4  # levels over which the growth is averaged
SHRINKING = 2  # times in a row that a level must have been smaller than the one before
LEAST = (
    0.04  # by which the logarithm of the growth is taken to fall from level to level, where it was seen to fall less
)


def rest(levels: Sequence[int]) -> int | None:
    """About how many states there are beyond some levels; None as long as that cannot be told."""
    shrinking = all(levels[-n] < levels[-n - 1] for n in range(1, SHRINKING + 1)) if len(levels) > 2 * SPAN else False
    if not shrinking or levels[-1] >= levels[-1 - SPAN]:
        return None
    growth = math.log(levels[-1] / levels[-1 - SPAN]) / SPAN
    before = math.log(levels[-1 - SPAN] / levels[-1 - 2 * SPAN]) / SPAN
    falls = max((before - growth) / SPAN, LEAST)
    growth -= falls * (SPAN + 1) / 2  # from the middle of the levels seen to the first that is not
    size, total = float(levels[-1]), 0.0
    while size >= 1:
        size *= math.exp(growth)
        total += size
        growth -= falls
    return round(total)
