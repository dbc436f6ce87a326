"""What an engine needs of a device, and what a migration needs of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.vmm.memory import GuestMemory
from attorn.spec.errors import BadInput

__all__ = ["Device", "OtherDevice"]


class OtherDevice(BadInput):
    """A state belongs to a device of another kind."""


class Device(ABC):
    """A device of one VM in one VMM. ``read`` and ``write`` are called by the vCPU's thread only.

    kind:   the type of its state.
    ports:  the I/O ports that it answers.
    window: the guest-physical addresses that it answers (memory-mapped registers).
    """

    kind: ClassVar[type[DeviceState]]
    ports: ClassVar[range] = range(0)
    window: ClassVar[range] = range(0)

    @abstractmethod
    def read(self, address: int, size: int) -> int:
        """Give the guest ``size`` (1, 2, 4, 8) bytes from the port or address, as an unsigned number."""

    @abstractmethod
    def write(self, address: int, size: int, value: int) -> None:
        """Take ``size`` bytes from the guest."""

    @abstractmethod
    def capture(self) -> DeviceState:
        """Give the state of a device at rest."""

    def restore(self, state: DeviceState) -> None:
        """Take the state, and all outside resources that it names; requests in flight are issued by ``resume``.

        Raises OtherDevice for the state of another kind of device.
        """
        if not isinstance(state, self.kind):
            raise OtherDevice(
                f"the configuration has a {type(state).__name__} where this VM's devices want a {self.kind.__name__}; "
                "both sides must list the same devices in the same order"
            )
        self._take(state)

    @abstractmethod
    def _take(self, state: Any) -> None:
        """Take a state of this device's kind."""

    def attach(self, memory: GuestMemory) -> None:
        """From here on the device may read and write the guest's memory by itself."""
        return

    def quiesce(self) -> None:
        """Come to rest: from here on the device touches neither memory nor its backing, and its state stands still.

        The vCPU is suspended already. Requests in flight are completed, or kept in the state to be issued again.
        """
        return

    def resume(self) -> None:
        """Go on after ``restore`` or ``quiesce``, before the vCPU executes."""
        return

    def release(self) -> None:
        """Give up every outside resource (locks, files). May be called again."""
        return
