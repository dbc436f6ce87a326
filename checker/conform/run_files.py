"""Files of runs: what a system must not let come about, and what it must be able to do, as a pytest file."""

from __future__ import annotations

import pprint
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from attorn.checker.conform.observation import Observer
from attorn.checker.conform.suite_files import imported, step_data
from attorn.checker.verdicts import Path
from attorn.spec.language import Instance

__all__ = ["RunTests", "runs_as_pytest"]

WIDTH = 110


@dataclass(frozen=True)
class RunTests:
    """Runs of an instance that a system is to be tested by.

    said:      what names the instance, to ``attorn.conform.instance``.  sizes: those of it that are changed.
    stated:    the property, or the goal, that it is about, and its sentence.
    violation: a run that violates the property; the system must decline one of its steps.
    witnesses: a run to each of some goals; the system must take all of their steps.
    """

    instance: Instance
    said: str
    sizes: Mapping[str, int]
    stated: str
    sentence: str
    violation: Path | None = None
    witnesses: Mapping[str, Path] = field(default_factory=dict)


def runs_as_pytest(tests: RunTests, adapter: str, command: str) -> str:
    """A test file for an adapter; ``command`` is what makes it again."""
    return "\n".join(_lines(tests, adapter, command)) + "\n"


def _lines(tests: RunTests, adapter: str, command: str) -> Iterator[str]:
    module, name = imported(adapter)
    sizes = "".join(f", {size}={number}" for size, number in tests.sizes.items())
    about = f"{tests.stated} on {tests.instance.name}: "
    yield from textwrap.wrap(f'"""{about}{tests.sentence}', WIDTH)
    yield from ("", f"Made by: {command}", '"""', "", "import pytest", "")
    yield f"from attorn.conform import {'WronglyRefused, ' if tests.violation else ''}instance, session"
    yield from (f"from {module} import {name}", "", f"INSTANCE = instance({tests.said!r}{sizes})")
    if tests.violation is not None:
        yield from ("", f"VIOLATION = {_told(tests.instance, tests.violation)}")
    if tests.witnesses:
        yield from ("", "WITNESSES = {")
        for goal, run in tests.witnesses.items():
            yield from (f"    {goal!r}: {line}" if not at else f"    {line}" for at, line in _numbered(tests, run))
        yield "}"
    yield from ("", "", "def take(start, steps):", f"    with session(INSTANCE, {name}, **start) as run:")
    yield from ("        for step in steps:", "            run.do(*step)")
    if tests.violation is not None:
        yield from _declined(tests, name, len(tests.violation))
    if tests.witnesses:
        yield from ("", "", '@pytest.mark.parametrize("goal", WITNESSES)', "def test_a_goal_is_reached(goal):")
        yield "    take(*WITNESSES[goal])"


def _declined(tests: RunTests, name: str, steps: int) -> Iterator[str]:
    yield from ("", "", f"def test_{tests.stated}():", "    try:", "        take(*VIOLATION)")
    yield from ("    except WronglyRefused as declined:", "        print(declined)  # So this does not come about.")
    yield "    else:"
    yield f'        pytest.fail("{name} takes all {steps} steps of a run that violates {tests.stated}")'


def _numbered(tests: RunTests, run: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(f"{_told(tests.instance, run)},".splitlines())


def _told(instance: Instance, run: Path) -> str:
    """The first state and the steps as a pair, written in Python."""
    start = pprint.pformat(dict(Observer(instance).told(run.start)), width=WIDTH, sort_dicts=False, compact=True)
    first = start.replace("\n", "\n    ")
    steps = [f"        {(move.step.action.name, *step_data(move.step).values())!r}," for move in run.moves]
    return "\n".join(["(", f"    {first},", "    [", *steps, "    ],", ")"])
