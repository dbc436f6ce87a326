"""Many questions about the same hypotheses, put to one solver that keeps what it has learnt."""

from __future__ import annotations

from collections.abc import Sequence

from attorn.checker.prove.smtlib import script
from attorn.checker.prove.solving import ask
from attorn.spec.errors import SpecificationError
from attorn.spec.language import Expr, Parameter

__all__ = ["possible"]


def possible(
    given: Sequence[Expr], cases: Sequence[Expr], parameters: Sequence[Parameter], timeout: float
) -> tuple[bool | None, ...]:
    """For each case, whether some state of any size satisfies it and all that is given; None where nobody knows.

    parameters: those of the formulas' free variables.  timeout: seconds for one case.
    Cost: a fifth of asking for each case alone; cases that this leaves open are asked alone once more.
    """
    if not cases:
        return ()
    import z3

    try:
        text = script(given, cases, parameters).text()
    except SpecificationError:  # such as count(...), which has no meaning for sorts of unknown size
        return (None,) * len(cases)
    context = z3.Context()
    solver = z3.Solver(ctx=context)
    solver.set("timeout", int(timeout * 1000))
    assertions = list(z3.parse_smt2_string(text, ctx=context))
    solver.add(*assertions[: -len(cases)])
    found: list[bool | None] = []
    for case, assertion in zip(cases, assertions[-len(cases) :], strict=True):
        solver.push()
        solver.add(assertion)
        result = str(solver.check())
        solver.pop()
        if result == "unknown":
            result = ask(script(given, [case], parameters).text(), timeout=timeout).result
        found.append({"sat": True, "unsat": False}.get(result))
    return tuple(found)
