"""What a report shows of progress: runs without end that refute it, and states from which something is out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attorn.checker.report.model import PropertyAccount
from attorn.checker.report.run_model import Counterexample, Loop, Missed
from attorn.checker.report.run_model import Promise as Kept
from attorn.checker.report.traces import Tracer, ghosts_read
from attorn.checker.verdicts import Evidence
from attorn.spec.language import Concrete, Possibility, Progress, render
from attorn.spec.language.traced import Parameter

if TYPE_CHECKING:
    from attorn.checker.progress import Lasso, PossibilityVerdict, ProgressVerdict

__all__ = ["progress_account"]


def progress_account(
    verdict: ProgressVerdict | PossibilityVerdict, concrete: Concrete, tracer: Tracer, replay: str
) -> PropertyAccount:
    """The account of a progress property, or of something always possible; the engine has confirmed its run.

    replay: the command that shows the run.
    """
    machine = concrete.instance.machine
    known: dict[str, Progress | Possibility] = {each.name: each for each in machine.progress}
    stated = (known | {each.name: each for each in machine.always_possible})[verdict.name]
    return PropertyAccount(
        verdict.name,
        verdict.kind,
        verdict.sentence,
        stated.claim,
        stated.hazards,
        str(verdict.where or ""),
        verdict.evidence,
        _counterexample(verdict, stated, concrete, tracer, replay),
        None if verdict.evidence is Evidence.UNDETERMINED else getattr(verdict, "occasions", None),
    )


def _counterexample(
    verdict: ProgressVerdict | PossibilityVerdict,
    stated: Progress | Possibility,
    concrete: Concrete,
    tracer: Tracer,
    replay: str,
) -> Counterexample | None:
    from attorn.checker.progress import PossibilityVerdict, ProgressVerdict

    names = _names(stated.parameters)
    if isinstance(verdict, ProgressVerdict) and isinstance(stated, Progress) and verdict.lasso is not None:
        stem, premise = verdict.lasso.stem, render(stated.premise, names)
        missed = Missed(verdict.arguments, premise, verdict.lasso.premise, render(stated.conclusion, names))
        ghosts, loop = ghosts_read(stated.premise, stated.conclusion), _loop(verdict.lasso, tracer, concrete)
        trace = tracer.trace(stem, loop=verdict.lasso.loop)
        return Counterexample(trace, None, (), ghosts, replay, missed, loop)
    if isinstance(verdict, PossibilityVerdict) and isinstance(stated, Possibility) and verdict.path is not None:
        missed = Missed(verdict.arguments, "", len(verdict.path), render(stated.formula, names))
        return Counterexample(
            tracer.trace(verdict.path),
            None,
            tracer.alternatives(verdict.path),
            ghosts_read(stated.formula),
            replay,
            missed,
        )
    return None


def _loop(lasso: Lasso, tracer: Tracer, concrete: Concrete) -> Loop:
    before = len(lasso.stem)
    return Loop(
        lasso.ending.name.lower(),
        tracer.loop(lasso.stem, lasso.loop),
        tuple(
            Kept(
                concrete.label(each.step),
                each.fair,
                None if each.taken is None else before + 1 + each.taken,
                None if each.idle is None else before + each.idle,
            )
            for each in lasso.promises
        ),
    )


def _names(parameters: tuple[Parameter, ...]) -> dict[int, str]:
    return {each.variable.payload: each.name for each in parameters}
