"""The explorer: breadth-first, exhaustive and exact, over packed states in numpy arrays."""

from attorn.checker.explore.engine import explore
from attorn.checker.explore.options import Options, Progress

__all__ = ["Options", "Progress", "explore"]
