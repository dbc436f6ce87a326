"""A run, and what is wrong with it, as lines of text for a person."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.report.lines import Paint, counted, formula, listed, plain, wrapped
from attorn.checker.report.model import GoalAccount, InstanceAccount, PropertyAccount
from attorn.checker.report.run_model import (
    Assignment,
    Broken,
    Change,
    Counterexample,
    FieldFacts,
    Loop,
    Missed,
    Place,
    Promise,
    Trace,
    TraceStep,
)
from attorn.checker.report.summary import told_length

__all__ = ["View", "alternatives", "ending", "folded", "held"]

FEW = 4  # cells that are listed one by one, whatever they hold
SHORTEST = "shortest: yes (breadth-first) · checked again by the plain interpreter"
SHORTEST_WAY = "no such run is shorter, its loop apart · checked again by the plain interpreter"


@dataclass(frozen=True)
class View:
    """How runs of an instance are shown.

    elements: the claim's elements by letter.
    ghosts:   whether to show all ghost fields, not only those that a failure or goal is about.
    note:     what is said of a run's length, where it is not that of a breadth-first search.
    """

    instance: InstanceAccount
    elements: Sequence[tuple[str, str]] = ()
    ghosts: bool = False
    width: int = 80
    paint: Paint = plain
    note: str = SHORTEST

    def refutation(self, stated: PropertyAccount) -> list[str]:
        """The counterexample of a refuted property in full."""
        found = stated.counterexample
        assert found is not None
        word = self.paint("REFUTED", "bad")
        kind = stated.kind.replace("_", "-")
        lines = [
            *self._title(stated.name, word, told_length(found)),
            *self._statement(stated.sentence, [kind, stated.where, *stated.hazards], stated.claim),
            *(self._broken(found.broken) if found.broken else ()),
            *(self._missed(found.missed, found.loop) if found.missed else ()),
            "",
            *self._run(found.trace, found.ghosts, found.loop),
            "",
            "  " + self.paint(ending(found), "bad"),
            *(self._promises(found.loop.promises) if found.loop else ()),
        ]
        if found.alternatives:
            at = _after(len(found.trace.steps) - 1)
            lines += ["", *self._text(f"{at} it could also have gone on by: {alternatives(found)}")]
        return [*lines, "", *self._text(SHORTEST_WAY if found.loop else self.note), f"  replay: {found.replay}"]

    def witness(self, goal: GoalAccount) -> list[str]:
        """How a goal is reached, in full."""
        assert goal.trace is not None
        return [
            *self._title(goal.name, self.paint("reached", "good"), counted(len(goal.trace.steps), "step")),
            *self._statement(goal.sentence, ["goal", goal.where], goal.claim),
            "",
            *self._run(goal.trace, goal.ghosts),
            "",
            *self._text(self.note),
            f"  replay: {goal.replay}",
        ]

    def _title(self, name: str, verdict: str, length: str) -> Iterator[str]:
        yield f"{self.paint(name, 'strong')} is {verdict} on {self.instance.name} in {length}"
        yield from self._text(listed(self.instance.shape.split(" × "), "×"))

    def _statement(self, sentence: str, about: Sequence[str], claim: str) -> Iterator[str]:
        yield ""
        yield from self._text(sentence)
        yield from self._text(" · ".join(part for part in about if part))
        named = [(letter, text) for letter, text in self.elements if letter in claim]
        if len(named) > 2:
            yield f"  claim: elements {' '.join(letter for letter, _ in named)}"
        else:
            for letter, text in named:
                yield from wrapped(text, self.width, " " * 11, f"  claim {letter}: ")

    def _broken(self, broken: Broken) -> Iterator[str]:
        which = "" if broken.of == 1 else f" in conjunct {broken.conjunct} of {broken.of}"
        given = " ".join(f"{name}={value}" for name, value in broken.witness)
        lead = f"  {self.paint('fails', 'bad')}{which} "
        yield ""
        yield from wrapped(f"({broken.where}){f' for {given}:' if given else ':'}", self.width, "    ", lead)
        yield from wrapped(formula(broken.text), self.width, "        ", "      ")
        values = listed(f"{text} is {value}" for text, value in broken.values)
        yield from wrapped(values, self.width, "            ", "      where ")

    def _missed(self, missed: Missed, loop: Loop | None) -> Iterator[str]:
        given = " ".join(f"{name}={value}" for name, value in missed.arguments)
        lead = f"  {self.paint('fails', 'bad')}{f' for {given}' if given else ''}: "
        yield ""
        if loop is None:
            yield from wrapped("after the last step, this can never be reached again", self.width, "    ", lead)
        else:
            yield from wrapped(f"{_after(missed.after)} this holds", self.width, "    ", lead)
            yield from wrapped(formula(missed.premise), self.width, "        ", "      ")
            yield "    and from there on this never does"
        yield from wrapped(formula(missed.wanted), self.width, "        ", "      ")

    def _promises(self, promises: Sequence[Promise]) -> Iterator[str]:
        """Why the run is fair: no step that must not be put off for ever is put off for ever."""
        if promises:
            yield ""
            yield from self._text("the run is fair: nothing that must not be put off for ever is")
        for each in promises:
            kept = f"is taken in step {each.taken}" if each.taken else f"is not enabled {_after(each.idle or 0)}"
            yield from wrapped(f"{each.step} ({each.fair}ly fair) {kept}", self.width, "      ", "    ")

    def _text(self, text: str) -> list[str]:
        return wrapped(text, self.width, "  ")

    def _run(self, trace: Trace, ghosts: Collection[str], loop: Loop | None = None) -> Iterator[str]:
        fields = [f for f in self.instance.fields if self.ghosts or not f.ghost or f.name in ghosts]
        yield "  " + self.paint("first state", "strong")
        margin = max((len(_field_name(field)) for field in fields), default=0)
        for field in fields:
            values = [each for each in trace.start if each.place.field == field.name]
            lead = f"    {_field_name(field):{margin}}  "
            yield from wrapped(held(field, values), self.width, " " * len(lead), lead)
        steps = [*trace.steps, *(loop.steps if loop else ())]
        if steps:
            yield ""
            yield from self._steps(steps, len(trace.steps), {field.name: field for field in fields})

    def _steps(self, steps: Sequence[TraceStep], once: int, fields: dict[str, FieldFacts]) -> Iterator[str]:
        """Steps with what they change; those after the first ``once`` are taken again and again."""
        parties = max(len(step.party) for step in steps)
        gap = parties + 2 if parties else 0
        told = [folded(step.changes, fields) for step in steps]
        cells = max((len(cell) for changes in told for cell, _ in changes), default=0)
        numbers = len(str(len(steps)))
        indent = " " * (4 + numbers + 2 + gap + 2)
        if once:
            yield "  " + self.paint("steps", "strong")
        for step, changes in zip(steps, told, strict=True):
            if step.number == once + 1:
                yield "  " + self.paint("then for ever, in a loop", "strong")
            yield f"    {step.number:{numbers}}  {step.party:{gap}}{self.paint(step.action, 'strong')}"
            for cell, change in changes:
                yield f"{indent}{cell:{cells}}  {change}"
            if not changes:
                hidden = "changes ghost fields only" if step.changes else "changes nothing"
                yield indent + self.paint(hidden, "faint")


def alternatives(found: Counterexample) -> str:
    """The steps that were also enabled, those of one action together: ``suspend(vm0, partition1) · execute ×4``."""
    calls: dict[str, list[str]] = {}
    for call in found.alternatives:
        calls.setdefault(call.partition("(")[0], []).append(call)
    told = (given[0] if len(given) == 1 else f"{name} ×{len(given)}" for name, given in calls.items())
    return listed(told)


def _after(steps: int) -> str:
    return f"after step {steps}" if steps else "in the first state"


def ending(found: Counterexample) -> str:
    """What is to be said below the last step."""
    if found.loop is not None:
        first = len(found.trace.steps) + 1
        return {
            "livelock": f"↺ and again from step {first}, without end",
            "rest": "✗ rests here for ever: only steps are enabled that need never happen",
            "deadlock": "✗ stays here for ever: no step is enabled",
        }[found.loop.ending]
    if found.missed is not None:
        return "✗ out of reach from here on, whatever happens"
    return "✗ no action is enabled here, and this is no legal end" if found.broken is None else "✗ violated here"


def _field_name(field: FieldFacts) -> str:
    return f"{field.name} (ghost)" if field.ghost else field.name


def held(field: FieldFacts, values: Sequence[Assignment]) -> str:
    """What the cells of a field hold, in as few words as say it."""
    if not field.index:
        return values[0].value
    kinds = Counter(each.value for each in values)
    common, times = kinds.most_common(1)[0]
    if len(kinds) == 1 and len(values) > 1:
        return f"all {common}"
    few = len(values) < FEW or 2 * times < len(values)
    shown = values if few else [each for each in values if each.value != common]
    told = [
        formula(f"{', '.join(each.place.index)}: {each.value}").replace(": ", ":\N{NO-BREAK SPACE}") for each in shown
    ]
    return " · ".join(told if few else [*told, f"else {common}"])


def folded(changes: Sequence[Change], fields: dict[str, FieldFacts]) -> list[tuple[str, str]]:
    """Changes as cell and ``old → new``; like changes of one field together where their cells make up a block."""
    groups: dict[tuple[str, str, str], list[Place]] = {}
    for each in changes:
        if each.place.field in fields:
            groups.setdefault((each.place.field, each.old, each.new), []).append(each.place)
    return [
        (cell + (" (ghost)" if fields[name].ghost else ""), f"{old} → {new}")
        for (name, old, new), places in groups.items()
        for cell in _cells(fields[name], places)
    ]


def _cells(field: FieldFacts, places: Sequence[Place]) -> list[str]:
    """One text for all the cells if they are all combinations of some values of each index, else one for each."""
    if len(places) == 1:
        return [str(places[0])]
    found = [tuple(dict.fromkeys(values)) for values in zip(*(place.index for place in places), strict=True)]
    if {place.index for place in places} != set(itertools.product(*found)):
        return [str(place) for place in places]
    parts = [
        values[0] if len(values) == 1 else "..." if set(values) == set(every) else f"{{{', '.join(values)}}}"
        for values, (_, every) in zip(found, field.index, strict=True)
    ]
    return [f"{field.name}[{', '.join(parts)}]"]
