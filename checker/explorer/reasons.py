"""Reasons: why a formula is false in a state or over a step, with texts that are made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attorn.checker.reads import falsity
from attorn.spec.language import Concrete, Expr, Values, render

__all__ = ["Reason", "Reasons"]


@dataclass(frozen=True)
class Reason:
    """Why a formula is false.

    text:    the formula, with names for its free variables.
    witness: values of quantified variables that decide it.
    values:  cells that it reads for these, each with its value.
    """

    text: str
    witness: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]


class Reasons:
    """Gives reasons in the states of one instance."""

    def __init__(self, concrete: Concrete) -> None:
        self._concrete = concrete
        self._texts: dict[tuple[int, tuple[str, ...]], str] = {}

    def why(
        self, formula: Expr, arguments: Sequence[int], names: Sequence[str], before: Values, after: Values = ()
    ) -> Reason:
        """The reason of a false formula; ``arguments`` and ``names`` are of its free variables, by level."""
        found = falsity(self._concrete, formula, dict(enumerate(arguments)), before, after)
        return Reason(self._text(formula, names), found.witness, found.cells)

    def _text(self, formula: Expr, names: Sequence[str]) -> str:
        key = formula.ident, tuple(names[level] for level in sorted(formula.free))
        if key not in self._texts:
            self._texts[key] = render(formula, dict(enumerate(names)))
        return self._texts[key]
