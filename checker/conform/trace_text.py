"""The verdict on a log as lines of text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attorn.checker.conform.refusal import Blocked, Difference, Explanation
from attorn.checker.conform.repair import Repair
from attorn.checker.conform.trace_check import Ending, TraceVerdict
from attorn.checker.report.lines import Paint, counted, formula, listed, plain, wrapped
from attorn.spec.language.values import Value
from attorn.spec.trace import Event

__all__ = ["TraceScreen", "event_said"]

MOST_CELLS = 8
ROLES = {Ending.ACCEPTED: "good", Ending.REFUSED: "bad", Ending.UNDETERMINED: "doubt"}


def event_said(event: Event) -> str:
    """A line of a log in one line: ``suspend(vm=vm0) phase[vm0] = SUSPENDED``."""
    arguments = ", ".join(f"{name}={_word(value)}" for name, value in event.arguments.items())
    cells = [f"{name} = {_word(value)}" for name, value in event.state.items()]
    if len(cells) > MOST_CELLS:
        cells = [*cells[:MOST_CELLS], f"… ({len(event.state)} cells)"]
    done = (
        f"{event.event}({arguments})"
        if event.event
        else "nothing but what was seen:"
        if cells
        else "perhaps some steps"
    )
    return f"{done} {', '.join(cells)}".strip()


@dataclass(frozen=True)
class TraceScreen:
    """A terminal of a width, with or without colours.

    log:    what the log is called.  machine: against what it was checked.
    """

    log: str
    machine: str
    width: int = 80
    paint: Paint = plain

    def lines(
        self, verdict: TraceVerdict, explanation: Explanation | None = None, repairs: Sequence[Repair] = ()
    ) -> Iterator[str]:
        """The whole verdict; what is wrong with the bad line if there is one."""
        bad = verdict.refusal
        if bad is None:
            text = f"{self.log} is a behaviour of {self.machine}"
        elif verdict.ending is Ending.REFUSED:
            text = f"{self.log}:{bad.bad.line.number}: REFUSED: no behaviour of {self.machine}"
        else:
            text = (
                f"{self.log}:{bad.bad.line.number}: UNDETERMINED: no state that was kept allows this line, and others "
                "were left out for want of room; allow more with --max-states"
            )
        yield from wrapped(text, self.width, "  ", "", self.paint, ROLES[verdict.ending])
        for stated, line in verdict.broken:
            text = f"{self.log}:{line}: VIOLATES {stated.name}: {stated.sentence} ({stated.where})"
            yield from wrapped(text, self.width, "  ", "", self.paint, "bad")
        yield from self._facts(verdict)
        if bad is not None and explanation is not None:
            yield ""
            yield from self._row("line", event_said(bad.bad.line.event))
            for earlier in bad.earlier[-1:]:
                yield from self._row("after", f"{event_said(earlier.line.event)} (line {earlier.line.number})", "faint")
            yield from self._explained(explanation)
            yield from self._repairs(repairs)

    def _facts(self, verdict: TraceVerdict) -> Iterator[str]:
        yield from self._row("read", counted(verdict.lines, "line"))
        if verdict.widest > 1 or verdict.hidden:
            text = f"at most {counted(verdict.widest, 'state')} after a line (line {verdict.widest_line})"
            text += f", {verdict.mean:.1f} on average"
            text += f"; {verdict.searched:,} with hidden steps" if verdict.hidden else ""
            yield from self._row("possible", text)
        if verdict.hidden:
            yield from self._row("hidden", listed(verdict.hidden))
        if verdict.ending is Ending.ACCEPTED and not verdict.whole:
            yield from self._row(
                "note", "states were left out for want of room; what was found is a behaviour all the same"
            )

    def _explained(self, found: Explanation) -> Iterator[str]:
        looked = "" if found.looked_at == found.states else f", of which {found.looked_at:,} were asked why"
        yield from self._row(
            "before it", f"{counted(found.states, 'state')} {'was' if found.states == 1 else 'were'} possible{looked}"
        )
        for number, suspect in enumerate(found.suspects):
            yield ""
            yield from self._row("meant" if number == 0 else "or meant", self.paint(suspect.label, "strong"))
            if number == 0 or suspect.sentence != found.suspects[0].sentence:
                yield from self._row("", suspect.sentence, "faint")
            for blocked in suspect.blocked:
                yield from self._blocked(blocked)
            yield from self._differences("allowed, but", suspect.differences)
            if number == 0:
                yield from self._row("in state", listed(f"{name} = {value}" for name, value in suspect.state))
        yield from self._differences("seen", found.only_seen)
        yield ""
        if not found.allowed:
            yield from self._row("allowed", "nothing: the machine has come to its end there")
        told = {each.label for each in found.suspects if not each.blocked}
        for number, each in enumerate(each for each in found.allowed if each.label not in told):
            yield from self._row("allowed" if number == 0 else "", each.label)
            differing = [f"{one.cell} would be {one.specified}, not {one.logged}" for one in each.differences]
            if len(differing) > MOST_CELLS:
                differing = [*differing[:MOST_CELLS], f"… ({len(differing)} cells)"]
            yield from self._row("", listed(differing) or "as the log says", "faint")

    def _blocked(self, blocked: Blocked) -> Iterator[str]:
        yield from self._row("forbidden", f"{formula(blocked.text)} ({blocked.clause.where})", "bad")
        facts = [f"{name} = {value}" for name, value in blocked.why.cells[:MOST_CELLS]]
        if len(blocked.why.cells) > MOST_CELLS:
            facts.append("…")
        chosen = ", ".join(f"{name} = {value}" for name, value in blocked.why.witness)
        yield from self._row("", f"{f'for {chosen}: ' if chosen else ''}{listed(facts)}")

    def _differences(self, title: str, differences: Sequence[Difference]) -> Iterator[str]:
        for number, each in enumerate(differences):
            text = f"{each.cell} is {each.specified}; the log says {each.logged}"
            yield from self._row(title if number == 0 else "", text, "bad")

    def _repairs(self, repairs: Sequence[Repair]) -> Iterator[str]:
        yield ""
        if not repairs:
            yield from self._row("repair", "none found: no line lost, doubled or swapped explains it")
        for number, each in enumerate(repairs):
            yield from self._row("repair" if number == 0 else "or", _told(each), "" if each.stops else "good")

    def _row(self, title: str, text: str, role: str = "") -> list[str]:
        return wrapped(text, self.width, " " * 16, f"  {title:14}", self.paint, role)


def _told(repair: Repair) -> str:
    match repair.kind:
        case "lost":
            what = f"{counted(repair.cost, 'line')} lost before line {repair.line}, such as {listed(repair.missing)}"
        case "doubled":
            what = f"line {repair.line} repeats the one before it"
        case "needless":
            what = f"line {repair.line} is one too many"
        case _:
            what = f"line {repair.line} and the next one are in the wrong order"
    if repair.stops is not None:
        return f"{what}; then line {repair.stops} is refused"
    if repair.tried:
        return f"{what}; then {counted(repair.tried, 'line')} after it {'is' if repair.tried == 1 else 'are'} possible"
    return f"{what}; no line follows to try it on"


def _word(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
