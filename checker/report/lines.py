"""Text for a terminal: wrapping beside a margin, formulas kept whole, counted nouns, and paint."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

__all__ = ["Paint", "counted", "formula", "glued", "lasting", "listed", "plain", "wrapped"]

Paint = Callable[[str, str], str]
GLUE = "\N{NO-BREAK SPACE}"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str, role: str) -> str:
    """The paint that leaves text as it is; others colour it by its role: good, bad, doubt, faint or strong."""
    return text


def wrapped(
    text: str, width: int, indent: str, first: str | None = None, paint: Paint = plain, role: str = ""
) -> list[str]:
    """Text as lines of a width, painted; nothing for no text.

    first: what the first line begins with in place of the indent, perhaps painted already.
    """
    lead = indent if first is None else first
    margin = len(COLOUR.sub("", lead))
    lines = _broken(text, width, " " * margin, indent)
    if any(len(line) > width for line in lines):
        lines = _broken(text.replace(GLUE, " "), width, " " * margin, indent)
    texts = [line.replace(GLUE, " ") for line in lines]
    return [lead + paint(line[margin:], role) for line in texts[:1]] + [
        indent + paint(line[len(indent) :], role) for line in texts[1:]
    ]


def _broken(text: str, width: int, first: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def glued(text: str) -> str:
    """Text that ``wrapped`` keeps on one line if it fits on one."""
    return text.replace(" ", GLUE)


def listed(parts: Iterable[str], sign: str = "·") -> str:
    """Parts in a row, which ``wrapped`` breaks only between them."""
    return f"{GLUE}{sign} ".join(map(glued, parts))


def formula(text: str) -> str:
    """A formula that ``wrapped`` breaks only before → ∧ ∨ and after the variables of a quantifier."""
    kept = re.sub(f"{GLUE}([→∧∨]){GLUE}", rf" \1{GLUE}", glued(text))
    return kept.replace(f":{GLUE}", ": ").replace(f"{GLUE}for{GLUE}all", f" for{GLUE}all")


def counted(count: int, noun: str) -> str:
    """A number and its noun: ``1 step``, ``1,200 states``."""
    if count != 1:
        noun = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun}"


def lasting(seconds: float) -> str:
    """A time in the largest unit of which there are at least two; more is not known of what has yet to pass."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return counted(max(round(seconds), 1), "second")
