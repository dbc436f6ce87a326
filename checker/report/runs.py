"""A run, and what is wrong with it, as lines of text for a person."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.report.lines import Paint, counted, formula, listed, plain, wrapped
from attorn.checker.report.model import (
    Assignment,
    Broken,
    Change,
    Counterexample,
    FieldFacts,
    GoalAccount,
    InstanceAccount,
    Place,
    PropertyAccount,
    Trace,
)

__all__ = ["View", "alternatives"]

FEW = 4  # cells that are listed one by one, whatever they hold
SHORTEST = "shortest: yes (breadth-first) · checked again by the plain interpreter"


@dataclass(frozen=True)
class View:
    """How runs of an instance are shown.

    elements: the claim's elements by letter.
    ghosts:   whether to show all ghost fields, not only those that a failure or goal is about.
    """

    instance: InstanceAccount
    elements: Sequence[tuple[str, str]] = ()
    ghosts: bool = False
    width: int = 80
    paint: Paint = plain

    def refutation(self, stated: PropertyAccount) -> list[str]:
        """The counterexample of a refuted property in full."""
        found = stated.counterexample
        assert found is not None
        word = self.paint("REFUTED", "bad")
        kind = stated.kind.replace("_", "-")
        lines = [
            *self._title(stated.name, word, found.trace),
            *self._statement(stated.sentence, [kind, stated.where, *stated.hazards], stated.claim),
            *(self._broken(found.broken) if found.broken else ()),
            "",
            *self._run(found.trace, found.ghosts),
            "",
            "  " + self.paint(_end(found), "bad"),
        ]
        if found.alternatives:
            good = len(found.trace.steps) - 1
            at = f"after step {good}" if good else "in the first state"
            lines += ["", *self._text(f"{at} it could also have gone on by: {alternatives(found)}")]
        return [*lines, "", *self._text(SHORTEST), f"  replay: {found.replay}"]

    def witness(self, goal: GoalAccount) -> list[str]:
        """How a goal is reached, in full."""
        assert goal.trace is not None
        return [
            *self._title(goal.name, self.paint("reached", "good"), goal.trace),
            *self._statement(goal.sentence, ["goal", goal.where], goal.claim),
            "",
            *self._run(goal.trace, goal.ghosts),
            "",
            *self._text(SHORTEST),
            f"  replay: {goal.replay}",
        ]

    def _title(self, name: str, verdict: str, trace: Trace) -> Iterator[str]:
        steps = counted(len(trace.steps), "step")
        yield f"{self.paint(name, 'strong')} is {verdict} on {self.instance.name} in {steps}"
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

    def _text(self, text: str) -> list[str]:
        return wrapped(text, self.width, "  ")

    def _run(self, trace: Trace, ghosts: Collection[str]) -> Iterator[str]:
        fields = [f for f in self.instance.fields if self.ghosts or not f.ghost or f.name in ghosts]
        yield "  " + self.paint("first state", "strong")
        margin = max((len(_field_name(field)) for field in fields), default=0)
        for field in fields:
            held = [each for each in trace.start if each.place.field == field.name]
            lead = f"    {_field_name(field):{margin}}  "
            yield from wrapped(_held(field, held), self.width, " " * len(lead), lead)
        if trace.steps:
            yield ""
            yield from self._steps(trace, {field.name: field for field in fields})

    def _steps(self, trace: Trace, fields: dict[str, FieldFacts]) -> Iterator[str]:
        parties = max(len(step.party) for step in trace.steps)
        gap = parties + 2 if parties else 0
        folded = [_folded(step.changes, fields) for step in trace.steps]
        cells = max((len(cell) for changes in folded for cell, _ in changes), default=0)
        numbers = len(str(len(trace.steps)))
        indent = " " * (4 + numbers + 2 + gap + 2)
        yield "  " + self.paint("steps", "strong")
        for step, changes in zip(trace.steps, folded, strict=True):
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


def _end(found: Counterexample) -> str:
    return "✗ no action is enabled here, and this is no legal end" if found.broken is None else "✗ violated here"


def _field_name(field: FieldFacts) -> str:
    return f"{field.name} (ghost)" if field.ghost else field.name


def _held(field: FieldFacts, held: Sequence[Assignment]) -> str:
    """What the cells of a field hold, in as few words as say it."""
    if not field.index:
        return held[0].value
    kinds = Counter(each.value for each in held)
    common, times = kinds.most_common(1)[0]
    if len(kinds) == 1 and len(held) > 1:
        return f"all {common}"
    few = len(held) < FEW or 2 * times < len(held)
    shown = held if few else [each for each in held if each.value != common]
    told = [
        formula(f"{', '.join(each.place.index)}: {each.value}").replace(": ", ":\N{NO-BREAK SPACE}") for each in shown
    ]
    return " · ".join(told if few else [*told, f"else {common}"])


def _folded(changes: Sequence[Change], fields: dict[str, FieldFacts]) -> list[tuple[str, str]]:
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
