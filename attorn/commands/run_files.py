"""A run as files for other tools: ITF, and the trace format that ``attorn trace`` reads."""

from __future__ import annotations

from pathlib import Path

from attorn.checker.conform.itf import itf_text
from attorn.checker.conform.run_traces import events
from attorn.checker.progress import ProgressVerdict
from attorn.checker.report import write_files
from attorn.checker.report.sequence import sequence_chart
from attorn.checker.verdicts import Exploration, Move
from attorn.checker.verdicts import Path as Run
from attorn.commands.progress import Promises
from attorn.spec.errors import BadInput
from attorn.spec.language import Concrete
from attorn.spec.trace import header, trace_lines

__all__ = ["run_texts", "write_run"]


def run_texts(exploration: Exploration, promises: Promises) -> dict[str, str]:
    """The counterexamples of a search as ITF and as sequence charts, by the names of their files."""
    instance, concrete = exploration.instance, Concrete(exploration.instance)
    found: dict[str, tuple[Run, tuple[Move, ...] | None]] = {
        each.name: (each.path, None) for each in exploration.verdicts if each.path is not None
    }
    for promise in promises.verdicts:
        if isinstance(promise, ProgressVerdict):
            if promise.lasso is not None:
                found[promise.name] = promise.lasso.stem, promise.lasso.loop
        elif promise.path is not None:
            found[promise.name] = promise.path, None
    texts = {}
    for name, (run, loop) in found.items():
        place = f"runs/{instance.name}-{name}"
        texts[f"{place}.itf.json"] = itf_text(instance, run, loop, {"property": name})
        texts[f"{place}.mmd"] = sequence_chart(concrete, run, f"{name} is violated", loop)
    return texts


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
