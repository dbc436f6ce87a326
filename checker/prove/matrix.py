"""The matrix of a proof: what each action does to each conjunct, what became of it, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass

from attorn.checker.prove.induction import Discharge, Proof
from attorn.checker.prove.obligations import Kind

__all__ = ["INITIAL", "Matrix", "Square", "obligation_matrix"]

INITIAL = "initial states"


@dataclass(frozen=True)
class Square:
    """One obligation: an action, or the initial states, against a conjunct.

    outcome:  ``proved``, ``failed``, ``undecided``, or ``untouched`` where the action writes nothing that it reads.
    seconds:  what the answer took when it was asked; None where nothing was asked.
    """

    action: str
    conjunct: str
    outcome: str
    seconds: float | None


@dataclass(frozen=True)
class Matrix:
    """All squares, row by row: the initial states first, then the actions; conjuncts in the order of the properties.

    columns: name of each conjunct, and the property or lemma that it is of.
    A two-state conjunct has no square in the row of the initial states.
    """

    rows: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    squares: tuple[Square, ...]


def obligation_matrix(proof: Proof) -> Matrix:
    """The obligations of a proof as a matrix."""
    machine = proof.machine
    columns = tuple(
        (f"{stated.name}.{number}", stated.name)
        for stated in (*machine.properties, *machine.lemmas)
        for number in range(len(stated.conjuncts))
    )
    rows = (INITIAL, *(action.name for action in machine.actions))
    found = {
        (each.obligation.action or INITIAL, each.obligation.conjunct): each
        for each in proof.discharges
        if each.obligation.kind in (Kind.INITIAL, Kind.STEP, Kind.EDGE)
    }
    places = ((row, column) for row in rows for column, _ in columns if (row, column) in found)
    return Matrix(rows, columns, tuple(_square(*place, found[place]) for place in places))


def _square(action: str, conjunct: str, discharge: Discharge) -> Square:
    if discharge.obligation.unchanged:
        return Square(action, conjunct, "untouched", None)
    outcome = "proved" if discharge.done else "failed" if discharge.failed else "undecided"
    return Square(action, conjunct, outcome, None if discharge.answer is None else discharge.answer.seconds)
