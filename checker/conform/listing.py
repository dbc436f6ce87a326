"""Listings: a program as a test that can be run."""

from __future__ import annotations

import functools
import sys
from typing import Any

from attorn.checker.conform.departures import Departure
from attorn.checker.conform.session import Binding
from attorn.spec.language import Step, Values

__all__ = ["listing"]


def listing(binding: Binding, departure: Departure, said: str) -> str:
    """A test that shows a departure again: it fails as long as the system departs, and passes once it does not.

    said: how a test names the instance; where it has no name it is imported from where the adapter is.
    """
    program = departure.program
    assert program is not None
    instance, imports = _instance(binding, said)
    adapter, more = _adapter(binding)
    start = "".join(f", {part}" for part in _start(binding, program.start))
    lines = [
        *(["from functools import partial", ""] if "partial(" in adapter else []),
        "from attorn.conform import session",
        *dict.fromkeys((*imports, *more)),
        "",
        "",
        f"def test_{_word(departure.kind)}():",
        f"    with session({instance}, {adapter}{start}) as run:",
    ]
    for number, attempt in enumerate(program.attempts, start=1):
        last = number == len(program)
        note = f"  # {departure.kind}" if last else ""
        verb = "refuse" if attempt.wanted is False else "do"
        lines.append(f"        run.{verb}({_call(binding, attempt.step)}){note}")
    if not program.attempts:
        lines.append("        pass")
    return "\n".join(lines) + "\n"


def _call(binding: Binding, step: Step) -> str:
    return ", ".join(map(repr, (step.action.name, *binding.arguments(step).values())))


def _start(binding: Binding, start: Values | None) -> list[str]:
    """What tells an initial state from all others, field by field."""
    states = binding.initial_states
    if start is None or len(states) == 1:
        return []
    told = binding.observer.told(start)
    free = [cell for number, cell in enumerate(binding.instance.cells) if len({state[number] for state in states}) > 1]
    fields: dict[str, Any] = {}
    for cell in free:
        key = cell.name[len(cell.field.name) + 1 : -1].split(", ")
        if not cell.index:
            fields[cell.field.name] = told[cell.name]
        else:
            fields.setdefault(cell.field.name, {})[key[0] if len(key) == 1 else tuple(key)] = told[cell.name]
    return [f"{name}={value!r}" for name, value in fields.items()]


def _instance(binding: Binding, said: str) -> tuple[str, list[str]]:
    """How to name the instance, and what to import for it."""
    if said:
        return repr(said), []
    module = sys.modules.get(binding.adapter.__module__)
    for name, value in vars(module).items() if module else ():
        if value is binding.instance:
            return name, [f"from {binding.adapter.__module__} import {name}"]
    for name, value in vars(module).items() if module else ():
        if value is binding.instance.machine:
            sizes = "".join(f", {sort}={size}" for sort, size in binding.instance.described().items())
            return f"Instance.of({name}{sizes})", [
                "from attorn.spec.language import Instance",
                f"from {binding.adapter.__module__} import {name}",
            ]
    return "instance", [f"# instance: {binding.instance.name}, {binding.instance.shape()}"]


def _adapter(binding: Binding) -> tuple[str, list[str]]:
    """How to name what makes adapters, and what to import for it."""
    made: Any = binding.factory
    if isinstance(made, functools.partial):
        given = [*map(repr, made.args), *(f"{name}={value!r}" for name, value in made.keywords.items())]
        name = made.func.__name__
        return f"partial({', '.join((name, *given))})", [f"from {made.func.__module__} import {name}"]
    name = getattr(made, "__name__", "adapter")
    return name, [f"from {made.__module__} import {name}"]


def _word(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text).replace("__", "_")
