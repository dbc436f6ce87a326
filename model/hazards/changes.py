"""The changes that hazards are made of: a guard not asked for, a write not made, an answer given in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attorn.spec.errors import SpecificationError
from attorn.spec.language import Action, Field
from attorn.spec.language.traced import fields_read

__all__ = ["blind", "both", "silent"]

Rewriting = Callable[[Action], Action]


def blind(*fields: Field) -> Rewriting:
    """The action no longer asks for what reads all of these fields at once: each such clause is dropped.

    Raises SpecificationError, when applied, if there is no such clause.
    """

    def changed(step: Action) -> Action:
        kept = tuple(each for each in step.clauses if not set(fields) <= fields_read(each.formula))
        if len(kept) == len(step.clauses):
            names = ", ".join(each.name for each in fields)
            raise SpecificationError(f"{step.where}: no clause of `{step.name}` reads {names}; nothing to be blind to.")
        return replace(step, clauses=kept)

    return changed


def silent(*fields: Field) -> Rewriting:
    """The action no longer writes any of these fields; raises SpecificationError, when applied, if it never did."""
    return lambda step: step.without(writing=fields)


def both(*changes: Rewriting) -> Rewriting:
    """One change after the other."""

    def changed(step: Action) -> Action:
        for each in changes:
            step = each(step)
        return step

    return changed
