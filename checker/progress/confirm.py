"""Confirming runs without end, and what is out of reach, by the plain meaning of the machine."""

from __future__ import annotations

from collections.abc import Sequence

from attorn.checker.progress.verdicts import Ending, Lasso, Promise
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Concrete, Expr, Progress, Values

__all__ = ["confirm_out_of_reach", "confirmed_lasso"]

SMALL = 1_000  # states behind the end of a run that are looked at one by one


def confirmed_lasso(
    recheck: Rechecker, stated: Progress, arguments: Sequence[int], stem: Path, premise: int, loop: tuple[Move, ...]
) -> Lasso:
    """Check that a run without end refutes a progress property and is fair, and say why; raises Unsound."""
    concrete = recheck.concrete
    recheck.path(stem, stated.name)
    recheck.moves(stem.states[-1], loop, f"{stated.name}, in its loop")
    if loop and loop[-1].state != stem.states[-1]:
        raise _unsound(stated.name, "does not come back to where its loop begins")
    if not concrete.value(stated.premise, arguments, stem.states[premise]):
        raise _unsound(stated.name, f"does not meet the premise in state {premise}")
    for state in (*stem.states[premise:], *(move.state for move in loop)):
        if concrete.value(stated.conclusion, arguments, state):
            raise _unsound(stated.name, "meets the conclusion")
    promises = _promises(concrete, stem.states[-1], loop)
    for each in promises:
        if each.taken is None and (each.fair == "strong" or each.idle is None):
            raise _unsound(stated.name, f"breaks the promise of {concrete.label(each.step)}")
    ending = Ending.LIVELOCK
    if not loop:
        ending = Ending.REST if any(True for _ in concrete.successors(stem.states[-1])) else Ending.DEADLOCK
    return Lasso(stem, premise, loop, ending, promises)


def confirm_out_of_reach(concrete: Concrete, what: str, formula: Expr, arguments: Sequence[int], start: Values) -> None:
    """Check that a formula is true in no state that can be reached, as far as a small search goes; raises Unsound."""
    seen, stack = {start}, [start]
    while stack:
        state = stack.pop()
        if concrete.value(formula, arguments, state):
            raise _unsound(what, "ends where it is still possible")
        if len(seen) < SMALL:
            fresh = [after for _, after in concrete.successors(state) if after not in seen]
            seen.update(fresh)
            stack += fresh


def _promises(concrete: Concrete, start: Values, loop: Sequence[Move]) -> tuple[Promise, ...]:
    """For each fair step that is enabled in a loop, where it is taken first and where it is not enabled first."""
    states = [start, *(move.state for move in loop[:-1])]
    taken = {move.step: number for number, move in reversed([*enumerate(loop)])}
    found = []
    for step in concrete.steps:
        if step.action.fair != "none":
            idle = [number for number, state in enumerate(states) if not concrete.enabled(state, step)]
            if len(idle) < len(states):
                found.append(Promise(step, step.action.fair, taken.get(step), idle[0] if idle else None))
    return tuple(found)


def _unsound(what: str, fault: str) -> Unsound:
    return Unsound(
        f"{what}: the run that the progress engine found {fault}, says the plain meaning of the machine. "
        "This is a fault of attorn; please report it with the machine."
    )
