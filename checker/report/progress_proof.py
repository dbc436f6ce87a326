"""The account of a proof of progress, for a terminal and as data."""

from __future__ import annotations

from typing import Any

from attorn.checker.prove.progress import ProgressProof, Ranked
from attorn.checker.report.lines import Paint, counted, plain, wrapped
from attorn.checker.verdicts import Evidence

__all__ = ["progress_data", "progress_lines"]

SHOWN = 5


def progress_lines(ranked: ProgressProof, width: int = 80, paint: Paint = plain) -> list[str]:
    """Which progress properties are proved, by which ranking, and what is left open."""
    proved = [each for each in ranked.properties if each.evidence is Evidence.PROVED]
    undone = [each for each in ranked.properties if each.undone]
    without = [each.stated.name for each in ranked.properties if each.ranking is None]
    unasked = [each.stated.name for each in ranked.properties if each.ranking and not (each in proved or each.undone)]
    lines: list[str] = []
    if proved:
        lines += ["", f"  {paint('proved: comes about in every run that is fair, whatever the sizes', 'good')}"]
        lines += [line for each in proved for line in _named(each, ranked, width, paint)]
        for ranking in dict.fromkeys(each.ranking for each in proved if each.ranking is not None):
            lines += wrapped(f"by ranking {ranking.name}: {ranking.sentence}", width, "      ", "    ")
    for each in undone:
        lines += ["", *wrapped(f"UNDETERMINED: {each.stated.name} is not proved by its ranking", width, "  ", "  ")]
        for discharge in each.undone[:SHOWN]:
            answer = discharge.answer.result if discharge.answer is not None else "not asked"
            lines += wrapped(
                f"{discharge.obligation.name}: {answer} ({discharge.obligation.kind.value})", width, "      ", "    "
            )
        if len(each.undone) > SHOWN:
            lines.append(f"    and {len(each.undone) - SHOWN} more")
    if unasked:
        lines += ["", *wrapped(f"UNDETERMINED: the rankings of {', '.join(unasked)} were not asked", width, "  ", "  ")]
    if without:
        lines += ["", *wrapped(f"no ranking shows {', '.join(without)}; attorn check explores them", width, "  ", "  ")]
    if ranked.discharges:
        done = [each for each in ranked.discharges if each.done]
        untouched = sum(each.obligation.unchanged for each in done)
        possible = sum(each.done for each in ranked.companions)
        said = (
            f"{len(done):,} of {counted(len(ranked.discharges), 'obligation')} of rankings discharged, {untouched:,} "
            f"of them because the action writes nothing that they read; {possible} of {len(ranked.companions)} "
            f"companions answered as they must be · {ranked.seconds:.1f} s"
        )
        lines += ["", *wrapped(said, width, "  ", "  ")]
    return lines


def _named(each: Ranked, ranked: ProgressProof, width: int, paint: Paint) -> list[str]:
    margin = 2 + max(len(other.stated.name) for other in ranked.properties)
    return wrapped(
        each.stated.sentence, width, " " * (4 + margin), f"    {paint(f'{each.stated.name:{margin}}', 'strong')}"
    )


def progress_data(ranked: ProgressProof) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "properties": [
            {
                "name": each.stated.name,
                "sentence": each.stated.sentence,
                "where": str(each.stated.where),
                "ranking": None if each.ranking is None else each.ranking.name,
                "evidence": each.evidence.value,
                "undone": [discharge.obligation.name for discharge in each.undone],
            }
            for each in ranked.properties
        ],
        "obligations": [
            {
                "name": each.obligation.name,
                "expected": each.obligation.expected,
                "answer": "unchanged"
                if each.obligation.unchanged
                else ("not asked" if each.answer is None else each.answer.result),
            }
            for each in (*ranked.discharges, *ranked.companions)
        ],
        "run": {"seconds": round(ranked.seconds, 3)},
    }
