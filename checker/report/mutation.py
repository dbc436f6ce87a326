"""The mutation report, for a terminal, as Markdown and as data: what the properties of a machine are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tabulate import tabulate

from attorn.checker.mutate import Fate, Judgement, MutationReport
from attorn.checker.report.lines import Paint, counted, glued, plain, wrapped

__all__ = ["mutation_data", "mutation_lines", "mutation_markdown"]

FORMAT = "attorn mutation 1"
SURVIVORS = (
    (Fate.HOLE, "Holes", "steps that no property forbids and that nobody has explained"),
    (Fate.UNDETERMINED, "Undetermined", "not judged to the end; never counted as killed"),
    (Fate.HARMLESS, "Harmless", "nothing notices them, and it is said which freedom that leaves"),
    (Fate.EQUIVALENT, "Equivalent", "they make the steps of the original and no others"),
)


def mutation_lines(found: MutationReport, width: int = 80, paint: Paint = plain) -> Iterator[str]:
    """The report for a terminal: the fates, who kills what, and the holes."""
    yield f"{paint(found.machine, 'strong')} · specification {found.digest[:12]}"
    judged = sum(each.judged for each in found.judgements)
    yield f"  {judged:,} of {counted(found.total, 'mutant')} judged · {found.seconds:.1f} s"
    yield from wrapped(", ".join(map(glued, found.instances)), width, "    ", "  proof for any size, and instances ")
    yield ""
    for name, number in found.counts.items():
        yield f"  {number:5}  {name}"
    yield ""
    yield "  killed  only by it"
    yield from (f"  {killed:6}  {alone or '·':>10}  {name}" for name, killed, alone in _killers(found))
    for fate, title, says in SURVIVORS[:2]:
        if chosen := [each for each in found.of(fate) if each.judged]:
            yield ""
            yield f"  {paint(f'{title.upper()}: {says}', 'bad' if fate is Fate.HOLE else 'doubt')}"
            for each in chosen[:20]:
                yield from _survivor(each, width)
            if chosen[20:]:
                yield f"    and {len(chosen) - 20} more"
    for note in _notes(found):
        yield ""
        yield from wrapped(note, width, "  ", paint=paint, role="doubt")


def _survivor(each: Judgement, width: int) -> Iterator[str]:
    yield from wrapped(f"{each.sentence} ({each.where})", width, "      ", "    ")
    for text in (each.why, f"for example {each.example}" if each.example else ""):
        yield from wrapped(text, width, "        ", "      ")


def mutation_markdown(found: MutationReport) -> str:
    """The whole report as Markdown: first what is not noticed, then which property notices what."""
    holes, killed = len(found.holes), len(found.of(Fate.KILLED))
    headline = counted(holes, "hole") if holes else "Not determined" if found.of(Fate.UNDETERMINED) else "No hole"
    judged = sum(each.judged for each in found.judgements)
    blocks = [
        f"# Mutants of `{found.machine}`",
        f"**{headline}: of {counted(judged, 'mutant')} judged, "
        f"{killed:,} are killed.** Each differs from the specification in one place; each is tried by the proof for "
        f"any size and by {counted(len(found.instances), 'instance')} ({', '.join(found.instances)}).",
        *_notes(found),
        tabulate(list(found.counts.items()), ["fate", "mutants"], tablefmt="github"),
        "## Which property notices",
        "*Only by it* are mutants that nothing else notices: without the property they would be holes.",
        tabulate(_killers(found), ["noticed by", "mutants", "only by it"], tablefmt="github"),
    ]
    for fate, title, says in SURVIVORS:
        if chosen := [each for each in found.of(fate) if each.judged]:
            blocks += [f"## {title}", f"{len(chosen):,}: {says}.", _table(chosen)]
    blocks += ["## Repeat it", "```sh\nattorn mutate\n```", f"Specification `{found.digest}`."]
    return "\n\n".join(blocks) + "\n"


def _table(chosen: Sequence[Judgement]) -> str:
    rows = [(_cell(each.sentence), _cell(each.why), _cell(each.example), str(each.where)) for each in chosen]
    return tabulate(rows, ["mutant", "why", "such a step", "line"], tablefmt="github")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _killers(found: MutationReport) -> list[tuple[str, int, int]]:
    alone = found.killed_only_by
    return [(name, number, alone.get(name, 0)) for name, number in found.killed_by.items()]


def _notes(found: MutationReport) -> list[str]:
    notes = [found.unproved, f"UNDETERMINED: {found.stopped}" if found.stopped else ""]
    notes += [f"an explained freedom is that of no survivor: {sentence}" for sentence in found.stale]
    return [note for note in notes if note]


def mutation_data(found: MutationReport) -> dict[str, Any]:
    """The whole report as plain data; see mutation.schema.json."""
    alone = found.killed_only_by
    return {
        "format": FORMAT,
        "machine": found.machine,
        "digest": found.digest,
        "instances": list(found.instances),
        "total": found.total,
        "judged": sum(each.judged for each in found.judgements),
        "counts": found.counts,
        "properties": [
            {"name": name, "kills": number, "kills_alone": alone.get(name, 0), "stated": name in found.properties}
            for name, number in found.killed_by.items()
        ],
        "stale": list(found.stale),
        "unproved": found.unproved,
        "stopped": found.stopped,
        "mutants": [_mutant(each) for each in found.judgements],
    }


def _mutant(each: Judgement) -> dict[str, Any]:
    return {
        "name": each.mutant,
        "action": each.action,
        "operator": each.operator,
        "says": each.sentence,
        "where": str(each.where),
        "ghost": each.ghost,
        "fate": each.fate.name.lower(),
        "refuted": list(each.refuted),
        "missed": list(each.missed),
        "unproved": list(each.unproved),
        "lemmas": list(each.lemmas),
        "why": each.why,
        "example": each.example,
    }
