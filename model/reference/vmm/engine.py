"""What a VMM needs of the engine that executes a guest; both engines present exactly this.

The life of an engine, in the order of calls::

    make ──► attach ──► restore ──► start ──► suspend ──► capture ──► detach ──► close
              │            ▲          ▲          │                      │
              └── memory ──┘          └──────────┴── (goes on here) ◄── attach, restore: a migration was rolled back

``make`` may come long before a VM is to be received, with ``reserve``: they cost what can be paid in advance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

from attorn.model.reference.devices.device import Device
from attorn.model.reference.vmm.cpu_state import CpuRequirements, CpuState
from attorn.model.reference.vmm.memory import GuestMemory, MemoryRange
from attorn.spec.errors import BadInput

__all__ = ["CannotCarry", "Engine", "EngineUnavailable", "Stop", "Stopped"]


class EngineUnavailable(BadInput):
    """This computer lacks what an engine needs; the text says what, and how to get it."""


class CannotCarry(BadInput):
    """A vCPU holds state that cannot be given, or is to take state that it cannot have. Nothing was changed."""


class Stop(Enum):
    """Why a vCPU does not execute."""

    NEVER_STARTED = "never started"
    SUSPENDED = "suspended"
    POWERED_OFF = "powered off"
    FAULTED = "faulted"


@dataclass(frozen=True)
class Stopped:
    """How an execution ended.

    code: what the guest said when it powered off; 0 means that all was as it must be.
    why:  for a person; says of a fault where it happened.
    """

    stop: Stop
    code: int = 0
    why: str = ""


class Engine(Protocol):
    """One vCPU and the memory of one VM, in the process that calls."""

    name: ClassVar[str]

    @staticmethod
    def missing() -> str | None:
        """Say what this computer lacks for the engine and how to get it; None when it can be used."""

    @staticmethod
    def refusal(requirements: CpuRequirements) -> str | None:
        """Say why a guest with these requirements cannot be executed here, before it is suspended; None when it can."""

    @classmethod
    def make(cls, requirements: CpuRequirements, devices: Sequence[Device]) -> Engine:
        """Make a VM with one vCPU and no memory.

        Raises EngineUnavailable when ``missing`` or ``refusal`` has something to say.
        """

    @property
    def memory(self) -> GuestMemory:
        """The guest's memory as this process sees it, from ``attach`` to ``detach``."""

    @property
    def costly(self) -> tuple[int, ...]:
        """Handles at whose last close the system has much to clear up; the memory cannot be reached by them."""

    @property
    def stopped(self) -> Stopped | None:
        """Why the vCPU does not execute; None while it does."""

    @property
    def first_effect_ns(self) -> int | None:
        """When the guest first reached a device after the last ``start``, on CLOCK_MONOTONIC; None if not yet."""

    def reserve(self, spans: Sequence[tuple[int, int]]) -> None:
        """Keep room for memory that is to be attached: guest-physical address and size of each piece, by address."""

    def attach(self, ranges: Sequence[MemoryRange]) -> GuestMemory:
        """Map the guest's memory. The descriptors are not kept: the caller may close them."""

    def restore(self, state: CpuState) -> None:
        """Give the vCPU its state.

        Raises CannotCarry when this vCPU cannot have exactly that state.
        """

    def start(self) -> None:
        """Let the vCPU execute, in a thread of its own, and return at once."""

    def suspend(self) -> Stopped:
        """Stop the vCPU between two instructions, with every access to a device completed, and return when it stands.

        From any thread. Returns how it ended; a guest that ended by itself before stays as it ended.
        """

    def wait(self, timeout: float | None = None) -> Stopped | None:
        """Wait until the vCPU does not execute; None when ``timeout`` seconds passed before."""

    def capture(self) -> CpuState:
        """Give the state of a vCPU that does not execute.

        Raises CannotCarry when it holds something that ``CpuState`` has no place for; the VM can then go on here.
        """

    def detach(self) -> None:
        """Unmap the guest's memory: from here on this process cannot reach it. The vCPU must not execute."""

    def close(self) -> None:
        """Suspend if need be and give back all that the engine holds. May be called again."""
