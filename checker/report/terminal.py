"""The report for a terminal: words before symbols, alignment over boxes, what matters last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from attorn.checker.report.lines import Paint, counted, formula, listed, plain, wrapped
from attorn.checker.report.model import InstanceAccount, MachineAccount, Outcome, Report
from attorn.checker.report.summary import (
    GoalSummary,
    PropertySummary,
    goal_summaries,
    property_summaries,
    silent_everywhere,
    total_clauses,
    unchecked,
    unfired_everywhere,
    verdict_sentence,
)
from attorn.checker.verdicts import Evidence

__all__ = ["Screen"]

NAME = 18
TITLE = 13
MOST_FINDINGS = 4
STATES = ("invariant", "two_state", "deadlock")
MEANING = (
    (Evidence.EXHAUSTED, STATES, "exhausted: true of every reachable state and step", "good"),
    (Evidence.EXHAUSTED, ("progress",), "exhausted: comes about in every run that is fair", "good"),
    (Evidence.EXHAUSTED, ("always_possible",), "exhausted: in reach of every reachable state", "good"),
    (Evidence.UNDETERMINED, (), "undetermined: no violation met, but a search did not finish", "doubt"),
    (Evidence.REFUTED, (), "REFUTED: a run violates it", "bad"),
)
"""What evidence means of properties of some kinds, or of all that are left."""
ROLES = {Outcome.HOLDS: "good", Outcome.REFUTED: "bad", Outcome.UNDETERMINED: "doubt"}


@dataclass(frozen=True)
class Screen:
    """A terminal of a width, with or without colours; each method gives the lines to print."""

    width: int = 80
    paint: Paint = plain

    def heading(self, machine: MachineAccount) -> list[str]:
        """Which machine, and which version of its text."""
        title = f"{self.paint(machine.name, 'strong')} · specification {machine.digest[:12]}"
        return [title, *wrapped(machine.says, self.width, "  "), ""]

    def searched(self, instance: InstanceAccount, seconds: float, by: str = "") -> list[str]:
        """What one instance is, and what its search met; ``by`` what, where that is worth a word."""
        indent = " " * (2 + NAME)
        lead = f"  {self.paint(instance.name, 'strong')}{' ' * max(2, NAME - len(instance.name))}"
        facts = [
            counted(instance.states, "state"),
            *([] if instance.orbits is None else [f"{instance.orbits:,} searched, by symmetry"]),
            counted(instance.transitions, "transition"),
            f"depth {instance.depth}",
            f"{seconds:.1f} s",
            *([] if by in ("", "arrays") else [by]),
        ]
        lines = wrapped(listed(instance.shape.split(" × "), "×") or "one size only", self.width, indent, lead)
        lines += wrapped(listed(facts), self.width, indent)
        if not instance.finished:
            text = (
                f"UNDETERMINED: explored to depth {instance.depth}, {counted(instance.states, 'state')}; "
                f"stopped: {instance.stopped}"
            )
            lines += wrapped(text, self.width, indent, paint=self.paint, role="doubt")
        elif instance.progress_stopped:
            text = f"progress UNDETERMINED: {instance.progress_stopped}"
            lines += wrapped(text, self.width, indent, paint=self.paint, role="doubt")
        for each in instance.comparisons:
            word, role = ("agreed", "") if each.agreed else ("agreement UNKNOWN", "doubt")
            lines += wrapped(f"{word}: {each.says}", self.width, indent, paint=self.paint, role=role)
        return lines

    def verdicts(self, report: Report, machine: MachineAccount) -> list[str]:
        """The verdicts on one machine, over all its instances; what failed comes last."""
        instances = report.of_machine(machine.name)
        properties, goals = property_summaries(instances), goal_summaries(instances)
        before = report.instances[: report.instances.index(instances[0])]
        told = {each.name: each.sentence for each in property_summaries(before)}
        margin = 2 + max([0, *(len(each.name) for each in properties), *(len(each.name) for each in goals)])
        lines = list(self._properties(properties, instances, told, margin))
        lines += self._goals(goals, margin, alone=not instances[1:])
        lines += ["", *self._coverage(instances)]
        for name in [each.name for each in properties if not each.occasion]:
            lines += self._row("finding", f"{name} has nothing to say: its premise never holds", "doubt")
        for why, names in unchecked(instances).items():
            lines += self._row("unchecked", f"{listed(names)} ({why})")
        return lines + self._row("assumed", listed(each.name for each in machine.assumptions))

    def outcome(self, report: Report, written: str, prove: str = "") -> list[str]:
        """The last lines: the verdict as a whole, where the report is, and what to do next.

        prove: the command that proves the same for any size, if there is one.
        """
        steps = [_next(report)]
        if prove and report.outcome is Outcome.HOLDS:
            steps.insert(0, f"{prove}   (the same for any size)")
        return [
            *wrapped(verdict_sentence(report), self.width, "", paint=self.paint, role=ROLES[report.outcome]),
            *wrapped(", ".join(report.not_searched), self.width, "", "not searched: "),
            f"report  {written}",
            *(f"{title}    {step}" for title, step in zip(("next", "or  "), steps, strict=False)),
        ]

    def _properties(
        self,
        properties: Sequence[PropertySummary],
        instances: Sequence[InstanceAccount],
        told: Mapping[str, str],
        margin: int,
    ) -> Iterator[str]:
        for evidence, kinds, meaning, role in MEANING:
            chosen = [each for each in properties if each.worst is evidence and each.kind in (kinds or (each.kind,))]
            if chosen:
                where = f", on {_all(instances)}" if evidence is Evidence.EXHAUSTED and instances[1:] else ""
                yield ""
                yield from wrapped(meaning + where, self.width, "  ", paint=self.paint, role=role)
            again = [each for each in chosen if not each.refuted and told.get(each.name) == each.sentence]
            for each in chosen:
                if each not in again:
                    yield from self._property(each, margin, alone=not instances[1:])
            yield from wrapped(listed(each.name for each in again), self.width, "      ", "    as above: ")

    def _property(self, each: PropertySummary, margin: int, alone: bool) -> Iterator[str]:
        indent = " " * (4 + margin)
        name = self.paint(f"{each.name:{margin}}", "bad" if each.refuted else "strong")
        yield from wrapped(each.sentence, self.width, indent, f"    {name}")
        found = listed(f"{'' if alone else where + ' '}in {length}" for where, length in each.refuted)
        yield from wrapped(found, self.width, indent, paint=self.paint, role="bad")
        if each.refuted or each.holds_on:
            yield from wrapped(", ".join(each.open_on), self.width, indent, f"{indent}undetermined on ")
        if each.refuted or each.open_on:
            yield from wrapped(", ".join(each.holds_on), self.width, indent, f"{indent}exhausted on ")

    def _goals(self, goals: Sequence[GoalSummary], margin: int, alone: bool) -> Iterator[str]:
        if goals:
            yield ""
            yield "  " + self.paint("goals: what must be possible, by the fewest steps", "strong")
        for each in goals:
            parts = [_reached(each)] if each.reached else []
            parts += (
                [f"REFUTED: cannot be reached{'' if alone else ' on ' + ', '.join(each.unreachable)}"]
                if each.unreachable
                else []
            )
            parts += ["undetermined" if alone else f"undetermined on {', '.join(each.open_on)}"] if each.open_on else []
            role = "bad" if each.unreachable else "doubt" if each.open_on else ""
            indent, lead = " " * (4 + margin), f"    {each.name:{margin}}"
            yield from wrapped(" · ".join(parts), self.width, indent, lead, self.paint, role)

    def _coverage(self, instances: Sequence[InstanceAccount]) -> Iterator[str]:
        dead, silent = unfired_everywhere(instances), silent_everywhere(instances)
        actions, clauses = len(instances[0].fired), total_clauses(instances)
        finished = all(each.finished for each in instances)
        text = f"actions {actions - len(dead)}/{actions} happened{'' if finished else ' so far'}"
        if silent is not None:
            text += f" · clauses {clauses - len(silent)}/{clauses} decide somewhere"
        yield from self._row("coverage", text)
        if dead and finished:
            yield from self._row("finding", f"never happens: {listed(dead)}", "doubt")
        if silent and len(silent) > MOST_FINDINGS:
            yield from self._row("finding", f"{len(silent)} clauses never decide; the report lists them", "doubt")
        for each in silent if silent and len(silent) <= MOST_FINDINGS else ():
            text = f"clause {each.number} of {each.action} never decides ({each.where}): {formula(each.text)}"
            yield from self._row("finding", text, "doubt")

    def _row(self, title: str, text: str, role: str = "") -> list[str]:
        return wrapped(text, self.width, " " * TITLE, f"  {title:{TITLE - 2}}", self.paint, role)


def _next(report: Report) -> str:
    properties = [each for instance in report.instances for each in instance.properties]
    goals = [goal for instance in report.instances for goal in instance.goals]
    found = [each.counterexample for each in properties if each.counterexample]
    if found:
        return min(found, key=lambda each: len(each.trace.steps)).replay
    for goal in goals:
        if goal.reached is False:
            return f"attorn show {goal.name}"
    if report.outcome is Outcome.UNDETERMINED:
        return "a smaller instance, or more room by --max-states or --memory"
    longest = max(goals, key=lambda goal: len(goal.trace.steps) if goal.trace else 0, default=None)
    return f"{longest.replay}   (watch it happen)" if longest else "attorn list"


def _reached(goal: GoalSummary) -> str:
    """In how many steps; where none are needed, mostly because the instance is too small to ask for any, apart."""
    lengths = [steps for _, steps in goal.reached if steps]
    at_once = [where for where, steps in goal.reached if not steps]
    if not lengths:
        return "reached at the start"
    fewest, most = min(lengths), max(lengths)
    told = f"reached in {counted(most, 'step') if fewest == most else f'{fewest} to {most} steps'}"
    return f"{told}, at the start on {', '.join(at_once)}" if at_once else told


def _all(instances: Sequence[InstanceAccount]) -> str:
    return f"all {len(instances)} instances" if len(instances) > 2 else " and ".join(each.name for each in instances)
