"""The report as JUnit XML: a case for each statement on each instance; what is undecided is an error, never skipped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from attorn.checker.report.book import Book
from attorn.checker.report.documents import Hazards, ProofDocument
from attorn.checker.report.model import GoalAccount, InstanceAccount, PropertyAccount
from attorn.checker.report.observed import Observed
from attorn.checker.report.runs import View
from attorn.checker.verdicts import Evidence

__all__ = ["render_junit"]

FOUND = "found"


@dataclass(frozen=True)
class _Case:
    """A test case; what failed or was not decided, in a sentence, and all there is to say of it."""

    name: str
    failure: str = ""
    error: str = ""
    kind: str = ""
    text: str = ""
    files: str = ""


def render_junit(book: Book) -> str:
    """The parts of a book as suites; without times, which are in the manifest."""
    suites = ElementTree.Element("testsuites", name="attorn")
    if book.report is not None:
        for instance in book.report.instances:
            _suite(suites, f"{instance.machine} {instance.name}", _facts(instance), _stated(instance))
        for name in book.report.not_searched:
            _suite(suites, name, (), [_Case("search", error="not searched: the user interrupted", kind="undetermined")])
    for proof in book.proofs:
        _suite(suites, f"{proof.machine} any size", [("solver", proof.solver)], _proved(proof))
    if book.hazards is not None:
        _suite(suites, "hazards", (), _found(book.hazards))
    for run, _ in book.observed:
        _suite(suites, f"run {run.name}", [("steps judged", str(run.steps)), *run.facts], _observed(run))
    for name in ("tests", "failures", "errors"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _suite(parent: ElementTree.Element, name: str, facts: Iterable[tuple[str, str]], cases: list[_Case]) -> None:
    suite = ElementTree.SubElement(parent, "testsuite", name=name, tests=str(len(cases)))
    suite.set("failures", str(sum(bool(each.failure) for each in cases)))
    suite.set("errors", str(sum(bool(each.error) for each in cases)))
    suite.set("skipped", "0")
    told = ElementTree.SubElement(suite, "properties")
    for key, value in facts:
        ElementTree.SubElement(told, "property", name=key, value=value)
    for each in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=name.replace(" ", "."), name=each.name)
        for kind, message in (("failure", each.failure), ("error", each.error)):
            if message:
                ElementTree.SubElement(case, kind, type=each.kind, message=message).text = _sayable(each.text) or None
        if each.files:
            ElementTree.SubElement(case, "system-out").text = each.files


def _facts(instance: InstanceAccount) -> list[tuple[str, str]]:
    return [
        *((name, str(size)) for name, size in instance.sizes),
        ("engine", instance.engine),
        ("states", str(instance.states)),
        ("transitions", str(instance.transitions)),
        ("depth", str(instance.depth)),
        ("exhaustive", "yes" if instance.finished else f"no: {instance.stopped}"),
        ("repeat", instance.command),
        *((f"unchecked {each.name}", each.why) for each in instance.unchecked),
    ]


def _stated(instance: InstanceAccount) -> list[_Case]:
    return [*(_property(instance, each) for each in instance.properties), *map(_goal, instance.goals)]


def _property(instance: InstanceAccount, stated: PropertyAccount) -> _Case:
    if stated.counterexample is not None:
        text = "\n".join(View(instance, width=100).refutation(stated))
        steps = len(stated.counterexample.trace.steps)
        message = f"refuted in {steps} steps: {stated.sentence}"
        return _Case(stated.name, failure=message, kind=stated.kind, text=text, files=stated.counterexample.replay)
    if stated.evidence in (Evidence.EXHAUSTED, Evidence.PROVED):
        return _Case(stated.name)
    why = instance.stopped or instance.progress_stopped or "not decided"
    return _Case(stated.name, error=f"{stated.evidence.value}: {why}", kind=stated.evidence.value)


def _goal(goal: GoalAccount) -> _Case:
    if goal.reached:
        return _Case(goal.name)
    if goal.reached is None:
        return _Case(goal.name, error="undetermined: the search did not finish", kind="undetermined")
    return _Case(goal.name, failure=f"cannot be reached: {goal.sentence}", kind="goal")


def _proved(proof: ProofDocument) -> list[_Case]:
    cases = []
    for each in proof.properties:
        open_ = ", ".join((*each.failed, *each.undecided)) or proof.stopped
        match each.evidence:
            case "proved":
                cases.append(_Case(each.name))
            case "refuted":
                cases.append(
                    _Case(each.name, failure="refuted: a step that can happen breaks it", kind="refuted", text=open_)
                )
            case word:
                cases.append(_Case(each.name, error=f"{word}: not proved by induction", kind=word, text=open_))
    return cases


def _found(hazards: Hazards) -> list[_Case]:
    return [
        _Case(each.id)
        if each.standing == FOUND
        else _Case(each.id, error=each.standing, kind="undetermined")
        if each.standing.startswith("undetermined")
        else _Case(each.id, failure=each.standing, kind="hazard")
        for each in hazards.hazards
    ]


def _observed(run: Observed) -> list[_Case]:
    unjudged = "" if run.steps or run.departure else "undetermined: no step was judged"
    return [
        _Case("specification", failure=run.departure, error=unjudged, kind="departure"),
        _Case("guest", failure=run.complaint, kind="complaint"),
        *(
            _Case(each.name, failure="" if each.done else each.why or "not done", kind="episode")
            for each in run.episodes
        ),
    ]


def _sayable(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")
