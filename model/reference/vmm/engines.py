"""The engines by name, and which of them this computer can use."""

from __future__ import annotations

from attorn.model.reference.vmm.engine import Engine, EngineUnavailable
from attorn.spec.errors import UnknownName

__all__ = ["ENGINES", "default_engine", "engine_named", "missing"]

ENGINES = ("kvm", "unicorn")
"""From the one that is taken by preference on."""


def engine_named(name: str) -> type[Engine]:
    """Give an engine, whether or not it can be used here."""
    if name == "kvm":
        from attorn.model.reference.vmm.kvm.engine import KvmEngine

        return KvmEngine
    if name == "unicorn":
        from attorn.model.reference.vmm.unicorn_engine import UnicornEngine

        return UnicornEngine
    raise UnknownName(f"there is no engine {name!r}; there are {' and '.join(ENGINES)}")


def missing() -> dict[str, str]:
    """Say of each engine that cannot be used here what it lacks, and how to get it."""
    return {name: why for name in ENGINES if (why := engine_named(name).missing())}


def default_engine() -> str:
    """Name the first engine that can be used here.

    Raises EngineUnavailable, with what each lacks, when none can.
    """
    lacking = missing()
    for name in ENGINES:
        if name not in lacking:
            return name
    reasons = "\n".join(f"  {name}: {why}" for name, why in lacking.items())
    raise EngineUnavailable(f"no engine can execute a guest here.\n{reasons}")
