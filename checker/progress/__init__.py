"""Progress: what must eventually happen if the fair steps are fair, decided on the graph of a finite instance."""

from attorn.checker.progress.building import Limits, build
from attorn.checker.progress.check import check_always_possible, check_progress
from attorn.checker.progress.graph import Graph
from attorn.checker.progress.verdicts import Ending, Lasso, PossibilityVerdict, ProgressVerdict, Promise

__all__ = [
    "Ending",
    "Graph",
    "Lasso",
    "Limits",
    "PossibilityVerdict",
    "ProgressVerdict",
    "Promise",
    "build",
    "check_always_possible",
    "check_progress",
]
