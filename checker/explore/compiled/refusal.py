"""Why no machine code can be had for an instance."""

from __future__ import annotations

__all__ = ["CannotCompile"]


class CannotCompile(Exception):
    """An instance, or this computer, for which no machine code can be made; arrays do for it."""
