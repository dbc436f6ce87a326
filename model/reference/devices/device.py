"""What an engine needs of a device, and what a migration needs of it."""

from __future__ import annotations

from typing import Protocol

from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.vmm.memory import GuestMemory

__all__ = ["Device", "PowerOff"]


class PowerOff(Exception):
    """Raised by a device's ``write``: the guest has asked to end, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the guest powered off with code {code}")
        self.code = code


class Device(Protocol):
    """A device of one VM in one VMM. ``read`` and ``write`` are called by the vCPU's thread only.

    ports:  the I/O ports that it answers, or an empty range.
    window: the guest-physical addresses that it answers (memory-mapped registers), or an empty range.
    """

    ports: range
    window: range

    def read(self, address: int, size: int) -> int:
        """Give the guest ``size`` (1, 2, 4, 8) bytes from the port or address, as an unsigned number."""

    def write(self, address: int, size: int, value: int) -> None:
        """Take ``size`` bytes from the guest."""

    def attach(self, memory: GuestMemory) -> None:
        """From here on the device may read and write the guest's memory by itself."""

    def quiesce(self) -> None:
        """Come to rest: from here on the device touches neither memory nor its backing, and its state stands still.

        The vCPU is suspended already. Requests in flight are completed, or kept in the state to be issued again.
        """

    def capture(self) -> DeviceState:
        """Give the state of a device at rest."""

    def restore(self, state: DeviceState) -> None:
        """Take the state, and all outside resources that it names; requests in flight are issued by ``resume``."""

    def resume(self) -> None:
        """Go on after ``restore`` or ``quiesce``, before the vCPU executes."""

    def release(self) -> None:
        """Give up every outside resource (locks, files). May be called again."""
