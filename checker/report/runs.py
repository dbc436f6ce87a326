"""A run, and what is wrong with it, as lines of text for a person."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

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

__all__ = ["Paint", "alternatives", "counted", "plain", "refutation_lines", "shape", "witness_lines"]

Paint = Callable[[str, str], str]
NARROW = 4


def plain(text: str, role: str) -> str:
    """The paint that leaves text as it is; others colour it by its role: good, bad, doubt, faint or strong."""
    return text


def shape(instance: InstanceAccount) -> str:
    """The sizes in words: ``2 VM × 3 Segment``."""
    return " × ".join(f"{size} {sort}" for sort, size in instance.sizes)


def counted(count: int, what: str) -> str:
    """A number and its noun: ``1 step``, ``1,200 states``."""
    plural = what if count == 1 else what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{count:,} {plural}"


def refutation_lines(
    instance: InstanceAccount,
    stated: PropertyAccount,
    found: Counterexample,
    *,
    elements: Sequence[tuple[str, str]] = (),
    ghosts: bool = False,
    width: int = 80,
    paint: Paint = plain,
) -> list[str]:
    """A counterexample in full; ``ghosts`` shows all ghost fields, not only those that the failure is about."""
    length = counted(len(found.trace.steps), "step")
    lines = [
        f"{paint(stated.name, 'strong')} is {paint('REFUTED', 'bad')} on {instance.name} in {length}",
        *_wrapped(shape(instance), "  ", width),
        "",
        *_wrapped(stated.sentence, "  ", width),
        f"  {' · '.join(part for part in (stated.kind.replace('_', '-'), stated.where, *stated.hazards) if part)}",
        *_element_lines(stated.claim, elements, width),
    ]
    if found.broken is not None:
        lines += ["", *_broken_lines(found.broken, width, paint)]
    shown = {field.name for field in instance.fields if ghosts or not field.ghost or field.name in found.ghosts}
    lines += ["", *_Run(instance, shown, width, paint).lines(found.trace), ""]
    end = "no action is enabled here, and this is no legal end" if found.broken is None else "violated here"
    lines += [f"  {paint('✗ ' + end, 'bad')}"]
    if found.alternatives:
        good = len(found.trace.steps) - 1
        at = f"after step {good}" if good else "in the first state"
        lines += ["", *_wrapped(f"{at} it could also have gone on by: {alternatives(found)}", "  ", width)]
    return [*lines, "", *_footer(found.replay, width)]


def witness_lines(
    instance: InstanceAccount,
    goal: GoalAccount,
    *,
    elements: Sequence[tuple[str, str]] = (),
    ghosts: bool = False,
    width: int = 80,
    paint: Paint = plain,
) -> list[str]:
    """How a goal is reached, in full."""
    assert goal.trace is not None
    shown = {field.name for field in instance.fields if ghosts or not field.ghost or field.name in goal.ghosts}
    return [
        f"{paint(goal.name, 'strong')} is {paint('reached', 'good')} on {instance.name} "
        f"in {counted(len(goal.trace.steps), 'step')}",
        *_wrapped(shape(instance), "  ", width),
        "",
        *_wrapped(goal.sentence, "  ", width),
        f"  goal · {goal.where}",
        *_element_lines(goal.claim, elements, width),
        "",
        *_Run(instance, shown, width, paint).lines(goal.trace),
        "",
        *_footer(goal.replay, width),
    ]


def alternatives(found: Counterexample) -> str:
    """The steps that were also enabled, those of one action together: ``suspend(vm0, partition1) · execute ×4``."""
    calls: dict[str, list[str]] = {}
    for call in found.alternatives:
        calls.setdefault(call.partition("(")[0], []).append(call)
    return " · ".join(given[0] if len(given) == 1 else f"{name} ×{len(given)}" for name, given in calls.items())


def _element_lines(claim: str, elements: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    for letter, text in elements:
        if letter in claim:
            yield from _wrapped(text, "  ", width, first=f"  claim {letter}: ")


def _broken_lines(broken: Broken, width: int, paint: Paint) -> Iterator[str]:
    which = "" if broken.of == 1 else f" in conjunct {broken.conjunct} of {broken.of}"
    given = " ".join(f"{name}={value}" for name, value in broken.witness)
    yield f"  {paint('fails', 'bad')}{which}{' for ' + given if given else ''}   {paint(broken.where, 'faint')}"
    yield from _wrapped(broken.text, "      ", width)
    if broken.values:
        yield from _wrapped(
            " · ".join(f"{text} is {value}" for text, value in broken.values), "      ", width, "where "
        )


def _footer(replay: str, width: int) -> list[str]:
    return [
        *_wrapped("shortest: yes (breadth-first) · checked again by the plain interpreter", "  ", width),
        f"  replay: {replay}",
    ]


def _wrapped(text: str, indent: str, width: int, first: str = "") -> list[str]:
    lead = first if first.startswith(" ") else indent + first
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=lead,
        subsequent_indent=indent if first.startswith(" ") else " " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


@dataclass(frozen=True)
class _Run:
    """Draws one run of an instance."""

    instance: InstanceAccount
    shown: Collection[str]
    width: int
    paint: Paint

    def lines(self, trace: Trace) -> Iterator[str]:
        """The first state field by field, then the steps with what each changed."""
        yield "  " + self.paint("first state", "strong")
        fields = [field for field in self.instance.fields if field.name in self.shown]
        margin = max((len(self._title(field)) for field in fields), default=0)
        for field in fields:
            held = [each for each in trace.start if each.place.field == field.name]
            title = f"    {self._title(field):{margin}}  "
            yield from _wrapped(_held(field, held), " " * len(title), self.width, title)
        if trace.steps:
            yield ""
            yield from self._steps(trace)

    def _title(self, field: FieldFacts) -> str:
        return f"{field.name} (ghost)" if field.ghost else field.name

    def _steps(self, trace: Trace) -> Iterator[str]:
        parties = max(len(step.party) for step in trace.steps)
        party_gap = parties + 2 if parties else 0
        folded = [self._folded(step.changes) for step in trace.steps]
        cells = max((len(cell) for changes in folded for cell, _ in changes), default=0)
        numbers = len(str(len(trace.steps)))
        yield "  " + self.paint("steps", "strong")
        for step, changes in zip(trace.steps, folded, strict=True):
            yield f"    {step.number:{numbers}}  {step.party:{party_gap}}{self.paint(step.action, 'strong')}"
            indent = " " * (4 + numbers + 2 + party_gap + 2)
            for cell, change in changes:
                yield f"{indent}{cell:{cells}}  {change}"
            if not changes:
                yield f"{indent}{self.paint('changes nothing', 'faint')}"

    def _folded(self, changes: Sequence[Change]) -> list[tuple[str, str]]:
        """Changes of a field that are alike, as one where their cells are all combinations of some values."""
        by_field = {field.name: field for field in self.instance.fields}
        groups: dict[tuple[str, str, str], list[Place]] = {}
        for each in changes:
            if each.place.field in self.shown:
                groups.setdefault((each.place.field, each.old, each.new), []).append(each.place)
        return [
            (cell + (" (ghost)" if by_field[name].ghost else ""), f"{old} → {new}")
            for (name, old, new), places in groups.items()
            for cell in _cells(by_field[name], places)
        ]


def _cells(field: FieldFacts, places: Sequence[Place]) -> list[str]:
    if len(places) == 1:
        return [str(places[0])]
    found = [tuple(dict.fromkeys(values)) for values in zip(*(place.index for place in places), strict=True)]
    if {place.index for place in places} != set(itertools.product(*found)):
        return [str(place) for place in places]
    parts = []
    for values, (_, every) in zip(found, field.index, strict=True):
        if len(values) == 1:
            parts.append(values[0])
        else:
            parts.append("..." if set(values) == set(every) else f"{{{', '.join(values)}}}")
    return [f"{field.name}[{', '.join(parts)}]"]


def _held(field: FieldFacts, held: Sequence[Assignment]) -> str:
    """What the cells of a field hold, in as few words as say it."""
    if not field.index:
        return held[0].value
    kinds = Counter(each.value for each in held)
    common, times = kinds.most_common(1)[0]
    if len(kinds) == 1 and len(held) > 1:
        return f"all {common}"
    rest = held
    if len(held) >= NARROW and 2 * times >= len(held):
        rest = [each for each in held if each.value != common]
    told = " · ".join(f"{', '.join(each.place.index)}: {each.value}" for each in rest)
    return told if rest is held else f"{told} · else {common}"
