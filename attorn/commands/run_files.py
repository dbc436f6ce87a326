"""A run as files for other tools: ITF, and the trace format that ``attorn trace`` reads."""

from __future__ import annotations

from pathlib import Path

from attorn.checker.conform.itf import itf_text
from attorn.checker.conform.trace import events, header, trace_lines
from attorn.checker.progress import ProgressVerdict
from attorn.checker.report import write_files
from attorn.checker.verdicts import Exploration, Move
from attorn.checker.verdicts import Path as Run
from attorn.commands.progress import Promises
from attorn.spec.errors import BadInput

__all__ = ["write_run"]


def write_run(name: str, exploration: Exploration, promises: Promises, itf: Path | None, trace: Path | None) -> None:
    """Write the run of the one property or goal that was searched for.

    itf, trace: the files; a trace goes through a loop once.

    Raises BadInput where there is no run, or a file cannot be written.
    """
    instance = exploration.instance
    run, loop = _found(exploration, promises)
    if run is None:
        raise BadInput(f"{name} has no run on {instance.name} that could be written to a file.")
    if itf:
        write_files(itf.parent, {itf.name: itf_text(instance, run, loop, {"property": name})})
    if trace:
        whole = Run(run.start, (*run.moves, *(loop or ())))
        first = header(instance, recorder=f"attorn explain {instance.name}/{name}")
        write_files(trace.parent, {trace.name: b"".join(trace_lines(first, events(instance, whole))).decode()})


def _found(exploration: Exploration, promises: Promises) -> tuple[Run | None, tuple[Move, ...] | None]:
    """The run, and what is repeated for ever after it."""
    for verdict in promises.verdicts:
        if isinstance(verdict, ProgressVerdict):
            return (verdict.lasso.stem, verdict.lasso.loop) if verdict.lasso else (None, None)
        return verdict.path, None
    paths = [*(goal.path for goal in exploration.goals), *(verdict.path for verdict in exploration.verdicts)]
    return next(iter(paths), None), None
