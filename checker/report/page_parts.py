"""What the page shows of proofs, surveys and mutants: tables made ready to be written."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.checker.report.book import Book, ProofDocument, Surveyed
from attorn.checker.report.survey import Tally

__all__ = ["Heat", "ProofTable", "heat_maps", "proof_tables"]

SIGNS = {"proved": "✓", "untouched": "·", "failed": "✗", "undecided": "?"}


@dataclass(frozen=True)
class Stated:
    """A property or lemma as a heading over its conjuncts."""

    name: str
    lemma: bool
    conjuncts: int


@dataclass(frozen=True)
class ProofTable:
    """A proof as a matrix: a row for the initial states and each action, a column for each conjunct.

    rows:   name, and for each column what became of it: sign, word, and conjunct; no word where nothing is owed.
    counts: how many obligations came to which end.
    """

    proof: ProofDocument
    stated: tuple[Stated, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
    counts: dict[str, int]
    companions: tuple[int, int]


@dataclass(frozen=True)
class Heat:
    """A property of a survey: a row for each fault, a column for each combination of choices.

    rows: fault, and for each column the mark and how well it holds, from 0 to 10; None where it is not stated.
    """

    name: str
    says: str
    choices: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...]

    @property
    def always(self) -> bool:
        """Whether it holds wherever it is stated."""
        return all(mark in ("∎", "✓", "·") for _, marks in self.rows for mark, _ in marks)


def proof_tables(book: Book) -> list[ProofTable]:
    """All proofs of a book."""
    return [_proof_table(each) for each in book.proofs]


def _proof_table(proof: ProofDocument) -> ProofTable:
    known = {(each.action, each.conjunct): each.outcome for each in proof.matrix.squares}
    stated: dict[str, list[bool]] = {}
    for column in proof.matrix.columns:
        stated.setdefault(column.of, []).append(column.lemma)
    counts: dict[str, int] = dict.fromkeys(SIGNS, 0)
    for outcome in known.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    companions = [each for each in proof.obligations if each.expected == "sat" or each.name == "complete"]
    return ProofTable(
        proof,
        tuple(Stated(name, lemmas[0], len(lemmas)) for name, lemmas in stated.items()),
        tuple(
            (
                row,
                tuple(
                    (
                        SIGNS.get(known.get((row, each.conjunct), ""), ""),
                        known.get((row, each.conjunct), ""),
                        each.conjunct,
                    )
                    for each in proof.matrix.columns
                ),
            )
            for row in proof.matrix.rows
        ),
        counts,
        (sum(each.done for each in companions), len(companions)),
    )


def heat_maps(survey: Surveyed) -> list[Heat]:
    """Every property that the survey decides."""
    return [
        Heat(
            each.property,
            survey.properties.get(each.property, ""),
            each.choices,
            each.columns,
            tuple(
                (fault, tuple((tally.mark, _degree(tally)) for tally in tallies))
                for fault, tallies in zip(each.faults, each.tallies, strict=True)
            ),
        )
        for each in survey.maps
    ]


def _degree(tally: Tally) -> int | None:
    """How well a property holds, from 0 for never to 10 for always; None where that is not known or not asked."""
    if tally.mark in ("·", "?"):
        return None
    return 10 if tally.held == tally.of else 0 if not tally.held else max(1, min(9, round(10 * tally.held / tally.of)))
