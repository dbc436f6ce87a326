"""The bus of a VM: which device answers at a port or an address."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from attorn.model.reference.devices.addresses import POWER_PORT
from attorn.model.reference.devices.device import Device
from attorn.spec.errors import BadInput

__all__ = ["Bus", "PowerOff"]


class PowerOff(Exception):
    """The guest has asked to end, with this code: 0 says that all was well, others say what it found."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the guest powered off with code {code}")
        self.code = code


class Bus:
    """The devices of one VM, and the port with which it powers off.

    Where nothing answers, reads give all ones and writes are lost, as on a real bus.
    """

    def __init__(self, devices: Sequence[Device]) -> None:
        self.devices = tuple(devices)
        for kind in ("ports", "window"):
            taken = sorted((span for device in devices if (span := getattr(device, kind))), key=lambda span: span.start)
            for one, next_one in pairwise(taken):
                if next_one.start < one.stop:
                    raise BadInput(f"two devices both answer at {next_one.start:#x}; give each its own {kind}")

    @property
    def windows(self) -> list[range]:
        """The guest-physical addresses at which devices answer."""
        return [device.window for device in self.devices if device.window]

    def port_in(self, port: int, size: int) -> int:
        """Read from an I/O port."""
        device = next((device for device in self.devices if port in device.ports), None)
        return _ones(size) if device is None else device.read(port, size) & _ones(size)

    def port_out(self, port: int, size: int, value: int) -> None:
        """Write to an I/O port. Raises PowerOff."""
        if port == POWER_PORT:
            raise PowerOff(value)
        for device in self.devices:
            if port in device.ports:
                device.write(port, size, value)

    def load(self, address: int, size: int) -> int:
        """Read from a memory-mapped register."""
        device = next((device for device in self.devices if address in device.window), None)
        return _ones(size) if device is None else device.read(address, size) & _ones(size)

    def store(self, address: int, size: int, value: int) -> None:
        """Write to a memory-mapped register."""
        for device in self.devices:
            if address in device.window:
                device.write(address, size, value)


def _ones(size: int) -> int:
    return (1 << 8 * size) - 1
