"""Reasons: why a formula is false in a state, by a witness and the values of the cells that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attorn.spec.language import Concrete, Expr, Op, Values, render, value_name

__all__ = ["Reason", "Reasons"]


@dataclass(frozen=True)
class Reason:
    """Why a formula has its value.

    text:    the formula, with names for its free variables.
    witness: values of quantified variables that decide it.
    values:  cells that it reads for these, each with its value.
    """

    text: str
    witness: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]


class Reasons:
    """Gives reasons in the states of one instance; texts are kept."""

    def __init__(self, concrete: Concrete) -> None:
        self._concrete = concrete
        self._texts: dict[tuple[int, tuple[str, ...]], str] = {}

    def why(
        self, formula: Expr, arguments: Sequence[int], names: Sequence[str], before: Values, after: Values = ()
    ) -> Reason:
        """The reason of a formula; ``arguments`` and ``names`` are of its free variables, by level."""
        given = [*arguments, *[0] * (Concrete.VARIABLES - len(arguments))]
        known = dict(enumerate(names))
        witness = []
        part = formula
        while found := self._decided(part, given, before, after):
            variables, called, numbers, part = found
            for bound, name, number in zip(variables, called, numbers, strict=True):
                given[bound.payload] = number
                known[bound.payload] = value_name(bound.sort, number)
                witness.append((name, known[bound.payload]))
        values = {
            self.text(read, known): value_name(read.sort, self._concrete.value(read, given, before, after))
            for read in _reads(part)
            if read.free <= known.keys()
        }
        return Reason(self.text(formula, dict(enumerate(names))), tuple(witness), tuple(values.items()))

    def text(self, formula: Expr, names: Mapping[int, str]) -> str:
        """A formula with names for its free variables."""
        key = formula.ident, tuple(names[level] for level in sorted(formula.free))
        if key not in self._texts:
            self._texts[key] = render(formula, names)
        return self._texts[key]

    def _decided(
        self, formula: Expr, given: list[int], before: Values, after: Values
    ) -> tuple[tuple[Expr, ...], tuple[str, ...], tuple[int, ...], Expr] | None:
        """The values of outermost quantified variables that decide a formula, and what is left to decide then.

        One value decides that ``∀`` is false and that ``∃`` is true; of the other cases none does.
        """
        wanted = bool(self._concrete.value(formula, given, before, after))
        inner = formula
        while inner.op is Op.NOT:
            inner, wanted = inner.args[0], not wanted
        if inner.op not in (Op.FORALL, Op.EXISTS) or wanted is not (inner.op is Op.EXISTS):
            return None
        variables, names = inner.payload
        trial = list(given)
        for numbers in self._concrete.instance.indices(tuple(bound.sort for bound in variables)):
            for bound, number in zip(variables, numbers, strict=True):
                trial[bound.payload] = number
            if bool(self._concrete.value(inner.args[0], trial, before, after)) is wanted:
                return variables, names, numbers, inner.args[0]
        return None


def _reads(formula: Expr) -> list[Expr]:
    """The cells that a formula reads, in the order in which they are written."""
    found: dict[int, Expr] = {}
    stack = [formula]
    while stack:
        part = stack.pop()
        if part.op is Op.READ:
            found.setdefault(part.ident, part)
        stack.extend(reversed(part.args))
    return list(found.values())
