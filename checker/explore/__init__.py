"""The explorer: breadth-first, exhaustive and exact, over packed states in numpy arrays."""

from attorn.checker.explore.engine import explore
from attorn.checker.explore.options import Options, Progress
from attorn.checker.explore.states import graph, reachable_blocks

__all__ = ["Options", "Progress", "explore", "graph", "reachable_blocks"]
