"""z3, or what to do where it is not installed."""

from __future__ import annotations

from attorn.spec.errors import BadInput

try:
    import z3
except ImportError as error:
    raise BadInput("the solver z3 is not installed; install it with `pip install z3-solver`.") from error

__all__ = ["z3"]
