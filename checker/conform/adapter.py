"""Adapters: how a system of somebody's own is driven, step by step, and what it shows of its state."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from attorn.spec.errors import BadInput, UnknownName
from attorn.spec.language import Action, Machine
from attorn.spec.language.values import Value

__all__ = ["Adapter", "Factory", "Refused", "class_of", "implemented"]


class Refused(Exception):
    """The system declines an action and stays as it was: what an adapter raises to say so."""


class Adapter:
    """Binds a system to a machine; derive from it, and write one method for each action that the system has.

    A method has the name of the action and its parameters, which come as traces write them: ``"vm0"``, ``True``, ``3``,
    or None for nothing. It returns when the action has happened, and raises Refused where the system declines it.
    Actions without a method are not tried. A fresh adapter is made for every run.

    timeout:   seconds that one call may take before the system counts as hung.
    by_itself: actions that the system may take at any time without being asked; each possible state is followed.
    actions:   the actions that it has, where they are not simply those with a method.
    """

    timeout: ClassVar[float] = 10.0
    by_itself: ClassVar[tuple[str, ...]] = ()
    actions: ClassVar[tuple[str, ...] | None] = None

    def begin(self, start: Mapping[str, Value]) -> None:
        """Bring the system into an initial state, given as cell → value, such as ``owner[segment0]``.

        Where this is not overridden the system begins as it does, and what it shows narrows down where that is.
        """

    def apply(self, action: str, arguments: Mapping[str, Value]) -> None:
        """Take one action; override it to drive a system by something other than one method for each action."""
        getattr(self, action)(**arguments)

    def observe(self) -> Mapping[str, Any]:
        """What can be seen of the state now; whatever is left out is not compared.

        Field → value for fields without index; field → mapping from index (a name, or a tuple of names) to value for
        others; for relations also field → set of the indices that are in it; or cell, such as ``owner[segment0]`` →
        value.
        """
        return {}

    def close(self) -> None:
        """Give back all that the system holds; called once at the end of every run, also of a failed one."""


Factory = Callable[[], Adapter]
"""A class of adapters, or whatever else makes one."""

OWN = frozenset(name for name in vars(Adapter) if not name.startswith("_"))


def class_of(factory: Factory) -> type[Adapter]:
    """The class whose adapters are made; raises BadInput where it is none."""
    made: Any = factory
    while isinstance(made, functools.partial):
        made = made.func
    if not isinstance(made, type) and callable(made):
        try:
            adapter: object = made()
        except Exception as error:
            raise BadInput(f"{factory!r} makes no adapter: it raised {type(error).__name__}: {error}.") from error
        if isinstance(adapter, Adapter):
            adapter.close()
        made = type(adapter)
    if not isinstance(made, type) or not issubclass(made, Adapter):
        raise BadInput(f"{factory!r} makes no adapter. Derive a class from attorn.conform.Adapter, and name that.")
    return made


def implemented(factory: Factory, machine: Machine) -> tuple[Action, ...]:
    """The actions of a machine that an adapter has, in the machine's order.

    Raises BadInput where there is none, or one cannot be called with the action's parameters; UnknownName where the
    adapter lists an action that the machine lacks.
    """
    adapter = class_of(factory)
    known = {action.name: action for action in machine.actions}
    for name in (*(adapter.actions or ()), *adapter.by_itself):
        if name not in known:
            raise UnknownName(
                f"{adapter.__name__} names the action `{name}`, which machine {machine.name} does not have. "
                f"It has: {', '.join(known)}."
            )
    by_method = adapter.apply is Adapter.apply
    if adapter.actions is not None:
        names = set(adapter.actions)
    elif by_method:
        names = {name for name in known if callable(getattr(adapter, name, None)) and name not in OWN}
    else:
        names = set(known)
    if not names:
        raise BadInput(
            f"{adapter.__name__} has none of the actions of machine {machine.name}. Write a method for each that your "
            f"system has: {', '.join(known)}."
        )
    if by_method:
        for name in sorted(names):
            _check_method(adapter, known[name])
    return tuple(action for action in machine.actions if action.name in names)


def _check_method(adapter: type[Adapter], action: Action) -> None:
    """Raises BadInput where the method of an action does not take the action's parameters."""
    method = getattr(adapter, action.name, None)
    if action.name in OWN or not callable(method):
        raise BadInput(
            f"{adapter.__name__} lists the action `{action.name}` and has no method for it. Write one, or override "
            "apply, which is given the action's name."
        )
    names = [parameter.name for parameter in action.parameters]
    try:
        inspect.signature(method).bind(None, **dict.fromkeys(names))
    except TypeError as error:
        raise BadInput(
            f"{adapter.__name__}.{action.name} cannot be called as {action.name}({', '.join(names)}): {error}. "
            "A method has the parameters of its action."
        ) from error
