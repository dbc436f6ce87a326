"""What a report says over several instances: each property and goal once, and one sentence for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attorn.checker.report.lines import counted
from attorn.checker.report.model import InstanceAccount, Outcome, Report, SilentAccount
from attorn.checker.verdicts import Evidence

__all__ = [
    "GoalSummary",
    "PropertySummary",
    "goal_summaries",
    "property_summaries",
    "silent_everywhere",
    "total_clauses",
    "unfired_everywhere",
    "verdict_sentence",
]


@dataclass(frozen=True)
class PropertySummary:
    """One property over all instances of a machine; ``refuted`` has the number of steps of each counterexample."""

    name: str
    sentence: str
    claim: str
    refuted: tuple[tuple[str, int], ...]
    open_on: tuple[str, ...]
    holds_on: tuple[str, ...]

    @property
    def worst(self) -> Evidence:
        """The evidence of the instance that says the least for it."""
        if self.refuted:
            return Evidence.REFUTED
        return Evidence.UNDETERMINED if self.open_on else Evidence.EXHAUSTED


@dataclass(frozen=True)
class GoalSummary:
    """One goal over all instances of a machine; ``reached`` has the number of steps of each witness."""

    name: str
    sentence: str
    claim: str
    reached: tuple[tuple[str, int], ...]
    unreachable: tuple[str, ...]
    open_on: tuple[str, ...]


def property_summaries(instances: Sequence[InstanceAccount]) -> list[PropertySummary]:
    """Every property once, in the order in which the machine states them."""
    found = {each.name: each for instance in instances for each in instance.properties}
    return [
        PropertySummary(
            name,
            stated.sentence,
            stated.claim,
            tuple(
                (instance.name, len(each.counterexample.trace.steps))
                for instance in instances
                for each in instance.properties
                if each.name == name and each.counterexample is not None
            ),
            _on(instances, name, Evidence.UNDETERMINED),
            _on(instances, name, Evidence.EXHAUSTED),
        )
        for name, stated in found.items()
    ]


def goal_summaries(instances: Sequence[InstanceAccount]) -> list[GoalSummary]:
    """Every goal once, in the order in which the machine states them."""
    found = {each.name: each for instance in instances for each in instance.goals}
    said = [(instance.name, each) for instance in instances for each in instance.goals]
    return [
        GoalSummary(
            name,
            goal.sentence,
            goal.claim,
            tuple((where, len(each.trace.steps)) for where, each in said if each.name == name and each.trace),
            tuple(where for where, each in said if each.name == name and each.reached is False),
            tuple(where for where, each in said if each.name == name and each.reached is None),
        )
        for name, goal in found.items()
    ]


def unfired_everywhere(instances: Sequence[InstanceAccount]) -> list[str]:
    """Actions that happened in none of the instances."""
    happened = {each.action for instance in instances for each in instance.fired if each.times}
    known = dict.fromkeys(each.action for instance in instances for each in instance.fired)
    return [name for name in known if name not in happened]


def silent_everywhere(instances: Sequence[InstanceAccount]) -> list[SilentAccount] | None:
    """Clauses that decide in none of the finished instances; None where no search has finished."""
    finished = [each for each in instances if each.finished]
    if not finished:
        return None
    common = set.intersection(*({(each.action, each.number) for each in one.silent} for one in finished))
    return [each for each in finished[0].silent if (each.action, each.number) in common]


def total_clauses(instances: Sequence[InstanceAccount]) -> int:
    """How many clauses the guards of the machine have."""
    return sum(each.clauses for each in instances[0].fired) if instances else 0


def verdict_sentence(report: Report) -> str:
    """The whole report in a sentence, the worst first."""
    properties = [(instance.machine, each) for instance in report.instances for each in instance.properties]
    goals = [(instance.machine, each) for instance in report.instances for each in instance.goals]
    refuted = {(machine, each.name) for machine, each in properties if each.evidence is Evidence.REFUTED}
    missed = {(machine, each.name) for machine, each in goals if each.reached is False}
    names, aims = ({(machine, each.name) for machine, each in said} for said in (properties, goals))
    where = f"on {counted(len(report.instances), 'instance')}"
    match report.outcome:
        case Outcome.REFUTED:
            parts = []
            if refuted:
                verb = "is" if len(refuted) == 1 else "are"
                parts.append(f"{len(refuted)} of {_properties(len(names))} {verb} REFUTED")
            if missed:
                parts.append(f"{len(missed)} of {counted(len(aims), 'goal')} cannot be reached (REFUTED)")
            return f"{' and '.join(parts)}, {where}."
        case Outcome.UNDETERMINED:
            total = len(report.instances) + len(report.not_started)
            left = total - sum(instance.finished for instance in report.instances)
            searches = "the search" if total == 1 else f"{left} of {total} searches"
            return f"UNDETERMINED: nothing is refuted so far, but {searches} did not finish."
        case Outcome.HOLDS:
            if not names and not aims:
                return f"Nothing was asked, {where}."
            said = [f"{_properties(len(names))} {'holds' if len(names) == 1 else 'hold'}"] if names else []
            said += [f"{counted(len(aims), 'goal')} {'is' if len(aims) == 1 else 'are'} reached"] if aims else []
            text = " and ".join(said)
            return f"All {text}, {where}." if len(names) > 1 else f"{text}, {where}."


def _properties(count: int) -> str:
    return counted(count, "property")


def _on(instances: Sequence[InstanceAccount], name: str, evidence: Evidence) -> tuple[str, ...]:
    return tuple(
        instance.name
        for instance in instances
        for each in instance.properties
        if each.name == name and each.evidence is evidence
    )
