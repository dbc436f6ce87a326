"""Whether a change of a machine brings about just the violation that is expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from attorn.checker.verdicts import Evidence, Verdict
from attorn.spec.language import Instance

if TYPE_CHECKING:
    from attorn.checker.progress import PossibilityVerdict, ProgressVerdict

__all__ = ["Finding", "Standing", "decide", "judge"]


class Standing(Enum):
    """What became of an expectation."""

    FOUND = "found"
    MISSED = "missed: the property holds with the change as well"
    SPOILT = "spoilt: the property fails without the change too"
    VOID = "void: the change changes nothing"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Finding:
    """What was found of one expectation.

    verdict: of the property on the machine with the change; it carries the run where it is refuted.
    """

    standing: Standing
    verdict: Verdict | ProgressVerdict | PossibilityVerdict

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps the shortest run takes to where it goes wrong, and how many are then repeated for ever."""
        lasso = getattr(self.verdict, "lasso", None)
        if lasso is not None:
            return len(lasso.stem), len(lasso.loop)
        path = getattr(self.verdict, "path", None)
        return (len(path), 0) if path is not None else (0, 0)


def judge(without: Instance, changed: Instance, name: str) -> Finding:
    """Decide a property on an instance of a machine and of the same machine changed.

    Raises UnknownName for a property that one of them lacks.
    """
    verdict = decide(changed, name)
    if without.machine.digest == changed.machine.digest:
        return Finding(Standing.VOID, verdict)
    other = decide(without, name)
    if Evidence.UNDETERMINED in (verdict.evidence, other.evidence):
        return Finding(Standing.UNDETERMINED, verdict)
    if other.evidence is Evidence.REFUTED:
        return Finding(Standing.SPOILT, verdict)
    return Finding(Standing.FOUND if verdict.evidence is Evidence.REFUTED else Standing.MISSED, verdict)


def decide(instance: Instance, name: str) -> Verdict | ProgressVerdict | PossibilityVerdict:
    """Decide one property of whatever kind; raises UnknownName if the machine lacks it."""
    from attorn.checker.explore import Options, explore
    from attorn.checker.progress import check_always_possible, check_progress

    machine = instance.machine
    if any(each.name == name for each in machine.progress):
        return check_progress(instance, properties=[name])[0]
    if any(each.name == name for each in machine.always_possible):
        return check_always_possible(instance, properties=[name])[0]
    return explore(instance, Options(properties=(name,), goals=False)).verdict(name)
