"""The explorer: breadth-first, exhaustive and exact, over packed states in numpy arrays."""

from collections.abc import Callable

from attorn.checker.explore.options import Options, Progress
from attorn.checker.verdicts import Exploration
from attorn.spec.language import Instance

__all__ = ["Options", "Progress", "explore"]


def explore(
    instance: Instance, options: Options = Options(), progress: Callable[[Progress], None] | None = None
) -> Exploration:
    """Answered by the oracle until the array engine lands: the door only, so that others can knock."""
    from attorn.checker import oracle

    return oracle.explore(instance, options.properties, options.goals, options.max_states or 1_000_000)
