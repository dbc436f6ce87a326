"""A run as the user names it: INSTANCE/ID, or a known failure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attorn.commands.targets import is_hazard
from attorn.spec.errors import BadInput

if TYPE_CHECKING:
    from attorn.checker.verdicts import Path as Run
    from attorn.spec.language import Instance

__all__ = ["NamedRun", "a_run", "names_a_run"]


@dataclass(frozen=True)
class NamedRun:
    """A run, and how the user calls it.

    said:  what names its instance again, to ``instance_of``.
    about: the property that it violates, or the goal that it reaches.
    """

    instance: Instance
    run: Run
    said: str
    about: str
    title: str


def names_a_run(said: str) -> bool:
    """Whether a run is meant, and no instance."""
    return is_hazard(said) or re.fullmatch(r".+/\w+", said) is not None


def a_run(what: str, sizes: Mapping[str, int]) -> NamedRun:
    """The run of INSTANCE/ID, or of a hazard; raises BadInput where there is none."""
    from attorn.checker.expected import decide
    from attorn.commands.state_argument import named_run
    from attorn.commands.targets import resolve_one
    from attorn.model.hazards.catalogue import hazard

    if not is_hazard(what):
        target, path = named_run(what, sizes)
        return NamedRun(target.instance, path, target.said, what.rpartition("/")[2], what)
    target, known = resolve_one(what, sizes), hazard(what)
    found = getattr(decide(target.instance, known.caught_by), "path", None)
    if found is None:
        raise BadInput(
            f"{known.id} has no run: nothing violates {known.caught_by} in these sizes."
            if sizes
            else f"{known.id} is about what never comes about ({known.caught_by}); no order of steps shows it."
        )
    return NamedRun(target.instance, found, known.id, known.caught_by, f"{known.id}, {known.name}")
