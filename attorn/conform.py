"""Testing an implementation of your own against the specification: what a user's tests import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attorn.checker.conform.adapter import Adapter, Factory, Refused
from attorn.checker.conform.departures import (
    AdapterHung,
    AdapterLied,
    AdapterRaised,
    Departure,
    RefusedButChanged,
    WronglyAccepted,
    WronglyRefused,
    WrongState,
)
from attorn.checker.conform.mapping import either, happens, seen
from attorn.checker.conform.session import Binding, Session
from attorn.spec.language import Instance

if TYPE_CHECKING:
    from hypothesis import settings
    from hypothesis.stateful import RuleBasedStateMachine

    from attorn.checker.conform.session import Tally

__all__ = [
    "Adapter",
    "AdapterHung",
    "AdapterLied",
    "AdapterRaised",
    "Departure",
    "Refused",
    "RefusedButChanged",
    "WrongState",
    "WronglyAccepted",
    "WronglyRefused",
    "conforms",
    "either",
    "happens",
    "instance",
    "seen",
    "session",
    "state_machine",
]


def state_machine(instance: str | Instance, adapter: Factory) -> type[RuleBasedStateMachine]:
    """A Hypothesis state machine that tests a system: ``TestMyVmm = state_machine("claim-small", MyVmm).TestCase``.

    instance: one of attorn's by name, as ``attorn list instances`` says; a file, ``FILE.py`` or ``FILE.py:NAME``; or
              an instance of your own.
    adapter:  the class that drives your system, or whatever makes an object of it.
    """
    from attorn.checker.conform.stateful import state_machine

    return state_machine(*_named(instance), adapter)


def conforms(instance: str | Instance, adapter: Factory, settings: settings | None = None) -> Tally:
    """Test a system, and return what was tried; raises a Departure, with a minimal program, where it departs."""
    from attorn.checker.conform.stateful import conforms

    return conforms(*_named(instance), adapter, settings)


def session(instance: str | Instance, adapter: Factory, **start: Any) -> Session:
    """A run of a system that has begun; use it as a context, and ``do`` and ``refuse`` actions in it.

    start: what the initial state is to have, field by field, if the system can be told.
    """
    begun = Session(Binding(_named(instance)[0], adapter))
    begun.begin(start or None)
    return begun


def instance(said: str, **sizes: int) -> Instance:
    """One of attorn's instances by name, a file's, ``FILE.py`` or ``FILE.py:NAME``, or that of a hazard, such as H3.

    sizes: those that are to be others, by sort or budget.  Raises BadInput for what cannot be found or built.
    """
    from attorn.commands.targets import resolve_one

    return resolve_one(said, sizes).instance


def _named(instance: str | Instance) -> tuple[Instance, str]:
    """An instance, and how a test names it."""
    if isinstance(instance, Instance):
        return instance, ""
    from attorn.commands.targets import resolve_one

    return resolve_one(instance, {}).instance, instance
