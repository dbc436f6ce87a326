"""The report for a terminal: words before symbols, alignment over boxes, what matters last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from attorn.checker.report.model import InstanceAccount, MachineAccount, Outcome, Report
from attorn.checker.report.runs import Paint, counted, plain, shape
from attorn.checker.report.summary import (
    GoalSummary,
    PropertySummary,
    goal_summaries,
    property_summaries,
    silent_everywhere,
    total_clauses,
    unfired_everywhere,
    verdict_sentence,
)
from attorn.checker.verdicts import Evidence

__all__ = ["instance_lines", "machine_heading", "machine_lines", "outcome_lines"]

NAME = 20
ROLES = {
    Evidence.PROVED: "good",
    Evidence.EXHAUSTED: "good",
    Evidence.BOUNDED: "doubt",
    Evidence.OBSERVED: "doubt",
    Evidence.UNDETERMINED: "doubt",
    Evidence.REFUTED: "bad",
}
OUTCOMES = {Outcome.HOLDS: "good", Outcome.REFUTED: "bad", Outcome.UNDETERMINED: "doubt"}
MEANING = {
    Evidence.EXHAUSTED: "exhausted: true of every reachable state and step",
    Evidence.UNDETERMINED: "undetermined: no violation found, but the search did not finish",
    Evidence.REFUTED: "REFUTED: a run violates it",
}


def machine_heading(machine: MachineAccount, width: int = 80, paint: Paint = plain) -> list[str]:
    """Which machine, and which version of its text."""
    return [
        f"{paint(machine.name, 'strong')} · specification {machine.digest[:12]}",
        *_wrapped(machine.says, "  ", width),
        "",
    ]


def instance_lines(instance: InstanceAccount, seconds: float, width: int = 80, paint: Paint = plain) -> list[str]:
    """What one instance is, and what its search met."""
    name = f"{instance.name:{NAME}}"
    if len(instance.name) >= NAME:
        name += "  "
    met = " · ".join(
        [
            counted(instance.states, "state"),
            counted(instance.transitions, "transition"),
            f"depth {instance.depth}",
            f"{seconds:.1f} s",
        ]
    )
    indent = " " * (2 + NAME)
    lines = _wrapped(
        shape(instance) or "no sizes", indent, width, first=f"  {paint(name, 'strong')}", gap=2 + len(name)
    )
    lines += _wrapped(met, indent, width)
    if not instance.finished:
        lines += _wrapped(
            f"UNDETERMINED: explored to depth {instance.depth}, {counted(instance.states, 'state')}; "
            f"stopped by {instance.stopped}",
            indent,
            width,
            paint=paint,
            role="doubt",
        )
    if instance.agreement:
        lines += _wrapped(instance.agreement, indent, width)
    return lines


def machine_lines(report: Report, machine: MachineAccount, width: int = 80, paint: Paint = plain) -> list[str]:
    """The verdicts on one machine, over all its instances; what failed comes last."""
    instances = report.of_machine(machine.name)
    lines: list[str] = []
    properties = property_summaries(instances)
    margin = 2 + max((len(each.name) for each in (*properties, *goal_summaries(instances))), default=0)
    for evidence, meaning in MEANING.items():
        chosen = [each for each in properties if each.worst is evidence]
        if chosen:
            where = "" if len(instances) == 1 else f", on {_all_of(instances)}"
            heading = meaning + (where if evidence is Evidence.EXHAUSTED else "")
            lines += ["", *_wrapped(heading, "  ", width, paint=paint, role=ROLES[evidence])]
            for each in chosen:
                lines += _property_lines(each, margin, width, paint)
    lines += _goal_lines(goal_summaries(instances), len(instances), margin, width, paint)
    lines += ["", *_coverage_lines(instances, width, paint)]
    if machine.assumptions:
        lines += _wrapped(" · ".join(each.name for each in machine.assumptions), "  ", width, first="  assumed   ")
    return lines


def outcome_lines(report: Report, written: str, width: int = 80, paint: Paint = plain) -> list[str]:
    """The last lines: the verdict as a whole, where the report is, and what to do next."""
    lines = _wrapped(verdict_sentence(report), "", width, paint=paint, role=OUTCOMES[report.outcome])
    if report.not_started:
        lines += _wrapped(f"not started: {', '.join(report.not_started)}", "", width)
    if written:
        lines.append(f"report  {written}")
    return [*lines, *_next(report)]


def _next(report: Report) -> Iterator[str]:
    for instance in report.instances:
        for each in instance.properties:
            if each.counterexample is not None:
                yield f"next    {each.counterexample.replay}"
                return
        for goal in instance.goals:
            if goal.reached is False:
                yield f"next    attorn show {goal.name}"
                return
    if report.outcome is Outcome.UNDETERMINED:
        yield "next    give the search more room: --max-states, --memory, or a smaller instance"
        return
    longest = [goal for instance in report.instances for goal in instance.goals if goal.trace and goal.trace.steps]
    if longest:
        yield f"next    {longest[-1].replay}   (see it happen, step by step)"
    else:
        yield "next    attorn list"


def _property_lines(each: PropertySummary, margin: int, width: int, paint: Paint) -> list[str]:
    indent = " " * (4 + margin)
    name = f"{each.name:{margin}}"
    role = "bad" if each.refuted else "strong"
    lines = _wrapped(each.sentence, indent, width, first=f"    {paint(name, role)}", gap=len(indent))
    if each.refuted:
        found = " · ".join(f"{instance} in {counted(steps, 'step')}" for instance, steps in each.refuted)
        lines += _wrapped(found, indent, width, paint=paint, role="bad")
        lines += _others(each.holds_on, "exhausted on", indent, width)
        lines += _others(each.open_on, "undetermined on", indent, width)
    elif each.open_on and each.holds_on:
        lines += _others(each.open_on, "undetermined on", indent, width)
    return lines


def _others(names: Sequence[str], title: str, indent: str, width: int) -> list[str]:
    return _wrapped(f"{title} {', '.join(names)}", indent, width) if names else []


def _goal_lines(goals: Sequence[GoalSummary], total: int, margin: int, width: int, paint: Paint) -> Iterator[str]:
    if not goals:
        return
    yield ""
    yield "  " + paint("goals: what must be possible, by the fewest steps", "strong")
    for each in goals:
        parts = []
        if each.reached:
            fewest, most = min(steps for _, steps in each.reached), max(steps for _, steps in each.reached)
            length = counted(fewest, "step") if fewest == most else f"{fewest} to {most} steps"
            parts.append(f"reached in {length}")
        if each.unreachable:
            parts.append(f"REFUTED: cannot be reached on {', '.join(each.unreachable)}")
        if each.open_on:
            parts.append("undetermined" + (f" on {', '.join(each.open_on)}" if total > 1 else ""))
        role = "bad" if each.unreachable else "doubt" if each.open_on else "plain"
        indent = " " * (4 + margin)
        yield from _wrapped(
            " · ".join(parts), indent, width, first=f"    {each.name:{margin}}", gap=len(indent), paint=paint, role=role
        )


def _coverage_lines(instances: Sequence[InstanceAccount], width: int, paint: Paint) -> Iterator[str]:
    dead, silent = unfired_everywhere(instances), silent_everywhere(instances)
    actions = len({each.action for instance in instances for each in instance.fired})
    text = f"{actions - len(dead)} of {counted(actions, 'action')} happened"
    clauses = total_clauses(instances)
    if silent is not None:
        text += f" · {clauses - len(silent)} of {counted(clauses, 'clause')} decide"
    yield from _wrapped(text, "            ", width, first="  coverage  ")
    for name in dead:
        yield from _wrapped(
            f"{name} never happens", "            ", width, first="  finding   ", paint=paint, role="doubt"
        )
    for each in silent or ():
        yield from _wrapped(
            f"clause {each.number} of {each.action} never decides ({each.where}): {each.text}",
            "            ",
            width,
            first="  finding   ",
            paint=paint,
            role="doubt",
        )


def _all_of(instances: Sequence[InstanceAccount]) -> str:
    return f"all {len(instances)} instances" if len(instances) > 2 else " and ".join(each.name for each in instances)


def _wrapped(
    text: str,
    indent: str,
    width: int,
    *,
    first: str | None = None,
    gap: int | None = None,
    paint: Paint = plain,
    role: str = "plain",
) -> list[str]:
    """Lines of text; ``first`` may be painted already, so ``gap`` says how wide it looks."""
    lead = indent if first is None else first
    seen = len(lead) if gap is None else gap
    lines = textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=" " * seen,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    texts = [line[seen:] if number == 0 else line[len(indent) :] for number, line in enumerate(lines)]
    return [(lead if number == 0 else indent) + paint(part, role) for number, part in enumerate(texts)]
