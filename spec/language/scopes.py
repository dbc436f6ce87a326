"""What is known while expressions are made: their source lines, and the levels and names of bound variables."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attorn.spec.language.source import Where, here

if TYPE_CHECKING:
    from attorn.spec.language.expressions import Expr

__all__ = ["binding", "made_at", "names_in_scope", "naming", "note", "recording"]

_local = threading.local()


@contextmanager
def recording(lines: dict[int, Where] | None, depth: int) -> Iterator[None]:
    """While open, note the source line of every node made (if asked to); bound variables get levels from ``depth``."""
    saved = getattr(_local, "lines", None), getattr(_local, "depth", 0)
    _local.lines, _local.depth = lines, depth
    try:
        yield
    finally:
        _local.lines, _local.depth = saved


@contextmanager
def naming(first: int, names: Sequence[str]) -> Iterator[None]:
    """While open, errors call the variables at the levels from ``first`` on by these names."""
    saved = names_in_scope()
    _local.names = {**saved, **dict(enumerate(names, first))}
    try:
        yield
    finally:
        _local.names = saved


def note(ident: int) -> None:
    """Note the line that makes a node, while lines are recorded."""
    lines: dict[int, Where] | None = getattr(_local, "lines", None)
    if lines is not None:
        lines[ident] = here()


def made_at(expression: Expr) -> Where | None:
    """The line that last made a node, while lines are recorded."""
    lines: dict[int, Where] | None = getattr(_local, "lines", None)
    return None if lines is None else lines.get(expression.ident)


def names_in_scope() -> dict[int, str]:
    """What errors call the variables, by their levels."""
    names: dict[int, str] = getattr(_local, "names", {})
    return names


@contextmanager
def binding(count: int) -> Iterator[int]:
    """Reserve levels for variables to be bound; yields the first of them."""
    first: int = getattr(_local, "depth", 0)
    _local.depth = first + count
    try:
        yield first
    finally:
        _local.depth = first
