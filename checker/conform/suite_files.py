"""Files of suites: runs as a pytest file, or as JSON lines."""

from __future__ import annotations

import json

from attorn.checker.conform.observation import Observer
from attorn.checker.conform.suites import Suite
from attorn.checker.conform.touring import Tour
from attorn.spec.language import Instance, Step
from attorn.spec.language.values import Value, value_data

__all__ = ["as_json_lines", "as_pytest", "imported", "step_data"]


def imported(adapter: str) -> tuple[str, str]:
    """The module and the name that a test imports for an adapter, MODULE:CLASS or FILE.py:CLASS."""
    module, _, name = adapter.removesuffix(".py").replace(".py:", ":").partition(":")
    return module.replace("/", "."), name


def as_pytest(suite: Suite, said: str, adapter: str, command: str) -> str:
    """A test file for an adapter; ``command`` is what makes it again."""
    module, name = imported(adapter)
    lines = [
        f'"""Runs of {suite.instance.name} that cover {suite.cover.value}.',
        "",
        f"Made by: {command}",
        '"""',
        "",
        "import pytest",
        "",
        "from attorn.conform import session",
        f"from {module} import {name}",
        "",
        "RUNS = [",
    ]
    for tour in suite.tours:
        lines.append(f"    ({Observer(suite.instance).told(tour.start)!r}, [")
        for attempt in tour.attempts:
            verb = "do" if attempt.wanted else "refuse"
            told = (verb, attempt.step.action.name, *step_data(attempt.step).values())
            lines.append(f"        {told!r},")
        lines.append("    ]),")
    lines += [
        "]",
        "",
        "",
        '@pytest.mark.parametrize(("start", "attempts"), RUNS)',
        "def test_run(start, attempts):",
        f"    with session({said!r}, {name}, **start) as run:",
        "        for verb, action, *arguments in attempts:",
        "            getattr(run, verb)(action, *arguments)",
    ]
    return "\n".join(lines) + "\n"


def as_json_lines(suite: Suite) -> str:
    """One line for each run: its initial state, and what is tried, with whether the system must take it."""
    return "".join(json.dumps(_told(suite.instance, tour), ensure_ascii=False) + "\n" for tour in suite.tours)


def _told(instance: Instance, tour: Tour) -> dict[str, object]:
    return {
        "format": "attorn-run",
        "version": 1,
        "machine": instance.machine.name,
        "sizes": instance.described(),
        "start": Observer(instance).told(tour.start),
        "attempts": [
            {
                "party": each.step.action.party,
                "action": each.step.action.name,
                "arguments": step_data(each.step),
                "allowed": bool(each.wanted),
            }
            for each in tour.attempts
        ],
    }


def step_data(step: Step) -> dict[str, Value]:
    """The arguments of a step by name, as adapters get them."""
    return {
        each.name: value_data(each.sort, number)
        for each, number in zip(step.action.parameters, step.arguments, strict=True)
    }
