"""What a proof needs, and what a search for lemmas found: for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attorn.checker.prove.lemma_search import Outcome, Search
from attorn.checker.prove.minimize import Minimal
from attorn.checker.report.lines import Paint, counted, formula, listed, plain, wrapped
from attorn.spec.language import Concrete, Instance

__all__ = ["minimal_data", "minimal_lines", "search_data", "search_lines"]

MOST = 6  # of a kind that are listed one by one


def minimal_lines(found: Minimal, width: int = 80, paint: Paint = plain) -> list[str]:
    """Which lemmas are needed and by what, which are not, and what else the proof did not use."""
    machine = found.machine
    lines = [f"{paint(machine.name, 'strong')} · what its proof needs · {found.seconds:.1f} s", ""]
    if not found.proved:
        said = f"UNDETERMINED: the proof fails with all lemmas, at {counted(len(found.undone), 'obligation')}"
        lines += wrapped(said, width, "  ", paint=paint, role="doubt")
        return lines + wrapped(listed(_few(found.undone)), width, "    ")
    owners = {name.rpartition(".")[0] for name in found.needed}
    kept, total = len(owners), len(machine.lemmas)
    lines += wrapped(f"{kept} of {counted(total, 'lemma')} suffice, and none of these can be left out", width, "  ")
    margin = 2 + max((len(each.name) for each in found.uses), default=0)
    for lemma in machine.lemmas:
        parts = [name for name in found.needed if name.rpartition(".")[0] == lemma.name]
        if parts:
            whole = len(parts) == len(lemma.conjuncts)
            said = "" if whole else f"{len(parts)} of {counted(len(lemma.conjuncts), 'conjunct')}; "
            must = [name for name in parts if name in found.indispensable]
            said += "without it the proof fails whatever else is kept" if must else "others could take its place"
            lines += wrapped(said, width, " " * (4 + margin), f"    {paint(f'{lemma.name:{margin}}', 'strong')}")
    lines += _listed("not needed", found.redundant, width, paint)
    lines += ["", "  " + paint("what rests on what", "strong")]
    for each in found.uses:
        used = [*each.lemmas, *each.properties]
        said = listed(used) if used else "by itself"
        lines += wrapped(said, width, " " * (4 + margin), f"    {each.name:{margin}}")
    if found.implied:
        lines += ["", "  " + paint("true in every state where others are, without induction", "strong")]
        beside = 2 + max(len(one.conjunct) for one in found.implied)
        for one in found.implied:
            said = f"by {listed(one.by)}" if one.by else "whatever the state"
            lines += wrapped(said, width, " " * (4 + beside), f"    {one.conjunct:{beside}}")
    lines += _listed("clauses of guards that no property needs", found.idle_guards, width, paint)
    return lines


def _listed(title: str, names: Sequence[str], width: int, paint: Paint) -> Iterator[str]:
    if names:
        yield ""
        yield "  " + paint(title, "strong")
        yield from wrapped(listed(names), width, "    ")


def _few(names: Sequence[str]) -> list[str]:
    return [*names[:MOST], *([f"and {len(names) - MOST} more"] if len(names) > MOST else [])]


def search_lines(found: Search, instances: Sequence[Instance], width: int = 80, paint: Paint = plain) -> list[str]:
    """The lemmas as Python to paste, or why there are none."""
    machine = found.machine
    roles = {Outcome.FOUND: "good", Outcome.NOT_FOUND: "bad", Outcome.UNDETERMINED: "doubt"}
    word = "" if found.outcome is Outcome.FOUND else f"{found.outcome.value.upper()}: "
    lines = [f"{paint(machine.name, 'strong')} · lemmas from the properties alone · {found.seconds:.1f} s", ""]
    lines += wrapped(word + found.reason, width, "  ", paint=paint, role=roles[found.outcome])
    shapes = ", ".join(each.shape() for each in instances) or "no instance"
    text = (
        f"{counted(found.mined, 'candidate')}, true of {counted(found.states, 'state')} of {shapes}; "
        f"{counted(found.escapes, 'step')} out of the properties excluded, {found.dropped} candidates dropped again"
    )
    lines += wrapped(text, width, "  ")
    for lemma in found.lemmas:
        lines += ["", *wrapped(formula(lemma.text), width, "      ", "  ")]
    if found.lemmas:
        lines += ["", "  " + paint("to paste beside the properties", "strong"), ""]
        lines += [f"    {line}".rstrip() for each in found.lemmas for line in (*each.source.splitlines(), "", "")][:-2]
    if found.escape is not None:
        lines += ["", *_escape(found, width)]
    return lines


def _escape(found: Search, width: int) -> Iterator[str]:
    escape = found.escape
    assert escape is not None
    instance = escape.instance
    step = "" if escape.step is None else f": {Concrete(instance).label(escape.step)}"
    yield from wrapped(f"the step that no candidate excludes{step} ({instance.shape()})", width, "  ")
    blank = tuple(0 for _ in escape.before)
    yield from (f"    {cell} = {value}" for cell, _, value in instance.changes(blank, escape.before))
    yield from (f"    {cell}  {old} → {new}" for cell, old, new in instance.changes(escape.before, escape.after))


def minimal_data(found: Minimal) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "format": "attorn minimal 1",
        "machine": found.machine.name,
        "digest": found.machine.digest,
        "proved": found.proved,
        "needed": list(found.needed),
        "indispensable": list(found.indispensable),
        "redundant": list(found.redundant),
        "uses": {each.name: {"lemmas": list(each.lemmas), "properties": list(each.properties)} for each in found.uses},
        "implied": {each.conjunct: list(each.by) for each in found.implied},
        "idle_guards": list(found.idle_guards),
        "undone": list(found.undone),
        "run": {"seconds": round(found.seconds, 3)},
    }


def search_data(found: Search, instances: Sequence[Instance]) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "format": "attorn lemmas 1",
        "machine": found.machine.name,
        "outcome": found.outcome.value,
        "reason": found.reason,
        "instances": [each.shape() for each in instances],
        "states": found.states,
        "candidates": found.mined,
        "escapes": found.escapes,
        "dropped": found.dropped,
        "lemmas": [{"name": each.stated.name, "says": each.text, "source": each.source} for each in found.lemmas],
        "run": {"seconds": round(found.seconds, 3)},
    }
