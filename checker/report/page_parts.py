"""What the page shows of proofs, surveys and mutants: tables made ready to be written."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.checker.prove.matrix import INITIAL
from attorn.checker.report.book import Book
from attorn.checker.report.documents import ProofDocument, Surveyed
from attorn.checker.report.run_facts import RunFacts
from attorn.checker.report.survey import Tally

__all__ = ["Heat", "ProofSquare", "ProofTable", "heat_maps", "proof_tables"]

SIGNS = {"proved": "✓", "untouched": "·", "failed": "✗", "undecided": "?"}


@dataclass(frozen=True)
class Stated:
    """A property or lemma as a heading over its conjuncts."""

    name: str
    lemma: bool
    conjuncts: int


@dataclass(frozen=True)
class ProofSquare:
    """What became of one obligation; no word where nothing is owed.

    seconds: what its answer took, if that is asked for and anything was asked of the solver.
    """

    conjunct: str
    word: str
    seconds: float | None = None

    @property
    def sign(self) -> str:
        """A sign for the word."""
        return SIGNS.get(self.word, "")

    @property
    def took(self) -> str:
        """The time to be read: milliseconds, or seconds with their unit."""
        if self.seconds is None:
            return ""
        milliseconds = 1000 * self.seconds
        return f"{self.seconds:.1f}s" if milliseconds >= 999.5 else f"{milliseconds:.0f}" if milliseconds >= 1 else "<1"

    @property
    def weight(self) -> int:
        """The order of magnitude of the time, from 0 for under 10 milliseconds to 4 for 10 seconds and more."""
        return sum(self.seconds is not None and self.seconds >= bound for bound in (0.01, 0.1, 1.0, 10.0))


@dataclass(frozen=True)
class ProofTable:
    """A proof as a matrix: a row for the initial states and each action, a column for each conjunct.

    rows:    name, and the square of each column.
    counts:  how many obligations came to which end.
    seconds: of each row, and of each column, all squares together; nothing unless times are asked for.
    """

    proof: ProofDocument
    stated: tuple[Stated, ...]
    rows: tuple[tuple[str, tuple[ProofSquare, ...]], ...]
    counts: dict[str, int]
    companions: tuple[int, int]
    seconds: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())


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


def proof_tables(book: Book, times: bool = False) -> list[ProofTable]:
    """All proofs of a book; with what each obligation took, if ``times``."""
    runs = dict(book.runs) if times else {}
    return [_proof_table(each, runs.get(f"proof-{each.machine}")) for each in book.proofs]


def _proof_table(proof: ProofDocument, run: RunFacts | None) -> ProofTable:
    known = {(each.action, each.conjunct): each.outcome for each in proof.matrix.squares}
    took = {} if run is None else _took(run)
    stated: dict[str, list[bool]] = {}
    for column in proof.matrix.columns:
        stated.setdefault(column.of, []).append(column.lemma)
    counts: dict[str, int] = dict.fromkeys(SIGNS, 0)
    for outcome in known.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    companions = [each for each in proof.obligations if each.expected == "sat" or each.name == "complete"]
    conjuncts = [each.conjunct for each in proof.matrix.columns]
    rows = tuple(
        (row, tuple(ProofSquare(name, known.get((row, name), ""), took.get((row, name))) for name in conjuncts))
        for row in proof.matrix.rows
    )
    return ProofTable(
        proof,
        tuple(Stated(name, lemmas[0], len(lemmas)) for name, lemmas in stated.items()),
        rows,
        counts,
        (sum(each.done for each in companions), len(companions)),
        _sums([[square.seconds or 0.0 for square in squares] for _, squares in rows]) if took else ((), ()),
    )


def _took(run: RunFacts) -> dict[tuple[str, str], float]:
    """Seconds by row and conjunct, of the obligations that the matrix has; others are named by another kind."""
    found = {}
    for each in run.timings:
        match each.name.split("/"):
            case ["initial", conjunct]:
                found[INITIAL, conjunct] = each.seconds
            case ["step" | "edge", action, conjunct]:
                found[action, conjunct] = each.seconds
    return found


def _sums(seconds: list[list[float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each row and of each column."""
    return tuple(sum(row) for row in seconds), tuple(sum(column) for column in zip(*seconds, strict=True))


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
