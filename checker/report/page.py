"""The report as one HTML page that needs nothing else: no network, no script to be read, no colour to be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markupsafe import Markup

from attorn.checker.report.book import Book
from attorn.checker.report.charts import depth_chart, growth_chart
from attorn.checker.report.map_svg import map_svg
from attorn.checker.report.model import GoalAccount, InstanceAccount, MachineAccount, PropertyAccount, Report
from attorn.checker.report.page_parts import heat_maps, proof_tables
from attorn.checker.report.run_facts import RunFacts
from attorn.checker.report.run_model import Counterexample, Trace, TraceStep
from attorn.checker.report.runs import SHORTEST, SHORTEST_WAY, alternatives, ending, folded, held
from attorn.checker.report.sequence_svg import sequence_svg
from attorn.checker.report.summary import (
    property_summaries,
    silent_everywhere,
    told_length,
    total_clauses,
    unchecked,
    unfired_everywhere,
    verdict_sentence,
)
from attorn.checker.report.templates import rendered
from attorn.checker.report.timeline import Timeline, timeline

__all__ = ["render_html"]

SIGNS = {
    "proved": "✓✓", "exhausted": "✓", "bounded": "≤", "observed": "○", "undetermined": "?", "refuted": "✗",
    "reached": "✓", "unchecked": "–",
}  # fmt: skip
MOST_TIMES = 20
MEANINGS = (
    ("proved", "true in every reachable state and step, whatever the sizes"),
    ("exhausted", "true of every reachable state and step of the instance; of every fair run, if it is about progress"),
    ("bounded", "true of all runs up to the depth named"),
    ("observed", "true of the runs that were seen"),
    ("undetermined", "no violation was found, but the search or the solver did not finish"),
    ("refuted", "a run violates it; the number is the fewest steps, ∞ if it goes on for ever"),
)


@dataclass(frozen=True)
class Mark:
    """What is known of a statement somewhere: the word, what is added to it, and where to read on."""

    word: str
    detail: str = ""
    link: str = ""

    @property
    def sign(self) -> str:
        """A sign for those who know it; the word is always there too."""
        return SIGNS.get(self.word, "")


@dataclass(frozen=True)
class Line:
    """One statement of a machine, and what is known of it on each instance and for any size."""

    name: str
    kind: str
    sentence: str
    where: str
    claim: str
    hazards: tuple[str, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Group:
    """The statements that are about one element of the claim, and the actions and fields that say the same."""

    letter: str
    text: str
    modelled: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Step:
    """A step as the page shows it: what it changed, and what is special about it."""

    step: TraceStep
    changes: tuple[tuple[str, str], ...]
    repeated: bool
    last: bool

    @property
    def passed(self) -> str:
        """What there is no way back from since this step."""
        return self.step.drawing.passed if self.step.drawing else ""


@dataclass(frozen=True)
class Run:
    """A run as the page shows it: the counterexample of a property, or how a goal is reached."""

    id: str
    instance: InstanceAccount
    stated: PropertyAccount | GoalAccount
    found: Counterexample | None
    trace: Trace
    start: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    length: str
    end: str
    minimal: str
    others: str
    chart: Markup
    strip: Timeline | None

    @property
    def moments(self) -> list[str]:
        """What happened before each state."""
        return ["first state", *(each.action for each in self.trace.steps)]


def render_html(book: Book, times: bool = False) -> str:
    """The page.

    times: whether it shows when and how long each part ran, which differs from run to run.
    """
    report = book.report
    machines = [_Machine(book, report, each) for each in report.machines] if report else []
    text = rendered(
        "report.html.j2",
        book=book,
        report=report,
        verdict=verdict_sentence(report) if report else "",
        machines=machines,
        times=times,
        slowest=_slowest(book) if times else [],
        proofs=proof_tables(book, times),
        observed=[(run, _seconds(facts) if times else {}) for run, facts in book.observed],
        heats=heat_maps(book.survey) if book.survey else [],
        growth=growth_chart(report.instances) if report and len(report.instances) > 1 else "",
        meanings=MEANINGS,
        signs=SIGNS,
    )
    return re.sub(r"\n\s*\n+", "\n", re.sub(r"[ \t]+\n", "\n", text)).replace("\n ", "\n")


def _seconds(facts: RunFacts | None) -> dict[str, float]:
    """How long each episode took, by name."""
    return {} if facts is None else {each.name: each.seconds for each in facts.timings}


def _slowest(book: Book) -> list[tuple[str, str, float]]:
    """The instances and obligations that took longest: part, name, seconds."""
    took = [(part, each.name, each.seconds) for part, run in book.runs for each in run.timings]
    return sorted(took, key=lambda each: (-each[2], each[0], each[1]))[:MOST_TIMES]


class _Machine:
    """All that the page shows of one machine."""

    def __init__(self, book: Book, report: Report, machine: MachineAccount) -> None:
        self.account = machine
        self.instances = report.of_machine(machine.name)
        self.proof = book.proof(machine.name)
        self._book = book

    @property
    def columns(self) -> list[str]:
        """Where it is known: the instances, and any size if there is a proof."""
        return [*(each.name for each in self.instances), *([] if self.proof is None else ["any size"])]

    @property
    def groups(self) -> list[Group]:
        """All statements by the element of the claim that they are about; what is about none comes last."""
        lines = [*self._lines(), *self._aims()]
        modelled = dict(self.account.modelled)
        found = [
            Group(letter, text, modelled.get(letter, ()), tuple(each for each in lines if letter in each.claim))
            for letter, text in self.account.elements
        ]
        rest = tuple(each for each in lines if not set(each.claim) & {letter for letter, _ in self.account.elements})
        return [*found, *([Group("", "beyond the claim" if found else "", (), rest)] if rest else [])]

    @property
    def runs(self) -> list[Run]:
        """Every counterexample."""
        return [
            _run(instance, stated, stated.counterexample)
            for instance in self.instances
            for stated in instance.properties
            if stated.counterexample is not None
        ]

    @property
    def witnesses(self) -> list[Run]:
        """For each goal one run, on the largest instance that reaches it."""
        chosen: dict[str, tuple[InstanceAccount, GoalAccount]] = {}
        for instance in sorted(self.instances, key=lambda each: each.states):
            chosen |= {goal.name: (instance, goal) for goal in instance.goals if goal.trace and goal.trace.steps}
        return [_run(instance, goal, None) for instance, goal in chosen.values()]

    @property
    def findings(self) -> list[tuple[str, str, str]]:
        """What, on which statement or action, and where: vacuous, dead, redundant, unchecked."""
        finished = all(each.finished for each in self.instances)
        found = [("dead", f"action {name} never happens", "") for name in self.dead if finished]
        found += [
            ("vacuous", f"{each.name} has nothing to say: its premise never holds", "")
            for each in property_summaries(self.instances)
            if not each.occasion
        ]
        found += [
            ("vacuous", f"goal {name} asks for nothing on {', '.join(where)}: it is reached at the start", "")
            for name, where in self._at_once.items()
        ]
        found += [
            ("redundant", f"clause {each.number} of {each.action} never decides: {each.text}", each.where)
            for each in silent_everywhere(self.instances) or ()
        ]
        found += [
            ("unchecked", f"{name}: {why}", "") for why, names in unchecked(self.instances).items() for name in names
        ]
        return found

    @property
    def _at_once(self) -> dict[str, list[str]]:
        """Goals that hold in the first state, and on which instances."""
        found: dict[str, list[str]] = {}
        for each in self.instances:
            for goal in each.goals:
                if goal.trace is not None and not goal.trace.steps:
                    found.setdefault(goal.name, []).append(each.name)
        return found

    @property
    def maps(self) -> list[tuple[InstanceAccount, Markup]]:
        """The map of each instance whose map differs from those before by more than numbers."""
        seen: dict[tuple[tuple[str, ...], ...], tuple[InstanceAccount, Markup]] = {}
        for each in sorted(self.instances, key=lambda each: -each.states):
            if each.map is not None:
                nodes = tuple(node.label for node in each.map.nodes)
                seen.setdefault(nodes, (each, map_svg(each.map, f"Map of the states of {each.name} {each.map.by}")))
        return list(seen.values())

    @property
    def depths(self) -> list[Markup]:
        """Each instance's states by depth, the largest first."""
        return [depth_chart(each) for each in sorted(self.instances, key=lambda each: -each.states)]

    @property
    def dead(self) -> list[str]:
        """Actions that happened nowhere."""
        return unfired_everywhere(self.instances)

    @property
    def deciding(self) -> tuple[int, int] | None:
        """How many clauses decide somewhere, and how many there are; None where no search finished."""
        silent, total = silent_everywhere(self.instances), total_clauses(self.instances)
        return None if silent is None else (total - len(silent), total)

    @property
    def actions(self) -> list[tuple[str, str, tuple[int, ...], str]]:
        """Each action, who takes it, how many transitions it made on each instance, and where it is stated."""
        times = [{each.action: each.times for each in instance.fired} for instance in self.instances]
        known = {each.action: each for instance in self.instances for each in instance.fired}
        return [
            (name, each.party, tuple(fired.get(name, 0) for fired in times), each.where) for name, each in known.items()
        ]

    @property
    def idle(self) -> list[tuple[str, str]]:
        """Instance and what is idle there only."""
        common = {(each.action, each.number) for each in silent_everywhere(self.instances) or ()}
        found = [
            (instance.name, f"clause {each.number} of {each.action}: {each.text}")
            for instance in self.instances
            for each in instance.silent
            if (each.action, each.number) not in common
        ]
        return found + [
            (instance.name, f"action {name} never happens")
            for instance in self.instances
            for name in instance.dead
            if name not in self.dead
        ]

    def _lines(self) -> Iterator[Line]:
        stated = {each.name: each for instance in self.instances for each in instance.properties}
        for name, each in stated.items():
            marks = [self._mark(instance, name) for instance in self.instances]
            if self.proof is not None:
                marks.append(self._proved(name))
            yield Line(name, each.kind, each.sentence, each.where, each.claim, each.hazards, tuple(marks))

    def _aims(self) -> Iterator[Line]:
        stated = {each.name: each for instance in self.instances for each in instance.goals}
        for name, each in stated.items():
            marks = [_aimed(instance, name) for instance in self.instances]
            if self.proof is not None:
                marks.append(Mark(""))
            yield Line(name, "goal", each.sentence, each.where, each.claim, (), tuple(marks))

    def _mark(self, instance: InstanceAccount, name: str) -> Mark:
        for each in instance.properties:
            if each.name == name:
                found = each.counterexample
                if found is None:
                    return Mark(each.evidence.value)
                steps = f"in {len(found.trace.steps)}{' ∞' if found.loop else ''}"
                return Mark(each.evidence.value, steps, f"#{anchor('run', instance.name, name)}")
        return Mark("unchecked" if any(each.name == name for each in instance.unchecked) else "")

    def _proved(self, name: str) -> Mark:
        found = self._book.proved(self.account.name, name)
        return Mark(found, link=f"#{anchor('proof', self.account.name)}" if found else "")


def _aimed(instance: InstanceAccount, name: str) -> Mark:
    for goal in instance.goals:
        if goal.name == name:
            steps = None if goal.trace is None else len(goal.trace.steps)
            return Mark(goal.verdict, "" if steps is None else f"in {steps}" if steps else "at the start")
    return Mark("unchecked" if any(each.name == name for each in instance.unchecked) else "")


def anchor(*parts: str) -> str:
    """The name of a place on the page, of letters, digits and dashes."""
    return re.sub(r"[^\w-]+", "-", "-".join(parts))


def _run(instance: InstanceAccount, stated: PropertyAccount | GoalAccount, found: Counterexample | None) -> Run:
    trace = found.trace if found is not None else getattr(stated, "trace", None)
    assert trace is not None
    ghosts = found.ghosts if found is not None else getattr(stated, "ghosts", ())
    fields = {each.name: each for each in instance.fields if not each.ghost or each.name in ghosts}
    loop = found.loop.steps if found and found.loop else ()
    steps = (*trace.steps, *loop)
    drawings = [each for each in (trace.drawing, *(step.drawing for step in steps)) if each is not None]
    start = tuple(
        (field.name, held(field, [each for each in trace.start if each.place.field == name]))
        for name, field in fields.items()
    )
    return Run(
        anchor("run", instance.name, stated.name),
        instance,
        stated,
        found,
        replace(trace, steps=steps),
        start,
        tuple(
            Step(each, tuple(folded(each.changes, fields)), number > len(trace.steps), number == len(trace.steps))
            for number, each in enumerate(steps, start=1)
        ),
        told_length(found) if found else f"{len(trace.steps)} steps",
        ending(found) if found else "✓ reached here",
        SHORTEST_WAY if loop else SHORTEST,
        alternatives(found) if found and found.alternatives else "",
        sequence_svg(steps, len(trace.steps), ending(found) if found else "✓ reached here", f"{stated.name} by party"),
        timeline(drawings) if len(drawings) > len(steps) else None,
    )
