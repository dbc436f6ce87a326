"""What a report says over several instances: each property and goal once, and one sentence for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attorn.checker.report.lines import counted
from attorn.checker.report.model import Agreement, InstanceAccount, Outcome, Report, SilentAccount
from attorn.checker.report.run_model import Counterexample
from attorn.checker.verdicts import Evidence

__all__ = [
    "GoalSummary",
    "PropertySummary",
    "goal_summaries",
    "property_summaries",
    "silent_everywhere",
    "told_length",
    "total_clauses",
    "unchecked",
    "unfired_everywhere",
    "verdict_sentence",
]


@dataclass(frozen=True)
class PropertySummary:
    """One property over all instances of a machine.

    refuted:  instance, and how long its counterexample is, in words.
    occasion: whether a progress property has something to say somewhere; true for all others.
    """

    name: str
    kind: str
    sentence: str
    claim: str
    refuted: tuple[tuple[str, str], ...]
    open_on: tuple[str, ...]
    holds_on: tuple[str, ...]
    occasion: bool = True

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
            stated.kind,
            stated.sentence,
            stated.claim,
            tuple(
                (instance.name, told_length(each.counterexample))
                for instance in instances
                for each in instance.properties
                if each.name == name and each.counterexample is not None
            ),
            _on(instances, name, Evidence.UNDETERMINED),
            _on(instances, name, Evidence.EXHAUSTED),
            any(each.occasions != 0 for instance in instances for each in instance.properties if each.name == name),
        )
        for name, stated in found.items()
    ]


def told_length(found: Counterexample) -> str:
    """How long a counterexample is: ``3 steps``, ``3 steps and a loop of 2``, ``3 steps and rest``."""
    steps = counted(len(found.trace.steps), "step")
    if found.loop is None:
        return steps
    return f"{steps} and {f'a loop of {len(found.loop.steps)}' if found.loop.steps else found.loop.ending}"


def unchecked(instances: Sequence[InstanceAccount]) -> dict[str, list[str]]:
    """Why properties were not decided, and which on which instances: nothing of where, where it is on all."""
    found: dict[tuple[str, str], list[str]] = {}
    for instance in instances:
        for each in instance.unchecked:
            found.setdefault((each.why, each.name), []).append(instance.name)
    told: dict[str, list[str]] = {}
    for (why, name), where in found.items():
        told.setdefault(why, []).append(name if len(where) == len(instances) else f"{name} on {', '.join(where)}")
    return told


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
    stated = {(i.machine, each.name): False for i in report.instances for each in i.properties}
    aims = {(i.machine, each.name): False for i in report.instances for each in i.goals}
    for instance in report.instances:
        stated |= {(instance.machine, p.name): True for p in instance.properties if p.evidence is Evidence.REFUTED}
        aims |= {(instance.machine, goal.name): True for goal in instance.goals if goal.reached is False}
    match report.outcome:
        case Outcome.REFUTED:
            said = [_refuted(stated, "property", ""), _refuted(aims, "goal", "goal ")]
        case Outcome.UNDETERMINED:
            total = len(report.instances) + len(report.not_searched)
            left = total - sum(instance.finished for instance in report.instances)
            searches = "the search" if total == 1 else f"{left} of {total} searches"
            unknown = any(instance.agreement is Agreement.UNKNOWN for instance in report.instances)
            missing = searches if left else "another engine" if unknown else "the check of progress"
            return f"UNDETERMINED: nothing is refuted so far, but {missing} did not finish."
        case Outcome.HOLDS:
            said = [
                _told(stated, "property", "", "holds", "hold"),
                _told(aims, "goal", "goal ", "is reached", "are reached"),
            ]
    text = " and ".join(filter(None, said)) or "nothing was asked"
    asked = sum(bool(instance.properties or instance.goals) for instance in report.instances)
    text = f"{text}, on {counted(asked or len(report.instances), 'instance')}."
    return text.replace("all ", "All ", 1) if text.startswith("all ") else text


Statements = Mapping[tuple[str, str], bool]


def _refuted(statements: Statements, noun: str, title: str) -> str:
    names = [name for (_, name), refuted in statements.items() if refuted]
    if len(names) > 1:
        return f"{len(names)} of {counted(len(statements), noun)} are REFUTED"
    return f"{title}{names[0]} is REFUTED" if names else ""


def _told(statements: Statements, noun: str, title: str, singular: str, plural: str) -> str:
    if len(statements) > 1:
        return f"all {counted(len(statements), noun)} {plural}"
    return "".join(f"{title}{name} {singular}" for _, name in statements)


def _on(instances: Sequence[InstanceAccount], name: str, evidence: Evidence) -> tuple[str, ...]:
    return tuple(
        instance.name
        for instance in instances
        for each in instance.properties
        if each.name == name and each.evidence is evidence
    )
