"""Agreement: other engines look at an instance too, and each must say what the explorer says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from attorn.checker.explore import Options
from attorn.checker.report import Comparison
from attorn.checker.verdicts import Exploration
from attorn.spec.errors import BadInput, Unsound

__all__ = ["compare", "compare_unreduced"]

ORACLE_STATES = 1_000_000
SOLVER_STATES = 10_000
"""States of an instance up to which solvers are asked about it."""
TLC_STATES = 200_000
"""States of an instance up to which TLC is asked about it."""
DEPTH_STATES = 300
"""States that the solver finds by itself, level by level, one question each."""
SAMPLE, DRAWN, TEXTS = 60, 20, 20
"""States of which the encoding is compared step by step: reachable ones, others, and steps that are put as text."""


def compare(exploration: Exploration, max_states: int | None = None) -> tuple[Comparison, ...]:
    """Ask other engines about an instance: the oracle, and where it is small enough, the solver in two ways.

    TLC too, where the variable TLA2TOOLS_JAR says where it is and every property was asked for.

    max_states: how many states the oracle may meet.

    An engine that does not come to an end agrees with nothing. Raises Unsound where one says something else.
    """
    return tuple(_compared(exploration, max_states or ORACLE_STATES))


def compare_unreduced(exploration: Exploration, options: Options) -> Comparison:
    """Search again without symmetry: the states searched must have stood for just these, level by level."""
    return _whole("unreduced", lambda: _by_unreduced(exploration, options))


def _compared(exploration: Exploration, limit: int) -> Iterator[Comparison]:
    yield _whole("oracle", lambda: _by_oracle(exploration, limit))
    if exploration.finished and exploration.states <= SOLVER_STATES:
        yield _whole("z3 by depth", lambda: _by_depth(exploration))
        yield _whole("encoding", lambda: _by_encoding(exploration))
    archive = os.environ.get("TLA2TOOLS_JAR")
    asked = len(exploration.verdicts) > len(exploration.instance.machine.properties)
    if archive and asked and exploration.finished and exploration.states <= TLC_STATES:
        yield _whole("TLC", lambda: _by_tlc(exploration, Path(archive)))


def _whole(engine: str, ask: Callable[[], Comparison]) -> Comparison:
    """What an engine says; an interrupted one says nothing."""
    try:
        return ask()
    except KeyboardInterrupt:
        return Comparison(engine, False, f"{engine} was interrupted")


def _by_oracle(exploration: Exploration, limit: int) -> Comparison:
    from attorn.checker import oracle
    from attorn.checker.agreement import differences

    engine = "oracle"
    if not exploration.finished or exploration.states > limit:
        return Comparison(engine, False, "the second engine did not finish")
    properties = tuple(verdict.name for verdict in exploration.verdicts)
    aims = {goal.name for goal in exploration.goals}
    other = oracle.explore(exploration.instance, properties, bool(aims), limit)
    other = replace(other, goals=tuple(goal for goal in other.goals if goal.name in aims))
    _refuse("the explorer and the oracle disagree", differences(exploration, other))
    return Comparison(engine, True, "a second engine finds the same states, steps, verdicts and lengths of runs")


def _by_unreduced(exploration: Exploration, options: Options) -> Comparison:
    from attorn.checker.agreement import differences
    from attorn.checker.explore import explore

    engine = "unreduced"
    properties = tuple(verdict.name for verdict in exploration.verdicts)
    folder = options.checkpoint and options.checkpoint / "unreduced"
    options = replace(options, symmetry=False, properties=properties, goals=bool(exploration.goals), checkpoint=folder)
    other = replace(explore(exploration.instance, options), engine=engine)
    if not exploration.finished or not other.finished:
        return Comparison(engine, False, "the search without symmetry did not finish")
    aims = {goal.name for goal in exploration.goals}
    other = replace(other, goals=tuple(goal for goal in other.goals if goal.name in aims))
    _refuse("the search by symmetry and the one without it disagree", differences(exploration, other))
    return Comparison(engine, True, f"{exploration.orbits:,} states stand for exactly the {other.states:,} there are")


def _by_depth(exploration: Exploration) -> Comparison:
    from attorn.checker.prove.depths import agree_by_depth

    engine = "z3 by depth"
    met = list(accumulate(exploration.levels))
    depth = None if met[-1] <= DEPTH_STATES else max(0, sum(states <= DEPTH_STATES for states in met) - 1)
    found = agree_by_depth(exploration.instance, depth)
    _refuse("the explorer and the solver disagree", found.contradictions)
    if found.unknown:
        return Comparison(engine, False, f"the solver was not done: {found.unknown[0]}")
    reach = f"{exploration.depth + 1}" if depth is None else f"the first {depth + 1} of {exploration.depth + 1}"
    return Comparison(
        engine, True, f"z3 finds as many new states at each of {reach} depths, and violations in as many steps"
    )


def _by_encoding(exploration: Exploration) -> Comparison:
    from attorn.checker.prove.encoding import certify_encoding

    engine = "encoding"
    found = certify_encoding(exploration.instance, SAMPLE, DRAWN, TEXTS)
    _refuse("the formulas that proofs rest on do not mean what the interpreter does", found.differences)
    looked = f"all {found.reachable}" if found.complete else f"{found.reachable} of {exploration.states:,}"
    texts = "" if found.untold else f", {found.scripts:,} SMT-LIB texts"
    return Comparison(
        engine,
        True,
        f"formulas of proofs mean the same in {looked} states and {found.arbitrary} others: "
        f"{found.edges:,} steps, {found.refusals:,} refusals, {found.judgments:,} values{texts}",
    )


def _by_tlc(exploration: Exploration, archive: Path) -> Comparison:
    from attorn.checker.tla.agreement import checked_by_tlc, differences

    engine = "TLC"
    try:
        found = checked_by_tlc(exploration.instance, archive)
    except BadInput as error:
        return Comparison(engine, False, str(error).splitlines()[0])
    _refuse("the explorer and TLC disagree on the machine's TLA+ module", differences(exploration, found))
    return Comparison(engine, True, "TLC finds the same states, steps and violations in the TLA+ module")


def _refuse(title: str, found: tuple[str, ...]) -> None:
    if found:
        raise Unsound(f"{title}:\n  " + "\n  ".join(found))
