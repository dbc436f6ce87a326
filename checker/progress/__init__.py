"""Progress: what must eventually happen if the fair steps are fair, decided on the graph of a finite instance."""

from attorn.checker.progress.building import Limits
from attorn.checker.progress.check import check_progress
from attorn.checker.progress.graph import Graph
from attorn.checker.progress.verdicts import Ending, Lasso, ProgressVerdict, Promise

__all__ = ["Ending", "Graph", "Lasso", "Limits", "ProgressVerdict", "Promise", "check_progress"]
