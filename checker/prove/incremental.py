"""A solver that keeps what it is told and is asked one question after the other, each within a time."""

from __future__ import annotations

from typing import Any

from attorn.checker.prove.z3_solver import z3

__all__ = ["Incremental"]


class Incremental:
    """z3 for truth values and bit-vectors, in one context.

    Its finite-domain engine is used: on runs it takes between half and all of the time of the one for bit-vectors.
    """

    def __init__(self, context: z3.Context, timeout: float) -> None:
        self._solver = z3.SolverFor("QF_FD", ctx=context)
        self._solver.set("timeout", max(1, int(timeout * 1000)))

    def add(self, *facts: Any) -> None:
        """Tell it something that holds from now on."""
        self._solver.add(*facts)

    def ask(self, *question: Any) -> z3.ModelRef | str | None:
        """A model of the facts and the question; None where there is none; or why it is not known, in words.

        Raises KeyboardInterrupt for the signal, which z3 takes for itself while it searches.
        """
        self._solver.push()
        try:
            self._solver.add(*question)
            return self._answer()
        finally:
            self._solver.pop()

    def ask_assuming(self, *literals: Any) -> z3.ModelRef | str | None:
        """The same for a question of plain literals: what is learned of them is kept."""
        return self._answer(*literals)

    def _answer(self, *literals: Any) -> z3.ModelRef | str | None:
        said = self._solver.check(*literals)
        if said == z3.sat:
            return self._solver.model()
        if said == z3.unsat:
            return None
        reason = str(self._solver.reason_unknown())
        if "interrupted" in reason:
            raise KeyboardInterrupt
        return reason
