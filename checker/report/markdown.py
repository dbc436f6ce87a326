"""The report as Markdown: the verdicts in one short table first, evidence and details after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attorn.checker.report.lines import counted
from attorn.checker.report.model import GoalAccount, InstanceAccount, MachineAccount, PropertyAccount, Report
from attorn.checker.report.runs import View
from attorn.checker.report.summary import (
    GoalSummary,
    PropertySummary,
    goal_summaries,
    property_summaries,
    silent_everywhere,
    told_length,
    total_clauses,
    unchecked,
    unfired_everywhere,
    verdict_sentence,
)
from attorn.checker.verdicts import Evidence

__all__ = ["render_markdown"]

MEANING = (
    "*exhausted*: every reachable state and step of the instance was visited, and it is true of each of them; "
    "if it is about progress, of every fair run through them. "
    "*refuted*: there is a run that violates it; the number is the fewest steps, ∞ if it goes on for ever. "
    "*undetermined*: no violation was found, but the search did not finish."
)


def render_markdown(report: Report) -> str:
    """The report as one Markdown text, the same whenever and wherever the check is run."""
    blocks = ["# Invariant report", f"**{verdict_sentence(report)}**", _short(report), MEANING]
    if report.not_searched:
        blocks.append(f"Not searched: {', '.join(report.not_searched)}.")
    for machine in report.machines:
        blocks += _machine(machine, report.of_machine(machine.name))
    blocks += ["## Repeat it", f"```sh\n{report.command}\n```"]
    return "\n\n".join(blocks) + "\n"


def _short(report: Report) -> str:
    """A row for each instance: enough to know whether one must read on."""
    rows = []
    for each in report.instances:
        words = [stated.evidence for stated in each.properties]
        rows.append(
            [
                f"{each.machine} · {each.name}" if each.machine != each.name else each.name,
                *(str(words.count(kind)) for kind in (Evidence.EXHAUSTED, Evidence.REFUTED, Evidence.UNDETERMINED)),
                f"{sum(goal.reached is True for goal in each.goals)}/{len(each.goals)}",
                f"{each.states:,}",
                "finished" if each.finished else "**stopped**",
            ]
        )
    return _table(
        ("instance", "exhausted", "refuted", "undetermined", "goals", "states", "search"), rows, right=range(1, 6)
    )


def _machine(machine: MachineAccount, instances: Sequence[InstanceAccount]) -> Iterator[str]:
    yield f"## {machine.name}"
    yield f"{_text(machine.says)}\n\nSpecification `{machine.digest}`.".strip()
    if machine.notes:
        yield "\n".join(f"- *{title}*: {_text(text)}" for title, text in machine.notes)
    if any(instance.properties for instance in instances):
        yield _properties(instances)
    if any(instance.goals for instance in instances):
        yield "### What must be possible"
        yield _goals(instances)
    for why, names in unchecked(instances).items():
        yield f"Stated, but not decided: {', '.join(f'`{name}`' for name in names)} ({why})."
    yield "### What was searched"
    yield _searched(instances)
    yield from _compared(instances)
    yield from _coverage(instances)
    yield from _counterexamples(machine, instances)
    yield from _witnesses(machine, instances)
    if machine.assumptions:
        yield "### What is assumed"
        yield _table(
            ("assumption", "says", "stated at"), [(f"`{a.name}`", a.sentence, a.where) for a in machine.assumptions]
        )
    if machine.elements:
        yield "### The claim's elements"
        yield _table(("element", "says"), machine.elements)


def _properties(instances: Sequence[InstanceAccount]) -> str:
    told = [{each.name: _verdict(each) for each in instance.properties} for instance in instances]
    return _matrix("property", property_summaries(instances), instances, told)


def _goals(instances: Sequence[InstanceAccount]) -> str:
    told = [{each.name: _reached(each) for each in instance.goals} for instance in instances]
    return _matrix("goal", goal_summaries(instances), instances, told)


def _matrix(
    what: str,
    stated: Sequence[PropertySummary] | Sequence[GoalSummary],
    instances: Sequence[InstanceAccount],
    told: Sequence[dict[str, str]],
) -> str:
    """One row for each statement, and a column for each instance with what is known of it there."""
    claimed = any(each.claim for each in stated)
    head = [what, "says", *(["claim"] if claimed else []), *(instance.name for instance in instances)]
    rows = [
        [
            f"`{each.name}`",
            each.sentence,
            *([", ".join(each.claim)] if claimed else []),
            *(said.get(each.name, "") for said in told),
        ]
        for each in stated
    ]
    return _table(head, rows)


def _verdict(stated: PropertyAccount) -> str:
    if stated.counterexample is not None:
        return f"**refuted** ({len(stated.counterexample.trace.steps)}{' ∞' if stated.counterexample.loop else ''})"
    return stated.evidence.value


def _reached(goal: GoalAccount) -> str:
    if goal.trace is not None:
        return f"reached ({len(goal.trace.steps) or 'at the start'})"
    return "**refuted**" if goal.verdict == Evidence.REFUTED.value else goal.verdict


def _searched(instances: Sequence[InstanceAccount]) -> str:
    sorts = [sort for sort, _ in instances[0].sizes] if instances else []
    head = ["instance", *sorts, "states", "transitions", "depth", "search", "other engines"]
    rows = [
        [
            instance.name,
            *(str(size) for _, size in instance.sizes),
            f"{instance.states:,}",
            f"{instance.transitions:,}",
            str(instance.depth),
            _ended(instance),
            instance.agreement.value,
        ]
        for instance in instances
    ]
    return _table(head, rows, right=range(1, 4 + len(sorts)))


def _compared(instances: Sequence[InstanceAccount]) -> Iterator[str]:
    said = [(instance, each) for instance in instances for each in instance.comparisons]
    if said:
        yield "\n".join(
            f"- {instance.name}: {'agreed' if each.agreed else '**agreement unknown**'}: {each.says}"
            for instance, each in said
        )


def _ended(instance: InstanceAccount) -> str:
    if not instance.finished:
        return f"**stopped**: {instance.stopped}"
    how = "finished" if instance.orbits is None else f"finished; {instance.orbits:,} searched, by symmetry"
    return f"{how}; **progress undetermined**: {instance.progress_stopped}" if instance.progress_stopped else how


def _coverage(instances: Sequence[InstanceAccount]) -> Iterator[str]:
    yield "### Coverage and findings"
    names = list(dict.fromkeys(each.action for instance in instances for each in instance.fired))
    times = [{each.action: each.times for each in instance.fired} for instance in instances]
    rows = [[f"`{name}`", *(f"{fired.get(name, 0):,}" for fired in times)] for name in names]
    yield _details(
        "How many transitions each action made",
        _table(["action", *(instance.name for instance in instances)], rows, right=range(1, 1 + len(instances))),
    )
    never = "never happens" if all(each.finished for each in instances) else "has not happened so far"
    findings = [f"- action `{name}` {never}" for name in unfired_everywhere(instances)]
    findings += [
        f"- `{each.name}` has nothing to say: its premise never holds"
        for each in property_summaries(instances)
        if not each.occasion
    ]
    silent = silent_everywhere(instances)
    for each in silent or ():
        findings.append(
            f"- clause {each.number} of `{each.action}` never decides in any finished instance: "
            f"`{each.text}` ({each.where})"
        )
    if silent is None:
        findings.append("- no search finished, so it is not known which clauses decide")
    else:
        clauses = total_clauses(instances)
        findings.insert(0, f"- clauses of guards that decide in some instance: {clauses - len(silent)} of {clauses}")
    yield "\n".join(findings)
    only_here = [
        (instance.name, f"`{each.action}` {each.number}", f"`{each.text}`")
        for instance in instances
        for each in instance.silent
        if (each.action, each.number) not in {(s.action, s.number) for s in silent or ()}
    ]
    only_here += [
        (instance.name, f"`{name}`", "never happens")
        for instance in instances
        for name in instance.dead
        if name not in unfired_everywhere(instances)
    ]
    if only_here:
        yield _details(
            "What is idle in some instance only, mostly because it is small",
            _table(["instance", "action, clause", "never decides"], only_here),
        )


def _counterexamples(machine: MachineAccount, instances: Sequence[InstanceAccount]) -> Iterator[str]:
    found = [(instance, each) for instance in instances for each in instance.properties if each.counterexample]
    if found:
        yield "### Counterexamples"
    for instance, each in found:
        assert each.counterexample is not None
        lines = View(instance, machine.elements, width=100).refutation(each)
        length = told_length(each.counterexample)
        yield _details(f"<code>{each.name}</code> on {instance.name}, {length}", _fenced(lines))


def _witnesses(machine: MachineAccount, instances: Sequence[InstanceAccount]) -> Iterator[str]:
    """One run for each goal, on the largest instance that reaches it."""
    chosen: dict[str, tuple[InstanceAccount, GoalAccount]] = {}
    for instance in sorted(instances, key=lambda each: each.states):
        for goal in instance.goals:
            if goal.trace is not None and goal.trace.steps:
                chosen[goal.name] = instance, goal
    if chosen:
        yield "### How the goals are reached"
    for instance, goal in chosen.values():
        lines = View(instance, machine.elements, width=100).witness(goal)
        assert goal.trace is not None
        steps = counted(len(goal.trace.steps), "step")
        yield _details(f"<code>{goal.name}</code> on {instance.name}, {steps}", _fenced(lines))


def _details(title: str, body: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def _fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | range = ()) -> str:
    from tabulate import tabulate

    return tabulate(
        [[_text(cell) for cell in row] for row in rows],
        headers=list(head),
        tablefmt="pipe",
        colalign=["right" if column in right else "left" for column in range(len(head))] if rows else None,
        disable_numparse=True,
    )


def _text(cell: str) -> str:
    return cell.replace("|", "\\|")
