"""What was observed of a running system whose every step the specification judged, as data and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from tabulate import tabulate

from attorn.checker.report.lines import counted
from attorn.checker.verdicts import Evidence

__all__ = ["Episode", "Observed", "observed_markdown"]


@dataclass(frozen=True)
class Episode:
    """One thing that the system was asked to do, whether it did it, and if not why."""

    name: str
    says: str
    done: bool
    why: str = ""


@dataclass(frozen=True)
class Observed:
    """A run of a real system. Times are in the manifest, as timings of the episodes by name.

    machine, digest: the specification that judged it.
    steps:           how many steps it judged.  departure: the first that it does not allow; "" where it allows all.
    complaint:       what the system itself, or a check of what it computed, objects to; "" for nothing.
    facts:           what else there is to say, each with its title.
    """

    name: str
    machine: str
    digest: str
    steps: int
    departure: str
    complaint: str
    facts: tuple[tuple[str, str], ...]
    episodes: tuple[Episode, ...]

    @property
    def evidence(self) -> str:
        """How much is known: at most that it was seen in this run."""
        if self.departure or self.complaint:
            return Evidence.REFUTED.value
        return Evidence.OBSERVED.value if self.steps else Evidence.UNDETERMINED.value

    @property
    def verdict(self) -> str:
        """The run in a sentence or two."""
        if self.departure:
            judged = f"The specification does not allow what happened: {self.departure}"
        elif self.steps:
            judged = f"The specification allows each of the {counted(self.steps, 'step')} that were logged."
        else:
            judged = "No step was judged."
        done = sum(each.done for each in self.episodes)
        return f"{judged} {done} of {counted(len(self.episodes), 'episode')} ended as asked." + (
            f" Objection: {self.complaint}." if self.complaint else ""
        )


def observed_markdown(found: Observed) -> str:
    """One run as Markdown: the verdict, what ran, and each episode."""
    blocks = [
        f"# A run of `{found.name}`",
        f"**{found.evidence}**: {found.verdict}",
        tabulate([(title, _cell(text)) for title, text in found.facts], ["what", "how"], tablefmt="github"),
        tabulate(
            [
                (each.name, _cell(each.says), "yes" if each.done else f"**no**: {_cell(each.why)}")
                for each in found.episodes
            ],
            ["episode", "what", "as asked"],
            tablefmt="github",
        ),
        f"Judged by `{found.machine}`, specification `{found.digest}`.",
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
