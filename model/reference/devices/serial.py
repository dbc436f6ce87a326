"""A serial console: what a guest writes comes out, in order, each byte once."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import ClassVar

from attorn.model.reference.devices.addresses import SERIAL_PORT
from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.states import SerialState

__all__ = ["Serial"]

DATA, LINE_STATUS, SCRATCH = 0, 5, 7
RECEIVED, EMPTY = 0x01, 0x60


class Serial(Device):
    """The registers of a 16550 that matter: data, line status, scratch.

    Output is appended to a file, byte by byte as the guest writes it, so that the next VMM writes on where this one has
    stopped; if two executed the guest, both would be seen.
    """

    kind = SerialState
    ports: ClassVar[range] = range(SERIAL_PORT, SERIAL_PORT + 8)

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._sent = 0
        self._line = b""
        self._waiting = b""
        self._scratch = 0
        self._lock = threading.Lock()

    @property
    def told(self) -> str:
        """The last line that the guest has ended, as far as it was written here."""
        return self._line.rpartition(b"\n")[0].decode("latin-1")

    def type(self, data: bytes) -> None:
        """Let the guest receive these bytes. From any thread."""
        with self._lock:
            self._waiting += data

    def read(self, address: int, size: int) -> int:
        """Give the next byte received, the line status, or the scratch register."""
        register = address - SERIAL_PORT
        if register == DATA:
            with self._lock:
                first, self._waiting = self._waiting[:1], self._waiting[1:]
            return first[0] if first else 0
        if register == LINE_STATUS:
            return EMPTY | (RECEIVED if self._waiting else 0)
        return self._scratch if register == SCRATCH else 0

    def write(self, address: int, size: int, value: int) -> None:
        """Send a byte, or keep it in the scratch register."""
        register = address - SERIAL_PORT
        if register == DATA:
            self._send(bytes([value & 0xFF]))
        elif register == SCRATCH:
            self._scratch = value & 0xFF

    def capture(self) -> SerialState:
        """Give the registers, and what the guest has not read yet."""
        with self._lock:
            return SerialState(sent=self._sent, waiting=self._waiting, scratch=self._scratch)

    def _take(self, state: SerialState) -> None:
        with self._lock:
            self._sent, self._waiting, self._scratch = state.sent, state.waiting, state.scratch

    def resume(self) -> None:
        """Open the file."""
        if self._path is not None and self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def release(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _send(self, letter: bytes) -> None:
        self._sent += 1
        if self._descriptor is not None:
            os.write(self._descriptor, letter)
        # Keep the last line that is complete, and the one that is not.
        self._line += letter
        if letter == b"\n":
            self._line = b"\n".join(self._line.split(b"\n")[-2:])
