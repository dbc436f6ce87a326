"""Whether a change of a machine brings about just the violation that is expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from attorn.checker.verdicts import Evidence, Move, Path, Verdict
from attorn.spec.language import Instance

if TYPE_CHECKING:
    from attorn.checker.progress import PossibilityVerdict, ProgressVerdict

    AnyVerdict: TypeAlias = Verdict | ProgressVerdict | PossibilityVerdict

__all__ = ["Finding", "Standing", "decide", "judge", "sought"]


class Standing(Enum):
    """What became of an expectation."""

    FOUND = "found"
    MISSED = "missed: the property holds with the change as well"
    SPOILT = "spoilt: the property fails without the change too"
    VOID = "void: the change changes nothing"
    UNDETERMINED = "undetermined: the search did not finish"


@dataclass(frozen=True)
class Finding:
    """What was found of one expectation; the verdict is that of the machine with the change."""

    standing: Standing
    verdict: AnyVerdict

    @property
    def run(self) -> Path | None:
        """A shortest run to where it goes wrong, if it does."""
        lasso = getattr(self.verdict, "lasso", None)
        return lasso.stem if lasso is not None else getattr(self.verdict, "path", None)

    @property
    def loop(self) -> Sequence[Move] | None:
        """What is repeated for ever after the run, nothing where it rests; None where the run itself is at fault."""
        lasso = getattr(self.verdict, "lasso", None)
        return lasso.loop if lasso is not None else None

    @property
    def steps(self) -> tuple[int, int | None]:
        """The lengths of run and loop."""
        return len(self.run or ()), None if self.loop is None else len(self.loop)


def judge(without: Instance, changed: Instance, name: str) -> Finding:
    """Decide a property on an instance of a machine, and of the same machine changed.

    Raises UnknownName for a property that one of them lacks.
    """
    finding = sought(changed, name)
    if without.machine.digest == changed.machine.digest:
        return Finding(Standing.VOID, finding.verdict)
    other = decide(without, name)
    if other.evidence is Evidence.UNDETERMINED:
        return Finding(Standing.UNDETERMINED, finding.verdict)
    return Finding(Standing.SPOILT, finding.verdict) if other.evidence is Evidence.REFUTED else finding


def sought(changed: Instance, name: str) -> Finding:
    """Decide a property on the changed machine alone."""
    verdict = decide(changed, name)
    known = {Evidence.REFUTED: Standing.FOUND, Evidence.UNDETERMINED: Standing.UNDETERMINED}
    return Finding(known.get(verdict.evidence, Standing.MISSED), verdict)


def decide(instance: Instance, name: str) -> AnyVerdict:
    """Decide one property of whatever kind; raises UnknownName if the machine lacks it."""
    from attorn.checker.explore import Options, explore
    from attorn.checker.progress import check_always_possible, check_progress

    machine = instance.machine
    if any(each.name == name for each in machine.progress):
        return check_progress(instance, properties=[name])[0]
    if any(each.name == name for each in machine.always_possible):
        return check_always_possible(instance, properties=[name])[0]
    return explore(instance, Options(properties=(name,), goals=False, threads=1)).verdict(name)
