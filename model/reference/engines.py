"""The engines and guests that a VM can be made of, by name; each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from attorn.model.reference.devices.device import Device
from attorn.model.reference.refusals import Refused
from attorn.model.reference.vmm.cpu_state import CpuRequirements, CpuState
from attorn.model.reference.vmm.engine import Engine
from attorn.model.reference.vmm.memory import GuestMemory

__all__ = ["ENGINES", "Guest", "engine_named", "guest_named"]

ENGINES = {"pretend": "attorn.model.reference.pretend:Pretend"}


class Guest(Protocol):
    """A program that a VM executes."""

    requirements: CpuRequirements

    def devices(self) -> Sequence[Device]:
        """Its devices, fresh."""

    def boot(self, memory: GuestMemory) -> CpuState:
        """Put it into memory; the state in which the vCPU starts it."""


def engine_named(name: str) -> type[Engine]:
    """The engine of a name."""
    if name not in ENGINES:
        raise Refused(f"there is no engine `{name}`; there are: {', '.join(ENGINES)}.")
    module, _, kind = ENGINES[name].partition(":")
    found: type[Engine] = getattr(import_module(module), kind)
    return found


def guest_named(name: str, options: dict[str, str]) -> Guest:
    """The guest of a name, with its options."""
    if name != "pretend":
        raise Refused(f"there is no guest `{name}`.")
    return _PretendedGuest()


class _PretendedGuest:
    def __init__(self) -> None:
        from attorn.model.reference.pretend import REQUIREMENTS

        self.requirements = REQUIREMENTS

    def devices(self) -> Sequence[Device]:
        return ()

    def boot(self, memory: GuestMemory) -> CpuState:
        from attorn.model.reference.pretend import FRESH

        return FRESH
