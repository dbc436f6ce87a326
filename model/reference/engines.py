"""The engines and guests that a VM can be made of, by name; each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Protocol

from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import Refused, Unsupported
from attorn.model.reference.vmm.cpu_state import CpuRequirements, CpuState
from attorn.model.reference.vmm.engine import Engine
from attorn.model.reference.vmm.memory import GuestMemory
from attorn.spec.errors import BadInput

__all__ = [
    "ENGINES",
    "PRETEND",
    "REAL",
    "Guest",
    "default_engine",
    "default_guest",
    "engine_named",
    "guest_named",
    "missing",
    "promised",
]

ENGINES = {
    "kvm": "attorn.model.reference.vmm.kvm.engine:KvmEngine",
    "unicorn": "attorn.model.reference.vmm.unicorn_engine:UnicornEngine",
    "pretend": "attorn.model.reference.pretend:Pretend",
}
"""From the one that is taken by preference on; the last executes only a pretended guest."""


PRETEND = "pretend"
REAL = tuple(name for name in ENGINES if name != PRETEND)


class Guest(Protocol):
    """A program that a VM executes."""

    @property
    def requirements(self) -> CpuRequirements:
        """What it needs of every VMM that is to execute it."""

    def devices(self) -> Sequence[Device]:
        """Its devices, fresh."""

    def boot(self, memory: GuestMemory) -> CpuState:
        """Put it into memory; the state in which the vCPU starts it."""


def engine_named(name: str) -> type[Engine]:
    """The engine of a name, whether or not it can be used here."""
    if name not in ENGINES:
        raise Refused(f"there is no engine `{name}`; there are: {', '.join(ENGINES)}.")
    module, _, kind = ENGINES[name].partition(":")
    found: type[Engine] = getattr(import_module(module), kind)
    return found


def missing() -> dict[str, str]:
    """What this computer lacks, and how to get it, for each engine that cannot be used here."""
    return {name: why for name in ENGINES if (why := engine_named(name).missing())}


def default_engine() -> str:
    """The first engine that can execute real guests here; raises Unsupported with what each lacks."""
    lacking = missing()
    for name in REAL:
        if name not in lacking:
            return name
    raise Unsupported(
        "no engine can execute a guest here.\n" + "\n".join(f"  {name}: {why}" for name, why in lacking.items())
    )


def default_guest(engine: str) -> str:
    """The guest that an engine executes unless told otherwise: a witness of its memory."""
    return PRETEND if engine == PRETEND else "memory"


def guest_named(name: str, options: Mapping[str, str]) -> Guest:
    """The guest of a name, with its options."""
    if name == PRETEND:
        return _PretendedGuest()
    from attorn.model.reference.guests import guest

    try:
        return guest.guest_named(name, options)
    except BadInput as error:
        raise Refused(f"{error}.") from None


def promised(plan: Plan) -> tuple[CpuRequirements, tuple[type[DeviceState], ...]]:
    """What the guest of a plan needs, and the kinds of its devices in order: what a configuration must agree with."""
    return _promised(plan.guest, tuple(sorted(plan.options.items())))


@lru_cache(maxsize=64)
def _promised(name: str, options: tuple[tuple[str, str], ...]) -> tuple[CpuRequirements, tuple[type[DeviceState], ...]]:
    guest = guest_named(name, dict(options))
    return guest.requirements, tuple(device.kind for device in guest.devices())


class _PretendedGuest:
    @property
    def requirements(self) -> CpuRequirements:
        from attorn.model.reference.pretend import REQUIREMENTS

        return REQUIREMENTS

    def devices(self) -> Sequence[Device]:
        return ()

    def boot(self, memory: GuestMemory) -> CpuState:
        from attorn.model.reference.pretend import FRESH

        return FRESH
